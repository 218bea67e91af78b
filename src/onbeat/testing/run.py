"""An execution as a Python test looks at it: a snapshot, with what may be done to it.

Called by: session.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from onbeat.core.event import Json
from onbeat.core.ids import idempotency_key
from onbeat.core.names import did_you_mean
from onbeat.core.projection import state_event
from onbeat.core.refs import opened
from onbeat.errors import NotFound
from onbeat.testing.bench import Bench


class Acts(Protocol):
    """What may be done to an execution."""

    def resume(self, execution: str, inputs: Mapping[str, Json]) -> None:
        """Answer what is paused."""

    def kill(self, execution: str) -> None:
        """Kill it."""

    def look(self, execution: str) -> "Run":
        """It as it is now."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task run. value: of the loop around it. options: as it was given them, the last time."""

    id: str
    state: str
    outputs: dict[str, Json]
    attempts: int
    value: str | None = None
    error: str | None = None
    options: dict[str, Json] | None = None


@dataclass(frozen=True)
class Run:
    """An execution as it was when it was looked at. events: its state events' data. took: in its own time. waits: what it waits for."""

    id: str
    namespace: str
    flow: str
    state: str
    inputs: dict[str, Json]
    outputs: dict[str, Json]
    labels: dict[str, str]
    error: str | None
    took: timedelta
    tasks: tuple[TaskView, ...]
    logs: tuple[str, ...]
    events: tuple[dict[str, Any], ...]
    waits: tuple[str, ...]
    acts: Acts = field(repr=False, compare=False)

    @property
    def states(self) -> list[str]:
        """The states that it went through."""
        return [event["state"] for event in self.events]

    def task(self, id_: str, value: str | None = None) -> TaskView:
        """A task; value: in a loop, for this one. Raises NotFound when it did not run."""
        found = [task for task in self.tasks if task.id == id_ and value in (None, task.value)]
        if not found:
            known = list(dict.fromkeys(task.id for task in self.tasks))
            of = "" if value is None else f" for the value `{value}`"
            others = did_you_mean(id_, known) or f"; those that did: {', '.join(known) or 'none'}"
            raise NotFound(f"task `{id_}` did not run{of}{others}")
        return found[0]

    def ran(self, id_: str) -> bool:
        """Whether a task ran."""
        return any(task.id == id_ and task.state != "SKIPPED" for task in self.tasks)

    def resume(self, **inputs: Json) -> "Run":
        """Answer what it waits for; it as it is then."""
        self.acts.resume(self.id, inputs)
        return self.acts.look(self.id)

    def kill(self) -> "Run":
        """Kill it; it as it is then."""
        self.acts.kill(self.id)
        return self.acts.look(self.id)

    def now(self) -> "Run":
        """It as it is now."""
        return self.acts.look(self.id)


async def look(acts: Acts, bench: Bench, id_: str) -> Run:
    """An execution as it is now."""
    execution = await bench.node.engine.load(id_)
    await bench.node.logs.flush()
    options: Mapping[str, dict[str, Json]] = {call.key: call.options for call in bench.mocks.calls}
    tasks = tuple(
        TaskView(
            id=run.task,
            state=run.state.value,
            outputs=opened(run.outputs or {}),
            attempts=len(run.attempts),
            value=run.value if run.value is not None or not run.path else run.path[-1],
            error=run.error,
            options=options.get(idempotency_key(id_, run.n)),
        )
        for _, run in sorted(execution.runs.items())
    )
    rows = await bench.node.queries.changes(id_)
    events: list[Any] = [event for row in rows if (event := state_event(row.head, row.change)) is not None]
    lines = await bench.node.queries.logs(id_, limit=100_000)
    last = execution.history[-1][1] if execution.ended else bench.clock.now()
    return Run(
        id=id_,
        namespace=execution.head.namespace,
        flow=execution.head.flow,
        state=execution.state.value,
        inputs=opened(execution.head.inputs),
        outputs=opened(execution.outputs or {}),
        labels=dict(execution.labels),
        error=execution.error,
        took=timedelta(microseconds=last - execution.head.created),
        tasks=tasks,
        logs=tuple(line.message for line in lines),
        events=tuple(event["data"] for event in events),
        waits=() if execution.ended else tuple(await bench.waits()),
        acts=acts,
    )
