"""Child processes of the tests: their ends, their groups, their logs."""

import os
import sys
from pathlib import Path

import pytest

from tests.services.ports import is_open
from tests.services.process import Process, ServiceFailed, wait_until

STAY = "import signal, sys; print('here', flush=True); signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); signal.pause(); signal.pause()"
PARENT = "import subprocess, sys; c = subprocess.Popen(['sleep', '600']); print('child', c.pid, flush=True); c.wait()"


def python(tmp_path: Path, code: str) -> Process:
    """A Python child that is ready when it has printed something."""
    return Process("child", [sys.executable, "-c", code], tmp_path / "child.log")


def started(process: Process) -> Process:
    """The process, once it has printed something."""
    process.start()
    process.wait_ready(lambda: process.log.stat().st_size > 0, 20)
    return process


def alive(pid: int) -> bool:
    """Does this process run (a zombie does not)?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_stop_gives_the_exit_code_and_the_process_can_start_again(tmp_path: Path):
    """SIGTERM ends the child in order; the same object starts the next one."""
    child = started(python(tmp_path, STAY))
    assert child.stop() == 7
    child.start()
    assert child.running
    child.close()
    assert not child.running


def test_a_child_that_ignores_sigterm_is_killed_and_that_is_an_error(tmp_path: Path):
    """A stop that does not stop fails the test, with the child's log, and leaves nothing behind."""
    child = started(python(tmp_path, DEAF))
    with pytest.raises(ServiceFailed, match=r"did not end within 0.1 s(.|\n)*here"):
        child.stop(0.1)
    assert not child.running


def test_close_ends_the_whole_group(tmp_path: Path):
    """What the child started does not outlive the test either; kill alone leaves it, as a crash does."""
    child = started(python(tmp_path, PARENT))
    grandchild = int(child.log.read_text().split()[-1])
    child.kill()
    assert alive(grandchild)
    child.close()
    wait_until(lambda: not alive(grandchild), 20, "the grandchild is gone")


def test_an_end_before_ready_is_told_at_once_with_the_log(tmp_path: Path):
    """A service that cannot start does not cost the whole deadline, and says why."""
    child = python(tmp_path, "print('no such setting'); raise SystemExit(3)")
    child.start()
    with pytest.raises(ServiceFailed, match=r"ended with 3 before it was ready(.|\n)*no such setting"):
        child.wait_ready(lambda: False, 60)


def test_waiting_ends_at_the_deadline_with_the_last_answer():
    """A wait that fails says for what it waited and what it saw last."""
    with pytest.raises(ServiceFailed, match=r"three apples: not within 0 s, last answer \[\]"):
        wait_until(list, 0, "three apples")


def test_waiting_returns_the_first_true_answer():
    """The answer itself comes back, so that a test asks only once."""
    answers = iter([0, 0, 5])
    assert wait_until(lambda: next(answers), 20, "five") == 5


def test_a_child_has_a_group_of_its_own(tmp_path: Path):
    """Ctrl-C at the terminal reaches the tests, which end their services in order."""
    child = started(python(tmp_path, STAY))
    assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
    child.close()


def test_a_service_for_people_stays_until_it_is_told_and_leaves_nothing(tmp_path: Path):
    """`python -m tests.services.mosquitto` says where it is, and ends in order on SIGTERM."""
    by_hand = Process("by hand", [sys.executable, "-m", "tests.services.mosquitto"], tmp_path / "by-hand.log")
    by_hand.start()
    by_hand.wait_ready(lambda: "MOSQUITTO 127.0.0.1:" in by_hand.log.read_text(), 20)
    port = int(by_hand.log.read_text().rpartition(":")[2])
    assert is_open(port)
    assert by_hand.stop() == 0
    assert not is_open(port)
