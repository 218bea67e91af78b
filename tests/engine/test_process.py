"""Real programs: they are ended whole, whatever they do, and their output stays within bounds."""

import asyncio
import contextlib
import os
import re
import resource
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvloop

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses, base_environment
from onbeat.errors import OutsideError, UserError
from onbeat.ports import ProcessEnd

SRC = Path(__file__).parents[2] / "src"


class Log:
    """Collects lines, and wakes whoever waits for one."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._more = asyncio.Event()

    def __call__(self, level: str, message: str) -> None:
        self.lines.append((level, message))
        self._more.set()

    async def number(self, name: str) -> int:
        """The pid in the line `name PID`, once there is one."""
        while True:
            for _, message in self.lines:
                if found := re.fullmatch(rf"{name} (\d+)", message):
                    return int(found[1])
            self._more.clear()
            await self._more.wait()


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
def shell(processes: LocalProcesses, log: Log, tmp_path: Path):
    """Runs a script: `await shell("echo hi")`."""

    async def run(script: str, **options: object) -> ProcessEnd:
        return await processes.run(["/bin/sh", "-c", script], **{"env": {}, "cwd": tmp_path, "log": log, **options})

    return run


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


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_gone(pid: int) -> None:
    """Returns when the process has ended; fails after 20 seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 20)[0], f"process {pid} lives on"
    finally:
        os.close(descriptor)


async def test_what_is_printed_is_logged_and_results_are_taken_out(shell, log: Log) -> None:
    """stdout is INFO, stderr is ERROR, protocol lines are results, stdin arrives, and the exit code is the program's."""
    end = await shell("""cat; echo bad >&2; echo '::{"outputs":{"a":[1]},"metrics":[{"name":"n"}]}::'; exit 3""", stdin=b"good\n")
    assert end == ProcessEnd(code=3, outputs={"a": [1]}, metrics=({"name": "n"},), stdout_lines=2, stderr_lines=1)
    assert sorted(log.lines) == [("ERROR", "bad"), ("INFO", "good")]


async def test_a_program_ended_by_a_signal_has_a_negative_code(shell) -> None:
    """As in Python's subprocess."""
    assert (await shell("kill -9 $$")).code == -signal.SIGKILL


TREE = """
trap '' TERM
setsid sh -c 'trap "" TERM; echo grandchild $$; sleep 1000; sleep 1000' &
(env -i setsid /bin/sh -c 'trap "" TERM; echo orphan $$; sleep 1000; sleep 1000' &)
echo child $$
wait; sleep 1000
"""


async def test_cancel_kills_the_whole_tree_also_what_called_setsid_and_ignores_sigterm(shell, log: Log) -> None:
    """When the cancelled call returns nothing of the program is left (reliability fault rows 7 and 46)."""
    running = asyncio.get_running_loop().create_task(shell(TREE, grace=0.1))
    pids = [await log.number(name) for name in ("child", "grandchild", "orphan")]
    assert not any(map(is_gone, pids))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert all(map(is_gone, pids))


async def test_a_program_may_end_by_itself_on_sigterm(shell, log: Log) -> None:
    """What it prints then is logged: no line is lost by a cancel."""
    script = "trap 'echo saved; exit 0' TERM; echo child $$; while :; do sleep 0.01; done"
    running = asyncio.get_running_loop().create_task(shell(script, grace=60))
    await log.number("child")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ("INFO", "saved") in log.lines


async def test_a_second_cancel_does_not_wait_for_the_grace_time(shell, log: Log) -> None:
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


async def test_a_deadline_is_a_cancel(shell, log: Log) -> None:
    """The engine's timeouts need nothing of their own."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await shell("sleep 1000", grace=5)


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


def test_kill_9_of_the_engine_leaves_nothing() -> None:
    """Program, background jobs and what called setsid die with the engine, the warden too."""
    with subprocess.Popen([sys.executable, "-c", ENGINE, TREE], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        pids = [int(engine.stdout.readline().split()[1]) for _ in range(3)]
        helpers = _descendants(engine.pid)
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
        forked = [found for found in _descendants(engine.pid) if _parent(found) == engine.pid]
        engine.kill()
        try:
            wait_gone(pid)
        finally:
            for left in forked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)


async def test_a_background_job_that_holds_stdout_does_not_hold_the_attempt(shell, log: Log) -> None:
    """The attempt ends with its program; the job is killed (fault row 48)."""
    end = await shell("sleep 1000 & echo job $!; setsid sleep 1000 & echo other $!; exit 4")
    assert end.code == 4
    assert is_gone(await log.number("job"))
    assert is_gone(await log.number("other"))


async def test_a_background_job_that_is_about_to_end_may_end(shell, log: Log) -> None:
    """What a pipe's last part still prints is not lost."""
    await shell("(sleep 0.05; echo late) & exit 0")
    assert log.lines == [("INFO", "late")]


@pytest.mark.parametrize("script", ["yes | head -c 60000000", "head -c 60000000 /dev/zero", "yes '::{' | head -c 2500000"])
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


async def test_a_program_inherits_three_descriptors_and_ignores_no_signal(shell, log: Log) -> None:
    """Neither the engine's sockets and database nor the guard's; SIGPIPE and the like are as usual."""
    os.set_inheritable(read := os.open("/", os.O_RDONLY), True)
    try:
        await shell("ls -l /proc/$$/fd | grep -c -e '->'; sed -n 's/SigIgn:/0x/p' /proc/$$/status")
    finally:
        os.close(read)
    descriptors, ignored = (message for _, message in log.lines)
    assert descriptors == "3"
    assert int(ignored.replace("\t", ""), 16) & 0x7FFFFFFF == 0


async def test_a_program_is_taken_before_the_engine_when_memory_runs_out(shell, log: Log) -> None:
    """A task that eats all memory does not end the daemon (fault row 49)."""
    await shell("cat /proc/self/oom_score_adj")
    assert int(log.lines[0][1]) > int(await asyncio.to_thread(Path("/proc/self/oom_score_adj").read_text))


async def test_a_program_sees_only_the_given_variables(shell, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert [pid for pid in _descendants(os.getpid()) if _state(pid) == "Z" and _parent(pid) != os.getpid()] == []


async def test_orphans_are_reaped_while_the_program_runs(shell, log: Log) -> None:
    """A program that runs for days and leaves processes behind does not fill the process table."""
    running = asyncio.get_running_loop().create_task(
        shell("for i in 1 2 3; do (true &); done; while pgrep -P $PPID -r Z >/dev/null; do :; done; echo guard $PPID; sleep 1000")
    )
    guard = await log.number("guard")
    assert [pid for pid in _descendants(guard) if _state(pid) == "Z"] == []
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


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


async def test_a_dead_warden_is_replaced_and_takes_no_program_with_it(guard: Guard, shell, log: Log, tmp_path: Path) -> None:
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


async def test_a_killed_guard_is_an_error_of_the_machine_and_its_program_is_killed(shell, log: Log) -> None:
    """The attempt may be tried again; the old one does not run on beside it."""
    until_the_guard_watches = "(sh -c 'echo $$ >orphan' &); until [ -s orphan ]; do :; done; while [ -e /proc/$(cat orphan) ]; do :; done; "
    running = asyncio.get_running_loop().create_task(shell(until_the_guard_watches + "echo child $$; echo guard $PPID; sleep 1000"))
    pid = await log.number("child")
    os.kill(await log.number("guard"), signal.SIGKILL)
    with pytest.raises(OutsideError, match="the guard of `/bin/sh` was killed"):
        await running
    wait_gone(pid)


async def test_a_machine_without_room_for_a_process_is_an_error_to_be_retried(shell) -> None:
    """Out of descriptors is not the flow's fault."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 1, hard))
    try:
        with pytest.raises(OutsideError, match="cannot be started"):
            await shell("true")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (await shell("true")).code == 0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", "0"]


def _state(pid: int) -> str:
    return _stat(pid)[0]


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _descendants(root: int) -> list[int]:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    family = {root}
    while grown := {pid for pid in pids if pid not in family and _parent(pid) in family}:
        family |= grown
    return sorted(family - {root})
