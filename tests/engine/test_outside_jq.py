"""jq programs: asked of a process of their own, which is lost rather than the daemon."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.states import State
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.guard import Guard
from onbeat.engine.outside import Asked
from onbeat.engine.outside_jq import PLACES, Jq
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.engine.workers import LocalWorkers
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with
from tests.engine.test_intake import event, subscription


@pytest.fixture
async def workers() -> AsyncIterator[LocalWorkers]:
    """Workers for programs."""
    guard = Guard()
    found = LocalWorkers(guard, PLACES)
    yield found
    await found.close()
    await guard.close()


async def test_a_program_gives_a_list(workers: LocalWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Kestra: all results; the same program again, and another, in the same process; none of them sees the environment."""
    monkeypatch.setenv("SECRET_X", "c2VjcmV0")
    found = Evaluator(ManualClock(), Payloads(LocalStorage(tmp_path)), lambda bits: 0, {}, workers=workers)
    names = {**found.outside, "x": {"a": [{"n": 1, "s": "one"}, {"n": 2.5, "s": "zwölf\n"}]}}

    async def render(text: str) -> object:
        return await found.render_names(compile_value(text), names, Asked("t", "f", "e"))

    assert await render("{{ x | jq('.a | map(.n) | add') | first }}") == 3.5
    assert await render("{{ x | jq('.a[] | select(.n > 1) | .s') }}") == ["zwölf\n"]
    assert await render("{{ x.a | jq('reduce .[] as $each (0; . + $each.n)') | first }}") == 3.5
    assert await render("{{ [x | jq('empty'), x | jq('.a | length, \"a\\nb\"')] }}") == [[], [2, "a\nb"]]
    assert await render("{{ x | jq('env, $ENV') }}") == [{}, {}]
    assert await render("{% for each in x.a %}{{ each | jq('.n + 1') }}{% endfor %}") == "[2][3.5]"
    assert len(workers._idle) == 1


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def f: f; f", "takes too long or too much memory"),
        ("repeat(.)", "takes too long or too much memory"),
        ("[range(1e9)]", "takes too long or too much memory"),
        ('"x" * 3000000000', "cannot work on this value: Repeat string result too long"),
        (".a[", "is not right: syntax error, unexpected end of file"),
        ("nope", "is not right: nope/0 is not defined"),
        ('import "a" as $x {search: "/etc"}; 1', "is not right: module not found"),
        ('.a + "secret word"', "cannot work on this value: number and string cannot be added"),
        (".s + 1", "cannot work on this value: string and number cannot be added"),
        (".s | error", "raised an error of its own"),
        (".s | fromjson", "cannot work on this value: [^s]*$"),
        (".s | tonumber", "cannot work on this value: "),
        ('.["nope"].x | keys', "cannot work on this value: null has no keys"),
        ("input", "cannot work on this value: "),
    ],
)
async def test_what_cannot_be_done_is_told_and_the_next_program_runs(workers: LocalWorkers, program: str, reason: str) -> None:
    """Rule 2: a program that never ends costs its process; no message shows a value of the data."""
    jq = Jq(workers)
    with pytest.raises(ExpressionError, match=f"^the program of the filter `jq` {reason}") as told:
        await jq.answer(None, (program, {"a": 1, "s": "classified words"}))
    assert "classified" not in str(told.value)
    assert await jq.answer(None, (".a + 1", {"a": 1})) == [2]


async def test_bounds(workers: LocalWorkers) -> None:
    """Rule 3, and the same for what comes out."""
    jq = Jq(workers)
    with pytest.raises(ExpressionError, match="values of up to 10 MB"):
        await jq.answer(None, (".a+1", "x" * 10_000_001))
    with pytest.raises(ExpressionError, match="gives more than 10 MB"):
        await jq.answer(None, ('[limit(200; repeat("x" * 100000))]', 1))


async def test_conditions_and_properties_use_programs(tmp_path: Path) -> None:
    """A condition that needs one is evaluated by the shell; what it gave is part of the execution."""
    flow = """
id: f
namespace: t
variables: {rows: [{n: 1}, {n: 5}]}
tasks:
  - id: if
    type: core.flow.If
    condition: "{{ vars.rows | jq('map(.n) | max > 4') | first }}"
    then: [{id: yes, type: core.log.Log, message: x}]
  - {id: sum, type: core.debug.Return, format: "{{ vars.rows | jq('map(.n) | add') | first }}"}
  - {id: loop, type: core.debug.Return, format: "{{ vars.rows | jq('def f: f; f') }}", allowFailure: true}
  - {id: path, type: core.debug.Return, format: "{{ vars.rows | jq('.[1].n') }}"}
"""
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert ended.state is State.WARNING, ended.error
        runs = {run.task: run for run in ended.runs.values()}
        assert "yes" in runs
        assert runs["sum"].outputs == {"value": "6"}
        assert runs["path"].outputs == {"value": "[5]"}
        assert "takes too long" in (runs["loop"].error or "")
        assert json.dumps(runs["if"].answers) == '{"condition": true}'


async def test_triggers_use_programs(tmp_path: Path) -> None:
    """In their conditions and in the inputs that they give; one that never ends makes a dead event, and the others start."""
    flow = """
id: NAME
namespace: t
inputs: [{id: more, type: INT, required: false}]
tasks: [{id: a, type: core.debug.Return, format: "{{ inputs.more }}"}]
triggers:
  - {id: on, type: core.trigger.Event, topic: x, when: "{{ WHEN }}", inputs: {more: "{{ trigger | jq('.data + 1') | first }}"}}
"""
    large, never = "trigger | jq('.data > 10') | first", "trigger | jq('def f: f; f')"
    flows = {f"{name}.yaml": flow.replace("NAME", name).replace("WHEN", when) for name, when in (("large", large), ("never", never))}
    async with node_with(MemoryStore(), flows, tmp_path) as node:
        small, big = [(await node.intake.emit(subscription(node), [event(str(data), data)]))[0] for data in (1, 20)]
        assert small.started == ()
        (started,) = big.started
        assert (await node.engine.ended(started)).head.inputs == {"more": 21}
        assert ["takes too long" in dead.reason for dead in await node.queries.dead_events()] == [True, True]
