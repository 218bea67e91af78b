"""Publish events, follow what they start, read topics, and look after events that could not start anything.

Called by: client.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from onbeat.client.aio.connection import AsyncConnection
from onbeat.client.aio.executions import AsyncExecutions
from onbeat.client.answers import DeadEvent, Event, Execution, Published, Replayed, Topic, event_of, once, page_of, read, read_all
from onbeat.client.keys import new_key
from onbeat.client.wire import API, part
from onbeat.errors import UserError

EVENTS_TOPIC = "onbeat.executions"
"""The topic of the states of all executions, unless the daemon's settings have another name for it."""
_PAGE = 100


class AsyncEvents(AsyncExecutions):
    """Calls about events."""

    _connection: AsyncConnection

    async def publish(
        self, topic: str, data: Any, *, key: str | None = None, id: str | None = None, traceparent: str | None = None
    ) -> Published:
        """Put an event on a topic. What it starts is on disk when this returns.

        key: events of one key are in order. id: the same one again is a duplicate and starts nothing; without one the client makes it, so
        that it can be sent again when an answer was lost. traceparent: the W3C trace context of what it is part of.

        Example:
            event = await client.publish("orders", {"id": 7, "total": 20}, key="customer-3")
            print(event.id, event.executions)

        Raises UserError, Unauthorized, Overloaded, OutsideError (a broker does not answer).
        """
        own = new_key() if id is None and self._connection.tries > 1 else None
        headers = {"Idempotency-Key": id or own, "traceparent": traceparent}
        path = f"{API}/events/{part(topic)}"
        found = read(Published, await self._connection.call("POST", path, data, query={"key": key}, headers=headers, again=True))
        return found if own is None else once(found)

    async def publish_and_follow(
        self, topic: str, data: Any, *, key: str | None = None, id: str | None = None, traceparent: str | None = None
    ) -> AsyncGenerator[Execution, None]:
        """Put an event on a topic, then give each state of each execution that it started, one after the other, until they have ended.

        Example:
            async for execution in client.publish_and_follow("orders", {"id": 8, "total": 20}):
                if execution.ended:
                    print(execution.id, execution.state, execution.outputs)

        Raises as publish does; UserError for a topic on a broker, which does not say what it started.
        """
        published = await self.publish(topic, data, key=key, id=id, traceparent=traceparent)
        if published.executions is None:
            raise UserError(f"event {published.id} is on topic {topic} of a broker, which does not say what it started; use tail()")
        for execution in published.executions:
            async with aclosing(self.follow(execution)) as states:
                async for state in states:
                    yield state

    async def tail(
        self, topic: str = EVENTS_TOPIC, *, since: int | Literal["earliest"] | None = None, execution: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """A topic's events as they come, without an end; without a topic, the states of all executions.

        since: the position after which to begin, or `earliest`; by default now. execution: only what this one says of itself. After a lost
        connection it goes on after the last event that came.

        Example:
            async for event in client.tail("orders", since="earliest"):
                print(event.position, event.id, event.data)
                break

        Raises NotFound (there is no such topic), Refused (it is on a broker: read it there).
        """
        begin = {"from": "earliest"} if since == "earliest" else {"after": since}
        query = {**begin, "execution": execution}
        async with aclosing(self._connection.stream(f"{API}/events/{part(topic)}/tail", query)) as frames:
            async for frame in frames:
                yield event_of(frame)

    async def topics(self) -> list[Topic]:
        """The topics of the bus, and those that triggers wait for.

        Example:
            print([topic.name for topic in await client.topics()])
        """
        return read_all(Topic, (await self._connection.get("/events"))["topics"])

    async def explain(self, event: str) -> dict[str, Any]:
        """For each listening trigger what it did with an event, and why. event: TOPIC/ID, or an id that only one topic has.

        Example:
            event = await client.publish("orders", {"id": 9})
            for trigger in (await client.explain("orders/" + event.id))["triggers"]:
                print(trigger["trigger"], trigger["result"])

        Raises NotFound.
        """
        found: dict[str, Any] = await self._connection.get(f"/events/explain/{part(event)}")
        return found

    async def dead_events(self, *, limit: int | None = None) -> AsyncGenerator[DeadEvent, None]:
        """Events that could not start what they should have, newest first.

        Example:
            async for dead in client.dead_events(limit=10):
                print(dead.id, dead.trigger, dead.reason)
        """
        before, left = None, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            rows = page_of(await self._connection.get("/events/dead/list", {"size": size, "before": before}))
            for row in rows:
                yield read(DeadEvent, row)
            if len(rows) < size:
                return
            before = rows[-1]["id"]
            left = None if left is None else left - len(rows)

    async def dead_event(self, id: str) -> DeadEvent:
        """One dead event, whole.

        Example:
            print((await client.dead_event(dead.id)).event)

        Raises NotFound.
        """
        return read(DeadEvent, await self._connection.get(f"/events/dead/{part(id)}"))

    async def replay_dead(self, id: str) -> Replayed:
        """Give a dead event to its trigger again.

        Example:
            print((await client.replay_dead(dead.id)).executions)

        Raises NotFound, UserError (it cannot start now either).
        """
        return read(Replayed, await self._connection.call("POST", f"{API}/events/dead/{part(id)}/replay"))
