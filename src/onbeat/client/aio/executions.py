"""Start flows, look at their executions, wait for them, and tell them what to do.

Called by: client.
"""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

from onbeat.client.aio.connection import AsyncConnection
from onbeat.client.answers import Execution, LogLine, page_of, read, read_all
from onbeat.client.form import inputs_of
from onbeat.client.keys import new_key
from onbeat.client.wire import API, part

_PAGE = 200
_BREATH = 0.1


class AsyncExecutions:
    """Calls about executions."""

    _connection: AsyncConnection

    async def start(
        self,
        namespace: str,
        flow: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        files: Mapping[str, str | Path] | None = None,
        revision: int | None = None,
        at: datetime | str | None = None,
        wait: bool | float = False,
        id: str | None = None,
    ) -> Execution:
        """Start a flow. The answer is the execution as it was created; it is on disk.

        files: the path for each FILE input. at: when it is to begin. wait: until it has ended, or for so many seconds. id: the same one
        again, with the same inputs, is the same execution; without one the client makes it, so that a start can be sent again when its
        answer was lost.

        Example:
            execution = await client.start("shop", "greet", {"name": "Ada"}, labels={"team": "blue"}, wait=60)
            print(execution.state, execution.outputs)

        Raises NotFound, UserError (the inputs are wrong), Refused, Overloaded, OutsideError; TimeoutError, when `wait` was too short.
        """
        query = {"labels": [f"{key}:{value}" for key, value in (labels or {}).items()], "revision": revision, "scheduleDate": _said(at)}
        path = f"{API}/executions/{part(namespace)}/{part(flow)}"
        once = id or (new_key() if self._connection.tries > 1 else None)
        headers, body = {"Idempotency-Key": once}, inputs_of(inputs, files)
        started = read(Execution, await self._connection.call("POST", path, body, query=query, headers=headers, again=once is not None))
        if wait is False:
            return started
        return await self.wait(started.id, None if wait is True else wait)

    async def execution(self, id: str) -> Execution:
        """One execution, with its inputs, outputs and task runs.

        Example:
            execution = await client.execution(ended.id)
            for run in execution.task_runs:
                print(run.task, run.state, run.outputs)

        Raises NotFound.
        """
        return read(Execution, await self._connection.get(f"/executions/{part(id)}"))

    async def executions(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        state: str | Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        text: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        trigger: str | None = None,
        parent: str | None = None,
        correlation: str | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Execution, None]:
        """Executions, newest first, without what they hold; further pages are asked for as they are needed.

        All that is given must hold. namespace: with those below it. state: one, or one of several. text: part of the id, the flow or a
        label. since, until: when they were created. parent: what started them.

        Example:
            async for execution in client.executions(namespace="shop", state=["FAILED", "KILLED"], limit=100):
                print(execution.id, execution.flow, execution.ended_at)
        """
        query: dict[str, Any] = {
            "namespace": namespace,
            "flowId": flow,
            "state": [state] if isinstance(state, str) else list(state or ()),
            "labels": [f"{key}:{value}" for key, value in (labels or {}).items()],
            "q": text,
            "startDate": _said(since),
            "endDate": _said(until),
            "triggerId": trigger,
            "parentId": parent,
            "correlationId": correlation,
            "size": _PAGE,
        }
        left = limit
        while left is None or left > 0:
            if left is not None:
                query["size"] = min(_PAGE, left)
            rows = page_of(await self._connection.get("/executions/search", query))
            for row in rows:
                yield read(Execution, row)
            if len(rows) < query["size"]:
                return
            query["before"] = rows[-1]["id"]
            left = None if left is None else left - len(rows)

    async def wait(self, id: str, timeout: float | None = None) -> Execution:
        """An execution once it has ended, however long that takes, or for so many seconds.

        Nothing is asked again and again: onbeat says so. A connection that breaks meanwhile, or a daemon that is started again, is no end.

        Example:
            execution = await client.wait(running.id, timeout=60)
            assert execution.ok, execution.error

        Raises NotFound; TimeoutError: it goes on.
        """
        until = None if timeout is None else time.monotonic() + timeout
        state = "not known"
        try:
            async with aclosing(self._follow(id, until)) as states:
                async for execution in states:
                    if execution.ended:
                        return execution
                    state = execution.state
        except TimeoutError:
            pass
        raise TimeoutError(f"execution {id} has not ended after {timeout} s: it is {state}")

    async def follow(self, id: str) -> AsyncGenerator[Execution, None]:
        """Each state of an execution as it comes, with its task runs, until it has ended. The first is the present one.

        After a lost connection it goes on; what happened meanwhile is in `history`.

        Example:
            async for execution in client.follow(running.id):
                print(execution.state, [(run.task, run.state) for run in execution.task_runs])

        Raises NotFound.
        """
        async with aclosing(self._follow(id, None)) as states:
            async for execution in states:
                yield execution

    async def _follow(self, id: str, until: float | None) -> AsyncGenerator[Execution, None]:
        last: Any = None
        while True:
            async with aclosing(self._connection.stream(f"{API}/executions/{part(id)}/follow", until=until)) as frames:
                async for frame in frames:
                    if frame.name == "reset" or frame.data == last:  # it begins anew, or a change that is not shown
                        continue
                    last = frame.data
                    execution = read(Execution, frame.data)
                    yield execution
                    if execution.ended:
                        return
            await self._connection.wire.pause(_BREATH, until)  # it was an earlier run that ended: the execution was restarted

    async def logs(self, id: str, *, after: int = 0, follow: bool = False) -> AsyncGenerator[LogLine, None]:
        """What the tasks of an execution logged. after: the `seq` of the last line already seen. follow: until it has ended.

        Example:
            async for line in client.logs(running.id, follow=True):
                print(line.at, line.level, line.task, line.message)

        Raises NotFound.
        """
        if follow:
            async with aclosing(self._connection.stream(f"{API}/logs/{part(id)}/follow", {"after": after})) as frames:
                async for frame in frames:
                    if frame.name == "progress":
                        yield read(LogLine, frame.data)
            return
        while lines := read_all(LogLine, await self._connection.get(f"/logs/{part(id)}", {"after": after})):
            for line in lines:
                yield line
            after = lines[-1].seq

    async def file(self, id: str, uri: str) -> bytes:
        """A file of an execution: a FILE input, or what a task wrote. uri: as inputs and outputs have it, `kestra:///…`.

        Example:
            text = await client.file(filed.id, filed.inputs["file"])

        Raises NotFound.
        """
        return await self._connection.fetch(f"{API}/executions/{part(id)}/file", {"path": uri})

    async def kill(self, id: str) -> Execution:
        """Stop an execution and what it started.

        Example:
            await client.kill(running.id)

        Raises NotFound, Refused (it has ended).
        """
        return read(Execution, await self._act("DELETE", id, "kill"))

    async def pause(self, id: str) -> Execution:
        """Let what runs end and start nothing new.

        Example:
            await client.pause(running.id)

        Raises NotFound, UserError (its state is none in which it can).
        """
        return read(Execution, await self._act("POST", id, "pause"))

    async def resume(self, id: str, inputs: Mapping[str, Any] | None = None, *, files: Mapping[str, str | Path] | None = None) -> Execution:
        """Go on after a pause, with the answers it asks for.

        Example:
            await client.resume(paused.id, {"approved": True})

        Raises NotFound, Refused (it is not paused), UserError (the answers are wrong).
        """
        await self._act("POST", id, "resume", inputs_of(inputs, files))
        return await self.execution(id)

    async def review(
        self,
        id: str,
        decision: str,
        comment: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, str | Path] | None = None,
    ) -> Execution:
        """Decide what an Approval waits for: APPROVED or DENIED, or what the task has in `decisions`.

        Example:
            await client.review(undecided.id, "APPROVED", "it is Monday", {"amount": 7})

        Raises NotFound, Refused (it waits for no decision), UserError (the answers are wrong).
        """
        said = {"decision": decision} if comment is None else {"decision": decision, "comment": comment}
        await self._act("POST", id, "actions/review", inputs_of({**(inputs or {}), **said}, files))
        return await self.execution(id)

    async def restart(self, id: str, *, revision: int | None = None) -> Execution:
        """Run an ended execution again from its failed tasks; with another revision of its flow, as a new execution.

        Example:
            execution = await client.restart(failed.id)
            execution = await client.wait(execution.id, timeout=60)

        Raises NotFound, UserError (nothing in it failed).
        """
        return read(Execution, await self._act("POST", id, "restart", query={"revision": revision}))

    async def replay(self, id: str, *, task_run: str | None = None, revision: int | None = None) -> Execution:
        """Repeat an execution as a new one: from the start, or from a task run on. The first one stays as it is.

        Example:
            first = ended.task_runs[0]
            again = await client.replay(ended.id, task_run=first.id)

        Raises NotFound, UserError.
        """
        return read(Execution, await self._act("POST", id, "replay", query={"taskRunId": task_run, "revision": revision}))

    async def set_labels(self, id: str, labels: Mapping[str, str]) -> Execution:
        """Give an ended execution labels.

        Example:
            await client.set_labels(ended.id, {"checked": "yes"})

        Raises NotFound, UserError.
        """
        pairs = [{"key": key, "value": value} for key, value in labels.items()]
        return read(Execution, await self._act("POST", id, "labels", pairs, again=True))

    async def set_state(self, id: str, state: str, *, task_run: str | None = None) -> Execution:
        """Say in which state an ended execution, or one of its task runs, ended: for work that was done or undone by hand.

        Example:
            await client.set_state(failed.id, "SUCCESS")

        Raises NotFound, UserError.
        """
        if task_run is None:
            return read(Execution, await self._act("POST", id, "change-status", query={"status": state}))
        return read(Execution, await self._act("POST", id, "state", {"taskRunId": task_run, "state": state}))

    async def _act(
        self, method: str, id: str, action: str, body: Any = None, query: Mapping[str, Any] | None = None, again: bool = False
    ) -> Any:
        return await self._connection.call(method, f"{API}/executions/{part(id)}/{action}", body, query=query, again=again)


def _said(at: datetime | str | None) -> str | None:
    """An instant as the API reads it; one without an offset is of this machine's time."""
    return at.astimezone().isoformat() if isinstance(at, datetime) else at
