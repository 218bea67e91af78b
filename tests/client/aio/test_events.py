"""Calls about events, each by both clients, against a real daemon."""

import secrets
from contextlib import aclosing
from typing import Any

import pytest

from onbeat.client import Published
from onbeat.client.aio import events as for_asyncio
from onbeat.client.sync import events as for_threads
from onbeat.errors import NotFound, UserError
from tests.client.conftest import collect
from tests.services.daemon import Daemon


async def test_what_an_event_starts_is_said(client: Any):
    """It is on disk by then."""
    published = await client.publish("orders", {"id": 7})
    assert not published.duplicate
    (id_,) = published.executions
    assert (await client.wait(id_, 60)).outputs == {"order": 7}


async def test_the_same_id_again_starts_nothing(client: Any):
    """It is said to be a duplicate, with what the first one started."""
    name = secrets.token_hex(8)
    first, second = [await client.publish("orders", {"id": 7}, id=name) for _ in range(2)]
    assert (first.duplicate, second.duplicate) == (False, True)
    assert (first.id, first.executions) == (second.id, second.executions)


async def test_an_event_has_a_key_and_a_trace(client: Any):
    """The topic has the one, what was started the other."""
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    published = await client.publish("orders", {"id": 7}, key="k", traceparent=trace)
    async with aclosing(client.tail("orders", since="earliest")) as events:
        event = next(event for event in [event async for event in _until(events, published.id)] if event.id == published.id)
    assert (event.key, event.data, event.subject) == ("k", {"id": 7}, "orders")
    (started,) = await collect(client.tail(execution=published.executions[0], since="earliest"), 1)
    assert started.raw["traceparent"] == trace


async def _until(events: Any, id_: str) -> Any:
    """Events until that one."""
    async for event in events:
        yield event
        if event.id == id_:
            return


async def test_what_an_event_starts_is_followed_to_its_end(client: Any):
    """Each state of it."""
    states = await collect(client.publish_and_follow("orders", {"id": 8}))
    assert states[-1].ok
    assert states[-1].outputs == {"order": 8}
    assert await collect(client.publish_and_follow("nobody-listens", 1)) == []


async def test_what_a_broker_starts_cannot_be_followed(client: Any, monkeypatch: pytest.MonkeyPatch):
    """Said, with another way; the event is there."""
    for module in (for_asyncio, for_threads):
        monkeypatch.setattr(module, "once", lambda found: Published(id=found.id))
    with pytest.raises(UserError, match=r"of a broker, which does not say what it started; use tail\(\)"):
        await collect(client.publish_and_follow("orders", {"id": 9}))


async def test_a_topic_is_read_from_where_it_is_said(client: Any):
    """From the first, after a position, or from now on."""
    topic = f"tailed-{secrets.token_hex(4)}"
    ids = [(await client.publish(topic, {"n": n})).id for n in range(3)]
    events = await collect(client.tail(topic, since="earliest"), 3)
    assert [event.id for event in events] == ids
    assert [event.data for event in events] == [{"n": n} for n in range(3)]
    assert [event.id for event in await collect(client.tail(topic, since=events[0].position), 2)] == ids[1:]
    with pytest.raises(NotFound, match="no topic"):
        await collect(client.tail("no-such-topic"))


async def test_what_an_execution_says_of_itself_is_on_the_topic_of_states(client: Any):
    """In order, without a gap."""
    ended = await client.start("shop", "greet", {"name": "Ada"}, wait=60)
    events = await collect(client.tail(execution=ended.id, since="earliest"), 3)
    assert [event.data["state"] for event in events] == ["CREATED", "RUNNING", "SUCCESS"]
    assert [int(event.raw["sequence"]) for event in events] == [1, 2, 3]


async def test_topics_are_listed_and_events_explained(client: Any):
    """Which trigger did what."""
    published = await client.publish("orders", {"id": 0})
    assert published.executions == []
    assert {topic.name: topic.records > 0 for topic in await client.topics()}["orders"]
    (told,) = (await client.explain(f"orders/{published.id}"))["triggers"]
    assert (told["trigger"], told["result"]) == ("shop.heard.on_order", "condition false")


async def test_dead_events_are_listed_shown_and_replayed(client: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch):
    """Page by page, newest first; what still cannot start is refused with the reason."""
    for module in (for_asyncio, for_threads):
        monkeypatch.setattr(module, "_PAGE", 1)
    for text in ("one", "two"):
        await client.publish("picky", text)
    newest, before, *_ = await collect(client.dead_events(), 3)
    assert (newest.trigger, before.trigger) == ("shop.picky.on_picky",) * 2
    assert "`n`" in newest.reason
    assert (await client.dead_event(newest.id)).event["data"] == "two"
    assert (await client.dead_event(before.id)).event["data"] == "one"
    assert len(await collect(client.dead_events(limit=1))) == 1
    with pytest.raises(UserError, match="still cannot start"):
        await client.replay_dead(newest.id)
