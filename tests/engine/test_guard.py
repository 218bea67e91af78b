"""Asking for programs: what cannot start, and what happens when the warden or a guard dies."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses
from onbeat.errors import OutsideError, UserError
from tests.engine.programs import Log, Shell, wait_gone


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    made = Guard()
    yield made
    await made.close()


@pytest.fixture
def processes(guard: Guard) -> LocalProcesses:
    return LocalProcesses(guard)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def shell(processes: LocalProcesses, log: Log, tmp_path: Path) -> Shell:
    return Shell(processes, log, tmp_path)


@pytest.mark.parametrize(
    ("argv", "cwd", "message"),
    [
        (["no-such-program"], "/", "there is no program `no-such-program` on this machine; install it, or give its whole path"),
        (["/etc/passwd"], "/", "`/etc/passwd` is not executable; `chmod +x` it, or name its interpreter"),
        (["ls"], "/no/such/folder", "the working directory `/no/such/folder` cannot be entered: No such file or directory"),
        (["sh", "-c", "x" * 200_000], "/", "the arguments or variables of `sh` are longer than the system takes; pass a file instead"),
        (["a\0b"], "/", "`a\0b` cannot be started: embedded null byte"),
        ([], "/", "there is no program to run: the command is empty"),
    ],
)
async def test_what_cannot_be_started_is_a_sentence(processes: LocalProcesses, argv: list[str], cwd: str, message: str) -> None:
    """The user reads what is wrong and what to do."""
    with pytest.raises(UserError) as caught:
        await processes.run(argv, env={}, cwd=Path(cwd), log=lambda *_: None)
    assert str(caught.value) == message


async def test_a_dead_warden_is_replaced_and_takes_no_program_with_it(guard: Guard, shell: Shell, log: Log, tmp_path: Path) -> None:
    """What runs goes on and is still watched; the next program gets a new warden."""
    os.mkfifo(tmp_path / "fifo")
    running = asyncio.get_running_loop().create_task(shell("echo child $$; cat fifo"))
    await log.number("child")
    assert guard._process
    first = guard._process.pid
    guard._process.kill()
    wait_gone(first)
    assert (await shell("exit 5")).code == 5
    assert guard._process.pid != first
    await asyncio.to_thread((tmp_path / "fifo").write_text, "still here\n")
    assert (await running).code == 0
    assert ("INFO", "still here") in log.lines


async def test_a_killed_guard_is_an_error_of_the_machine_and_its_program_is_killed(shell: Shell, log: Log) -> None:
    """The attempt may be tried again; the old one does not run on beside it."""
    until_the_guard_watches = "(sh -c 'echo $$ >orphan' &); until [ -s orphan ]; do :; done; while [ -e /proc/$(cat orphan) ]; do :; done; "
    running = asyncio.get_running_loop().create_task(shell(until_the_guard_watches + "echo child $$; echo guard $PPID; sleep 1000"))
    pid = await log.number("child")
    os.kill(await log.number("guard"), signal.SIGKILL)
    with pytest.raises(OutsideError, match="the guard of `/bin/sh` was killed"):
        await running
    wait_gone(pid)


async def test_a_machine_without_room_for_a_process_is_an_error_to_be_retried(shell: Shell) -> None:
    """Out of descriptors is not the flow's fault."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 1, hard))
    try:
        with pytest.raises(OutsideError, match="cannot be started"):
            await shell("true")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (await shell("true")).code == 0
