"""Run one service of the tests as a child process, and say why when it does not come up.

A broker that dies silently costs an hour; here every failure carries the end of the service's own log.

Rules
1. A child has a process group of its own, and `close` ends the whole group: nothing outlives its test.
2. A child started from the main thread dies with us, however we die.
3. Waiting asks the world again and again until a deadline; it never sleeps a fixed time.
4. `stop` gives the exit code; a child that ignores SIGTERM is killed, and that is an error.

Used by: kafka, mosquitto, daemon.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.02
_PR_SET_PDEATHSIG = 1


class ServiceFailed(AssertionError):
    """A service did not do what a test needs of it; the text holds the cure or the end of its log."""


def wait_until(ask: Callable[[], T], seconds: float, what: str, explain: Callable[[], str] = str) -> T:
    """Ask until the answer is true, and return it; at the deadline fail with `what`, the last answer and the explanation."""
    until = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > until:
            raise ServiceFailed(f"{what}: not within {seconds:g} s, last answer {answer!r}\n{explain()}")
        time.sleep(PAUSE)
    return answer


class Process:
    """One command, its output appended to `log`; it can be started again after it ended."""

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self.name, self.command, self.log, self.env, self.cwd = name, list(command), log, env, cwd
        self._child: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []

    @property
    def pid(self) -> int:
        """The process id of the running child."""
        if self._child is None:
            raise ServiceFailed(f"{self.name} was never started")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Is the child alive?"""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the child in a process group of its own."""
        if self.running:
            raise ServiceFailed(f"{self.name} runs already")
        dies_with_us = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=None if self.env is None else dict(self.env),
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent if dies_with_us else None,
            )
        self._groups.append(self._child.pid)

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until the service answers; fail at once when it ended instead."""

        def answers() -> bool:
            if not self.running:
                raise ServiceFailed(f"{self.name} ended with {self.exit_code} before it was ready\n{self.tail()}")
            return ready()

        wait_until(answers, seconds, f"{self.name} is ready", self.tail)

    @property
    def exit_code(self) -> int | None:
        """What the child ended with; None while it runs."""
        return self._child.poll() if self._child else None

    def stop(self, seconds: float = 30) -> int:
        """End the child by SIGTERM and return its exit code."""
        if self._child is None:
            raise ServiceFailed(f"{self.name} was never started")
        if self.running:
            self._child.terminate()
        return self.wait(seconds)

    def wait(self, seconds: float | None = 30) -> int:
        """Wait for the child's own end and return its exit code."""
        if self._child is None:
            raise ServiceFailed(f"{self.name} was never started")
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceFailed(f"{self.name} did not end within {seconds} s and was killed\n{self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL the child alone, as a crash would: its own children are left as a crash leaves them."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def close(self) -> None:
        """Kill the child and everything it started that is still in its process group."""
        self.kill()
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        self._groups.clear()

    def tail(self, lines: int = 40) -> str:
        """The end of the child's log, for a person who reads a failure."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return f"--- end of {self.log.name} of {self.name} ---\n" + "\n".join(text.splitlines()[-lines:])


def stay(process: Process, line: str) -> None:
    """For a person at a terminal: print where the service is, and stay until Ctrl-C, SIGTERM or the service's own end."""

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut the clean-up short
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print(line, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        code = process.wait(None)
        raise ServiceFailed(f"{process.name} ended by itself with {code}\n{process.tail()}")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
