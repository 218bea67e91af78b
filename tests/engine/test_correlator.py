"""Correlator, on a whole node: several events start a flow once, deadlines fire, and restarts change nothing."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.correlate import CORRELATED
from onbeat.engine.explain import explain
from onbeat.errors import Refused
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.waiting import flow, node_at, started, variables

JOIN = """
correlate:
  key: "{{ trigger.data.order }}"
  window: PT10M
  all:
    - {id: placed, topic: orders.placed}
    - {id: paid, topic: orders.paid, when: "{{ trigger.data.ok ?? true }}"}
inputs: {}
"""
ABSENT = """
correlate:
  key: "{{ trigger.data.order }}"
  window: PT10M
  all: [{id: placed, topic: orders.placed}]
  not: [{id: paid, topic: orders.paid}]
"""
MINUTE = 60.0


async def test_two_topics_are_joined_by_key(tmp_path: Path) -> None:
    """Each pair starts once, in whichever order; others wait for their own; a condition that is false is no event of it."""
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", JOIN)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1})
        await node.publish("orders.placed", {"order": 2})
        await node.publish("orders.paid", {"order": 3})
        await node.publish("orders.paid", {"order": 1, "ok": False})
        await clock.advance(1)
        assert await started(node) == []
        await node.publish("orders.placed", {"order": 3})
        await node.publish("orders.paid", {"order": 1})
        await clock.advance(1)
        shown = await variables(node)
        first, third = sorted(shown, key=lambda each: str(each["correlation"]["key"]))
        assert third["events"]["paid"]["data"] == {"order": 3}
        assert third["events"]["placed"]["topic"] == "orders.placed"
        assert (first["data"], first["topic"]) == ({"order": 1}, "orders.paid")


async def test_what_came_before_a_restart_counts(tmp_path: Path) -> None:
    """The store remembers; the second half starts the flow, once, however often it is brought."""
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", JOIN)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1})
        await clock.advance(1)
    for _ in range(2):
        async with node_at(clock, store, {}, tmp_path) as node:
            await node.publish("orders.paid", {"order": 1}, id_="the same")
            await clock.advance(1)
            assert len(await started(node)) == 1
            assert list(await _ledger(store)) == [""]


async def test_after_its_window_an_event_does_not_count(tmp_path: Path) -> None:
    """Also when the daemon was away; and nothing of it is kept."""
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", JOIN)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1})
        await clock.advance(1)
        assert len(await _ledger(store)) == 3
    await clock.advance(11 * MINUTE)
    async with node_at(clock, store, {}, tmp_path) as node:
        await clock.advance(1)
        assert len(await _ledger(store)) == 1
        await node.publish("orders.paid", {"order": 1})
        await clock.advance(1)
        assert await started(node) == []


async def _ledger(store: Any) -> dict[str, str]:
    found: dict[str, str] = await store.ledger("correlate:t.f.on")
    return found


@pytest.mark.parametrize("restart", [False, True])
async def test_what_does_not_come_starts_at_the_end_of_the_window(tmp_path: Path, restart: bool) -> None:
    """Once, on time or as soon as we are back; what did come starts nothing."""
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", ABSENT)}, tmp_path) as node:
        for order in (1, 2):
            await node.publish("orders.placed", {"order": order})
        await clock.advance(5 * MINUTE)
        await node.publish("orders.paid", {"order": 2})
        await clock.advance(5 * MINUTE - 1)
        assert await started(node) == []
        if not restart:
            await clock.advance(2)
            assert [each["correlation"]["key"] for each in await variables(node)] == ["1"]
    await clock.advance(60 * MINUTE)
    async with node_at(clock, store, {}, tmp_path) as node:
        await clock.advance(1)
        assert [each["correlation"]["key"] for each in await variables(node)] == ["1"]


async def test_what_came_while_we_were_away_is_read_before_an_absence_is_told(tmp_path: Path) -> None:
    """The payment is on the topic already: there is no alarm because we had not read it."""
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", ABSENT)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1})
        await clock.advance(1)
    await clock.advance(MINUTE)
    async with node_at(clock, store, {"f": "id: f\nnamespace: t\ntasks: [{id: r, type: core.debug.Return, format: x}]"}, tmp_path) as node:
        await node.publish("orders.paid", {"order": 1})
    await clock.advance(60 * MINUTE)
    async with node_at(clock, store, {"f": flow("f", ABSENT)}, tmp_path) as node:
        await clock.advance(5 * MINUTE)
        assert await started(node) == []


async def test_so_many_within_a_window(tmp_path: Path) -> None:
    """Three failures of one machine in a minute; each start has its events as a list."""
    said = 'topic: failures\ncorrelate: {key: "{{ trigger.data.m }}", count: 3, window: PT1M}'
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", said)}, tmp_path) as node:
        for n, machine in enumerate("aabaabb"):
            await node.publish("failures", {"m": machine, "n": n})
        await clock.advance(1)
        found = await variables(node)
        assert sorted([one["data"]["n"] for one in each["events"]] for each in found) == [[0, 1, 3], [2, 5, 6]]


async def test_collected_events_start_once(tmp_path: Path) -> None:
    """When there are enough, or their time is over."""
    said = "topic: readings\ncorrelate: {accumulate: 3, window: PT1M}"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", said)}, tmp_path) as node:
        for n in range(5):
            await node.publish("readings", n)
        await clock.advance(MINUTE - 1)
        assert [len(each["events"]) for each in await variables(node)] == [3]
        await clock.advance(2)
        assert [[one["data"] for one in each["events"]] for each in await variables(node)] == [[0, 1, 2], [3, 4]]


@pytest.mark.parametrize(("once", "at_once", "later"), [("within", [0], [0, 3]), ("after", [], [2, 3]), ("quiet", [], [3])])
async def test_once(tmp_path: Path, once: str, at_once: list[int], later: list[int]) -> None:
    """The first of a window, the last of a window, or the last before it was quiet."""
    said = f"topic: alarms\ncorrelate: {{once: {once}, window: PT1M}}"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", said)}, tmp_path) as node:
        for n in range(3):
            await node.publish("alarms", n)
            await clock.advance(20)
        found = [each["data"] for each in await variables(node)]
        assert found == (at_once if once != "after" else later[:1])
        await node.publish("alarms", 3)
        await clock.advance(2 * MINUTE)
        assert [each["data"] for each in await variables(node)] == later


async def test_a_silence_is_told_once_over_restarts(tmp_path: Path) -> None:
    """From the first moment on, once until there is something again."""
    said = "correlate: {not: [{id: beat, topic: heartbeat}], window: PT1M}"
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", said)}, tmp_path) as node:
        await clock.advance(61)
        assert len(await started(node)) == 1
    await clock.advance(10 * MINUTE)
    async with node_at(clock, store, {}, tmp_path) as node:
        await clock.advance(10 * MINUTE)
        assert len(await started(node)) == 1
        await node.publish("heartbeat", {"n": 1})
        await clock.advance(61)
        assert [each.get("data") for each in await variables(node)] == [None, {"n": 1}]


async def test_what_stands_behind_goes_on(tmp_path: Path) -> None:
    """Correlation id of the first event, cause of the last, the most hops."""
    two = flow("f", "correlate: {window: PT1M, all: [{id: a, topic: a}, {id: b, topic: b}]}")
    publish = """
id: pub
namespace: t
tasks: [{id: p, type: core.event.Publish, topic: a, data: 1}]
triggers: [{id: on, type: core.trigger.Event, topic: go}]
"""
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": two, "pub": publish}, tmp_path) as node:
        await node.publish("go", 1)
        await clock.advance(1)
        await node.publish("b", 2, id_="the-b")
        await clock.advance(1)
        (found,) = await started(node)
        (first,) = await started(node, "pub")
        assert (found.head.correlation_id, found.head.causation_id, found.head.hops) == (first.id, "the-b", 1)


async def test_what_a_trigger_keeps_is_bounded(tmp_path: Path) -> None:
    """Past the limit an event is a dead event that says so; when there is room again it can be given again."""
    said = "topic: x\ncorrelate: {key: '{{ trigger.data }}', count: 2, window: PT1M, limit: 4}"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", said)}, tmp_path) as node:
        for n in range(3):
            await node.publish("x", n)
        await clock.advance(1)
        (dead,) = await node.queries.dead_events()
        assert "its `limit` is 4" in dead.reason
        with pytest.raises(Refused, match="its `limit` is 4"):
            await node.replay(dead.id)
        await node.publish("x", 0)
        await clock.advance(1)
        assert len(await started(node)) == 1
        await node.replay(dead.id)
        await node.publish("x", 2)
        await clock.advance(1)
        assert len(await started(node)) == 2


async def test_an_event_that_is_too_large_to_be_kept_is_a_dead_event(tmp_path: Path) -> None:
    """A row of the store is no place for it."""
    said = "topic: x\ncorrelate: {accumulate: 2, window: PT1M}"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", said)}, tmp_path) as node:
        await node.publish("x", "x" * 70_000)
        await clock.advance(1)
        (dead,) = await node.queries.dead_events()
        assert "larger than the 65536 bytes" in dead.reason


async def test_a_group_that_cannot_start_is_one_dead_event(tmp_path: Path) -> None:
    """With all its events in it; given again it starts at once, it is not collected anew."""
    wanting = flow("f", 'topic: x\ncorrelate: {accumulate: 2, window: PT1M}\ninputs: {n: "{{ trigger.events[1].data.n }}"}')
    wanting += "inputs: [{id: n, type: INT}]\n"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": wanting}, tmp_path) as node:
        await node.publish("x", {"n": 1})
        await node.publish("x", {"n": "no number"})
        await clock.advance(1)
        (dead,) = await node.queries.dead_events()
        assert dead.event is not None
        assert dead.event.type == CORRELATED
        assert len(dead.event.variables["events"]) == 2
        with pytest.raises(Refused, match="still cannot start"):
            await node.replay(dead.id)
        (tmp_path / "flows" / "f.yaml").write_text(wanting.replace("INT", "STRING"))
        await node.loader.load_all()
        replayed = await node.replay(dead.id)
        assert len(replayed.started) == 1
        assert (await node.replay(dead.id)).duplicate


async def test_an_edited_correlation_begins_anew(tmp_path: Path) -> None:
    """What it had kept meant something else; one whose inputs are edited goes on."""
    clock, store = ManualClock(), MemoryStore()
    said = "topic: x\ncorrelate: {accumulate: %d, window: PT1H}\nlabels: {v: '%s'}"
    async with node_at(clock, store, {"f": flow("f", said % (3, "1"))}, tmp_path) as node:
        await node.publish("x", 1)
        await clock.advance(1)
        (tmp_path / "flows" / "f.yaml").write_text(flow("f", said % (3, "2")))
        await node.loader.load_all()
        await node.publish("x", 2)
        await clock.advance(1)
        (tmp_path / "flows" / "f.yaml").write_text(flow("f", said % (2, "2")))
        await node.loader.load_all()
        await node.publish("x", 3)
        await clock.advance(1)
        assert await started(node) == []
        await node.publish("x", 4)
        await clock.advance(1)
        assert [[one["data"] for one in each["events"]] for each in await variables(node)] == [[3, 4]]


async def test_a_disabled_trigger_lets_its_windows_pass(tmp_path: Path) -> None:
    """Nothing fires while it is off, nor when it is on again."""
    clock, store = ManualClock(), MemoryStore()
    async with node_at(clock, store, {"f": flow("f", ABSENT)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1})
        await clock.advance(1)
        (tmp_path / "flows" / "f.yaml").write_text(flow("f", ABSENT + "disabled: true"))
        await node.loader.load_all()
        await clock.advance(11 * MINUTE)
        (tmp_path / "flows" / "f.yaml").write_text(flow("f", ABSENT))
        await node.loader.load_all()
        await clock.advance(11 * MINUTE)
        assert await started(node) == []


async def test_an_alone_standing_trigger_correlates_too(tmp_path: Path) -> None:
    """From a file of its own, for a flow that knows nothing of it."""
    (tmp_path / "triggers").mkdir()
    (tmp_path / "triggers" / "both.yaml").write_text("""
id: both
type: core.trigger.Event
flow: {namespace: t, id: f}
correlate: {window: PT1M, any: [{id: a, topic: a}, {id: b, topic: b}, {id: c, topic: c}], atLeast: 2}
""")
    clock = ManualClock()
    plain = "id: f\nnamespace: t\ntasks: [{id: r, type: core.debug.Return, format: x}]"
    async with node_at(clock, MemoryStore(), {"f": plain}, tmp_path) as node:
        for topic in "aac":
            await node.publish(topic, topic)
        await clock.advance(1)
        (shown,) = await variables(node)
        assert sorted(shown["events"]) == ["a", "c"]


async def test_explain_says_what_it_still_waits_for(tmp_path: Path) -> None:
    """Which events have come, which have not, and until when; then which execution they started."""
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", JOIN)}, tmp_path) as node:
        await node.publish("orders.placed", {"order": 1}, id_="p1")
        await node.publish("orders.paid", {"order": 1, "ok": False}, id_="p2")
        await clock.advance(1)
        (verdict,) = (await explain(node, "orders.placed/p1"))["triggers"]
        assert verdict["result"] == "waiting"
        assert verdict["why"].startswith("it counts as placed; it waits for paid on `orders.paid` when")
        assert "until 2026-01-01T00:10" in verdict["why"]
        (verdict,) = (await explain(node, "orders.paid/p2"))["triggers"]
        assert verdict["result"] == "condition false"
        assert verdict["why"].startswith("it is none of what is waited for: placed on `orders.placed`; paid on")
        await node.publish("orders.paid", {"order": 1}, id_="p3")
        await clock.advance(1)
        (execution,) = await started(node)
        (verdict,) = (await explain(node, "orders.paid/p3"))["triggers"]
        assert (verdict["result"], verdict["executions"]) == ("started", [execution.id])
        (verdict,) = (await explain(node, "orders.placed/p1"))["triggers"]
        assert verdict["result"] == "counted"
