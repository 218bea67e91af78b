"""A schedule on a whole node starts nothing while an execution that it started runs: what intake tells its source."""

from pathlib import Path

import pytest

from onbeat.engine.node import Node
from onbeat.errors import Refused
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with

SLOW = """
id: {id}
namespace: t
tasks: [{{id: nap, type: core.flow.Sleep, duration: PT150S}}]
"""
TRIGGER = """
triggers: [{id: minutely, type: core.trigger.Schedule, cron: "* * * * *", recoverMissedSchedules: LAST DEDUPE}]
"""
ALONE = """
id: both
namespace: t
type: core.trigger.Schedule
cron: "* * * * *"
recoverMissedSchedules: NONE
flows: [{namespace: t, id: one}, {namespace: t, id: two}]
"""


def write_triggers(directory: Path) -> None:
    """The stand-alone trigger, in its folder."""
    (directory / "triggers").mkdir(exist_ok=True)
    (directory / "triggers" / "both.yaml").write_text(ALONE)


async def instants(node: Node) -> list[str]:
    """The times of day of what was started, oldest first."""
    found = [await node.engine.load(line.id) for line in await node.queries.executions(limit=100)]
    return [each.head.trigger.variables["date"][11:16] for each in reversed(found) if each.head.trigger is not None]


@pytest.mark.parametrize("dedupe", ["", ", dedupe: \"{{ trigger.date | date('HHmm') }}\""])
async def test_it_waits_for_what_an_earlier_process_started(tmp_path: Path, clock: ManualClock, dedupe: str) -> None:
    """After a restart it is asked for by what makes the start once, also where the trigger says that itself."""
    flows = {"one.yaml": SLOW.format(id="one") + TRIGGER.replace(" DEDUPE", dedupe)}
    store = MemoryStore()
    async with node_with(store, flows, tmp_path, clock=clock) as node:
        await settle()
        await clock.advance(60)
        assert await instants(node) == ["00:01"]
    async with node_with(store, flows, tmp_path, clock=clock) as node:
        await settle()
        await clock.advance(120)
        assert await instants(node) == ["00:01"]
        await clock.advance(90)
        assert await instants(node) == ["00:01", "00:03"]


async def test_it_waits_for_all_the_flows_it_started(tmp_path: Path, clock: ManualClock) -> None:
    """Of a trigger with two flows both executions must have ended."""
    write_triggers(tmp_path)
    long = SLOW.format(id="two").replace("PT150S", "PT400S")
    async with node_with(MemoryStore(), {"one.yaml": SLOW.format(id="one"), "two.yaml": long}, tmp_path, clock=clock) as node:
        await settle()
        await clock.advance(60 + 390)
        assert await instants(node) == ["00:01", "00:01"]
        await clock.advance(60)
        assert await instants(node) == ["00:01", "00:01", "00:08", "00:08"]


async def test_it_does_not_wait_for_one_that_was_set_aside(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes on there: the schedule would be silent until the next start."""
    flows = {"one.yaml": SLOW.format(id="one") + TRIGGER.replace(" DEDUPE", "")}
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock) as node:
        await settle()
        await clock.advance(60)
        (line,) = await node.queries.executions()

        async def broken(*args: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patch:
            patch.setattr(node.engine, "_decide", broken)
            with pytest.raises(Refused):
                await node.kill(line.id)
        await clock.advance(60)
        assert await instants(node) == ["00:01", "00:02"]


WEEKDAYS = """
id: weekdays
namespace: t
tasks: [{id: say, type: core.log.Log, message: x}]
triggers:
  - id: daily
    type: io.kestra.core.models.triggers.types.Schedule
    cron: 0 6 * * *
    scheduleConditions:
      - {type: io.kestra.core.models.conditions.types.NotCondition, conditions: [WEEKEND]}
"""


async def test_conditions_see_the_scheduled_date_by_kestras_old_names_too(tmp_path: Path, clock: ManualClock) -> None:
    """From Thursday on: Friday's run knows that the next one is Monday's, and the weekend has none."""
    weekend = "{type: io.kestra.core.models.conditions.types.WeekendCondition, date: '{{ schedule.date }}'}"
    async with node_with(MemoryStore(), {"weekdays.yaml": WEEKDAYS.replace("WEEKEND", weekend)}, tmp_path, clock=clock) as node:
        await settle()
        await clock.advance(5 * 24 * 3600)
        found = [await node.engine.load(line.id) for line in await node.queries.executions(limit=100)]
        dates = sorted(
            (each.head.trigger.variables["date"][:10], each.head.trigger.variables["next"][:10]) for each in found if each.head.trigger
        )
        assert dates == [("2026-01-01", "2026-01-02"), ("2026-01-02", "2026-01-05"), ("2026-01-05", "2026-01-06")]
