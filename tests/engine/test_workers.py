"""Functions called on the loop, in threads and in warm processes."""

import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import uvloop

from onbeat.engine.guard import Guard
from onbeat.engine.workers import LocalWorkers
from onbeat.errors import OutsideError, UserError
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeLog

CODE = """
import asyncio, logging, os, subprocess, sys, threading
from datetime import UTC, datetime
from decimal import Decimal
from onbeat.errors import OutsideError
from onbeat.ports import TaskFailed

RELEASE = threading.Event()
STARTED = threading.Event()

def where(): return [os.getpid(), threading.current_thread().name]
async def where_async(): return where()
def total(prices, *, rate=1): return sum(prices) * rate
def values(): return {"at": datetime(2026, 1, 2, tzinfo=UTC), "d": Decimal("1.10"), "t": (1, 2), 3: None}
def nothing_json(): return object()
def raises(): raise ValueError("no stock")
def leaves(): sys.exit(3)
def dies(): os.abort()
def outside(): raise OutsideError("the bank is closed")
def says():
    print("printed")
    print("bad", file=sys.stderr)
    logging.getLogger("mine").warning("logged %s", 1)
    print("no end", end="")
def hangs():
    STARTED.set()
    RELEASE.wait()
def hangs_with_child(path):
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open(path, "w") as file:
        file.write(f"{os.getpid()} {child.pid}\\n")
    RELEASE.wait()
def reads(): return sys.stdin.read()
def large(): return "x" * 70_000_000
class Shop:
    @staticmethod
    def name(): return "shop"
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module `called`, which can be imported here and in workers."""
    path = tmp_path / "called.py"
    path.write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop("called", None)


@pytest.fixture
async def workers(module: Path) -> AsyncIterator[LocalWorkers]:
    guard = Guard()
    made = LocalWorkers(guard, 2)
    yield made
    await made.close()
    await guard.close()


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


MODES = ["loop", "thread", "process"]


@pytest.mark.parametrize(
    ("function", "mode", "here", "main"),
    [
        ("where_async", "auto", True, True),
        ("where", "auto", True, False),
        ("where", "loop", True, True),
        ("where", "thread", True, False),
        ("where_async", "thread", True, False),
        ("where", "process", False, True),
        ("where_async", "process", False, True),
    ],
)
async def test_a_function_runs_where_its_mode_says(
    workers: LocalWorkers, log: FakeLog, function: str, mode: Any, here: bool, main: bool
) -> None:
    """`auto`: async on the loop, others in a thread."""
    pid, thread = await workers.call(f"called:{function}", {}, mode=mode, log=log)
    assert (pid == os.getpid()) is here
    assert (thread == "MainThread") is main


@pytest.mark.parametrize("mode", MODES)
async def test_arguments_go_in_and_plain_json_comes_out(workers: LocalWorkers, log: FakeLog, mode: Any) -> None:
    """The same in every mode: what memory holds is what a reload gives."""
    assert await workers.call("called:total", {"prices": [1, 2.5], "rate": 2}, mode=mode, log=log) == 7.0
    values = await workers.call("called:values", {}, mode=mode, log=log)
    assert values == {"at": datetime(2026, 1, 2, tzinfo=UTC).isoformat(), "d": str(Decimal("1.10")), "t": [1, 2], "3": None}
    assert await workers.call("called:Shop.name", {}, mode=mode, log=log) == "shop"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("target", "kwargs", "error", "message"),
    [
        ("no_such.module:f", {}, UserError, "there is no module `no_such` where onbeat runs; install it, or set PYTHONPATH"),
        ("called:tootal", {}, UserError, "`called:tootal`: `called` has no `tootal`; did you mean `total`?"),
        ("called:RELEASE", {}, UserError, "`called:RELEASE` is not a function"),
        (
            "called:nothing_json",
            {},
            UserError,
            "`called:nothing_json` returned what is not JSON: the value is not JSON but a Python `object`",
        ),
        ("called:total", {"price": 1}, TaskFailed, "TypeError: total() got an unexpected keyword argument 'price'"),
        ("called:outside", {}, OutsideError, "the bank is closed"),
    ],
)
async def test_what_cannot_be_called_or_returned_is_a_sentence(
    workers: LocalWorkers, log: FakeLog, mode: Any, target: str, kwargs: dict[str, Any], error: type[Exception], message: str
) -> None:
    """The user reads what to do; the same in every mode."""
    with pytest.raises(error) as caught:
        await workers.call(target, kwargs, mode=mode, log=log)
    assert message in str(caught.value)


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_function_raises_fails_the_attempt_with_its_traceback_in_the_log(
    workers: LocalWorkers, log: FakeLog, mode: Any
) -> None:
    """It is the user's code, not a bug of onbeat."""
    with pytest.raises(TaskFailed, match=r"^ValueError: no stock$"):
        await workers.call("called:raises", {}, mode=mode, log=log)
    assert log.lines[-1][0] == "ERROR"
    assert "called.py" in log.lines[-1][1]
    assert "ValueError: no stock" in log.lines[-1][1]


@pytest.mark.parametrize("mode", ["loop", "thread"])
async def test_sys_exit_ends_the_attempt_and_not_the_engine(workers: LocalWorkers, log: FakeLog, mode: Any) -> None:
    """A script's habit."""
    with pytest.raises(TaskFailed, match="SystemExit"):
        await workers.call("called:leaves", {}, mode=mode, log=log)


@pytest.mark.parametrize(("function", "message"), [("leaves", "exit code 3"), ("dies", "signal 6")])
async def test_a_worker_that_ends_fails_its_call_and_is_replaced(workers: LocalWorkers, log: FakeLog, function: str, message: str) -> None:
    """A crash in a library takes nothing else with it."""
    with pytest.raises(TaskFailed, match=f"the worker that called `called:{function}` ended with {message}"):
        await workers.call(f"called:{function}", {}, mode="process", log=log)
    assert await workers.call("called:total", {"prices": [1]}, mode="process", log=log) == 1


async def test_a_worker_stays_warm(workers: LocalWorkers, log: FakeLog) -> None:
    """One start for many calls, one call at a time."""
    pids = {(await workers.call("called:where", {}, mode="process", log=log))[0] for _ in range(5)}
    assert len(pids) == 1


async def test_no_more_workers_than_their_number(workers: LocalWorkers, log: FakeLog) -> None:
    """Ten calls at once share two."""
    calls = [workers.call("called:where", {}, mode="process", log=log) for _ in range(10)]
    assert len({pid for pid, _ in await asyncio.gather(*calls)}) <= 2


async def test_a_worker_killed_while_idle_is_replaced(workers: LocalWorkers, log: FakeLog) -> None:
    """The next call does not notice."""
    pid, _ = await workers.call("called:where", {}, mode="process", log=log)
    os.kill(pid, signal.SIGKILL)
    assert (await workers.call("called:where", {}, mode="process", log=log))[0] != pid


async def test_a_cancelled_call_kills_its_worker_and_what_it_started(workers: LocalWorkers, log: FakeLog, tmp_path: Path) -> None:
    """When the call has returned nothing of it is left."""
    os.mkfifo(tmp_path / "pids")
    calling = asyncio.get_running_loop().create_task(
        workers.call("called:hangs_with_child", {"path": str(tmp_path / "pids")}, mode="process", log=log)
    )
    pids = [int(pid) for pid in (await asyncio.to_thread((tmp_path / "pids").read_text)).split()]
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_cancelled_thread_is_left_behind(workers: LocalWorkers, log: FakeLog) -> None:
    """The call ends at once, and the loop goes on; nothing can stop the thread."""
    calling = asyncio.get_running_loop().create_task(workers.call("called:hangs", {}, mode="thread", log=log))
    called = await asyncio.to_thread(importlib.import_module, "called")
    await asyncio.to_thread(called.STARTED.wait)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    (left,) = (thread for thread in threading.enumerate() if thread.name == "onbeat-call")
    called.RELEASE.set()
    await asyncio.to_thread(left.join)


async def test_a_changed_module_gets_a_fresh_worker(workers: LocalWorkers, log: FakeLog, module: Path) -> None:
    """An edit takes effect at the next call in a process."""
    assert await workers.call("called:Shop.name", {}, mode="process", log=log) == "shop"
    _edit(module)
    assert await workers.call("called:Shop.name", {}, mode="process", log=log) == "new shop"


async def test_what_a_worker_prints_and_logs_is_the_attempts_log(workers: LocalWorkers, log: FakeLog) -> None:
    """All of it, before the call returns, and nothing goes to the next call."""
    await workers.call("called:says", {}, mode="process", log=log)
    assert sorted(log.lines) == [("ERROR", "bad"), ("INFO", "no end"), ("INFO", "printed"), ("WARN", "logged 1")]
    later = FakeLog()
    await workers.call("called:total", {"prices": []}, mode="process", log=later)
    assert later.lines == []


@pytest.mark.parametrize("mode", ["loop", "thread"])
async def test_what_a_function_logs_here_is_the_attempts_log(workers: LocalWorkers, log: FakeLog, mode: Any) -> None:
    """Only what that call logs; others' lines stay theirs."""
    logging.getLogger("mine").warning("before")
    await workers.call("called:says", {}, mode=mode, log=log)
    logging.getLogger("mine").warning("after")
    assert log.lines == [("WARN", "logged 1")]


async def test_a_worker_has_no_stdin(workers: LocalWorkers, log: FakeLog) -> None:
    """The socket to the engine is not the function's."""
    assert await workers.call("called:reads", {}, mode="process", log=log) == ""


async def test_a_result_is_bounded(workers: LocalWorkers, log: FakeLog) -> None:
    """A worker cannot fill the engine's memory."""
    with pytest.raises(TaskFailed, match="the result is larger than 64 MB"):
        await workers.call("called:large", {}, mode="process", log=log)


async def test_a_worker_that_cannot_start_is_an_error_and_not_tried_for_ever(
    workers: LocalWorkers, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said is in the log."""
    monkeypatch.setattr("onbeat.engine.worker_main.__name__", "no_such_worker")
    with pytest.raises(OutsideError, match="a Python worker ended before it began"):
        await workers.call("called:where", {}, mode="process", log=log)
    assert "No module named no_such_worker" in log.lines[0][1]


def test_workers_run_on_uvloop_too(module: Path, log: FakeLog) -> None:
    """The loop of production."""

    async def scenario() -> None:
        guard = Guard()
        workers = LocalWorkers(guard, 1)
        assert await workers.call("called:total", {"prices": [1, 2]}, mode="process", log=log) == 3
        calling = asyncio.get_running_loop().create_task(workers.call("called:hangs", {}, mode="process", log=log))
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert await workers.call("called:total", {"prices": [1]}, mode="process", log=log) == 1
        await workers.close()
        await guard.close()

    uvloop.run(scenario())


def _edit(module: Path) -> None:
    module.write_text(CODE.replace('return "shop"', 'return "new shop"'))
    os.utime(module, ns=(1, 1))
