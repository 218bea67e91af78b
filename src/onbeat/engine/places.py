"""Bound how many tasks run at once: places of each kind, given out in order of asking.

RUNNING is committed when a task has its place and before it acts, so a place is reserved first: at once where one is free (the
commit that creates the task run then says RUNNING too), else the task run waits its turn here.

Called by: the engine reserves and asks, the runner gives back.
"""

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
        self._waiting: dict[Kind, dict[Job, None]] = {kind: {} for kind in sizes}
        self._held: dict[Job, Kind] = {}
        self._give = give

    def try_reserve(self, execution: str, run: int, kind: Kind) -> bool:
        """Reserve a place now if one is free and nobody waits for it. A job that holds one already has it."""
        job = (execution, run)
        if job in self._held or kind == "none":
            return True
        if self._free[kind] <= 0 or self._waiting[kind]:
            return False
        self._free[kind] -= 1
        self._held[job] = kind
        return True

    def ask(self, execution: str, run: int, kind: Kind) -> None:
        """Wait for a place; `give` is called, perhaps at once."""
        if self.try_reserve(execution, run, kind):
            self._give(execution, run)
        else:
            self._waiting[kind][execution, run] = None

    def withdraw(self, execution: str, run: int) -> None:
        """Give back what the job holds, or take it out of the queue."""
        job = (execution, run)
        kind = self._held.pop(job, None)
        if kind is not None:
            self._free[kind] += 1
            self._serve(kind)
            return
        for waiting in self._waiting.values():
            waiting.pop(job, None)

    def waiting(self) -> int:
        """How many jobs wait for a place."""
        return sum(len(waiting) for waiting in self._waiting.values())

    def held(self) -> int:
        """How many places are taken."""
        return len(self._held)

    def _serve(self, kind: Kind) -> None:
        waiting = self._waiting[kind]
        while waiting and self._free[kind] > 0:
            job = next(iter(waiting))
            del waiting[job]
            self._free[kind] -= 1
            self._held[job] = kind
            self._give(*job)
