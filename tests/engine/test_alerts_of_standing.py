"""Alerts of what stands still or falls behind, and what their settings say."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.states import State
from onbeat.errors import UserError
from onbeat.ports import ExecutionFilter, Record, Work
from onbeat.settings import Alert, Settings
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock
from tests.engine.alarms import FAILURE, FLOWS, HOOK, PAGE, Hook, moved, pages
from tests.engine.harness import node_with


async def test_what_stands_still_is_told_once(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """After so many minutes without a change; not what waits for a person, nor what waits for what stands still."""
    rule = {"name": "still", "on": "stuck", "minutes": 30, "then": HOOK}
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
        outer = await node.start("shop", "outer")
        await node.start("shop", "pause")
        await moved(node, clock, outer.id, State.RUNNING)
        while not (naps := await node.queries.executions(ExecutionFilter(flow="nap", states=(State.RUNNING,)))):
            await clock.advance(0)
        await clock.advance(29 * 60)
        assert hook.told == []
        while not hook.told:
            await clock.advance(60)
        await clock.advance(3600)
        ((headers, body),) = hook.told
        assert (body["executionId"], body["state"], body["on"]) == (naps[0].id, "RUNNING", "stuck")
        assert "without a change" in body["text"]
        assert headers["Idempotency-Key"].startswith(f"still/{naps[0].id}/")


async def test_what_stands_still_over_a_restart_is_not_told_twice(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """It is written down; one that waits in a queue counts as well, and to a flow it is told exactly once."""
    flows = {**FLOWS, "nap.yaml": f"{FLOWS['nap.yaml']}\nconcurrency: {{limit: 1, behavior: QUEUE}}"}
    rules = [{"name": name, "on": "stuck", "minutes": 10, "flow": "nap", "then": then} for name, then in (("hook", HOOK), ("page", PAGE))]
    data = tmp_path / "data"
    async with node_with(SqliteStore(data), flows, tmp_path, clock=clock) as node:
        first, second = await node.start("shop", "nap"), await node.start("shop", "nap")
        await moved(node, clock, second.id, State.QUEUED)
    for _ in range(2):
        async with node_with(SqliteStore(data), flows, tmp_path, clock=clock, alerts=rules) as node:
            for _ in range(40):
                await clock.advance(60)
                await node.store.write(Work(records=(Record(topic="x", id=str(clock.now()), data=1, time=0),)))
            told = [body for _, body in hook.told if body["executionId"] == second.id]
            assert [body["state"] for body in told] == ["QUEUED"]
            about = [page.head.trigger.variables["executionId"] for page in await pages(node) if page.head.trigger is not None]
            assert about.count(second.id) == 1
    assert first.id in {body["executionId"] for _, body in hook.told}


# ---- lag ---------------------------------------------------------------------------------------------------------------


async def test_a_trigger_that_falls_behind_is_told_once_until_it_has_caught_up(tmp_path: Path, clock: ManualClock) -> None:
    """Not a moment's lag; and the next time it is told again."""
    rule = {"name": "late", "on": "lag", "above": 5, "seconds": 60, "trigger": "on", "then": PAGE}
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
        (subscription,) = node.intake.subscriptions()
        await subscription.ready.wait()
        waiting = [0]

        async def lag() -> int:
            return waiting[0]

        subscription.measured = lag
        for waiting[0], seconds, told in ((5, 300, 0), (6, 50, 0), (0, 30, 0), (6, 50, 0), (7, 60, 1), (9, 600, 1), (0, 30, 1), (9, 90, 2)):
            await clock.advance(seconds)
            assert len(await pages(node)) == told
        first, second = await pages(node)
        assert first.outputs is not None
        assert "7 events wait at core.trigger.Event:things" in first.outputs["said"]
        assert first.id != second.id


async def test_lag_is_of_the_triggers_that_are_named(tmp_path: Path, clock: ManualClock, hook: Hook) -> None:
    """By the flow they start, or their own id."""
    for wanted in ({"flow": "other"}, {"namespace": "ops"}, {"trigger": "off"}):
        rule = {"name": "late", "on": "lag", "above": 0, "seconds": 0, "then": HOOK, **wanted}
        async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, alerts=[rule]) as node:
            (subscription,) = node.intake.subscriptions()
            await subscription.ready.wait()
            subscription.measured = lambda: asyncio.sleep(0, 99)  # noqa: TID251 - gives a number
            await clock.advance(60)
    assert hook.told == []


# ---- settings ----------------------------------------------------------------------------------------------------------


def test_alerts_are_read_from_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the key `on`, which YAML 1.1 takes for a yes; the address of a webhook is not shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "onbeat.yaml").write_text(
        "alerts:\n  - name: a\n    on: failure\n    then: {webhook: 'https://x/secret'}\n"
        "  - {name: b, 'on': stuck, minutes: 5, then: {flow: {namespace: ops, id: page}}}\n"
    )
    first, second = Settings().alerts
    assert (first.on, second.on, second.minutes) == ("failure", "stuck", 5)
    assert "secret" not in repr(first)
    assert (str(first), str(second)) == ("a (on failure: webhook)", "b (on stuck: ops.page)")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a", "on": "failure", "then": {}},
        {"name": "a", "on": "failure", "then": {**PAGE, **HOOK}},
        {"name": "a", "on": "sometimes", "then": HOOK},
        {"name": "a b", "on": "failure", "then": HOOK},
        {"name": "a", "on": "failure", "then": HOOK, "namspace": "x"},
    ],
)
def test_an_alert_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    """Nobody, two at once, an unknown kind, a name that is none, a misspelt filter."""
    with pytest.raises(ValidationError):
        Alert.model_validate(wrong)


async def test_two_alerts_of_one_name_are_refused(tmp_path: Path) -> None:
    """Each has a place in the journal by its name."""
    with pytest.RaisesGroup(pytest.RaisesExc(UserError, match="same name")):
        async with node_with(MemoryStore(), FLOWS, tmp_path, alerts=[FAILURE, FAILURE]):
            pass
