"""Look at what a killed daemon left behind, and hold it to the promises.

Called by: campaigns.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onbeat.core.changes import Created, Moved
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.stores.sqlite import SqliteStore


@dataclass
class Report:
    """What a campaign found. problems: empty when every promise held."""

    name: str
    sent: int
    kills: int = 0
    executions: int = 0
    attempts_lost: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "all promises held" if not self.problems else f"{len(self.problems)} PROBLEMS: {self.problems[:5]}"
        facts = f"{self.sent} sent, {self.kills} kills -9, {self.executions} executions, {self.attempts_lost} attempts run again"
        return f"{self.name}: {facts}, {self.seconds:.0f} s: {verdict}"


class Checker:
    """Reads a stopped daemon's store and holds it to the promises."""

    def __init__(self, data: Path, report: Report) -> None:
        self.data = data
        self.report = report
        self.executions: list[Execution] = []
        self.born: dict[str, int] = {}

    async def read(self) -> None:
        """Fold every journal; state events without a gap; nothing left open; the store agrees with itself."""
        store = SqliteStore(self.data)
        await store.open()
        try:
            before: str | None = None
            while page := await store.executions(limit=500, before=before):
                before = page[-1].id
                for summary in page:
                    rows = await self._rows(store, summary.id)
                    self.born[summary.id] = rows[0].seq
                    self._look(fold(row.change for row in rows))
            self.report.problems += await store.check()
        finally:
            await store.close()
        self.report.executions = len(self.executions)

    async def _rows(self, store: SqliteStore, id_: str) -> list[Any]:
        rows = await store.changes(id_)
        numbers = [1 if isinstance(row.change, Created) else row.change.sequence for row in rows if isinstance(row.change, Created | Moved)]
        if numbers != list(range(1, len(numbers) + 1)):
            self.report.problems.append(f"{id_}: state events {numbers}")
        if [row.version for row in rows] != list(range(1, len(rows) + 1)):
            self.report.problems.append(f"{id_}: versions with a gap")
        return rows

    def _look(self, execution: Execution) -> None:
        self.executions.append(execution)
        if execution.state is not State.SUCCESS:
            self.report.problems.append(f"{execution.id} is {execution.state}")
        for run in execution.runs.values():
            self.report.attempts_lost += sum(attempt.lost for attempt in run.attempts)
            if run.counted != 1:
                self.report.problems.append(f"{execution.id}: task {run.task} has {run.counted} attempts that count")

    def once(self, identity: Callable[[Execution], Any], wanted: set[Any]) -> None:
        """Each wanted thing started exactly one execution, and nothing else did."""
        started = Counter(identity(execution) for execution in self.executions)
        self.report.problems += [f"{thing} started {times} executions" for thing, times in started.items() if times != 1][:5]
        if lost := wanted - started.keys():
            self.report.problems.append(f"{len(lost)} lost, such as {sorted(lost)[:3]}")
        if strange := started.keys() - wanted:
            self.report.problems.append(f"{len(strange)} that nobody sent, such as {sorted(strange)[:3]}")

    def ordered(self, part: Callable[[Execution], Any], place: Callable[[Execution], int]) -> None:
        """Within a part, executions were created in the order of their places."""
        places: dict[Any, list[int]] = defaultdict(list)
        for execution in sorted(self.executions, key=lambda each: self.born[each.id]):
            places[part(execution)].append(place(execution))
        self.report.problems += [f"partition {name} out of order" for name, found in places.items() if found != sorted(found)]


def variables(execution: Execution) -> dict[str, Any]:
    """What the trigger said."""
    assert execution.head.trigger is not None
    return execution.head.trigger.variables
