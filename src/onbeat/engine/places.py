"""Bound how many tasks run at once: places of each kind, given out in order of asking.

RUNNING is committed when a task has its place and before it acts, so a place is reserved first: at once where one is free (the
commit that creates the task run then says RUNNING too), else the task run waits its turn here. An attempt that begins takes the
reservation over and gives back what it took: one that is still being stopped while the next waits keeps its own place.

Rules
1. No more reserved and taken than there are; who asked first comes first.
2. A reservation that was taken cannot be withdrawn; what was not taken is given back once, however often that is tried.
3. Once closed, nothing is reserved any more: a daemon that stops commits no RUNNING that it will not run.

Called by: dispatch reserves and asks, the runner takes and releases.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal

Kind = Literal["loop", "process", "none"]
"""Which places a task needs; `none`: it needs no place."""
Job = tuple[str, int]
"""Execution and task run."""


class Places:
    """So many places of each kind. `give` is called with a job once its turn came: the place is reserved for it."""

    def __init__(self, sizes: Mapping[Kind, int], give: Callable[[str, int], None]) -> None:
        self._free: dict[Kind, int] = dict(sizes)
        self._waiting: dict[Kind, OrderedDict[Job, None]] = {kind: OrderedDict() for kind in sizes}
        self._reserved: dict[Job, Kind] = {}
        self._taken = 0
        self._give = give
        self._closed = False

    def try_reserve(self, execution: str, run: int, kind: Kind) -> bool:
        """Reserve a place now if one is free and nobody waits for it. A job that has reserved one already has it."""
        job = (execution, run)
        if self._closed:
            return False
        if job in self._reserved or kind == "none":
            return True
        if self._free[kind] <= 0 or self._waiting[kind]:
            return False
        self._free[kind] -= 1
        self._reserved[job] = kind
        return True

    def ask(self, execution: str, run: int, kind: Kind) -> None:
        """Wait for a place; `give` is called, perhaps at once."""
        if self.try_reserve(execution, run, kind):
            self._give(execution, run)
        elif kind != "none":
            self._waiting[kind][execution, run] = None

    def take(self, execution: str, run: int) -> Kind:
        """An attempt begins: what was reserved for it is its own now, until it calls `release` with this."""
        kind = self._reserved.pop((execution, run), "none")
        self._taken += kind != "none"
        return kind

    def release(self, kind: Kind) -> None:
        """An attempt is over."""
        if kind != "none":
            self._taken -= 1
            self._free[kind] += 1
            self._serve(kind)

    def give_back(self, execution: str, run: int) -> None:
        """Give back what is reserved for the job, if it was not taken."""
        kind = self._reserved.pop((execution, run), None)
        if kind is not None:
            self._free[kind] += 1
            self._serve(kind)

    def withdraw(self, execution: str, run: int) -> None:
        """The job wants no place any more: give back what is reserved for it, or take it out of the queue."""
        for waiting in self._waiting.values():
            waiting.pop((execution, run), None)
        self.give_back(execution, run)

    def forget(self, execution: str) -> None:
        """Withdraw all jobs of an execution; looks through all there are."""
        for waiting in self._waiting.values():
            for job in [job for job in waiting if job[0] == execution]:
                del waiting[job]
        for _, run in [job for job in self._reserved if job[0] == execution]:
            self.give_back(execution, run)

    def close(self) -> None:
        """Reserve nothing from now on; who waits goes on waiting."""
        self._closed = True

    def waiting(self) -> int:
        """How many jobs wait for a place."""
        return sum(len(waiting) for waiting in self._waiting.values())

    def held(self) -> int:
        """How many places are reserved or taken."""
        return len(self._reserved) + self._taken

    def _serve(self, kind: Kind) -> None:
        waiting = self._waiting[kind]
        while waiting and self._free[kind] > 0 and not self._closed:
            job, _ = waiting.popitem(last=False)
            self._free[kind] -= 1
            self._reserved[job] = kind
            self._give(*job)
