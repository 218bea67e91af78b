"""Whatever a program does, nothing of it outlives its task or the engine."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses
from tests.engine.programs import TREE, Log, Shell, descendants_of, is_gone, parent_of, state_of, wait_gone

SRC = Path(__file__).parents[2] / "src"

ENGINE = f"""
import asyncio, sys
sys.path.insert(0, {str(SRC)!r})
from pathlib import Path
from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses
def log(level, message):
    print(message, flush=True)
asyncio.run(LocalProcesses(Guard()).run(["/bin/sh", "-c", sys.argv[1]], env={{}}, cwd=Path("/"), log=log))
"""


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


async def test_cancel_kills_the_whole_tree_also_what_called_setsid_and_ignores_sigterm(shell: Shell, log: Log) -> None:
    """When the cancelled call returns nothing of the program is left (reliability fault rows 7 and 46)."""
    running = asyncio.get_running_loop().create_task(shell(TREE, grace=0.1))
    pids = [await log.number(name) for name in ("child", "grandchild", "orphan")]
    assert not any(map(is_gone, pids))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert all(map(is_gone, pids))


def test_kill_9_of_the_engine_leaves_nothing() -> None:
    """Program, background jobs and what called setsid die with the engine, the warden too."""
    with subprocess.Popen([sys.executable, "-c", ENGINE, TREE], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        pids = [int(engine.stdout.readline().split()[1]) for _ in range(3)]
        helpers = descendants_of(engine.pid)
        engine.kill()
    assert set(pids) < set(helpers)
    for pid in helpers:
        wait_gone(pid)


def test_a_process_that_the_engines_own_code_has_forked_does_not_keep_programs_alive() -> None:
    """It holds copies of the engine's sockets; that the engine itself has ended counts."""
    source = ENGINE.replace("    print(message, flush=True)\n", "    if os.fork() == 0: signal.pause()\n    print(message, flush=True)\n")
    source = "import os, signal\n" + source
    with subprocess.Popen([sys.executable, "-c", source, "echo child $$; sleep 1000"], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        pid = int(engine.stdout.readline().split()[1])
        engine.stdout.close()
        forked = [found for found in descendants_of(engine.pid) if parent_of(found) == engine.pid]
        engine.kill()
        try:
            wait_gone(pid)
        finally:
            for left in forked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)


async def test_a_background_job_that_holds_stdout_does_not_hold_the_attempt(shell: Shell, log: Log) -> None:
    """The attempt ends with its program; the job is killed (fault row 48)."""
    end = await shell("sleep 1000 & echo job $!; setsid sleep 1000 & echo other $!; exit 4")
    assert end.code == 4
    assert is_gone(await log.number("job"))
    assert is_gone(await log.number("other"))


async def test_a_background_job_that_is_about_to_end_may_end(shell: Shell, log: Log) -> None:
    """What a pipe's last part still prints is not lost."""
    await shell("(sleep 0.05; echo late) & exit 0")
    assert log.lines == [("INFO", "late")]


async def test_a_program_inherits_three_descriptors_and_ignores_no_signal(shell: Shell, log: Log) -> None:
    """Neither the engine's sockets and database nor the guard's; SIGPIPE and what the daemon was started with are as usual."""
    os.set_inheritable(read := os.open("/", os.O_RDONLY), True)
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        await shell("ls /proc/$$/fd; sed -n 's/SigIgn:/0x/p' /proc/$$/status")  # a pipe would be one of the shell's own, for a moment
    finally:
        os.close(read)
        signal.signal(signal.SIGQUIT, before)
    *descriptors, ignored = (message for _, message in log.lines)
    assert descriptors == ["0", "1", "2"]
    assert int(ignored.replace("\t", ""), 16) & 0x7FFFFFFF == 0


async def test_a_program_is_taken_before_the_engine_when_memory_runs_out(shell: Shell, log: Log) -> None:
    """A task that eats all memory does not end the daemon (fault row 49)."""
    await shell("cat /proc/self/oom_score_adj")
    assert int(log.lines[0][1]) > int(await asyncio.to_thread(Path("/proc/self/oom_score_adj").read_text))


async def test_orphans_are_reaped_while_the_program_runs(shell: Shell, log: Log) -> None:
    """A program that runs for days and leaves processes behind does not fill the process table."""
    running = asyncio.get_running_loop().create_task(
        shell("for i in 1 2 3; do (true &); done; while pgrep -P $PPID -r Z >/dev/null; do :; done; echo guard $PPID; sleep 1000")
    )
    guard = await log.number("guard")
    assert [pid for pid in descendants_of(guard) if state_of(pid) == "Z"] == []
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_program_may_end_by_itself_on_sigterm(shell: Shell, log: Log) -> None:
    """What it prints then is logged: no line is lost by a cancel."""
    script = "trap 'echo saved; exit 0' TERM; echo child $$; while :; do sleep 0.01; done"
    running = asyncio.get_running_loop().create_task(shell(script, grace=60))
    await log.number("child")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ("INFO", "saved") in log.lines
