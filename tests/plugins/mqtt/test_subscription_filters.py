"""Filters of a subscription against the real mosquitto: overlaps, sharing, changes while it runs and while it does not."""

import asyncio
from typing import Any

from onbeat.plugins.mqtt import subscription
from onbeat.plugins.mqtt.connection import Connection
from tests.plugins.mqtt.kit import VERSIONS, name, texts, trigger
from tests.plugins.mqtt.outside import send
from tests.plugins.source_suite import FakeEmitter, FakeStore, listen, running
from tests.services.mosquitto import Mosquitto


@VERSIONS
async def test_where_filters_overlap_each_trigger_gets_a_message_once(mosquitto: Mosquitto, version: str) -> None:
    """The broker sends a copy for every matching filter (MQTT 5): a message is still one message for each trigger."""
    base, client = name(), name()
    emitter = FakeEmitter(FakeStore())
    filters: tuple[Any, ...] = (f"{base}/#", [f"{base}/a", f"{base}/+"], f"{base}/b")
    listeners = listen(*(trigger(mosquitto, filter_, mqtt_version=version, client_id=client) for filter_ in filters))
    async with running(emitter, listeners):
        await send(mosquitto, f"{base}/a", "a")
        await send(mosquitto, f"{base}/b", "b")
        await send(mosquitto, f"{base}/x/y", "deep")
        await emitter.until(lambda: "deep" in texts(emitter.received))
    given = sorted(
        (text, name_) for one, text in zip(emitter.received, texts(emitter.received), strict=True) for name_ in one.triggers or ()
    )
    assert given == [("a", "t0"), ("a", "t1"), ("b", "t0"), ("b", "t1"), ("b", "t2"), ("deep", "t0")]


async def test_triggers_that_read_differently_each_get_their_own(mosquitto: Mosquitto) -> None:
    """One message, one connection: text for the one, a dead event for the other, acknowledged once."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    listeners = listen(
        trigger(mosquitto, topic), trigger(mosquitto, topic, serde_type="JSON"), trigger(mosquitto, topic, serde_type="BINARY")
    )
    async with running(emitter, listeners):
        await send(mosquitto, topic, "plain")
        await emitter.until(lambda: len(emitter.received) == 3)
    given = [one for one in emitter.received if one.event is not None]
    assert [(text, one.triggers) for one, text in zip(given, texts(given), strict=True)] == [
        ("plain", {"t0"}),
        ("cGxhaW4=", {"t2"}),
    ]
    (dead,) = emitter.dead
    assert (dead.triggers, dead.raw) == ({"t1"}, b"plain")
    assert "serdeType: STRING" in (dead.reason or "")


@VERSIONS
async def test_a_shared_subscription_gives_each_message_to_one_node(mosquitto: Mosquitto, version: str) -> None:
    """Two nodes, one group: together they get each message once."""
    topic = name()
    options = trigger(mosquitto, f"$share/{topic}/{topic}/+", mqtt_version=version, client_id=None)
    one, two = FakeEmitter(FakeStore()), FakeEmitter(FakeStore())
    sent = [str(number) for number in range(40)]
    async with running(one, listen(options), {"node": "one"}), running(two, listen(options), {"node": "two"}):
        await send(mosquitto, f"{topic}/a", *sent)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(each.until(lambda: len(one.received) + len(two.received) == len(sent))) for each in (one, two)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
    assert sorted(texts(one.received) + texts(two.received), key=int) == sent
    assert one.received
    assert two.received


@VERSIONS
async def test_topics_change_while_it_runs(mosquitto: Mosquitto, version: str) -> None:
    """A new trigger's topic is subscribed to, a removed one's is not, and the connection stays."""
    one, two, client = name(), name(), name()
    emitter = FakeEmitter(FakeStore())
    first, second = (trigger(mosquitto, topic, mqtt_version=version, client_id=client) for topic in (one, two))
    async with running(emitter, listen(first)) as run:
        for number, listeners in enumerate([listen(first, second), listen(second)]):
            run.change(listeners)
            async with asyncio.timeout(30):  # what is subscribed shows in what comes
                while str(number) not in texts(emitter.received):
                    await send(mosquitto, two, str(number))
        await send(mosquitto, one, "gone")
        await send(mosquitto, two, "end")
        await emitter.until(lambda: "end" in texts(emitter.received))
    assert "gone" not in texts(emitter.received)
    assert run.failures == []


@VERSIONS
async def test_a_topic_that_was_dropped_while_we_were_away_is_unsubscribed(mosquitto: Mosquitto, version: str) -> None:
    """The session still has it: without this the broker would go on sending what nobody wants."""
    one, two, client = name(), name(), name()
    emitter = FakeEmitter(FakeStore())
    both, first = ([one, two], one)
    for topics in (both, first):
        async with running(emitter, listen(trigger(mosquitto, topics, mqtt_version=version, client_id=client))):
            pass
    await send(mosquitto, two, "unwanted")
    await send(mosquitto, one, "wanted")
    link = Connection(trigger(mosquitto, one).address({}), version=version, client_id=client, session=subscription.timedelta(days=1))
    try:
        assert await link.open()
        async with asyncio.timeout(30):
            assert [message.payload for message in await link.take(10)] == [b"wanted"]
    finally:
        await link.close()


@VERSIONS
async def test_another_quality_is_asked_for_also_when_it_was_changed_while_we_were_away(mosquitto: Mosquitto, version: str) -> None:
    """The session remembers the old one: QoS 0 would go on losing what is sent while we are away."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    for qos in (0, 1):
        async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version, qos=qos))):
            pass
    await send(mosquitto, topic, "meanwhile")
    async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version))):
        await emitter.until(lambda: texts(emitter.received) == ["meanwhile"])


async def test_what_changes_in_the_connection_connects_again(mosquitto: Mosquitto) -> None:
    """Another password, window or expiry needs another CONNECT; the session goes on and nothing is told as wrong."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic))) as run:
        await send(mosquitto, topic, "a")
        await emitter.until(lambda: "a" in texts(emitter.received))
        run.ready.clear()
        run.change(listen(trigger(mosquitto, topic, receive_maximum=7)))
        await run.until_ready()
        await send(mosquitto, topic, "b")
        await emitter.until(lambda: "b" in texts(emitter.received))
    assert texts(emitter.received) == ["a", "b"]
    assert run.failures == []
    assert not any(run.reports)
