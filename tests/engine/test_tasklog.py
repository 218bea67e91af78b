"""Task logs: bounded, batched, on disk before the attempt's end."""

import asyncio
from pathlib import Path

from onbeat.engine.tasklog import LONGEST_LINE, MOST_LINES, TaskLogs
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
