"""Programs as tasks run them: what they print, how they end, what they see."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvloop

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses, base_environment
from onbeat.ports import ProcessEnd
from tests.engine.programs import TREE, Log, Shell, descendants_of, is_gone, parent_of, state_of


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


async def test_what_is_printed_is_logged_and_results_are_taken_out(shell: Shell, log: Log) -> None:
    """stdout is INFO, stderr is ERROR, protocol lines are results, stdin arrives, and the exit code is the program's."""
    end = await shell("""cat; echo bad >&2; echo '::{"outputs":{"a":[1]},"metrics":[{"name":"n"}]}::'; exit 3""", stdin=b"good\n")
    assert end == ProcessEnd(code=3, outputs={"a": [1]}, metrics=({"name": "n"},), stdout_lines=2, stderr_lines=1)
    assert sorted(log.lines) == [("ERROR", "bad"), ("INFO", "good")]


async def test_a_program_ended_by_a_signal_has_a_negative_code(shell: Shell) -> None:
    """As in Python's subprocess."""
    assert (await shell("kill -9 $$")).code == -signal.SIGKILL


async def test_a_second_cancel_does_not_wait_for_the_grace_time(shell: Shell, log: Log) -> None:
    """A stubborn program does not hold up a shutdown that is in a hurry."""
    running = asyncio.get_running_loop().create_task(
        shell("""trap 'echo term 1' TERM; echo child $$; while :; do sleep 0.01; done""", grace=3600)
    )
    pid = await log.number("child")
    running.cancel()
    await log.number("term")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert is_gone(pid)


async def test_a_deadline_is_a_cancel(shell: Shell, log: Log) -> None:
    """The engine's timeouts need nothing of their own."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await shell("sleep 1000", grace=5)


@pytest.mark.parametrize("script", ["yes | head -c 60000000", "head -c 60000000 /dev/zero", "yes '::{' | head -c 400000"])
async def test_output_without_end_is_cut_and_costs_no_memory(processes: LocalProcesses, tmp_path: Path, script: str) -> None:
    """The program runs to its end, one line says that the rest is not kept, and the engine stays small (fault row 47)."""
    kept = SimpleNamespace(size=0, last="")

    def log(level: str, message: str) -> None:
        kept.size += len(message)
        kept.last = message

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = await LocalProcesses(processes._guard, 1024 * 1024).run(["/bin/sh", "-c", script], env={}, cwd=tmp_path, log=log)
    assert end.code == 0
    assert kept.size < 1100 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    if "zero" in script:
        assert kept.last.endswith("(cut: the line is longer than 64 kB)")
    else:
        assert end.truncated
        assert kept.last == "More output than 1 MB in one attempt: the rest is not kept"


async def test_results_that_come_after_the_limit_are_not_lost(processes: LocalProcesses, log: Log, tmp_path: Path) -> None:
    """A talkative program that says its result last still has one."""
    script = """yes | head -c 3000000; echo '::{"outputs":{"a":1}}::'"""
    end = await LocalProcesses(processes._guard, 1024).run(["/bin/sh", "-c", script], env={}, cwd=tmp_path, log=log)
    assert (end.truncated, end.outputs, end.stdout_lines) == (True, {"a": 1}, 1_500_001)


async def test_a_program_sees_only_the_given_variables(shell: Shell, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own variables hold secrets."""
    monkeypatch.setenv("ONBEAT_SECRET_X", "canary")
    await shell("env", env={"MINE": "ü"})
    seen = dict(message.split("=", 1) for _, message in log.lines)
    assert seen.pop("MINE") == "ü"
    assert seen.keys() - base_environment().keys() <= {"PWD", "_", "SHLVL", "OLDPWD"}


async def test_many_programs_leave_no_zombies_and_no_descriptors(processes: LocalProcesses, tmp_path: Path) -> None:
    """300 quick ones, 32 at a time: every one ends well, and the engine is as before (fault row 50)."""
    places = asyncio.Semaphore(32)
    codes = []

    async def once() -> None:
        async with places:
            end = await processes.run(["/bin/sh", "-c", "true & exit 7"], env={}, cwd=tmp_path, log=lambda *_: None)
            codes.append(end.code)

    await processes.run(["true"], env={}, cwd=tmp_path, log=lambda *_: None)
    before = len(os.listdir("/proc/self/fd"))
    async with asyncio.TaskGroup() as group:
        for _ in range(300):
            group.create_task(once())
    assert codes == [7] * 300
    assert len(os.listdir("/proc/self/fd")) == before
    assert [pid for pid in descendants_of(os.getpid()) if state_of(pid) == "Z" and parent_of(pid) != os.getpid()] == []


def test_the_same_holds_on_uvloop(log: Log, tmp_path: Path) -> None:
    """Output, exit code, cancel and background jobs on the loop that production uses."""

    async def scenario() -> None:
        guard = Guard()
        processes = LocalProcesses(guard)
        options = {"env": {}, "cwd": tmp_path, "log": log}
        end = await processes.run(["/bin/sh", "-c", "cat; sleep 1000 & echo job $!; exit 3"], stdin=b"good\n", **options)
        assert (end.code, end.stdout_lines) == (3, 2)
        running = asyncio.get_running_loop().create_task(processes.run(["/bin/sh", "-c", TREE], grace=0.1, **options))
        pids = [await log.number(name) for name in ("job", "child", "grandchild", "orphan")]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert all(map(is_gone, pids))
        await guard.close()

    uvloop.run(scenario())
