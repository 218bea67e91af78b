"""Show what happens while it happens: server-sent events.

Rules
1. `id` is a position; `Last-Event-ID`, or `after`, goes on from there without a gap.
2. A reader waits for the store's wake-up; nothing is polled, nothing queued in memory.
3. A comment is sent while nothing happens, so that a dead connection is noticed.

Called by: executions (one execution), events (a topic).
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

from onbeat.core.event import Json
from onbeat.core.projection import is_event
from onbeat.core.shape import execution_json
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.ports import Record

_BATCH = 500
_HEARTBEAT = 15.0


def _frame(name: str, id_: int, content: Json) -> bytes:
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), id_, orjson.dumps(content))


def _stream(frames: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


def position_of(request: Request) -> int | None:
    """Where the reader wants to go on; None: it does not say."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    return int(text) if text and text.isdigit() else None


def events_of_execution(request: Request, node: Node, execution: str) -> StreamingResponse:
    """Each state of an execution with its task runs, until the end."""

    async def frames() -> AsyncIterator[bytes]:
        seen = 0
        while True:
            end = await node.store.journal_end()
            rows = await node.queries.changes(execution, seen)
            if rows:
                seen = rows[-1].version
                # The store, not the engine: the wake-up comes with the commit, before the engine has gone on.
                stored = await node.store.load(execution)
                assert stored is not None
                yield _frame("end" if stored.ended else "progress", rows[-1].seq, execution_json(stored))
                if stored.ended:
                    return
            async for beat in _until(node.store.wait_journal(end)):
                yield beat

    return _stream(frames())


def events_of_topic(request: Request, node: Node, topic: str, after: int, execution: str | None) -> StreamingResponse:
    """A topic's events as they come. execution: only those of this execution, on the topic of state events."""
    read = _state_events if topic == node.events_topic else _records

    async def frames() -> AsyncIterator[bytes]:
        at = after
        while True:
            batch, last = await read(node, topic, at, execution)
            for seq, event in batch:
                yield _frame("event", seq, event)
            if last > at:
                at = last
                continue
            wait = node.store.wait_journal(at) if topic == node.events_topic else node.store.wait_records(topic, at)
            async for beat in _until(wait):
                yield beat

    return _stream(frames())


async def _until(wait: Coroutine[Any, Any, None]) -> AsyncIterator[bytes]:
    """Comments until the awaited thing has come."""
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait)
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_HEARTBEAT)
                if not waiting.done():
                    yield b": still here\n\n"
        finally:
            waiting.cancel()


async def _state_events(node: Node, topic: str, after: int, execution: str | None) -> tuple[list[tuple[int, Json]], int]:
    rows = await node.store.journal(after, _BATCH)
    found = [
        (row.seq, node.projection.event(row)) for row in rows if is_event(row.change) and (execution is None or row.execution == execution)
    ]
    return found, rows[-1].seq if rows else after


async def _records(node: Node, topic: str, after: int, execution: str | None) -> tuple[list[tuple[int, Json]], int]:
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
