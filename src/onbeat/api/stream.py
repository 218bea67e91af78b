"""Show what happens while it happens: server-sent events.

Rules
1. `id` is a position in the journal (of a topic's records: in the topic); `Last-Event-ID`, or `after`, goes on from there without a gap.
2. A reader waits for the store's wake-up; nothing is polled, nothing queued in memory without bound.
3. Who does not keep up, or comes back too late, gets `reset` and begins anew.
4. A comment is sent while nothing happens, so that a dead connection is noticed.
5. Who loses his access loses the stream: it is asked again every second in which something is told, and with every comment.
6. When the client goes, what watched for him ends at once, not when memory is next tidied up.

Called by: executions (one execution), live (lists), events (a topic).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from onbeat.api.access import Access, Caller, Permission
from onbeat.core.access import covers
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow
from onbeat.core.projection import is_event
from onbeat.core.shape import execution_json
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.engine.watching import Lagged, Told
from onbeat.errors import Unauthorized
from onbeat.ports import Record

T = TypeVar("T")
_BATCH = 500
_HEARTBEAT = 15.0
_ASKED_AGAIN = 1.0
_WHOLE = 100
"""Task runs up to which each change is told with the whole execution; of larger ones the newest of those that come together is."""
BEAT = b": still here\n\n"


def frame(name: str, id_: int, content: Json) -> bytes:
    """One event of a stream."""
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), id_, orjson.dumps(content))


class _Stream(StreamingResponse):
    """A response that closes what it sends from, also where it was cut off while it sent."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                await self.body_iterator.aclose()


def stream(frames: AsyncIterator[bytes]) -> StreamingResponse:
    """The response that sends them as they come."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _Stream(frames, media_type="text/event-stream", headers=headers)


def position_of(request: Request) -> int | None:
    """Where the reader wants to go on; None: it does not say."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


async def within_beat(wait: Awaitable[T]) -> T | None:
    """What is waited for; None when it has not come until the next comment is due."""
    try:
        async with asyncio.timeout(_HEARTBEAT):
            return await wait
    except TimeoutError:
        return None


class Guard:
    """Asks again whether the caller may look on. may: what of a caller must hold."""

    def __init__(self, request: Request, may: Callable[[Caller], bool]) -> None:
        self._request = request
        self._may = may
        self._asked = asyncio.get_running_loop().time()

    async def holds(self) -> bool:
        """Whether the stream may go on."""
        now = asyncio.get_running_loop().time()
        if now - self._asked < _ASKED_AGAIN:
            return True
        self._asked = now
        access: Access = self._request.app.state.access
        try:
            return self._may(await access.caller(self._request))
        except Unauthorized:
            return False


def events_of_execution(request: Request, node: Node, execution: Execution, flow: Flow, delta: bool = False) -> StreamingResponse:
    """Each state of an execution with its task runs, until the end. delta: after the first, only what changed (`change`). Who goes on
    after a place gets what came behind it, and not first all of it again."""
    shown = _changes if delta else _states
    guard = Guard(request, lambda caller: caller.may(Permission.READ, execution.head.namespace))

    async def frames() -> AsyncIterator[bytes]:
        after = position_of(request)
        while True:
            try:
                async with node.watch.execution(execution.id, after) as following:
                    ended = following.execution.ended and (after is None or not following.waits)
                    if after is None:
                        yield frame("end" if ended else "progress", following.seq, execution_json(following.execution, flow))
                    elif ended:
                        for part in shown([Told(following.seq, following.execution, None)], flow):
                            yield part
                    while not ended and await guard.holds():
                        told = await within_beat(following.next())
                        if told is None:
                            yield BEAT
                            continue
                        for part in shown(told, flow):
                            yield part
                        ended = told[-1].execution.ended
                    return
            except Lagged:
                after = None
                yield frame("reset", await node.store.journal_end(), {})

    return stream(frames())


def _states(told: list[Told], flow: Flow) -> list[bytes]:
    """The execution after each change."""
    last = told[-1]
    shown = told if len(last.execution.runs) <= _WHOLE else told[-1:]
    names = ["progress"] * (len(shown) - 1) + ["end" if last.execution.ended else "progress"]
    return [frame(name, each.seq, execution_json(each.execution, flow)) for name, each in zip(names, shown, strict=True)]


def _changes(told: list[Told], flow: Flow) -> list[bytes]:
    """What changed in all of them: the execution without its task runs, those task runs that changed, those that are gone."""
    last = told[-1].execution
    runs = sorted({each.run for each in told if each.run is not None})
    content = execution_json(last, flow, runs=[n for n in runs if n in last.runs])
    gone: list[Json] = [last.run_id(n) for n in runs if n not in last.runs]
    return [frame("end" if last.ended else "change", told[-1].seq, {**content, "goneTaskRuns": gone})]


def events_of_topic(
    request: Request, node: Node, topic: str, after: int, execution: str | None, allowed: tuple[str, ...] | None
) -> StreamingResponse:
    """A topic's events as they come. On the topic of state events: execution: only those of this one; allowed: of these namespaces."""
    of_states = topic == node.events_topic
    guard = Guard(
        request,
        lambda caller: caller.may_topic(Permission.READ, topic) and not (of_states and caller.namespaces(Permission.READ) != allowed),
    )

    async def read(at: int) -> tuple[list[tuple[int, Json]], int]:
        return await (_state_events(node, at, execution, allowed) if of_states else _records(node, topic, at))

    async def frames() -> AsyncIterator[bytes]:
        at = after
        while await guard.holds():
            batch, last = await read(at)
            for seq, event in batch:
                yield frame("event", seq, event)
            if last > at:
                at = last
                continue
            wait = node.store.wait_journal(at) if of_states else node.store.wait_records(topic, at)
            if not await within_beat(_true(wait)):
                yield BEAT

    return stream(frames())


async def _true(wait: Awaitable[None]) -> bool:
    await wait
    return True


async def _state_events(
    node: Node, after: int, execution: str | None, allowed: tuple[str, ...] | None
) -> tuple[list[tuple[int, Json]], int]:
    rows = await node.store.journal(after, _BATCH)
    found = [
        (row.seq, node.projection.event(row))
        for row in rows
        if is_event(row.change)
        and execution in (None, row.execution)
        and (allowed is None or any(covers(outer, row.head.namespace) for outer in allowed))
    ]
    return found, rows[-1].seq if rows else after


async def _records(node: Node, topic: str, after: int) -> tuple[list[tuple[int, Json]], int]:
    records = await node.store.records(topic, after, _BATCH)
    return [(record.seq, record_event(record)) for record in records], records[-1].seq if records else after


def record_event(record: Record) -> dict[str, Json]:
    """A record of the bus as a CloudEvent."""
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": record.id,
        "source": record.source,
        "type": record.type,
        "time": iso(record.time),
        "subject": record.topic,
        "datacontenttype": "application/json",
        "data": record.data,
    }
    if record.key is not None:
        event["partitionkey"] = record.key
    if record.correlation_id is not None:
        event["correlationid"] = record.correlation_id
    if record.causation_id is not None:
        event["causationid"] = record.causation_id
    if record.hops:
        event["onbeathops"] = record.hops
    return event
