"""Watch a node's executions until all have ended, line by line, and put the whole into one JSON object.

Called by: run.py.
"""

import asyncio
from contextlib import suppress
from typing import Any

from onbeat.cli import show
from onbeat.core.changes import AnyChange, Created, Moved, RunCreated, RunMoved
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.shape import execution_json
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused
from onbeat.ports import JournalRow

_LOOK = 0.5
"""Seconds between looks at the log of a task that runs on."""
_BATCH = 1_000
_KILL_PATIENCE = 10.0


class Watch:
    """Shows what happens in a node until all of it has ended."""

    def __init__(self, node: Node, quiet: bool) -> None:
        self._node = node
        self._quiet = quiet
        self._seq = 0
        self._open: set[str] = set()
        self._logged: dict[str, int] = {}

    async def until_ended(self, timeout: float | None, interrupted: asyncio.Event) -> str | None:
        """Returns when all executions have ended; a sentence when they did not by themselves."""
        try:
            async with asyncio.timeout(timeout):
                while await self._look():
                    changed = await self._changed()
                    if interrupted.is_set():
                        why = "interrupted: it was killed"
                        break
                    if not changed and await self._waits_for_somebody():
                        why = "it is paused and waits for somebody to resume it; on a daemon (`onbeat serve`) somebody can: it was killed"
                        break
                else:
                    return None
        except TimeoutError:
            why = f"it did not end within {timeout:g} s: it was killed"
        await self._kill()
        return why

    async def _look(self) -> bool:
        """Show what is new; returns whether anything goes on."""
        touched: set[str] = set()
        while rows := await self._node.store.journal(self._seq, _BATCH):
            self._seq = rows[-1].seq
            touched.update(row.execution for row in rows)
            if not self._quiet:
                for row in rows:
                    await self._show_logs(row.execution, row.change)
                    await self._show(row)
        for id_ in touched:
            execution = await self._node.engine.load(id_)
            if execution.ended and not execution.open:
                self._open.discard(id_)
                await self._show_logs(id_)
            else:
                self._open.add(id_)
        return bool(self._open)

    async def _changed(self) -> bool:
        """Wait for something new; returns whether there is."""
        try:
            async with asyncio.timeout(_LOOK):
                await self._node.store.wait_journal(self._seq)
        except TimeoutError:
            for id_ in self._open:
                await self._show_logs(id_)
            return False
        return True

    async def _waits_for_somebody(self) -> bool:
        """Whether only a person could make it go on."""
        engine = self._node.engine
        if len(self._node.runner) or len(engine.timers) or engine.at_work():
            return False
        found = [await self._node.engine.load(id_) for id_ in self._open]
        return any(execution.state is State.PAUSED or execution.paused for execution in found)

    async def _kill(self) -> None:
        for id_ in sorted(self._open):
            with suppress(Refused, NotFound):
                await self._node.kill(id_)
        with suppress(TimeoutError):
            async with asyncio.timeout(_KILL_PATIENCE):
                while await self._look():
                    await self._changed()

    async def _show(self, row: JournalRow) -> None:
        text = await self._line(row.execution, row.change, f"{row.head.namespace}.{row.head.flow}")
        if text is not None:
            show.out(f"{show.dim(show.clock(iso(row.change.at)))}  {text}")

    async def _line(self, id_: str, change: AnyChange, flow: str) -> str | None:
        match change:
            case Created():
                return f"{show.state('CREATED', 9)} {flow} {show.dim(id_)}"
            case Moved():
                return f"{show.state(change.after, 9)} {flow}"
            case RunCreated():
                return None
            case RunMoved():
                run = (await self._node.engine.load(id_)).runs[change.n]
                value = f" [{show.plain(run.value)}]" if run.value is not None else ""
                error = f"  {show.plain(change.error)}" if change.error else ""
                return f"{show.state(change.state, 9)}   {run.task}{value}{error}"
            case _:
                return None

    async def _show_logs(self, id_: str, before: AnyChange | None = None) -> None:
        """The log lines of an execution that are new, up to a change."""
        if self._quiet or isinstance(before, Created | RunCreated):
            return
        for line in await self._node.queries.logs(id_, self._logged.get(id_, 0)):
            if before is not None and line.at > before.at:
                return
            self._logged[id_] = line.seq
            show.out(f"{show.dim(show.clock(iso(line.at)))}  {show.state(line.level, 9)}   {line.task}: {show.plain(line.message)}")


def conclude(execution: Execution) -> None:
    """How it ended, for a person."""
    shown: Any = execution_json(execution)
    show.out(f"{execution.head.namespace}.{execution.head.flow}: {show.state(execution.state)} in {show.span(shown['state'])}")
    if execution.error:
        show.out(
            f"task {execution.failed_task} failed: {show.plain(execution.error)}" if execution.failed_task else show.plain(execution.error)
        )
    if execution.outputs:
        show.out(f"outputs {show.compact(execution.outputs, 2_000)}")


async def report(node: Node, execution: Execution) -> dict[str, Json]:
    """The execution as Kestra shows it, with `related` (what else ran) and `logs` (of all of them)."""
    shown: dict[str, Any] = await _shown(node, execution)
    rows: list[JournalRow] = []
    while batch := await node.store.journal(rows[-1].seq if rows else 0, _BATCH):
        rows += batch
    others = [row.execution for row in rows if isinstance(row.change, Created) and row.execution != execution.id]
    shown["related"] = [await _shown(node, await node.engine.load(id_)) for id_ in others]
    shown["logs"] = [line for id_ in (execution.id, *others) for line in await _logs(node, id_)]
    return shown


async def _shown(node: Node, execution: Execution) -> dict[str, Json]:
    """For who ran it, with his secrets and in his own process: outputs are as they are. Lines, errors and inputs are masked as ever."""
    head = execution.head
    shown: dict[str, Any] = execution_json(execution, (await node.catalog.revision(head.namespace, head.flow, head.revision)).flow)
    shown["outputs"] = await node.payloads.clear(execution.outputs or {})
    for run, of in zip(shown["taskRunList"], sorted(execution.runs.items()), strict=True):
        run["outputs"] = await node.payloads.clear(of[1].outputs or {})
    return shown


async def _logs(node: Node, id_: str) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    after = 0
    while lines := await node.queries.logs(id_, after):
        after = lines[-1].seq
        found += [{"executionId": id_, "taskId": line.task, "level": line.level, "message": line.message} for line in lines]
    return found
