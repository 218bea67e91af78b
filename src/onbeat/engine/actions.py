"""Let tasks do to executions and triggers what people do: count, stop, resume, read their logs, purge, switch.

Tasks are lent their services before there is a node, and the node is what can act. So this is made first and told its node last; no task
runs before.

Rules
1. What the API refuses a person is refused a task, with the same words.
2. What a purge takes, purging.py takes for people, too.
3. An attempt notes whom it is about to kill, and which pauses it is about to end: the next one knows what has been done.

Called by: tasks, through their services; the daemon brings the node.
"""

from collections.abc import Mapping, Sequence

from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT
from onbeat.core.states import State
from onbeat.engine.deeds import deed, done
from onbeat.engine.node import Node
from onbeat.engine.purging import purge
from onbeat.engine.tasklog import LEVELS
from onbeat.ports import ExecutionFilter, ExecutionSummary, LogLine, Storage, StoreAndQueries, Work

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

    async def kill(self, execution: str, *, key: str) -> None:
        """See ports.Actions."""
        found, what = await self.node.engine.load(execution), f"kill {execution}"
        earlier = await done(self._store, key, what)
        if earlier is not None and found.state in (State.KILLING, State.KILLED):
            return
        if earlier is None and not found.ended:
            await self._store.write(Work(ledger=(deed(key, what, self.node.clock.now()),)))
        await self.node.kill(execution)

    async def resume(self, execution: str, inputs: Mapping[str, Json], by: str | None = None, *, key: str) -> None:
        """See ports.Actions."""
        found, what = await self.node.engine.load(execution), f"resume {execution}"
        waiting = [n for n in sorted(found.open) if found.runs[n].state is State.PAUSED] or [ROOT]
        paused = found.state is State.PAUSED or bool(found.paused)
        earlier = await done(self._store, key, what)
        if earlier is not None and not (paused and {*map(int, earlier.split())} <= {*waiting}):
            return
        if paused:
            await self._store.write(Work(ledger=(deed(key, what, self.node.clock.now(), " ".join(map(str, waiting))),)))
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
        taken = await purge(self._store, self._storage, executions, records=records, logs=logs, metrics=metrics, files=storage)
        count = len(taken.executions) if records else 0
        return {"executions": count, "logs": taken.logs, "metrics": taken.metrics, "storages": taken.files}

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        """See ports.Actions."""
        return await self._store.purge_flows(namespace=namespace, flow=flow, keep=keep, before=before)

    async def set_trigger(self, namespace: str, flow: str, trigger: str, *, disabled: bool) -> None:
        """See ports.Actions."""
        found = self.node.triggers.find(namespace, flow, trigger)
        await self.node.triggers.set(found.spec.name, disabled=disabled, why="a task switched it off" if disabled else "")
