"""Work through cases in a process of its own, so that one that ends or stops the process is only a finding.

Rules
1. Before each case its number stands in memory shared with the parent: whoever dies has said over what.
2. A case that takes HANG seconds of processor time is ended by the kernel, wherever it is.
3. One that takes more than SLOW is run again; the best of four counts, so that neither a first compilation nor a collection of garbage
   is taken for a hang.

Called by: lane.py.
"""

import gc
import mmap
import os
import signal
import struct
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.cases import judge, make

SLOW = 0.1
HANG = 5.0
_NOW = struct.Struct("<QQQQ")
"""The number of the case, how many were taken, refused, and the longest so far in microseconds."""


class Slate:
    """What a worker tells its parent, in a shared file."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _NOW.size)

    @staticmethod
    def make(path: Path) -> "Slate":
        """An empty one."""
        path.write_bytes(bytes(_NOW.size))
        return Slate(path)

    def read(self) -> tuple[int, int, int, int]:
        """Number, taken, refused, longest."""
        return _NOW.unpack(self._memory[:])

    def write(self, *told: int) -> None:
        """Tell it."""
        self._memory[:] = _NOW.pack(*told)


def run(path: str, seed: int, first: int, last: int, step: int, told: Connection) -> None:
    """Work, and tell findings over a pipe."""
    work(path, seed, first, last, step, lambda *finding: told.send(finding))


def work(slate_path: str, seed: int, first: int, last: int, step: int, found: Callable[[int, str, str], None]) -> None:
    """The cases `first`, `first + step` … before `last`. found: called with number, what is wrong, and more of it."""
    slate = Slate(Path(slate_path))
    _, taken, refused, longest = slate.read()
    judge("document", "id: f\nnamespace: n\ntasks: [{id: a, type: core.log.Log, message: x}]")
    parent = os.getppid()
    gc.collect()
    gc.freeze()
    gc.disable()
    for index, number in enumerate(range(first, last, step)):
        slate.write(number, taken, refused, longest)
        signal.setitimer(signal.ITIMER_PROF, HANG)
        kind, text = make(seed, number)
        try:
            took, verdict = _timed(kind, text, number)
            if took > SLOW:
                took = min(took, *(_timed(kind, text, number)[0] for _ in range(3)))
                if took > SLOW:
                    found(number, f"{kind} took {took * 1000:.0f} ms", text)
        except Exception as error:
            verdict = "refused"
            found(number, f"{kind} raised {type(error).__name__}", traceback.format_exc())
        else:
            longest = max(longest, int(took * 1e6))
        taken, refused = taken + (verdict == "taken"), refused + (verdict == "refused")
        if index % 500 == 499:
            if os.getppid() != parent:
                return  # nobody listens any more
            signal.setitimer(signal.ITIMER_PROF, 0)
            gc.collect()
    signal.setitimer(signal.ITIMER_PROF, 0)
    slate.write(last, taken, refused, longest)


def _timed(kind: str, text: str, number: int) -> tuple[float, str]:
    start = time.process_time()
    verdict = judge(kind, text, number)
    return time.process_time() - start, verdict
