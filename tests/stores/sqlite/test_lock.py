"""One engine a data folder, for as long as it lives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onbeat.errors import Refused
from onbeat.stores.sqlite.lock import FILE, EngineLock

HOLDER = """
import sys
from pathlib import Path
from onbeat.stores.sqlite.lock import EngineLock
lock = EngineLock(Path(sys.argv[1]))
lock.acquire()
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_second_is_refused_until_the_first_is_gone(tmp_path: Path):
    """Also within one process."""
    first, second = EngineLock(tmp_path), EngineLock(tmp_path)
    first.acquire()
    with pytest.raises(Refused, match=f"process {os.getpid()} serves .* --data"):
        second.acquire()
    second.release()
    with pytest.raises(Refused):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_the_lock_goes_with_the_process(tmp_path: Path):
    """Its number is told while it lives; after kill -9 there is nothing to clean up."""
    source = str(Path(__file__).parents[3] / "src")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": source},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(Refused, match=f"process {process.pid} serves"):
            EngineLock(tmp_path).acquire()
        process.kill()
    lock = EngineLock(tmp_path)
    lock.acquire()
    assert (tmp_path / FILE).read_text() == f"{os.getpid()}\n"
    lock.release()


def test_a_program_that_is_started_does_not_inherit_the_lock(tmp_path: Path):
    """A task's process that outlives the engine must not keep the next engine out."""
    lock = EngineLock(tmp_path)
    lock.acquire()
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as process:
        assert process.stdout is not None
        process.stdout.readline()
        lock.release()
        lock.acquire()
        lock.release()
        process.communicate(b"\n")
