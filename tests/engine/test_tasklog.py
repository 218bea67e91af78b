"""Task logs: bounded, batched, on disk before the attempt's end."""

import asyncio
from pathlib import Path
from typing import Any

from onbeat.engine.masking import MASK, Mask
from onbeat.engine.tasklog import LONGEST_LINE, MOST_LINES, MOST_METRICS, TaskLogs
from onbeat.ports import Metric, MetricRow, Outcome, TaskContext
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with


async def opened() -> MemoryStore:
    """An open store."""
    store = MemoryStore()
    await store.open()
    return store


async def test_lines_of_a_long_attempt_are_written_while_it_runs() -> None:
    """Within a second, without anybody asking."""
    store, clock = await opened(), ManualClock()
    logs = TaskLogs(store, clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(logs.serve())
        log = logs.open("e", 1, "t", 1, None)
        log("INFO", "hello")
        await settle()
        assert await store.logs("e") == []
        await clock.advance(1)
        assert [line.message for line in await store.logs("e")] == ["hello"]
        await clock.advance(60)
        assert clock.sleeping() == 0
        task.cancel()


async def test_the_last_lines_are_the_enders_to_write() -> None:
    """Closing gives what is not written yet, once."""
    logs = TaskLogs(await opened(), ManualClock())
    log = logs.open("e", 1, "t", 2, None)
    log("INFO", "one")
    log("ERROR", "two")
    lines = logs.close(log)
    assert [(line.level, line.message, line.attempt) for line in lines] == [("INFO", "one", 2), ("ERROR", "two", 2)]
    assert logs.close(log) == ()


async def test_lines_below_the_tasks_level_are_dropped() -> None:
    """`logLevel: WARN` keeps WARN and ERROR; an unknown level is INFO."""
    logs = TaskLogs(await opened(), ManualClock())
    log = logs.open("e", 1, "t", 1, "WARN")
    for level in ("TRACE", "DEBUG", "INFO", "strange", "WARN", "ERROR"):
        log(level, level)
    assert [line.message for line in logs.close(log)] == ["WARN", "ERROR"]


async def test_a_task_that_logs_for_ever_is_cut() -> None:
    """So many lines, so long a line, and a sentence that says so."""
    logs = TaskLogs(await opened(), ManualClock())
    log = logs.open("e", 1, "t", 1, None)
    log("INFO", "x" * (2 * LONGEST_LINE))
    for _ in range(MOST_LINES + 10):
        log("INFO", "y")
    lines = logs.close(log)
    assert len(lines) == MOST_LINES + 1
    assert len(lines[0].message) < LONGEST_LINE + 20
    assert "not kept" in lines[-1].message


async def test_a_finished_tasks_log_is_there_with_its_end(tmp_path: Path) -> None:
    """Whoever sees the end sees the lines: they are one transaction."""
    flow = "id: f\nnamespace: t\ntasks: [{id: a, type: core.log.Log, message: [one, two], level: WARN}]\n"
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert [(line.level, line.message, line.task) for line in await node.queries.logs(ended.id)] == [
            ("WARN", "one", "a"),
            ("WARN", "two", "a"),
        ]


async def test_what_an_attempt_measured_is_kept_with_its_place() -> None:
    """Which attempt of which task run, when; a secret is hidden in names and tags."""
    clock = ManualClock()
    log = TaskLogs(await opened(), clock).open("e", 3, "load", 2, mask=Mask(["canary"]))
    log.measure([Metric(type="timer", name="canary", value=1.5, tags={"canary": "of canary"})])
    assert log.metrics == [
        MetricRow(
            execution="e", at=clock.now(), type="timer", name=MASK, value=1.5, tags={MASK: f"of {MASK}"}, run=3, task="load", attempt=2
        )
    ]


async def test_metrics_of_an_attempt_are_bounded_and_finite() -> None:
    """What is no number and what is too much is left out, and said once."""
    log = TaskLogs(await opened(), ManualClock()).open("e", 1, "t", 1)
    log.measure([Metric(type="gauge", name="broken", value=float(value)) for value in ("nan", "inf", "-inf")])
    assert (log.metrics, [line.level for line in log.lines]) == ([], ["WARN"] * 3)
    log.measure([Metric(type="counter", name="n", value=1.0)] * (MOST_METRICS + 5))
    assert len(log.metrics) == MOST_METRICS
    assert [line.message for line in log.lines[3:]] == [f"more than {MOST_METRICS} metrics: the rest of this attempt's is not kept"]


async def test_metrics_of_a_task_are_written_with_its_end(tmp_path: Path, deeds: dict[str, Any]) -> None:
    """In the same transaction: two writes, as for a task that measured nothing."""

    async def measure(context: TaskContext) -> Outcome:
        return Outcome(metrics=(Metric(type="counter", name="n", value=2.0),))

    deeds["measure"] = measure
    flow = "id: f\nnamespace: t\ntasks: [{id: a, type: test.Told, what: measure}]\n"
    writes: list[str] = []
    async with node_with(MemoryStore(on_write=writes.append), {"f.yaml": flow}, tmp_path, sources=False) as node:
        before = len(writes)
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert (len(writes) - before) / 2 == 2
        assert [(row.name, row.value, row.task, row.run, row.attempt) for row in await node.queries.metrics(ended.id)] == [
            ("n", 2.0, "a", 1, 1)
        ]
