"""Ask about executions, and act on them: what tasks such as `core.execution.Kill` may do beyond their own execution."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from onbeat.core.event import Json, Micros
from onbeat.core.states import State
from onbeat.ports.queries import ExecutionSummary
from onbeat.ports.work import LogLine


class Actions(Protocol):
    """The same actions as the API's. Each that names an execution raises NotFound, and Refused when it cannot be done in its state.

    key: the idempotency key of who asks: what an earlier attempt of it has done already is not done again, and no reason to refuse it.
    """

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
        """Executions created within [start, end), newest first; before: ids smaller than this one."""

    async def count(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        """How many executions were created within [start, end)."""

    async def kill(self, execution: str, *, key: str) -> None:
        """Stop it, and its subflows."""

    async def resume(self, execution: str, inputs: Mapping[str, Json], by: str | None = None, *, key: str) -> None:
        """Go on from a pause."""

    async def logs(self, execution: str, *, least: str = "TRACE", tasks: Sequence[str] = ()) -> Sequence[LogLine]:
        """Its log lines of that level or worse, of these tasks (all when empty), in order."""

    async def purge_logs(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        execution: str | None = None,
        levels: Sequence[str] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        """Remove log lines; how many."""

    async def purge(self, executions: Sequence[str], *, records: bool, logs: bool, storage: bool, metrics: bool) -> Mapping[str, int]:
        """Remove what is named of these ended executions; how many of each: executions, logs, metrics, storages."""

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        """Remove old revisions of flows, but for the newest `keep` of each and those that executions have; how many."""

    async def set_trigger(self, namespace: str, flow: str, trigger: str, *, disabled: bool) -> None:
        """Stop or let a trigger start executions; kept over restarts."""
