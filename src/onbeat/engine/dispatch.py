"""Give task runs their places: RUNNING is committed with what made a task run ready, where a place is free.

Otherwise each task would cost one more commit, and a place would be counted for something that was never written.

Rules
1. A step reserves for the task runs it touched, and for no others.
2. What was reserved for changes that were not written is given back; what a task run had waited for is not.
3. A place that came for a task run that no longer wants it goes to the next.

Called by: engine.
"""

from collections.abc import Iterable

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.mailbox import Told, touched_runs
from onbeat.engine.places import Kind, Places
from onbeat.engine.runner import Runner

_READY = (State.CREATED, State.RESTARTED)


class Dispatch:
    """The places of the executions of this process."""

    def __init__(self, places: Places, runner: Runner) -> None:
        self._places = places
        self._runner = runner

    def reserve(
        self, loaded: LoadedFlow, after: Execution, changes: tuple[AnyChange, ...], now: Micros
    ) -> tuple[tuple[AnyChange, ...], Execution, list[int]]:
        """The changes with RUNNING for the task runs that have a place now; the execution after them; which task runs these are."""
        fresh = changes
        reserved: list[int] = []
        while fresh and after.state is State.RUNNING:
            touched = touched_runs(fresh)
            ready = [n for n in sorted(touched if touched is not None else after.open) if n and wants_place(after, n)]
            placed = [n for n in ready if self._places.try_reserve(after.id, n, self.kind(loaded, after, n))]
            if not placed:
                break
            reserved += placed
            fresh, after = decided(loaded.flow, after, [s.Dispatched(n) for n in placed], now)
            changes = (*changes, *fresh)
        for n in reserved:
            if after.runs[n].state is not State.RUNNING:
                self._places.give_back(after.id, n)
        return changes, after, reserved

    def undo(self, execution: str, reserved: Iterable[int], told: Iterable[Told] = ()) -> None:
        """The changes were not written: give back what was reserved for them, but not what comes with a signal that is told again."""
        kept = {each.signal.run for each in told if isinstance(each.signal, s.Dispatched)}
        for n in reserved:
            if n not in kept:
                self._places.give_back(execution, n)

    def settle(self, after: Execution, told: Iterable[Told]) -> None:
        """The changes were performed: a place that came with a signal and was not taken is not wanted."""
        for each in told:
            if isinstance(each.signal, s.Dispatched) and not wants_place(after, each.signal.run):
                self._places.give_back(after.id, each.signal.run)

    def ask(self, loaded: LoadedFlow, execution: Execution, n: int) -> None:
        """Wait for a place."""
        self._places.ask(execution.id, n, self.kind(loaded, execution, n))

    def withdraw(self, execution: Execution, n: int) -> None:
        """The task run does not wait any more; one that is RUNNING keeps its place for the attempt that begins."""
        run = execution.runs.get(n)
        if run is None or run.state is not State.RUNNING:
            self._places.withdraw(execution.id, n)

    def kind(self, loaded: LoadedFlow, execution: Execution, n: int) -> Kind:
        """Which place a task run needs."""
        return self._runner.kind(loaded.flow.by_id[execution.runs[n].task])


def wants_place(execution: Execution, n: int) -> bool:
    """Whether the task run is ready and waits for a place."""
    run = execution.runs.get(n)
    if run is None or run.state not in _READY:
        return False
    return any(isinstance(command, cmd.Dispatch) for command in cmd.of_run(execution, run))
