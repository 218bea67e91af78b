"""Publishing to the real mosquitto: the sink, the bus and the task."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest

from onbeat.errors import OutsideError, UserError
from onbeat.plugins.mqtt import EventTrigger, MqttPublisher, MqttSink, Publish
from onbeat.plugins.mqtt.address import Address
from onbeat.plugins.mqtt.connection import Connection, NeverTaken
from onbeat.plugins.mqtt.publish import BURST, Outgoing, Outlet, bursts, encode
from onbeat.ports import Record, Sink, StateEvent, TaskFailed
from tests.plugins.context import FakeWorld
from tests.plugins.mqtt.outside import CONNACK, fake_broker, outside, receive
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, listen, running
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy


def name() -> str:
    """A topic of this test alone."""
    return f"t{uuid4().hex}"


def state_events(topic: str, executions: int, count: int) -> list[StateEvent]:
    """Events of some executions, interleaved, each numbered from 1."""
    return [
        StateEvent(topic=topic, key=f"e{execution}", id=f"e{execution}/{number}", body=f"{number}".encode())
        for number in range(1, count + 1)
        for execution in range(executions)
    ]


# ---- the sink -------------------------------------------------------------------------------------------------------


async def test_state_events_arrive_in_order_as_cloud_events(mosquitto: Mosquitto) -> None:
    """On the topic as it is given, with the content type and the execution's id."""
    topic, sink = f"onbeat.{name()}", MqttSink(mosquitto.url, FakeLog())
    assert isinstance(sink, Sink)
    events = state_events(topic, 7, 20)
    async with outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        await sink.open()
        await sink.publish(events)
        got = await receive(client, len(events))
    await sink.close()
    await sink.close()
    assert [(message.properties.UserProperty, message.payload) for message in got] == [
        ([("partitionkey", event.key)], event.body) for event in events
    ]
    assert {(str(message.topic), message.properties.ContentType, message.qos) for message in got} == {
        (topic, "application/cloudevents+json", 1)
    }


async def test_a_lost_connection_is_an_error_now_and_a_new_connection_next_time(mosquitto: Mosquitto) -> None:
    """The relay gives the batch again; nothing has to be opened by hand."""
    topic = name()
    async with Proxy(mosquitto.host, mosquitto.port) as proxy, outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        sink = MqttSink(f"mqtt://127.0.0.1:{proxy.port}", FakeLog())
        try:
            await sink.open()
            proxy.half_open = True
            async with asyncio.TaskGroup() as group:
                publishing = group.create_task(outcome(sink, state_events(topic, 3, 2)))
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
                proxy.cut()
            assert isinstance(publishing.result(), OutsideError)
            proxy.half_open = False
            await sink.publish(state_events(topic, 3, 2))
            got = [message.payload for message in await receive(client, 6)]
            assert got[-3:] == [b"2"] * 3
        finally:
            await sink.close()


async def outcome(sink: MqttSink, events: list[StateEvent]) -> Exception | None:
    """What publishing raised."""
    try:
        await sink.publish(events)
    except OutsideError as error:
        return error
    return None


async def test_a_broker_that_says_nothing_is_given_up() -> None:
    """No acknowledgement within the time-out is an error, and that connection is not used again."""
    async with fake_broker(CONNACK) as port:
        outlet = Outlet(Address(host="127.0.0.1", port=port, timeout=0.2))
        link = await outlet.open()
        with pytest.raises(OutsideError, match=r"no acknowledgement within 0\.2 s"):
            await outlet.send([Outgoing(topic="a", payload=b"a"), Outgoing(topic="a", payload=b"b")])
        assert link.lost is not None
        assert await outlet.open() is not link
        await outlet.close()


async def test_an_event_that_can_never_be_taken_holds_back_no_other() -> None:
    """It is logged with its id and skipped."""
    with Mosquitto(settings=["max_packet_size 3000"]) as broker:
        log = FakeLog()
        sink = MqttSink(broker.url, log)
        events = [
            StateEvent(topic="t", key="e1", id="e1/1", body=b"a" * 5000),
            StateEvent(topic="t", key="e1", id="e1/2", body=b"small"),
        ]
        async with outside(broker) as client:
            await client.subscribe("t", qos=1)
            await sink.publish(events)
            (got,) = await receive(client, 1)
        await sink.close()
    assert got.payload == b"small"
    assert log.lines == [
        "state event skipped event=e1/1 topic=t reason=MQTT broker " + f"{broker.host}:{broker.port} takes packets of at most 3000 bytes"
    ]


async def test_two_events_of_one_execution_are_never_under_way_at_once(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the broker refuses the first, the second must not be there before it."""
    last: dict[str, asyncio.Future[None]] = {}
    send = Connection.send

    async def watch(self: Connection, topic: str, payload: bytes, **options: Any) -> "asyncio.Future[None]":
        (_, key), *_ = options["properties"].UserProperty
        assert key not in last or last[key].done()
        last[key] = await send(self, topic, payload, **options)
        return last[key]

    monkeypatch.setattr(Connection, "send", watch)
    sink = MqttSink(mosquitto.url, FakeLog())
    await sink.publish(state_events(name(), 3, 10))
    await sink.close()


def test_bursts_keep_the_order_and_repeat_no_key() -> None:
    """Without keys they are as long as one time-out allows."""
    messages = [Outgoing(topic="t", payload=b"", key=key) for key in "aabcbdd"]
    parts = list(bursts(messages))
    assert [[message.key for message in part] for part in parts] == [["a"], ["a", "b", "c"], ["b", "d"], ["d"]]
    assert [len(part) for part in bursts([Outgoing(topic="t", payload=b"")] * (BURST + 1))] == [BURST, 1]
    assert list(bursts([])) == []


def test_a_wrong_url_is_told_when_it_is_made() -> None:
    """Nothing connects before it is opened; a setting that cannot be right is told at once."""
    MqttSink("mqtt://nobody.invalid", FakeLog())
    with pytest.raises(UserError, match="mqtt_url"):
        MqttPublisher("http://broker")


# ---- the bus --------------------------------------------------------------------------------------------------------


def record(topic: str, **fields: Any) -> Record:
    """A record of the bus."""
    return Record(**{"topic": topic, "id": "1", "data": {"total": 3}, "time": 1_700_000_000_000_000, **fields})


async def test_what_is_put_on_the_bus_comes_out_of_it(mosquitto: Mosquitto) -> None:
    """The event, whole: id, key, data, time, headers, and what it came from."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    publisher = MqttPublisher(mosquitto.url)
    sent = record(
        topic,
        key="line-1",
        source="/shop",
        type="shop.order",
        headers={"a": "1"},
        hops=2,
        correlation_id="c",
        causation_id="d",
        traceparent="00-a-b-01",
    )
    settings = {"mqtt_url": mosquitto.url}
    async with running(emitter, listen(EventTrigger(topic=topic)), settings):
        await publisher.publish(sent)
        await publisher.publish(sent)
        await publisher.publish(record(topic, id="2"))
        await emitter.until(lambda: len(emitter.received) == 3)
    await publisher.close()
    event = emitter.received[0].event
    assert event is not None
    assert event.variables == {
        "id": "1",
        "topic": topic,
        "key": "line-1",
        "data": {"total": 3},
        "time": "2023-11-14T22:13:20.000000Z",
        "headers": {"a": "1"},
    }
    assert (event.hops, event.correlation_id, event.causation_id, event.traceparent) == (2, "c", "d", "00-a-b-01")
    assert (event.source, event.type) == ("/shop", "shop.order")
    assert len(emitter.started) == 2, "the same id is once"


async def test_many_publish_at_once(mosquitto: Mosquitto) -> None:
    """One connection, and no more under way than the broker allows."""
    topic, publisher = name(), MqttPublisher(mosquitto.url)
    async with outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                group.create_task(publisher.publish(record(topic, id=str(number))))
        got = {json.loads(message.payload)["id"] for message in await receive(client, 200)}
    await publisher.close()
    assert got == {str(number) for number in range(200)}


@pytest.mark.parametrize("topic", ["a/+", "#", "", "a\0"])
async def test_a_topic_that_mqtt_does_not_have_is_a_user_error(mosquitto: Mosquitto, topic: str) -> None:
    """Not a broker that is lost again and again."""
    publisher = MqttPublisher(mosquitto.url)
    with pytest.raises(UserError, match="topic"):
        await publisher.publish(record(topic))
    await publisher.close()


# ---- the task -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["V3", "V5"])
@pytest.mark.parametrize(
    ("options", "payloads"),
    [
        ({"payload": {"a": 1}}, [b'{"a":1}']),
        ({"payload": "grün"}, ['"grün"'.encode()]),
        ({"payload": "grün", "serdeType": "STRING"}, ["grün".encode()]),
        ({"payload": "/w==", "serdeType": "BINARY"}, [b"\xff"]),
        ({"from": [1, {"b": 2}]}, [b"1", b'{"b":2}']),
        ({"from": {"b": 2}, "qos": 2}, [b'{"b":2}']),
        ({"from": "kestra:///rows.jsonl", "qos": 0}, [b"1", b'{"b":2}']),
        ({"from": []}, []),
    ],
)
async def test_a_task_publishes_what_it_is_given(
    mosquitto: Mosquitto, version: str, options: dict[str, Any], payloads: list[bytes]
) -> None:
    """One, several, or a file's; as JSON, text or bytes; the output says how many."""
    world, topic = FakeWorld(), name()
    await world.storage.put("rows.jsonl", b'1\n\n{"b": 2}\n')
    async with outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        result = await world.run(Publish, {"server": mosquitto.url, "topic": topic, "mqttVersion": version, **options})
        got = await receive(client, len(payloads))
    assert [message.payload for message in got] == payloads
    assert result.outputs == {"messagesCount": len(payloads)}
    if version == "V5":
        keys = [dict(message.properties.UserProperty)["idempotencykey"] for message in got]
        assert keys == [f"{'k' * 32}/{number}" for number in range(len(payloads))]


async def test_a_retained_message_stays(mosquitto: Mosquitto) -> None:
    """Who subscribes later gets it."""
    topic = name()
    await FakeWorld().run(Publish, {"server": mosquitto.url, "topic": topic, "payload": 1, "retain": True})
    async with outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        (got,) = await receive(client, 1)
    assert (got.payload, got.retain) == (b"1", True)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"topic": "a/#"}, "neither"),
        ({"payload": 1, "serdeType": "STRING"}, "serdeType: JSON"),
        ({"payload": "not base64!", "serdeType": "BINARY"}, "base64"),
        ({"from": "kestra:///broken"}, "one JSON value a line"),
    ],
)
async def test_what_cannot_be_published_fails_without_a_retry(options: dict[str, Any], cure: str) -> None:
    """The message says what to write; nothing is connected for it."""
    world = FakeWorld()
    await world.storage.put("broken", b"{")
    with pytest.raises(TaskFailed, match=cure) as failed:
        await world.run(Publish, {"server": "mqtt://nobody.invalid", "topic": "a", **options})
    assert not failed.value.retry


async def test_a_broker_that_is_not_there_is_an_outside_error() -> None:
    """The task may be tried again."""
    with pytest.raises(OutsideError):
        await FakeWorld().run(Publish, {"server": "mqtt://127.0.0.1:9", "topic": "a", "payload": 1})


async def test_the_servers_broker_is_the_default(mosquitto: Mosquitto) -> None:
    """With ONBEAT_MQTT_URL a task needs no `server`."""
    topic, world = name(), FakeWorld(settings={"mqtt_url": mosquitto.url})
    async with outside(mosquitto) as client:
        await client.subscribe(topic, qos=1)
        await world.run(Publish, {"topic": topic, "payload": 1})
        (got,) = await receive(client, 1)
    assert got.payload == b"1"


async def test_without_a_server_the_message_says_so() -> None:
    """Neither the task names one nor the server's settings."""
    with pytest.raises(UserError, match="`server:`"):
        await FakeWorld().run(Publish, {"topic": "a", "payload": 1})


def test_encoding_is_compact_and_exact() -> None:
    """JSON without spaces, text as it is."""
    assert encode("JSON", {"a": [1, "ü"]}) == '{"a":[1,"ü"]}'.encode()


def test_never_taken_is_an_outside_error() -> None:
    """Who does not tell them apart tries again, which is safe."""
    assert issubclass(NeverTaken, OutsideError)
    assert not issubclass(aiomqtt.MqttError, OutsideError)
