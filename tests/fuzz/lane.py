"""Keep a worker at its cases: one that dies is a finding, and the next one goes on behind it.

Called by: __main__.py.
"""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.cases import make
from tests.fuzz.worker import HANG, Slate, run


class Lane:
    """Every `step`-th case, worked through by one process after another until all are done."""

    def __init__(self, folder: Path, seed: int, first: int, last: int, step: int, target: Callable[..., None] = run) -> None:
        self._target = target
        self.seed, self.first, self.last, self.step = seed, first, last, step
        self._path = folder / f"lane{first}"
        self.slate = Slate.make(self._path)
        self.slate.write(first, 0, 0, 0)
        self.findings: list[tuple[int, str, str]] = []
        self._told = 0
        self._begin(first)

    def _begin(self, first: int) -> None:
        self._ours, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=self._target, args=(str(self._path), self.seed, first, self.last, self.step, theirs), daemon=True
        )
        process.start()
        theirs.close()
        self._process = process

    def done(self) -> bool:
        """Whether all are; a process that died is a finding, and the next one goes on behind its case."""
        self._hear()
        if self._process.is_alive():
            return False
        self._hear()
        self._process.join()
        number = self.slate.read()[0]
        if self._process.exitcode == 0:
            return True
        kind, text = make(self.seed, number)
        self.findings.append((number, f"{kind} ended the process ({self._process.exitcode}; hang: -27 after {HANG:.0f} s)", text))
        if number + self.step >= self.last:
            return True
        self._begin(number + self.step)
        return False

    def fresh(self) -> list[tuple[int, str, str]]:
        """What was found since it was asked before."""
        found, self._told = self.findings[self._told :], len(self.findings)
        return found

    def _hear(self) -> None:
        try:
            while self._ours.poll():
                self.findings.append(self._ours.recv())
        except EOFError:
            pass
