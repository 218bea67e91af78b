"""The node: what people ask of a running onbeat."""

import re
from pathlib import Path

import orjson
import pytest

from onbeat.core.inputs import InputError
from onbeat.core.refs import REF_KEY
from onbeat.core.sealed import shown
from onbeat.core.states import State
from onbeat.engine.inputs import Upload
from onbeat.engine.masking import MASK
from onbeat.errors import NotFound, Overloaded, Refused
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with

FLOWS = {
    "f.yaml": """
id: f
namespace: t
labels: {team: blue}
inputs: [{id: n, type: INT}]
tasks: [{id: a, type: core.debug.Return, format: x}]
""",
    "off.yaml": "{id: off, namespace: t, disabled: true, tasks: [{id: a, type: core.debug.Return, format: x}]}",
}


async def test_start_by_hand(tmp_path: Path) -> None:
    """With typed inputs, the flow's labels and one's own."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await node.start("t", "f", {"n": "5"}, labels={"by": "hand"})
        assert execution.head.inputs == {"n": 5}
        assert execution.labels == {"team": "blue", "by": "hand"}
        assert execution.head.correlation_id == execution.id
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


async def test_what_is_refused_creates_nothing(tmp_path: Path) -> None:
    """Unknown flow, disabled flow, wrong input, not ready."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        with pytest.raises(NotFound, match="did you mean"):
            await node.start("t", "ff")
        with pytest.raises(Refused, match="disabled"):
            await node.start("t", "off")
        with pytest.raises(InputError, match="`n`"):
            await node.start("t", "f", {})
        with pytest.raises(NotFound, match="revision 7"):
            await node.start("t", "f", {"n": 1}, revision=7)
        node.ready = False
        with pytest.raises(Overloaded):
            await node.start("t", "f", {"n": 1})
        assert await node.queries.count() == 0


async def test_figures_and_topics(tmp_path: Path) -> None:
    """How much is at work, and which topics there are."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        assert node.figures() == {"executions": 0, "tasks": 0, "waiting": 0, "timers": 0}
        await node.publish("things", {"a": 1})
        assert await node.topic_names() == ["onbeat.executions", "things"]


SECRET = """
id: s
namespace: t.deep
inputs:
  - {id: password, type: SECRET, validator: "[a-z0-9]+"}
  - {id: deep.password, type: SECRET, required: false}
  - {id: deep.plain, type: STRING, required: false}
tasks:
  - {id: clear, type: core.debug.Return, format: "{{ inputs.password }}"}
  - {id: told, type: core.log.Log, message: "it is {{ inputs.password }}, {{ inputs | toJson }}"}
  - id: judged
    type: core.flow.If
    condition: "{{ inputs.password == 'hunter22' and inputs.deep.plain == 'p' }}"
    then: [{id: "yes", type: core.debug.Return, format: "{{ outputs.clear.value }}"}]
  - {id: called, type: core.flow.Subflow, namespace: t.deep, flowId: child, inputs: {password: "{{ inputs.password }}"}}
  - {id: fails, type: core.execution.Fail, errorMessage: "wrong: {{ inputs.deep.password }}", allowFailure: true}
"""
CHILD = """
id: child
namespace: t.deep
inputs: [{id: password, type: SECRET}]
tasks: [{id: clear, type: core.debug.Return, format: "{{ inputs.password }}!"}]
outputs: [{id: o, type: STRING, value: "{{ outputs.clear.value }}"}]
"""


async def test_secret_inputs_are_sealed_where_they_are_kept_and_clear_for_tasks(tmp_path: Path) -> None:
    """Tasks, conditions and subflows see the value; rows hold none; logs, errors and state events hide it."""
    async with node_with(MemoryStore(), {"s.yaml": SECRET, "child.yaml": CHILD}, tmp_path, sources=False) as node:
        given = {"password": "hunter22", "deep": {"password": "swordfish", "plain": "p"}}
        execution = await node.engine.ended((await node.start("t.deep", "s", given)).id)
        runs = {run.task: run for run in execution.runs.values()}
        assert execution.state is State.WARNING
        kept = [runs["clear"].outputs, runs["yes"].outputs, (runs["called"].outputs or {})["outputs"]]
        assert shown(kept) == [{"value": MASK}, {"value": MASK}, {"o": f"{MASK}!"}]
        clear = [await node.payloads.bring(value[REF_KEY]) for each in kept for value in each.values()]
        assert clear == ["hunter22", "hunter22", "hunter22!"]
        assert "hunter22" not in orjson.dumps(kept).decode()
        child = await node.engine.load((runs["called"].outputs or {})["executionId"])
        for head in (execution.head, child.head):
            assert set(head.inputs["password"]) == {"type", "value"}
            assert not re.search(r"hunter22|swordfish", orjson.dumps(head.inputs).decode())
        assert execution.head.inputs["deep"]["plain"] == "p"
        said = " ".join(line.message for line in await node.queries.logs(execution.id))
        assert "it is ********" in said
        assert not re.search(r"hunter22|swordfish", said + str(runs["fails"].error) + str(execution.error))
        events = [node.projection.event(row) for row in await node.store.journal(0, 100)]
        assert not re.search(r"hunter22|swordfish", orjson.dumps(events).decode())


async def test_secret_inputs_are_opened_and_hidden_after_a_restart(tmp_path: Path) -> None:
    """By the key that the first start made; its messages show no value either."""
    store = MemoryStore()
    async with node_with(store, {"s.yaml": SECRET, "child.yaml": CHILD}, tmp_path, sources=False) as node:
        with pytest.raises(InputError, match=r"received `\*+`"):
            await node.start("t.deep", "s", {"password": "NO GOOD"})
        await node.engine.ended((await node.start("t.deep", "s", {"password": "hunter22"})).id)
        rows = await store.journal(0, 100)
    async with node_with(MemoryStore(), {}, tmp_path, sources=False) as node:
        assert node.evaluator.mask_of(rows[0].head).mask("hunter22") == "********"
        assert node.evaluator.mask("hunter22") == "hunter22"


FILES = """
id: files
namespace: t.deep
inputs:
  - {id: file, type: FILE}
  - {id: named, type: FILE, required: false, allowedFileExtensions: [.csv]}
  - {id: json, type: JSON, required: false}
tasks: [{id: a, type: core.debug.Return, format: "{{ read(inputs.file) }}"}]
"""


async def test_a_file_is_kept_with_its_execution(tmp_path: Path) -> None:
    """Under Kestra's address, with its name; a file for an input of another type is its text."""
    (tmp_path / "one").write_text("hello")
    (tmp_path / "two").write_text('{"a": 1}')
    async with node_with(MemoryStore(), {"f.yaml": FILES}, tmp_path, sources=False) as node:
        files = {"file": Upload(tmp_path / "one"), "named": Upload(tmp_path / "one", "../my data.csv"), "json": Upload(tmp_path / "two")}
        execution = await node.engine.ended((await node.start("t.deep", "files", files=files)).id)
        assert execution.head.inputs == {
            "file": f"kestra:///t/deep/files/executions/{execution.id}/inputs/file/file.upl",
            "named": f"kestra:///t/deep/files/executions/{execution.id}/inputs/named/my_data.csv",
            "json": {"a": 1},
        }
        assert execution.runs[1].outputs == {"value": "hello"}


async def test_a_start_that_is_refused_keeps_no_file(tmp_path: Path) -> None:
    """Wrong extension, text that is none, a missing input beside it."""
    (tmp_path / "one").write_bytes(b"\xff")
    async with node_with(MemoryStore(), {"f.yaml": FILES}, tmp_path, sources=False) as node:
        for files in (
            {"named": Upload(tmp_path / "one", "a.csv")},
            {"file": Upload(tmp_path / "one"), "named": Upload(tmp_path / "one", "a.txt")},
            {"file": Upload(tmp_path / "one"), "json": Upload(tmp_path / "one")},
        ):
            with pytest.raises(InputError):
                await node.start("t.deep", "files", files=files)
        assert await node.storage.files("t") == []


async def test_a_start_may_be_scheduled(tmp_path: Path) -> None:
    """It waits for its instant."""
    clock = ManualClock()
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False, clock=clock) as node:
        execution = await node.start("t", "f", {"n": 1}, scheduled=clock.now() + 3_600_000_000)
        await settle()
        assert (await node.engine.load(execution.id)).state is State.CREATED
        await clock.advance(3_600)
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


async def test_what_a_start_would_be_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    """Each input with its value or its problem; the checks once the inputs are right."""
    flow = FLOWS["f.yaml"] + 'checks: [{condition: "{{ inputs.n > 3 }}", message: n is small}]\n'
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        loaded = await node.find_flow("t", "f")
        (wrong,), broken = await node.examine(loaded, {}, {})
        assert (wrong.problem, broken) == ("missing required input, but received `null`", [])
        (right,), broken = await node.examine(loaded, {"n": "2"}, {})
        assert (right.value, right.own, [each.message for each in broken]) == (2, True, ["n is small"])
        assert await node.queries.count() == 0


PAUSE = """
id: p
namespace: t
tasks:
  - id: wait
    type: core.flow.Pause
    onResume:
      - {id: asked, type: STRING}
      - {id: data, type: FILE}
  - {id: last, type: core.debug.Return, format: "{{ read(outputs.wait.onResume.data) }} {{ outputs.wait.onResume.asked }}"}
"""


async def test_a_resume_may_bring_files(tmp_path: Path) -> None:
    """Kept with the execution; what is wrong leaves it PAUSED, and may be asked before."""
    (tmp_path / "one").write_text("hello")
    files = {"data": Upload(tmp_path / "one")}
    async with node_with(MemoryStore(), {"p.yaml": PAUSE}, tmp_path, sources=False) as node:
        id_ = (await node.start("t", "p")).id
        while (await node.engine.load(id_)).state is not State.PAUSED:
            await settle(1)
        with pytest.raises(InputError, match="asked"):
            await node.resume(id_, {}, files=files)
        paused = await node.engine.load(id_)
        assert paused.state is State.PAUSED
        assert [each.problem is None for each in await node.examine_resume(paused, {}, files)] == [False, True]
        assert await node.storage.files("t") == []
        await node.resume(id_, {"asked": "you"}, files=files)
        assert (await node.engine.ended(id_)).runs[2].outputs == {"value": "hello you"}
