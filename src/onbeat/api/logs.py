"""Log lines: of one execution, of all; as text to keep, live, and gone.

Rules
1. In text a line is one line of what a terminal shows as it is: control characters and escapes are taken out, what follows a line's first
   is indented, so that no message can look like another line.
2. Lines of an execution go on after a place (`after`), those of a search after a cursor: at any depth.
3. Followers sleep until lines were written; the stream ends with the execution.

Called by: app.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.filters import page_of, read_conditions, sort_of
from onbeat.api.lookup import execution_of
from onbeat.api.parameters import Instant, Level, TimeRange, sort_field
from onbeat.api.questions import LOG_FIELDS, levels_from, log_filter
from onbeat.api.routing import Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.logs import FoundLines, Line
from onbeat.api.stream import BEAT, Guard, frame, position_of, stream, within_beat
from onbeat.core.execution import Execution
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.engine.output import harmless
from onbeat.engine.watching import Following, Lagged
from onbeat.errors import Refused, UserError
from onbeat.ports import LogLine
from onbeat.ports.search import FoundLine
from onbeat.ports.waiting import first

_PAGE = 1_000
_AT_ONCE = 10_000
"""Lines of one execution in one answer."""
_OTHERS = ("sort", "page", "size", "cursor")


class Chosen(BaseModel):
    """Which lines of an execution."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    min_level: Level | None = Field(None, description="Lines of this level and worse ones.", examples=["WARN"])
    task_run_id: str | None = None
    task_id: str | None = None
    attempt: int | None = Field(None, ge=0, description="The number of a try, from 0.")


class Shown(Chosen):
    """Which lines of an execution, and from where on."""

    after: int = Field(0, ge=0, description="Only those after this `seq`.")
    size: int = Field(_AT_ONCE, ge=1, le=_AT_ONCE)


class Searched(BaseModel):
    """Which lines. Also `filters[FIELD][OPERATION]=value`, as Kestra's clients write it; all that is given must hold."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = Field(None, description="Text in the message.")
    namespace: str | None = Field(None, description="The namespace and those below it.")
    flow_id: str | None = None
    trigger_id: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    min_level: Level | None = Field(None, examples=["WARN"])
    start_date: Instant | None = Field(None, examples=["2026-11-21T12:00:00Z"])
    end_date: Instant | None = None
    time_range: TimeRange | None = Field(None, examples=["P1D"])
    sort: list[str] = sort_field(("timestamp",))
    page: int | None = None
    size: int | None = Field(None, description="25 unless told otherwise, 1,000 at most.")
    cursor: str | None = Field(
        None, description="`nextCursor` of the page before.", json_schema_extra={"pattern": "^([0-9]{1,15}-[0-9]{1,9})?$"}
    )


def routes() -> list[BaseRoute]:
    """The routes."""
    read, one = Permission.READ, Within.OBJECT
    return [
        *route("/logs/search", search, read, within=Within.LIST, answers=FoundLines),
        *route("/logs/{id}", show, read, within=one, answers=list[Line]),
        *route("/logs/{id}/download", download, read, within=one, media="text/plain"),
        *route("/logs/{id}/follow", follow, read, within=one, media="text/event-stream"),
        *route("/logs/{id}", delete, Permission.RUN, ("DELETE",), within=one, status=204),
        *route("/logs/{namespace}/{flow}", delete_of_flow, Permission.RUN, ("DELETE",), status=204),
    ]


async def search(request: Request, query: Annotated[Searched, Query()]) -> Response:
    """Lines of all executions, the last one first."""
    flat = tuple(name for name in LOG_FIELDS if name not in _OTHERS)
    conditions = read_conditions(request.query_params, LOG_FIELDS, flat=flat, others=_OTHERS)
    node, page = node_of(request), page_of(query.size, query.page)
    wanted = log_filter(conditions, node.clock.now(), await callers_namespaces(request))
    _, descending = sort_of(query.sort, {"timestamp": "timestamp"}) or ("", True)
    past = _place(query.cursor)
    offset = 0 if past is not None else page.offset
    total, found = await node.queries.count_lines(wanted), list[FoundLine]()
    if past is not None or not page.past(total):
        found = await node.queries.log_lines(wanted, descending=descending, offset=offset, past=past, limit=page.size)
    last = found[-1] if len(found) == page.size else None
    content = {
        "results": [found_json(line) for line in found],
        "total": total,
        "type": "CURSOR" if past is not None else "OFFSET",
        "nextCursor": f"{last.at}-{last.seq}" if last is not None else None,
    }
    return answer(content)


async def show(request: Request, query: Annotated[Shown, Query()]) -> Response:
    """An execution's lines in order; those after the last one's `seq` by `after`."""
    node, execution = node_of(request), await execution_of(request)
    found = [line async for line in _lines(node, execution, query, query.after, query.size)]
    return answer([line_json(line, execution) for line in found])


async def download(request: Request, query: Annotated[Chosen, Query()]) -> Response:
    """An execution's lines as text."""
    node, execution = node_of(request), await execution_of(request)
    _levels(query)

    async def pieces() -> AsyncIterator[bytes]:
        piece: list[str] = []
        async for line in _lines(node, execution, query, 0, None):
            piece.append(line_text(line))
            if len(piece) == _PAGE:
                yield "".join(piece).encode()
                piece = []
        yield "".join(piece).encode()

    headers = {"Content-Disposition": f'attachment; filename="{execution.id}.log"'}
    return StreamingResponse(pieces(), headers=headers, media_type="text/plain")


async def follow(request: Request, query: Annotated[Chosen, Query()]) -> Response:
    """An execution's lines as they are written, until it has ended; from the beginning, or after `Last-Event-ID`."""
    node, execution = node_of(request), await execution_of(request)
    _levels(query)
    guard = Guard(request, lambda caller: caller.may(Permission.READ, execution.head.namespace))

    async def frames() -> AsyncIterator[bytes]:
        after = position_of(request) or 0
        with node.logs.read(execution.id) as written:
            async with node.watch.execution(execution.id) as following:
                while await guard.holds():
                    ended = following.execution.ended
                    written.clear()
                    async for line in _lines(node, following.execution, query, after, None):
                        after = line.seq
                        yield frame("progress", line.seq, line_json(line, following.execution))
                    if ended:
                        yield frame("end", after, {})
                        return
                    if await within_beat(_more(following, written)) is None:
                        yield BEAT

    return stream(frames())


async def delete(request: Request, query: Annotated[Chosen, Query()]) -> Response:
    """Delete an execution's lines; `minLevel`: only those."""
    node, execution = node_of(request), await execution_of(request)
    if query.task_id is not None or query.task_run_id is not None or query.attempt is not None:
        raise UserError("lines are deleted by execution and `minLevel` only; leave taskId, taskRunId and attempt away")
    if not execution.ended:
        raise Refused(f"execution {execution.id} is {execution.state}; its lines can be deleted when it has ended")
    await node.store.purge_logs(execution=execution.id, levels=_levels(query))
    return Response(status_code=204)


async def delete_of_flow(request: Request, trigger_id: Annotated[str | None, Query(alias="triggerId")] = None) -> Response:
    """Delete the lines of all executions of a flow; `triggerId`: those of a trigger only, which has none of its own here."""
    path = request.path_params
    if trigger_id is None:
        await node_of(request).store.purge_logs(namespace=path["namespace"], flow=path["flow"])
    return Response(status_code=204)


def line_json(line: LogLine, execution: Execution) -> dict[str, Any]:
    """A line of an execution, as Kestra shows it."""
    return _line_json(line, execution.head.namespace, execution.head.flow)


def found_json(line: FoundLine) -> dict[str, Any]:
    """A line that was found, as Kestra shows it."""
    return _line_json(line, line.namespace, line.flow)


def _line_json(line: LogLine, namespace: str, flow: str) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "flowId": flow,
        "taskId": line.task or None,
        "executionId": line.execution,
        "taskRunId": f"{line.execution}-{line.run}" if line.run else None,
        "attemptNumber": max(0, line.attempt - 1),
        "timestamp": iso(line.at),
        "level": line.level,
        "message": line.message,
        "seq": line.seq,
    }


def line_text(line: LogLine) -> str:
    """A line as text; one with several lines is indented from its second on."""
    head, *rest = line.message.replace("\r\n", "\n").split("\n")
    task = f"{line.task}: " if line.task else ""
    return "".join([f"{iso(line.at)} {line.level:<5} {task}{harmless(head)}\n", *(f"    {harmless(each)}\n" for each in rest)])


async def _lines(node: Node, execution: Execution, query: Chosen, after: int, most: int | None) -> AsyncIterator[LogLine]:
    """The lines that are asked for after a place, page by page; `most` of them."""
    levels, tasks = _levels(query), (query.task_id,) if query.task_id is not None else ()
    found = 0
    while page := await node.queries.logs(execution.id, after, _PAGE, levels=levels, tasks=tasks):
        for line in page:
            wrong_run = query.task_run_id is not None and query.task_run_id != execution.run_id(line.run)
            if wrong_run or (query.attempt is not None and query.attempt != max(0, line.attempt - 1)):
                continue
            yield line
            found += 1
            if found == most:
                return
        after = page[-1].seq


async def _more(following: Following, written: asyncio.Event) -> bool:
    """Returns when the execution changed, or lines of it were written."""

    async def changed() -> None:
        with suppress(Lagged):
            await following.next()

    async def flushed() -> None:
        await written.wait()

    await first(changed(), flushed())
    return True


def _levels(query: Chosen) -> tuple[str, ...]:
    return levels_from(query.min_level) if query.min_level else ()


def _place(cursor: str | None) -> tuple[int, int] | None:
    if not cursor:
        return None
    at, _, seq = cursor.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (at, seq)):
        raise UserError("`cursor` is the `nextCursor` of the page before")
    return int(at), int(seq)
