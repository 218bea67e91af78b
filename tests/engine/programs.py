"""Real programs for tests: a log that can be waited for, and eyes for what runs on this machine."""

import asyncio
import os
import re
import select
from pathlib import Path
from typing import Any

from onbeat.engine.process import LocalProcesses
from onbeat.ports import ProcessEnd

TREE = """
trap '' TERM
setsid sh -c 'trap "" TERM; echo grandchild $$; sleep 1000; sleep 1000' &
(env -i setsid /bin/sh -c 'trap "" TERM; echo orphan $$; sleep 1000; sleep 1000' &)
echo child $$
wait; sleep 1000
"""


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


class Shell:
    """Runs scripts in a folder: `await shell("echo hi")`."""

    def __init__(self, processes: LocalProcesses, log: Log, folder: Path) -> None:
        self._processes, self._log, self._folder = processes, log, folder

    async def __call__(self, script: str, **options: Any) -> ProcessEnd:
        known = {"env": {}, "cwd": self._folder, "log": self._log}
        return await self._processes.run(["/bin/sh", "-c", script], **{**known, **options})


def is_gone(pid: int) -> bool:
    """Whether no process has this number, not even a zombie."""
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


def stat_of(pid: int) -> list[str]:
    """The fields of a process after its name; state X when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", "0"]


def state_of(pid: int) -> str:
    """R, S, Z, …"""
    return stat_of(pid)[0]


def parent_of(pid: int) -> int:
    """Its parent's number."""
    return int(stat_of(pid)[1])


def descendants_of(root: int) -> list[int]:
    """All processes that come from this one."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    family = {root}
    while grown := {pid for pid in pids if pid not in family and parent_of(pid) in family}:
        family |= grown
    return sorted(family - {root})
