"""Alerts of failures: each is told, nothing twice, and none about itself for ever."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from onbeat.core.states import State
from onbeat.engine import alerts
from onbeat.errors import OutsideError
from onbeat.ports import Record, Work
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock
from tests.engine.alarms import FAILURE, FLOWS, HOOK, TURN, Hook, ended, pages
from tests.engine.harness import node_with


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_a_failure_starts_a_flow_that_knows_what_failed(tmp_path: Path, clock: ManualClock, store: str) -> None:
    """Once, with inputs that see it; without secrets; what ended well is nobody's business."""
    kept: Any = MemoryStore() if store == "memory" else SqliteStore(tmp_path / "data")
    async with node_with(kept, FLOWS, tmp_path, clock=clock, alerts=[FAILURE]) as node:
        await clock.advance(TURN)
        await ended(node, "shop", "good")
        bad = await ended(node, "shop.orders", "bad")
        while not (found := await pages(node)):
            await clock.advance(TURN)
        (page,) = found
        assert page.state is State.SUCCESS
        assert page.outputs is not None
        said = page.outputs["said"]
        assert said.startswith("shop.orders: shop.orders.bad ended FAILED: ")
        assert "hunter22" not in said
        assert page.head.trigger is not None
        assert page.head.trigger.variables["executionId"] == bad.id
        assert (page.head.trigger.type, page.head.causation_id, page.head.hops) == (alerts.TYPE, bad.id, 1)
        assert page.head.correlation_id == bad.head.correlation_id
        assert node.meters.counts["onbeat_alerts_total"] == {("failed",): 1}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, True),
        ({"namespace": "shop"}, True),
        ({"namespace": "sho"}, False),
        ({"namespace": "shop.orders", "flow": "bad"}, True),
        ({"flow": "good"}, False),
        ({"labels": {"team": "a"}}, True),
        ({"labels": {"team": "b"}}, False),
        ({"labels": {"team": "a", "more": "x"}}, True),
        ({"states": ["KILLED"]}, False),
    ],
)
async def test_an_alert_is_for_what_it_names(tmp_path: Path, clock: ManualClock, hook: Hook, wanted: dict[str, Any], told: bool) -> None:
    """A namespace and those below it, a flow, labels, states."""
    rule = {**FAILURE, "then": HOOK, **wanted}
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
        await clock.advance(TURN)
        await ended(node, "shop.orders", "bad", more="x")
        await clock.advance(TURN)
    assert bool(hook.told) is told


async def test_a_webhook_gets_json_with_an_id(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """The id is the same for a repetition; headers of one's own may hold secrets."""
    rule = {**FAILURE, "then": {**HOOK, "headers": {"Authorization": "Bearer t"}}}
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
        await clock.advance(TURN)
        bad = await ended(node, "shop.orders", "bad")
        await clock.advance(TURN)
    ((headers, body),) = hook.told
    assert headers["Authorization"] == "Bearer t"
    assert headers["Idempotency-Key"] == f"failed/{bad.id}/{bad.sequence}"
    assert {"alert": "failed", "on": "failure", "executionId": bad.id, "state": "FAILED", "flowId": "bad"}.items() <= body.items()
    assert "hunter22" not in json.dumps(body)


async def test_a_failure_is_told_after_a_crash(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """What failed while nobody could be told is told after the restart; what was told is not told again; before the alert, nothing."""
    rules = [{**FAILURE, "then": HOOK}, {**FAILURE, "name": "flow"}]
    data = tmp_path / "data"
    async with node_with(SqliteStore(data), FLOWS, tmp_path, clock=clock) as node:
        await ended(node, "shop.orders", "bad")
    async with node_with(SqliteStore(data), FLOWS, tmp_path, clock=clock, alerts=rules) as node:
        while not await node.store.positions("journal:alert:failed"):
            await clock.advance(TURN)
        hook.down = True
        bad = await ended(node, "shop.orders", "bad")
        while not hook.tried or not await pages(node):
            await clock.advance(TURN)
        assert [each for each in node.trouble() if "journal:alert:failed" in each]
    assert hook.told == []
    hook.down = False
    async with node_with(SqliteStore(data), FLOWS, tmp_path, clock=clock, alerts=rules) as node:
        while not hook.told:
            await clock.advance(TURN)
        await clock.advance(10)
        assert [body["executionId"] for _, body in hook.told] == [bad.id]
        assert len(await pages(node)) == 1
    async with node_with(SqliteStore(data), FLOWS, tmp_path, clock=clock, alerts=rules) as node:
        await clock.advance(10)
        assert len(hook.told) == 1
        assert len(await pages(node)) == 1


async def test_an_answer_that_was_lost_is_a_repetition_with_the_same_id(
    tmp_path: Path, clock: ManualClock, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: whoever is told twice can see it."""

    async def lose(url: str, headers: Mapping[str, str], body: bytes) -> None:
        await hook(url, headers, body)
        if len(hook.told) == 1:
            raise OutsideError("the connection broke")

    monkeypatch.setattr(alerts, "call", lose)
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[{**FAILURE, "then": HOOK}]) as node:
        await clock.advance(TURN)
        await ended(node, "shop.orders", "bad")
        await clock.advance(10)
    first, second = hook.told
    assert first == second


async def test_a_webhook_that_does_not_answer_holds_back_its_own_alert_only(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """It is said what is wrong, and tried again; then nothing is wrong any more."""
    rules = [{**FAILURE, "then": HOOK}, {**FAILURE, "name": "flow"}]
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=rules) as node:
        await clock.advance(TURN)
        hook.down = True
        await ended(node, "shop.orders", "bad")
        await clock.advance(TURN)
        assert len(await pages(node)) == 1
        assert [each for each in node.trouble() if each.startswith("journal:alert:failed: ")]
        assert "secret-path" not in str(node.trouble())
        hook.down = False
        await clock.advance(60)
        assert len(hook.told) == 1
        assert not node.trouble()


async def test_an_alert_that_fails_raises_none(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """Neither its own flow nor a subflow of it; a person who runs the same flow by hand is told."""
    flows = {
        **FLOWS,
        "page.yaml": "id: page\nnamespace: ops\ntasks: [{id: call, type: core.flow.Subflow, namespace: shop.orders, flowId: bad}]",
    }
    then = {"flow": {"namespace": "ops", "id": "page"}}
    rules = [{**FAILURE, "then": then}, {**FAILURE, "name": "hook", "then": HOOK}]
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock, alerts=rules) as node:
        await clock.advance(TURN)
        await ended(node, "shop.orders", "bad")
        await clock.advance(20)
        (page,) = await pages(node)
        assert page.state is State.FAILED
        assert len(hook.told) == 1
        await ended(node, "ops", "page")
        await clock.advance(TURN)
        assert {body["flowId"] for _, body in hook.told} == {"bad", "page"}


async def test_a_loop_by_events_ends(tmp_path: Path, clock: ManualClock) -> None:
    """The alert's flow publishes what makes the flow fail again: each time a hop, and after so many a dead event."""
    flows = {
        "bad.yaml": """
id: bad
namespace: shop
tasks: [{id: no, type: core.execution.Fail}]
triggers: [{id: on, type: core.trigger.Event, topic: again}]
""",
        "page.yaml": "id: page\nnamespace: ops\ntasks: [{id: say, type: core.event.Publish, topic: again, data: 1}]",
    }
    async with node_with(
        MemoryStore(), flows, tmp_path, clock=clock, alerts=[{**FAILURE, "then": {"flow": {"namespace": "ops", "id": "page"}}}]
    ) as node:
        await clock.advance(TURN)
        await ended(node, "shop", "bad")
        before = -1
        while (end := await node.store.journal_end()) != before:
            before = end
            await clock.advance(5)
        assert 2 < len(await pages(node)) <= 9
        (dead,) = await node.queries.dead_events()
        assert "a loop" in dead.reason


async def test_iterations_of_a_loop_are_told_by_the_loop(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """A hundred iterations that fail are one failure."""
    flow = """
id: many
namespace: shop
tasks: [{id: each, type: core.flow.Loop, values: [1, 2, 3], tasks: [{id: bad, type: core.execution.Fail}]}]
"""
    async with node_with(MemoryStore(), {"many.yaml": flow}, tmp_path, clock=clock, alerts=[{**FAILURE, "then": HOOK}]) as node:
        await clock.advance(TURN)
        await ended(node, "shop", "many")
        await clock.advance(TURN)
    assert len(hook.told) == 1


async def test_an_alert_whose_flow_is_not_there_is_a_dead_event(tmp_path: Path, clock: ManualClock) -> None:
    """It is kept, with the reason."""
    rule = {**FAILURE, "then": {"flow": {"namespace": "ops", "id": "gone"}}}
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
        await clock.advance(TURN)
        bad = await ended(node, "shop.orders", "bad")
        await clock.advance(TURN)
        (dead,) = await node.queries.dead_events()
        assert (dead.reason, dead.trigger) == ("there is no flow ops.gone", "ops.gone.failed")
        assert dead.event is not None
        assert dead.event.data["executionId"] == bad.id


async def test_that_nobody_would_be_told_is_known_before(tmp_path: Path, clock: ManualClock) -> None:
    """Its flow is not there, or is disabled: `onbeat doctor` says so; where it is there, nothing is wrong."""
    flows = {**FLOWS, "off.yaml": "id: off\nnamespace: ops\ndisabled: true\ntasks: [{id: a, type: core.debug.Return, format: x}]"}
    rules = [{**FAILURE, "name": id_, "then": {"flow": {"namespace": "ops", "id": id_}}} for id_ in ("gone", "off", "page")]
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock, alerts=rules) as node:
        assert [each for each in node.trouble() if "alert:" in each] == [
            "journal:alert:gone: there is no flow ops.gone; what it is to be told becomes dead events",
            "journal:alert:off: flow ops.off is disabled, and told nothing",
        ]


async def test_purge_waits_for_an_alert(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """What it has not read stays; it is one of the readers that are present."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[{**FAILURE, "then": HOOK}]) as node:
        await clock.advance(TURN)
        assert "journal:alert:failed" in node.readers()
        hook.down = True
        bad = await ended(node, "shop.orders", "bad")
        await clock.advance(TURN)
        assert await node.store.purge(clock.now() + 1, 10) == 0
        assert await node.store.load(bad.id) is not None


async def test_a_real_webhook_is_called(tmp_path: Path) -> None:
    """2xx is taken; anything else, and nobody there, is to be told again; the address is in no error."""
    seen: list[tuple[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.headers["Idempotency-Key"], await request.json()))
        return web.Response(status=int(request.match_info["status"]))

    app = web.Application()
    app.router.add_post("/{status}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await alerts.call(f"{base}/204", {"Idempotency-Key": "k", "Content-Type": "application/json"}, b'{"a":1}')
    for status in (302, 404, 500):
        with pytest.raises(OutsideError, match=f"answered {status}"):
            await alerts.call(f"{base}/{status}", {"Idempotency-Key": "k"}, b"{}")
    await runner.cleanup()
    assert seen[0] == ("k", {"a": 1})
    with pytest.raises(OutsideError) as gone:
        await alerts.call(f"{base}/204", {}, b"{}")
    assert base not in str(gone.value)


async def test_one_too_far_behind_goes_on_from_now(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """A webhook that was gone for a month does not fill the disk for ever."""
    rule = {**FAILURE, "then": HOOK}
    store = MemoryStore()
    async with node_with(store, FLOWS, tmp_path, clock=clock, alerts=[rule]):
        await clock.advance(TURN)
    async with node_with(store, FLOWS, tmp_path, clock=clock) as node:
        await ended(node, "shop.orders", "bad")
        await store.write(Work(records=(Record(topic="x", id="y", data=1, time=0),)))
    async with node_with(store, FLOWS, tmp_path, clock=clock, alerts=[rule], sink_most_behind=1) as node:
        await clock.advance(TURN)
        assert hook.told == []
        bad = await ended(node, "shop.orders", "bad")
        await clock.advance(TURN)
        assert [body["executionId"] for _, body in hook.told] == [bad.id]
