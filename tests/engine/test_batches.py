"""Loops over files and large values on a whole node: chunks, limits, what is kept, what fails clearly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.changes import ChildRestarted, ChildStarted
from onbeat.core.execution import Execution
from onbeat.core.fans import AT_ONCE
from onbeat.core.refs import INLINE_LIMIT
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.engine.rerun import restart
from onbeat.ports import Outcome, TaskContext, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.families import children, ended
from tests.engine.faulty import FaultyStore
from tests.engine.flows import leftovers
from tests.engine.harness import node_with

Deeds = dict[str, Callable[[Any], Any]]
ITEMS = """
id: {id}
namespace: t
inputs: [{{id: file, type: STRING}}]
tasks:
  - id: each
    type: core.flow.ForEachItem
    items: "{{{{ inputs.file }}}}"
    batch: {{rows: 1}}
    namespace: t
    flowId: {child}
    inputs: {{file: "{{{{ taskrun.items }}}}", number: "{{{{ taskrun.iteration }}}}"}}
    {more}
"""
FLOWS = {
    "reads": """
id: reads
namespace: t
inputs: [{id: file, type: STRING}, {id: number, type: INT}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.number }}"}]
outputs: [{id: row, type: STRING, value: "{{ read(inputs.file) }}"}]
""",
    "told": """
id: told
namespace: t
inputs: [{id: file, type: STRING}, {id: number, type: INT}]
tasks: [{id: work, type: test.Told, what: work}]
""",
    "strict": """
id: strict
namespace: t
inputs: [{id: file, type: STRING}, {id: number, type: INT, max: 70}]
tasks: [{id: work, type: core.debug.Return, format: "1"}]
""",
    "items": ITEMS.format(id="items", child="reads", more=""),
    "two": ITEMS.format(id="two", child="told", more="concurrencyLimit: 2"),
    "all": ITEMS.format(id="all", child="told", more=""),
    "alone": ITEMS.format(id="alone", child="told", more="wait: false"),
    "wrong": ITEMS.format(id="wrong", child="strict", more=""),
    "missing": ITEMS.format(id="missing", child="nobody", more=""),
    "wide": """
id: wide
namespace: t
inputs: [{id: count, type: INT}, {id: limit, type: INT, defaults: 0}]
tasks:
  - id: each
    type: core.flow.Loop
    values: "{{ range(1, inputs.count) }}"
    concurrencyLimit: 0
    tasks: [{id: work, type: test.Told, what: work}]
""",
    "lines": """
id: lines
namespace: t
inputs: [{id: file, type: STRING}]
tasks:
  - id: each
    type: core.flow.Loop
    values: "{{ inputs.file }}"
    fetchType: FETCH
    tasks: [{id: say, type: core.debug.Return, format: "{{ item.value }}"}]
    outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
outputs: [{id: said, type: JSON, value: "{{ outputs.each.outputs }}"}]
""",
    "large": """
id: large
namespace: t
tasks:
  - {id: much, type: core.debug.Return, format: "{{ range(0, 20000) | join(',') }}"}
  - {id: little, type: core.debug.Return, format: "small"}
  - id: outer
    type: core.flow.Loop
    values: [a, b, c, d]
    tasks:
      - id: inner
        type: core.flow.Loop
        values: [x, y]
        concurrencyLimit: 2
        tasks:
          - id: say
            type: core.debug.Return
            format: "{{ item.parent.value }}{{ item.value }} {{ outputs.much.value | length }} {{ outputs.little.value }}"
        outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
    outputs: [{id: said, type: JSON, value: "{{ outputs.inner.outputs }}"}]
outputs: [{id: said, type: JSON, value: "{{ outputs.outer.outputs }}"}]
""",
}


@asynccontextmanager
async def node_of(directory: Path, store: Any = None, **more: Any) -> AsyncIterator[Node]:
    """A node with FLOWS."""
    flows = {f"{name}.yaml": text for name, text in FLOWS.items()}
    async with node_with(store or MemoryStore(), flows, directory, sources=False, **more) as node:
        yield node


async def over(node: Node, flow: str, rows: str) -> Execution:
    """A flow over these rows, begun."""
    uri = await node.storage.put(f"t/_files/{flow}.csv", rows.encode())
    return await node.start("t", flow, {"file": uri})


def most(works: list[Work], kind: type) -> int:
    """How many executions one transaction begins, or restarts, at most."""
    return max(sum(isinstance(change, kind) for each in work.appends for change in each.changes) for work in works)


async def test_each_row_is_a_subflow(tmp_path: Path) -> None:
    """In the order of the rows, with its number; what they gave is one file, a line each."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await over(node, "items", "a\nb\nc\n")).id)
        assert execution.state is State.SUCCESS
        outputs = next(run.outputs for run in execution.runs.values() if run.task == "each_items")
        assert outputs is not None
        assert outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 3}
        kept = (await node.storage.get(str(outputs["subflowOutputs"]))).decode()
        assert kept == '{"row":"a\\n"}\n{"row":"b\\n"}\n{"row":"c\\n"}\n'
        assert sorted(child.head.inputs["number"] for child in await children(node, execution.id)) == [0, 1, 2]
        assert leftovers(node) == {}


async def test_an_empty_file_is_no_batch(tmp_path: Path) -> None:
    """It ends well, and starts nothing."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await over(node, "items", "")).id)
        assert execution.state is State.SUCCESS
        assert await node.queries.count() == 1


async def test_thousands_begin_in_chunks(tmp_path: Path, deeds: Deeds) -> None:
    """Each is one transaction of fifty; all run, each once, also over a limit of none."""
    done: list[str] = []

    async def work(context: TaskContext) -> Outcome:
        done.append(context.execution)
        return Outcome()

    deeds["work"] = work
    store = FaultyStore()
    async with node_of(tmp_path, store) as node:
        execution = await ended(node, (await over(node, "all", "\n".join(map(str, range(333))))).id)
        assert execution.state is State.SUCCESS
        assert (len(done), len(set(done))) == (333, 333)
        assert most(store.works, ChildStarted) == AT_ONCE
        assert leftovers(node) == {}


async def test_the_limit_holds_at_each_moment(tmp_path: Path, deeds: Deeds) -> None:
    """Two at once, whatever ends when; also when a restart runs those that failed again."""
    now, highest, fail = [0], [0], [True]

    async def work(context: TaskContext) -> Outcome:
        now[0] += 1
        highest[0] = max(highest[0], now[0])
        await context.services.clock.sleep(0)
        now[0] -= 1
        return Outcome(state=State.FAILED, error="no") if fail[0] else Outcome()

    deeds["work"] = work
    store = FaultyStore()
    async with node_of(tmp_path, store) as node:
        execution = await over(node, "two", "\n".join(map(str, range(9))))
        assert (await ended(node, execution.id)).state is State.FAILED
        assert highest == [2]
        fail[0] = False
        await restart(node, execution.id)
        assert (await ended(node, execution.id)).state is State.SUCCESS
        assert highest == [2]
        assert most(store.works, ChildRestarted) <= 2
        assert {child.restarts for child in await children(node, execution.id)} == {1}
        assert await store.check() == []
        assert leftovers(node) == {}


async def test_a_restart_runs_hundreds_again_in_chunks(tmp_path: Path, deeds: Deeds) -> None:
    """Those that failed, fifty in a transaction; those that succeeded are left alone."""
    runs: dict[str, int] = {}

    async def work(context: TaskContext) -> Outcome:
        runs[context.execution] = runs.get(context.execution, 0) + 1
        return Outcome(state=State.FAILED, error="no") if runs[context.execution] == 1 and len(runs) % 4 else Outcome()

    deeds["work"] = work
    store = FaultyStore()
    async with node_of(tmp_path, store) as node:
        execution = await over(node, "all", "\n".join(map(str, range(200))))
        assert (await ended(node, execution.id)).state is State.FAILED
        assert len(runs) == 200
        await restart(node, execution.id)
        found = await ended(node, execution.id)
        assert found.state is State.SUCCESS
        assert sorted(runs.values()) == [1] * 50 + [2] * 150
        assert most(store.works, ChildRestarted) == AT_ONCE
        outputs = next(run.outputs for run in found.runs.values() if run.task == "each_items")
        assert outputs is not None
        assert outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 200}


async def test_nobody_waits_for_those_that_run_alone(tmp_path: Path, deeds: Deeds) -> None:
    """`wait: false`: it ends when all are started; a kill of it afterwards reaches none of them."""
    gate = asyncio.Event()

    async def work(context: TaskContext) -> Outcome:
        await gate.wait()
        return Outcome()

    deeds["work"] = work
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await over(node, "alone", "a\nb\nc")).id)
        assert execution.state is State.SUCCESS
        started = await children(node, execution.id)
        assert {child.state for child in started} == {State.RUNNING}
        gate.set()
        assert {(await ended(node, child.id)).state for child in started} == {State.SUCCESS}


@pytest.mark.parametrize(("flow", "rows", "started"), [("wrong", 70, 70), ("wrong", 90, 50), ("missing", 3, 0)])
async def test_inputs_that_the_flow_does_not_take(tmp_path: Path, flow: str, rows: int, started: int) -> None:
    """A chunk is started whole or not at all: what cannot start fails the task with the reason, and what began before it is stopped."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await over(node, flow, "\n".join(map(str, range(rows))))).id)
        found = [await ended(node, child.id) for child in await children(node, execution.id)]
        assert len(found) == started
        if flow == "missing":
            assert "there is no flow t.nobody" in str(execution.error)
        elif rows == 90:
            assert "number" in str(execution.error)
        assert execution.state is (State.SUCCESS if (flow, rows) == ("wrong", 70) else State.FAILED)
        assert leftovers(node) == {}


async def test_a_loop_of_many_begins_in_chunks(tmp_path: Path, deeds: Deeds) -> None:
    """`concurrencyLimit: 0` is a thousand at once, begun fifty in a transaction."""
    gate, begun = asyncio.Event(), []
    all_begun = asyncio.Event()

    async def work(context: TaskContext) -> Outcome:
        begun.append(context.execution)
        if len(begun) == 220:
            all_begun.set()
        await gate.wait()
        return Outcome()

    deeds["work"] = work
    store = FaultyStore()
    async with node_of(tmp_path, store, max_tasks=1_000) as node:
        execution = await node.start("t", "wide", {"count": 220})
        async with asyncio.timeout(20):
            await all_begun.wait()
        assert most(store.works, ChildStarted) == AT_ONCE
        gate.set()
        assert (await ended(node, execution.id)).state is State.SUCCESS
        assert leftovers(node) == {}


async def test_others_go_first_while_the_loop_is_behind(tmp_path: Path) -> None:
    """Between two chunks it waits while a turn of the loop takes long, a second at most."""
    turns: list[float] = []

    class Behind(ManualClock):
        async def sleep(self, seconds: float) -> None:
            if seconds == 0:
                turns.append(seconds)
                self._move(self._elapsed + (0.3 if len(turns) != 7 else 0.0))
                return
            await super().sleep(seconds)

    async with node_of(tmp_path, clock=Behind()) as node:
        more = node.engine._effects._answering._asks["@more"]
        loaded, execution = node.catalog.find("t", "lines"), await node.start("t", "lines", {"file": "[]"})
        assert loaded is not None
        turns.clear()
        await more(loaded, execution, 1)
        assert len(turns) == 4  # 1.2 s: it has waited long enough
        await more(loaded, execution, 1)
        assert len(turns) == 7  # the third turn was quick


async def test_large_outputs_around_a_loop_are_kept_once(tmp_path: Path) -> None:
    """Over the limit they are in storage, not in the first row of each iteration, also of loops within loops; expressions read them."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await node.start("t", "large")).id)
        assert execution.state is State.SUCCESS
        size = len(",".join(map(str, range(20_001))))
        said = [inner["outputs"]["said"] for outer in execution.outputs["said"] for inner in outer["outputs"]["said"]]  # type: ignore[index,union-attr,call-overload]
        assert said == [f"{a}{x} {size} small" for a in "abcd" for x in "xy"]
        rows = await node.store.journal(0, 100_000)
        assert max(len(repr(row.change)) for row in rows) < INLINE_LIMIT
        files = [path for path in (tmp_path / "data" / "storage").rglob("*") if path.is_file() and path.stat().st_size > INLINE_LIMIT]
        assert len(files) <= 2  # the task's own, and what is around the loop


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('1\n"two"\n\n{"n": 3}\n', ["1", "two", '{"n":3}']),
        ('"a\u2028b"\n{c: 4}', ["a\u2028b", '{"c":4}']),
        ("", []),
    ],
)
async def test_values_in_a_file(tmp_path: Path, text: str, said: list[str]) -> None:
    """A line each, JSON or Ion; what JSON takes inside of a text ends no line."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await over(node, "lines", text)).id)
        assert execution.state is State.SUCCESS
        assert [each["outputs"]["said"] for each in execution.outputs["said"]] == said  # type: ignore[index,union-attr,call-overload]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t/_files/x.csv", b"1\n]nothing[\n", "line 2 of the file of its values is neither JSON nor Ion"),
        ("t/_files/x.csv", b"\xff\xfe", "UTF-8"),
        ("t/_files/x.csv", b"1\n" * 600_000, "work through it with ForEachItem"),
        ("other/theirs/executions/0000000000000000000001/secret.json", b"1\n", "may look at files of its flow"),
    ],
)
async def test_files_that_are_no_values(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    """Each with the reason; a file of another flow's execution, which an event may name, is not read."""
    async with node_of(tmp_path) as node:
        uri = await node.storage.put(name, data)
        execution = await ended(node, (await node.start("t", "lines", {"file": uri})).id)
        assert execution.state is State.FAILED
        assert said in str(execution.error)


@pytest.mark.parametrize("name", ["kestra:///t/_files/not-there.csv", "kestra:///../../etc/passwd"])
async def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    """The loop fails and says so."""
    async with node_of(tmp_path) as node:
        execution = await ended(node, (await node.start("t", "lines", {"file": name})).id)
        assert execution.state is State.FAILED
