"""Flow triggers on a whole node: flows start by what happens to executions of other flows."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from onbeat.core.changes import Moved
from onbeat.core.event import MAX_HOPS, Event
from onbeat.core.execution import Execution, Head
from onbeat.core.happening import event_of
from onbeat.core.refs import Ref, mark
from onbeat.core.states import State
from onbeat.engine.explain import explain
from onbeat.engine.node import Node
from onbeat.plugins.flow_trigger import SUBSCRIPTION, FlowTrigger
from onbeat.ports import Received
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.waiting import node_at, started, until_started, variables

EXTRACT = """
id: extract
namespace: t
inputs: [{id: n, type: INT, defaults: 1}]
labels: {team: data}
tasks: [{id: r, type: core.debug.Return, format: "{{ inputs.n }}"}]
outputs: [{id: rows, type: INT, value: "{{ inputs.n }}"}]
"""
LOAD = EXTRACT.replace("id: extract", "id: load")
FAIL = "id: fail\nnamespace: t\ntasks: [{id: r, type: core.execution.Fail}]\n"


def listening(said: str, id_: str = "f", more: str = "") -> str:
    """A flow with a Flow trigger that says this."""
    trigger = "\n".join(f"    {line}" for line in said.strip("\n").splitlines())
    return f"""
id: {id_}
namespace: t
tasks: [{{id: r, type: core.debug.Return, format: "{{{{ trigger }}}}"}}]
{more}
triggers:
  - id: on
    type: core.trigger.Flow
{trigger}
"""


@asynccontextmanager
async def running(tmp_path: Path, flows: Mapping[str, str], store: Any = None, clock: ManualClock | None = None) -> AsyncIterator[Node]:
    """A node with these flows beside extract, load and fail."""
    basis = {"extract": EXTRACT, "load": LOAD, "fail": FAIL}
    async with node_at(clock or ManualClock(), store or MemoryStore(), {**basis, **flows}, tmp_path) as node:
        yield node


async def run(node: Node, flow: str, clock: ManualClock | None = None, **inputs: Any) -> Execution:
    """Run a flow to its end, and let happen what that makes happen."""
    ended = await node.engine.ended((await node.start("t", flow, inputs)).id)
    await (clock or _clock(node)).advance(1)
    return ended


def _clock(node: Node) -> ManualClock:
    assert isinstance(node.clock, ManualClock)
    return node.clock


async def test_a_flow_starts_after_another(tmp_path: Path) -> None:
    """With what is known of the execution, its outputs as inputs, and what stands behind it."""
    said = 'conditions: [{type: core.condition.ExecutionFlow, namespace: t, flowId: extract}]\ninputs: {rows: "{{ trigger.outputs.rows }}"}'
    async with running(tmp_path, {"f": listening(said, more="inputs: [{id: rows, type: INT}]")}) as node:
        first = await run(node, "extract", n=5)
        await run(node, "load")
        (after,) = await started(node)
        assert after.head.trigger is not None
        assert after.head.trigger.variables == {
            "executionId": first.id, "namespace": "t", "flowId": "extract", "flowRevision": 1, "state": "SUCCESS", "outputs": {"rows": 5},
        }  # fmt: skip
        assert after.head.inputs == {"rows": 5}
        assert (after.head.correlation_id, after.head.causation_id, after.head.hops) == (first.id, first.id, 1)


async def test_only_ended_executions_count_unless_states_are_named(tmp_path: Path) -> None:
    """Each change of state that is named starts it."""
    every = listening("states: [CREATED, RUNNING, SUCCESS]\nconditions: [{type: core.condition.ExecutionNamespace, namespace: t}]", "g")
    plain = listening("conditions: [{type: core.condition.ExecutionFlow, namespace: t, flowId: extract}]")
    async with running(tmp_path, {"f": plain, "g": every}) as node:
        await run(node, "extract")
        assert [each["state"] for each in await variables(node)] == ["SUCCESS"]
        states = [each["state"] for each in await variables(node, "g") if each["flowId"] == "extract"]
        assert sorted(states) == ["CREATED", "RUNNING", "SUCCESS"]


async def test_a_flow_does_not_start_itself(tmp_path: Path) -> None:
    """Though it listens to its whole namespace."""
    async with running(tmp_path, {"f": listening("conditions: [{type: core.condition.ExecutionNamespace, namespace: t}]")}) as node:
        await run(node, "extract")
        await _clock(node).advance(10)
        assert len(await started(node)) == 1


async def test_flows_that_start_each_other_end(tmp_path: Path) -> None:
    """After so many hops there is a dead event that says it is a loop."""
    ping = listening("dependsOn: [{namespace: t, flowId: pong}, {namespace: t, flowId: extract}]\nmode: ANY", "ping")
    pong = listening("dependsOn: [{namespace: t, flowId: ping}]", "pong")
    async with running(tmp_path, {"ping": ping, "pong": pong}) as node:
        await run(node, "extract")
        for _ in range(40):
            await _clock(node).advance(1)
        assert len(await started(node, "ping")) + len(await started(node, "pong")) == MAX_HOPS
        (dead,) = await node.queries.dead_events()
        assert "a loop" in dead.reason


async def test_a_new_trigger_starts_at_now_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    """What ended before it was there is not for it; what ended while the daemon was down is."""
    clock, store = ManualClock(), MemoryStore()
    said = "conditions: [{type: core.condition.ExecutionFlow, namespace: t, flowId: extract}]"
    async with running(tmp_path, {}, store, clock) as node:
        await run(node, "extract", n=1)
    async with running(tmp_path, {"f": listening(said)}, store, clock) as node:
        assert await started(node) == []
        await run(node, "extract", n=2)
        assert [each["outputs"]["rows"] for each in await variables(node)] == [2]
    async with node_at(clock, store, {}, tmp_path, sources=False) as node:
        await run(node, "extract", clock, n=3)
    async with running(tmp_path, {}, store, clock) as node:
        await clock.advance(1)
        assert sorted(each["outputs"]["rows"] for each in await variables(node)) == [2, 3]


async def test_a_disabled_trigger_skips_what_ends_meanwhile(tmp_path: Path) -> None:
    """As on any topic."""
    said = "conditions: [{type: core.condition.ExecutionFlow, namespace: t, flowId: extract}]\ndisabled: %s"
    async with running(tmp_path, {"f": listening(said % "false")}) as node:
        for disabled in ("true", "false"):
            (tmp_path / "flows" / "f.yaml").write_text(listening(said % disabled))
            await node.loader.load_all()
            await _clock(node).advance(1)
            await run(node, "extract")
        assert len(await started(node)) == 1


async def test_it_reads_the_journal_and_purge_waits_for_it(tmp_path: Path) -> None:
    """Its subscription bears the name of a reader of the journal."""
    async with running(tmp_path, {"f": listening("{}".replace("{}", "states: [FAILED]"))}) as node:
        assert SUBSCRIPTION in node.readers()
        await run(node, "fail")
        assert [each["flowId"] for each in await variables(node)] == ["fail"]


@pytest.mark.parametrize("said", [
    "dependsOn: [{namespace: t, flowId: extract}, {namespace: t, flowId: load, labels: {team: data}}]",
    "preconditions: {id: both, flows: [{namespace: t, flowId: extract}, {namespace: t, flowId: load, states: [SUCCESS]}]}",
    """
conditions:
  - {type: core.condition.ExecutionStatus, in: [SUCCESS]}
  - type: core.condition.MultipleCondition
    id: both
    conditions:
      a: {type: core.condition.ExecutionFlow, namespace: t, flowId: extract}
      b: {type: core.condition.ExecutionFlow, namespace: t, flowId: load}
""",
])  # fmt: skip
async def test_several_flows_must_have_ended(tmp_path: Path, said: str) -> None:
    """In any dialect: once for each pair, over a restart, with the outputs of both."""
    clock, store = ManualClock(), MemoryStore()
    async with running(tmp_path, {"f": listening(said)}, store, clock) as node:
        await run(node, "extract", n=1)
        await run(node, "extract", n=2)
        assert await started(node) == []
    async with running(tmp_path, {}, store, clock) as node:
        await run(node, "load", n=3)
        await run(node, "load", n=4)
        (shown,) = await variables(node)
        assert shown["outputs"]["extract"] == {"rows": 2}
        assert shown["outputs"]["load"] == {"rows": 3}
        assert (shown["flowId"], shown["state"]) == ("load", "SUCCESS")


async def test_a_deadline_that_passes_is_a_failed_execution(tmp_path: Path) -> None:
    """With its labels and the reason, once a day, whether the daemon was there or not; and nothing when all came in time."""
    said = """
dependsOn: [{namespace: t, flowId: extract}, {namespace: t, flowId: load}]
window: {deadline: "09:00:00Z"}
onMiss: {behavior: FAIL, labels: {alarm: "yes"}}
inputs: {rows: "{{ trigger.outputs.extract.rows }}"}
"""
    clock, store = ManualClock(), MemoryStore()
    hour = 3600.0
    async with running(tmp_path, {"f": listening(said, more="inputs: [{id: rows, type: INT}]")}, store, clock) as node:
        await clock.advance(hour)
        await run(node, "extract", n=7)
        await run(node, "load")
        await clock.advance(9 * hour)
        (fine,) = await started(node)
        assert (fine.state, fine.head.inputs) == (State.SUCCESS, {"rows": 7})
        await clock.advance(22 * hour)
        await run(node, "extract")
        assert len(await started(node)) == 1
    await clock.advance(3 * hour)
    async with running(tmp_path, {}, store, clock) as node:
        await clock.advance(1)
        _, missed = await started(node)
        assert missed.state is State.FAILED
        assert missed.labels["alarm"] == "yes"
        assert "there was no t.load in SUCCESS, WARNING" in str(missed.error)
        assert "t.extract" not in str(missed.error)
        await clock.advance(hour)
        assert len(await started(node)) == 2


async def test_large_outputs_are_brought_along(tmp_path: Path) -> None:
    """What the first execution keeps in storage is a value to the second."""
    big = """
id: big
namespace: t
inputs: [{id: text, type: STRING}]
tasks: [{id: r, type: core.debug.Return, format: "{{ inputs.text }}"}]
outputs: [{id: text, type: STRING, value: "{{ outputs.r.value }}"}]
"""
    said = 'dependsOn: [{namespace: t, flowId: big}]\ninputs: {length: "{{ trigger.outputs.big.text | length }}"}'
    async with running(tmp_path, {"big": big, "f": listening(said, more="inputs: [{id: length, type: INT}]")}) as node:
        first = await run(node, "big", text="x" * 70_000)
        assert first.state is State.SUCCESS
        (after,) = await until_started(node)
        assert after.head.inputs["length"] == 70_000


async def test_conditions_may_look_at_tasks(tmp_path: Path) -> None:
    """Retries, and outputs of tasks: the execution is read for those who ask."""
    flaky = """
id: flaky
namespace: t
tasks:
  - {id: r, type: core.debug.Return, format: hello}
  - {id: x, type: core.execution.Fail, allowFailure: true, retry: {type: constant, interval: PT1S, maxAttempts: 2}}
"""
    retried = listening("conditions: [{type: core.condition.HasRetryAttempt, in: [FAILED]}]", "retried")
    asking = listening("when: \"{{ outputs.r.value == 'hello' and hasRetryAttempt }}\"", "asking")
    async with running(tmp_path, {"flaky": flaky, "retried": retried, "asking": asking}) as node:
        await node.start("t", "flaky")
        for _ in range(5):
            await _clock(node).advance(2)
        await run(node, "extract")
        for flow in ("retried", "asking"):
            assert [each["flowId"] for each in await variables(node, flow)].count("flaky") == 1
            assert "extract" not in [each["flowId"] for each in await variables(node, flow)]


async def test_explain_says_why_an_execution_started_nothing(tmp_path: Path) -> None:
    """By the name of the state event; also what is still waited for."""
    flows = {
        "f": listening("dependsOn: [{namespace: t, flowId: extract}, {namespace: t, flowId: load}]"),
        "g": listening("conditions: [{type: core.condition.ExecutionStatus, in: [FAILED]}]", "g"),
    }
    async with running(tmp_path, flows) as node:
        ended = await run(node, "extract")
        found = await explain(node, f"{ended.id}/{ended.sequence}")
        assert found["event"]["topic"] == "onbeat.executions"
        verdicts = {each["trigger"]: each for each in found["triggers"]}
        assert verdicts["t.f.on"]["result"] == "waiting"
        assert "it waits for t.load in SUCCESS, WARNING until 2026-01-02" in verdicts["t.f.on"]["why"]
        assert verdicts["t.g.on"]["why"] == "ExecutionStatus: the state is SUCCESS, wanted in FAILED"


def test_the_example_of_the_page_is_a_trigger() -> None:
    """What the documentation shows can be loaded."""
    (page,) = re.findall(r"```yaml\n(.*?)```", FlowTrigger.__doc__ or "", re.DOTALL)
    (example,) = yaml.safe_load(page)["triggers"]
    options = FlowTrigger.model_validate({name: value for name, value in example.items() if name not in ("id", "type", "inputs")})
    assert len(options.depends_on) == 2


@pytest.mark.parametrize(
    "said", ["states: [SUCCESS]", "preconditions: {id: p, flows: [{namespace: t, flowId: big}, {namespace: t, flowId: load}]}"]
)
async def test_values_that_are_gone_are_a_dead_event_and_hold_up_nobody(tmp_path: Path, said: str) -> None:
    """What an execution kept was purged before it was used: that starts nothing and says so, and what came with it starts."""
    async with running(tmp_path, {"f": listening(said), "g": listening("states: [SUCCESS]", "g")}) as node:
        journal = next(each for each in node.intake.subscriptions() if each.name == SUBSCRIPTION)
        gone = {"text": mark(Ref("onbeat:///nothing/here.json", 70_000))}
        events = [_ended("big", gone), _ended("load", {})]
        first, second = await node.intake.emit(journal, [Received(event=each, key=each.key) for each in events])
        assert "there is nothing at" in str((first if said.startswith("states") else second).dead)
        assert [each.head.flow for each in [await node.engine.load(id_) for id_ in second.started] if each.head.flow == "g"] == ["g"]


def _ended(flow: str, outputs: dict[str, Any]) -> Event:
    """What the journal tells of an execution that ended well."""
    head = Head(id=flow, namespace="t", flow=flow, revision=1, created=0, correlation_id=flow)
    change = Moved(at=0, before=State.RUNNING, after=State.SUCCESS, sequence=3, labels={}, outputs=outputs)
    event = event_of(head, change)
    assert event is not None
    return event
