"""Let tasks do to executions and triggers what people do: count, stop, resume, read their logs, purge, switch.

Tasks are lent their services before there is a node, and the node is what can act. So this is made first and told its node last; no task
runs before.

Rules
1. What the API refuses a person is refused a task, with the same words.
2. A purge takes files after the executions they belong to: a crash in between leaves files that housekeeping finds, never an execution
   without its values.

Called by: tasks, through their services; the daemon brings the node.
"""

from collections.abc import Mapping, Sequence

from onbeat.core.addresses import EXECUTIONS, execution_folder
from onbeat.core.event import Json, Micros
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.engine.tasklog import LEVELS
from onbeat.ports import ExecutionFilter, ExecutionSummary, LogLine, Storage, StoreAndQueries

_PAGE = 1_000


class NodeActions:
    """ports.Actions on this node, which the daemon brings."""

    node: Node

    def __init__(self, store: StoreAndQueries, storage: Storage) -> None:
        self._store = store
        self._storage = storage

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
        """See ports.Actions."""
        wanted = ExecutionFilter(namespace=namespace, flow=flow, states=tuple(states), start=start, end=end)
        return await self._store.executions(wanted, limit=limit, before=before)

    async def count(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        """See ports.Actions."""
        wanted = ExecutionFilter(namespace=namespace, flow=flow, states=tuple(states), start=start, end=end)
        return await self._store.count(wanted, limit=None)

    async def kill(self, execution: str) -> None:
        """See ports.Actions."""
        await self.node.kill(execution)

    async def resume(self, execution: str, inputs: Mapping[str, Json], by: str | None = None) -> None:
        """See ports.Actions."""
        await self.node.resume(execution, inputs, by)

    async def logs(self, execution: str, *, least: str = "TRACE", tasks: Sequence[str] = ()) -> Sequence[LogLine]:
        """See ports.Actions."""
        levels = LEVELS[LEVELS.index(least) :]
        found: list[LogLine] = []
        while page := await self._store.logs(execution, found[-1].seq if found else 0, _PAGE, levels=levels, tasks=tasks):
            found += page
        if not found:
            await self.node.engine.load(execution)  # none because there is no such execution?
        return found

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
        """See ports.Actions."""
        return await self._store.purge_logs(namespace=namespace, flow=flow, execution=execution, levels=levels, start=start, end=end)

    async def purge(self, executions: Sequence[str], *, records: bool, logs: bool, storage: bool, metrics: bool) -> Mapping[str, int]:
        """See ports.Actions."""
        purged = await self._store.purge_executions(executions, records=records, logs=logs, metrics=metrics)
        files = 0
        for id_, namespace, flow in purged.executions if storage else ():
            for folder in {execution_folder(namespace, flow, id_), f"{namespace}/{flow}/{EXECUTIONS}/{id_}"}:
                files += await self._storage.delete(folder)
        count = len(purged.executions) if records else 0
        return {"executions": count, "logs": purged.logs, "metrics": purged.metrics, "storages": files}

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        """See ports.Actions."""
        return await self._store.purge_flows(namespace=namespace, flow=flow, keep=keep, before=before)

    async def set_trigger(self, namespace: str, flow: str, trigger: str, *, disabled: bool) -> None:
        """See ports.Actions."""
        found = self.node.triggers.find(namespace, flow, trigger)
        await self.node.triggers.set(found.spec.name, disabled=disabled, why="a task switched it off" if disabled else "")
