"""What tasks ask of executions, remembered; what is asked about them comes from a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onbeat.core.event import Json, Micros
from onbeat.core.states import State
from onbeat.ports import ExecutionSummary, LogLine
from tests.plugins.context import NOON

MINUTE = 60_000_000


def line_of(n: int, namespace: str = "company.team", flow: str = "sales", state: State = State.SUCCESS) -> ExecutionSummary:
    """Execution n, created n minutes after noon."""
    created = NOON + n * MINUTE
    ended = None if state is State.RUNNING else created + MINUTE
    return ExecutionSummary(
        id=f"{n:022}", namespace=namespace, flow=flow, revision=1, state=state, created=created, ended=ended, correlation_id=f"{n:022}"
    )


@dataclass
class FakeActions:
    """Implements ports.Actions over lists. done: what was asked, in order."""

    known: list[ExecutionSummary] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    done: list[tuple[object, ...]] = field(default_factory=list)

    async def executions(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        start: Micros | None = None,
        end: Micros | None = None,
        limit: int = 1000,
        before: str | None = None,
    ) -> Sequence[ExecutionSummary]:
        found = [
            one
            for one in sorted(self.known, key=lambda one: one.id, reverse=True)
            if namespace in (None, one.namespace)
            and flow in (None, one.flow)
            and (not states or one.state in states)
            and (start is None or one.created >= start)
            and (end is None or one.created < end)
            and (before is None or one.id < before)
        ]
        return found[:limit]

    async def count(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        return len(await self.executions(namespace=namespace, flow=flow, states=states, start=start, end=end))

    async def kill(self, execution: str, *, key: str) -> None:
        self.done.append(("kill", execution))

    async def resume(self, execution: str, inputs: Mapping[str, Json], by: str | None = None, *, key: str) -> None:
        self.done.append(("resume", execution, dict(inputs), by))

    async def logs(self, execution: str, *, least: str = "TRACE", tasks: Sequence[str] = ()) -> Sequence[LogLine]:
        self.done.append(("logs", execution, least, tuple(tasks)))
        return self.lines

    async def purge_logs(self, **wanted: object) -> int:
        self.done.append(("purge_logs", {name: value for name, value in wanted.items() if value not in (None, ())}))
        return 7

    async def purge(self, executions: Sequence[str], *, records: bool, logs: bool, storage: bool, metrics: bool) -> Mapping[str, int]:
        self.done.append(("purge", len(executions), records, logs, storage, metrics))
        self.known = [one for one in self.known if one.id not in executions or not records]
        count = len(executions)
        return {"executions": count * records, "logs": 2 * count * logs, "metrics": 3 * count * metrics, "storages": 4 * count * storage}

    async def purge_flows(self, **wanted: object) -> int:
        self.done.append(("purge_flows", {name: value for name, value in wanted.items() if value is not None}))
        return 3

    async def set_trigger(self, namespace: str, flow: str, trigger: str, *, disabled: bool) -> None:
        self.done.append(("set_trigger", namespace, flow, trigger, disabled))
