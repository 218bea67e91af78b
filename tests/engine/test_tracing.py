"""Traces go on through all that an event causes, and each span is told once, with its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from onbeat.core.execution import Execution, Head
from onbeat.daemon import assemble
from onbeat.engine.node import Node
from onbeat.engine.rerun import restart
from onbeat.engine.tracing import Span, Tracing, parsed, span_id, valid
from onbeat.plugins.webhook import Webhook, receive
from onbeat.ports import ExecutionFilter, HttpRequest
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from tests.engine.harness import node_with

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{CALLER}-01"
FLOWS = {
    "hook.yaml": """
id: hook
namespace: t
tasks: [{id: say, type: core.event.Publish, topic: said, data: {n: 1}}]
triggers: [{id: on, type: core.trigger.Webhook, key: abc}]
""",
    "heard.yaml": """
id: heard
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: inner, wait: true}]
triggers: [{id: on, type: core.trigger.Event, topic: said}]
""",
    "inner.yaml": """
id: inner
namespace: t
tasks:
  - id: each
    type: core.flow.Sequential
    tasks: [{id: work, type: core.debug.Return, format: x}]
""",
    "after.yaml": """
id: after
namespace: t
tasks: [{id: last, type: core.debug.Return, format: x}]
triggers: [{id: on, type: core.trigger.Flow, dependsOn: [{namespace: t, flowId: inner}]}]
""",
}


class Collected:
    """Stands in for the SDK: keeps the spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.take = self.spans.append

    async def close(self) -> None:
        """Nothing."""

    def named(self, name: str) -> Span:
        """The one span of that name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Collected:
    """What nodes with traces tell."""
    made = Collected()
    monkeypatch.setattr(assemble, "_spans", lambda settings: None if settings.traces is None else made)
    return made


async def called(node: Node, headers: Mapping[str, str] | None = None) -> Execution:
    """The webhook is called; the execution when it has ended."""
    (subscription,) = node.intake.webhooks("t", "hook")
    (trigger,) = subscription.triggers.values()
    request = HttpRequest(
        method="POST", path="/x", headers={name: [value] for name, value in (headers or {}).items()}, parameters={}, body=b"{}"
    )
    received = receive(cast(Webhook, trigger.options), request, node.clock.now(), node.identity.new(node.clock.now()))
    (started,) = await node.intake.emit(subscription, [received])
    return await node.engine.ended(started.started[0])


async def of_flow(node: Node, flow: str) -> Execution:
    """The one execution of a flow, when it has ended."""
    while True:
        seen = await node.store.journal_end()
        found = await node.queries.executions(ExecutionFilter(flow=flow))
        if found:
            return await node.engine.ended(found[0].id)
        await node.store.wait_journal(seen)


def test_a_context_is_read_only_in_its_form() -> None:
    """W3C's: no version ff, no zeros, lower case."""
    assert parsed(GIVEN) == (TRACE, CALLER, 1)
    assert valid(GIVEN) == GIVEN
    wrong = [None, "", "x", GIVEN.upper(), f"ff{GIVEN[2:]}", f"00-{'0' * 32}-{CALLER}-01", f"00-{TRACE}-{'0' * 16}-01", f"{GIVEN}-more"]
    assert [valid(each) for each in wrong] == [None] * len(wrong)


def test_without_traces_the_context_goes_on_as_it_came() -> None:
    """It is only text, also one that we cannot read."""
    tracing = Tracing()
    head = Head(id="a", namespace="t", flow="f", revision=1, created=0, correlation_id="a", traceparent="whatever")
    assert tracing.entering("a", "whatever") == tracing.of(head) == tracing.of(head, 3) == "whatever"
    assert tracing.entering("a") is None


def test_where_a_span_is_follows_from_ids_alone() -> None:
    """Nothing is kept for it; another execution, and another task run, is at another place."""
    head = Head(id="a", namespace="t", flow="f", revision=1, created=0, correlation_id="a", traceparent=GIVEN)
    places = {Tracing(ratio=1).of(head, run) for run in range(20)}
    assert len(places) == 20
    assert Tracing(ratio=1).of(head) == f"00-{TRACE}-{span_id('a')}-01"
    assert Tracing(ratio=1).entering("a", GIVEN) == GIVEN


def test_so_many_traces_begin_here_as_the_ratio_says() -> None:
    """Who comes with a trace has decided for himself; the same execution is always decided alike."""
    begun = [Tracing(ratio=0.25).entering(f"execution{n}") for n in range(1000)]
    recorded = sum((parsed(each) or ("", "", 0))[2] for each in begun)
    assert 180 < recorded < 320
    assert begun == [Tracing(ratio=0.25).entering(f"execution{n}") for n in range(1000)]
    assert Tracing(ratio=0).entering("a", GIVEN) == GIVEN


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_a_trace_goes_on_through_all_that_an_event_causes(tmp_path: Path, collected: Collected, store: str) -> None:
    """Webhook, flow, Publish, a flow by that event, its subflow, a flow after that flow; each inside of what caused it."""
    kept: Any = MemoryStore() if store == "memory" else SqliteStore(tmp_path / "data")
    async with node_with(kept, FLOWS, tmp_path, traces="there") as node:
        await called(node, {"traceparent": GIVEN})
        await of_flow(node, "after")
    spans = collected
    assert {span.place.trace for span in spans.spans} == {TRACE}
    inside = {
        "flow t.hook": CALLER,
        "task say": spans.named("flow t.hook").place.span,
        "flow t.heard": spans.named("task say").place.span,
        "task call": spans.named("flow t.heard").place.span,
        "flow t.inner": spans.named("task call").place.span,
        "task each": spans.named("flow t.inner").place.span,
        "task work": spans.named("task each").place.span,
        "flow t.after": spans.named("flow t.inner").place.span,
        "task last": spans.named("flow t.after").place.span,
    }
    assert {span.name: span.place.parent for span in spans.spans} == inside
    assert spans.named("flow t.hook").entry
    assert not spans.named("flow t.inner").entry
    assert spans.named("task work").facts["onbeat.task.type"] == "core.debug.Return"
    for span in spans.spans:
        assert span.end >= span.start
        assert not span.failed


async def test_state_events_say_where_their_execution_is(tmp_path: Path, collected: Collected) -> None:
    """In the trace of the event that started it; whoever goes on from them is inside of the execution."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, traces="there") as node:
        execution = await called(node, {"traceparent": GIVEN})
        rows = [row for row in await node.store.journal(0, 100) if row.execution == execution.id]
        events = [event for row in rows if (event := node.projection.event(row)) is not None]
    assert len(events) == 3
    assert {event["traceparent"] for event in events} == {f"00-{TRACE}-{span_id(execution.id)}-01"}


async def test_without_the_extra_it_is_still_carried_on(tmp_path: Path) -> None:
    """Through the published event, the subflow and the state event, unchanged."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        execution = await called(node, {"traceparent": GIVEN})
        inner = await of_flow(node, "inner")
        rows = await node.store.journal(0, 1000)
        events = [event for row in rows if (event := node.projection.event(row)) is not None]
        (record,) = await node.store.records("said", 0, 10)
    assert execution.head.traceparent == inner.head.traceparent == record.traceparent == GIVEN
    assert {event["traceparent"] for event in events} == {GIVEN}


async def test_a_restart_of_the_daemon_changes_no_place(tmp_path: Path, collected: Collected) -> None:
    """The context is in the execution's first row: what ends after the restart is where it was begun."""
    flows = {
        "waits.yaml": "id: waits\nnamespace: t\ntasks: [{id: wait, type: core.flow.Pause}, {id: on, type: core.debug.Return, format: x}]"
    }
    async with node_with(SqliteStore(tmp_path / "data"), flows, tmp_path, traces="there") as node:
        started = await node.start("t", "waits", traceparent=GIVEN)
        while (await node.engine.load(started.id)).state != "PAUSED":
            await node.store.wait_journal(await node.store.journal_end())
        before = node.tracing.of(started.head, 2)
    assert collected.spans == []
    async with node_with(SqliteStore(tmp_path / "data"), flows, tmp_path, traces="there") as node:
        await node.resume(started.id)
        ended = await node.engine.ended(started.id)
        assert node.tracing.of(ended.head, 2) == before
    whole = collected.named("flow t.waits")
    assert whole.place == (TRACE, span_id(started.id), CALLER)
    assert whole.start == started.head.created
    assert collected.named("task on").place.parent == whole.place.span


async def test_iterations_of_a_loop_are_inside_of_it(tmp_path: Path, collected: Collected) -> None:
    """They are executions of their own, in the loop's trace."""
    flow = """
id: many
namespace: t
tasks: [{id: each, type: core.flow.Loop, values: [1, 2], tasks: [{id: work, type: core.debug.Return, format: x}]}]
"""
    async with node_with(MemoryStore(), {"many.yaml": flow}, tmp_path, traces="there") as node:
        started = await node.start("t", "many", traceparent=GIVEN)
        await node.engine.ended(started.id)
    loop = collected.named("task each").place
    whole = span_id(started.id)
    inside = [span.place.parent for span in collected.spans if span.name == "flow t.many" and span.place.span != whole]
    assert inside == [loop.span, loop.span]
    assert {span.place.trace for span in collected.spans} == {TRACE}


async def test_what_nobody_stands_behind_begins_a_trace(tmp_path: Path, collected: Collected) -> None:
    """Its first span has none around it, and what follows is in its trace."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, traces="there") as node:
        await called(node)
        await of_flow(node, "after")
    first = collected.named("flow t.hook")
    assert first.place.parent is None
    assert {span.place.trace for span in collected.spans} == {first.place.trace}


async def test_what_is_not_recorded_is_passed_on_and_not_told(tmp_path: Path, collected: Collected) -> None:
    """The flag is its beginner's decision."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, traces="there") as node:
        await called(node, {"traceparent": f"{GIVEN[:-2]}00"})
        inner = await of_flow(node, "inner")
    assert collected.spans == []
    assert (inner.head.traceparent or "").startswith(f"00-{TRACE}-")
    assert (inner.head.traceparent or "").endswith("-00")


async def test_a_failure_is_told_masked(tmp_path: Path, collected: Collected) -> None:
    """What the collector gets is no place for secrets."""
    flow = """
id: bad
namespace: t
inputs: [{id: word, type: SECRET}]
tasks: [{id: fails, type: core.execution.Fail, errorMessage: "no {{ inputs.word }}"}]
"""
    async with node_with(MemoryStore(), {"bad.yaml": flow}, tmp_path, traces="there") as node:
        failed = await node.engine.ended((await node.start("t", "bad", {"word": "hunter22"})).id)
    whole, task = collected.named("flow t.bad"), collected.named("task fails")
    assert whole.failed
    assert task.failed
    assert "hunter22" not in f"{whole.error} {task.error}"
    assert task.error is not None
    assert whole.facts["onbeat.state"] == failed.state


async def test_a_task_that_is_tried_again_is_one_span(tmp_path: Path, collected: Collected) -> None:
    """With how many attempts it took, from the first to the end of the last."""
    flow = """
id: again
namespace: t
tasks:
  - id: try
    type: core.execution.Fail
    condition: "{{ taskrun.attemptsCount == 0 }}"
    retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
"""
    async with node_with(MemoryStore(), {"again.yaml": flow}, tmp_path, traces="there") as node:
        assert (await node.engine.ended((await node.start("t", "again")).id)).state == "SUCCESS"
    assert collected.named("task try").facts["onbeat.task.attempts"] == 2
    assert not collected.named("task try").failed


async def test_a_second_try_is_a_span_inside_of_the_first(tmp_path: Path, collected: Collected) -> None:
    """An execution that is restarted has ended twice; no span is told twice."""
    flow = """
id: bad
namespace: t
tasks: [{id: fails, type: core.execution.Fail, condition: "{{ kv('cured', errorOnMissing=false) is null }}"}]
"""
    async with node_with(MemoryStore(), {"bad.yaml": flow}, tmp_path, traces="there") as node:
        failed = await node.engine.ended((await node.start("t", "bad")).id)
        await node.values.put("t", "cured", True)
        await restart(node, failed.id)
        assert (await node.engine.ended(failed.id)).state == "SUCCESS"
    first, second = (span for span in collected.spans if span.name == "flow t.bad")
    assert (first.failed, second.failed) == (True, False)
    assert second.place.parent == first.place.span
    assert second.start >= first.end
    assert len({span.place.span for span in collected.spans}) == len(collected.spans)
