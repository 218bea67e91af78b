"""Logs of attempts in files: whole, bounded, and never the attempt's trouble."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.engine import logfile
from onbeat.engine.logfile import LogFile
from onbeat.engine.storage import LocalStorage
from onbeat.errors import Overloaded
from onbeat.ports import TaskContext
from onbeat.stores.memory import MemoryStore
from onbeat.testing import START, ManualClock
from tests.engine.harness import node_with


def flow(type_: str, options: str) -> dict[str, str]:
    """A flow with one task whose log is a file."""
    return {"f.yaml": f"id: f\nnamespace: a.b\ntasks: [{{id: t, type: {type_}, {options}, logToFile: true}}]\n"}


async def test_lines_are_kept_in_order(tmp_path: Path) -> None:
    """Each with its instant and level; a text of several lines as it is; what was written meanwhile goes."""
    storage, log = LocalStorage(tmp_path / "storage"), LogFile(tmp_path / "work" / "x.log")
    log.write(START, "INFO", "one")
    log.write(START, "ERROR", "two\nand ü \ud800")
    address = await log.keep(storage, "a/b.log")
    log.close()
    log.close()
    assert address == "kestra:///a/b.log"
    assert (await storage.get(address)).decode() == f"{iso(START)} INFO one\n{iso(START)} ERROR two\nand ü ?\n"
    assert list((tmp_path / "work").iterdir()) == []


async def test_no_line_is_an_empty_file(tmp_path: Path) -> None:
    """The address says where it would be."""
    storage, log = LocalStorage(tmp_path), LogFile(tmp_path / "x.log")
    address = await log.keep(storage, "a/b.log")
    assert address is not None
    assert await storage.get(address) == b""


async def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A last line says so."""
    monkeypatch.setattr(logfile, "MOST", 100)
    storage, log = LocalStorage(tmp_path), LogFile(tmp_path / "x.log")
    for _ in range(10):
        log.write(START, "INFO", "x" * 30)
    await log.keep(storage, "b.log")
    log.close()
    lines = (await storage.get("kestra:///b.log")).decode().splitlines()
    assert len(lines) == 2
    assert "is not kept" in lines[1]


async def test_trouble_with_the_disk_costs_the_log_only(tmp_path: Path) -> None:
    """Writing it, and keeping it."""
    (tmp_path / "file").write_text("")
    log = LogFile(tmp_path / "file" / "x.log")
    log.write(START, "INFO", "one")
    log.write(START, "INFO", "two")

    class Full(LocalStorage):
        async def keep(self, path: str, source: Path) -> str:
            raise Overloaded("full")

    log = LogFile(tmp_path / "y.log")
    log.write(START, "INFO", "one")
    assert await log.keep(Full(tmp_path), "b.log") is None
    log.close()


async def test_an_attempts_log_is_a_file_and_no_lines(tmp_path: Path) -> None:
    """The attempt says where; the level that is left out is left out here too; secrets are hidden here too."""
    text = "message: [\"Hello {{ 'World' }}!\", again]"
    async with node_with(MemoryStore(), flow("core.log.Log", text), tmp_path, sources=False) as node:
        execution = await node.engine.ended((await node.start("a.b", "f")).id)
        assert await node.queries.logs(execution.id) == []
        address = execution.runs[1].attempts[0].log
        assert address == f"kestra:///a/b/f/executions/{execution.id}/logs/t/{execution.id}-1/1.log"
        lines = (await node.storage.get(address)).decode().splitlines()
        assert [line.split(" ", 1)[1] for line in lines] == ["INFO Hello World!", "INFO again"]
    assert list((tmp_path / "data" / "work").iterdir()) == []


async def test_each_attempt_has_its_file_also_one_that_came_too_late(tmp_path: Path, clock: ManualClock, deeds: dict[str, Any]) -> None:
    """Why an attempt took too long is what its log is for."""
    begun = asyncio.Queue[int]()

    async def hang(context: TaskContext) -> None:
        context.log("INFO", f"attempt {context.attempt} waits")
        begun.put_nowait(context.attempt)
        await asyncio.Event().wait()

    deeds["hang"] = hang
    options = "what: hang, timeout: PT5S, retry: {type: constant, interval: PT0S, maxAttempts: 2}"
    async with node_with(MemoryStore(), flow("test.Told", options), tmp_path, clock=clock, sources=False) as node:
        execution = await node.start("a.b", "f")
        for _ in range(2):
            await begun.get()
            await clock.advance(6)
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.FAILED
        for number, attempt in enumerate(ended.runs[1].attempts, 1):
            folder = f"a/b/f/executions/{execution.id}/logs/t/{execution.id}-1"
            assert attempt.log == f"kestra:///{folder}/{number}.log"
            while f"{folder}/{number}.log" not in dict(await node.storage.files(folder)):
                await clock.advance(0)
            assert f"attempt {number} waits".encode() in await node.storage.get(attempt.log)
