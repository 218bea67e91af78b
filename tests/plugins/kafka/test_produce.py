"""The task kafka.Produce, against the real broker."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.errors import OutsideError, UserError
from onbeat.plugins.kafka import Produce
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskServices
from tests.plugins.kafka.broker import read
from tests.plugins.source_suite import LoopClock


class FakeStorage:
    """Files in memory."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    async def get(self, uri: str) -> bytes:
        """The bytes of an address."""
        return self.files[uri.removeprefix("kestra:///")]


def context(storage: Any = None, **settings: Any) -> TaskContext:
    """What a task gets."""
    services = TaskServices(
        clock=LoopClock(),
        storage=storage,
        processes=None,  # type: ignore[arg-type]
        workers=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        settings=settings,
    )
    return TaskContext(
        execution="e", namespace="n", flow="f", task="t", attempt=1, idempotency_key="e-t", log=print, deadline=None, services=services
    )


@pytest.fixture
def produce(kafka) -> Callable[..., Any]:
    """Runs the task with these options."""

    async def run(storage: Any = None, **options: Any) -> Outcome:
        return await Produce.model_validate({"brokers": kafka.bootstrap, **options}).run(context(storage))

    return run


async def test_one_message_with_key_headers_and_json(kafka, kafka_topic, produce):
    """The value as the serializer says, headers as a map."""
    topic = await kafka_topic()
    outcome = await produce(topic=topic, key="k", value={"a": 1}, valueSerializer="JSON", headers={"h": "v"})
    assert outcome.outputs == {"messagesCount": 1}
    (record,) = await read(kafka.bootstrap, topic, 1)
    assert (record.key, record.value, record.headers) == (b"k", b'{"a":1}', (("h", b"v"),))


async def test_many_messages_are_all_or_none(kafka, kafka_topic, produce):
    """One transaction: when the last cannot be sent, no reader of committed records sees the first."""
    topic = await kafka_topic()
    with pytest.raises(TaskFailed, match="too large") as failed:
        await produce(topic=topic, **{"from": [{"value": "one"}, {"value": "x" * 1_100_000}]})
    assert not failed.value.retry
    outcome = await produce(topic=topic, **{"from": [{"value": "a", "key": 1}, {"value": "b", "headers": [{"key": "h", "value": "v"}]}]})
    assert outcome.outputs == {"messagesCount": 2}
    records = await read(kafka.bootstrap, topic, 2)
    assert [(record.key, record.value, record.headers) for record in records] == [(b"1", b"a", ()), (None, b"b", (("h", b"v"),))]


async def test_messages_from_a_file_of_storage(kafka, kafka_topic, produce):
    """One map of JSON a line, or one array."""
    topic = await kafka_topic()
    lines = b'{"value": "1"}\n\n{"value": "2", "timestamp": "2026-01-01T00:00:00Z"}\n'
    storage = FakeStorage(lines=lines, array=b'[{"value": "3"}]')
    await produce(storage, topic=topic, **{"from": "kestra:///lines"})
    await produce(storage, topic=topic, **{"from": "kestra:///array"})
    records = await read(kafka.bootstrap, topic, 3)
    assert [record.value for record in records] == [b"1", b"2", b"3"]
    assert records[1].timestamp == 1_767_225_600_000


async def test_a_message_may_name_its_own_topic_and_partition(kafka, kafka_topic, produce):
    """Over the task's."""
    first, second = await kafka_topic(), await kafka_topic(partitions=3)
    await produce(topic=first, **{"from": [{"value": "a"}, {"value": "b", "topic": second, "partition": 2}]})
    assert [r.value for r in await read(kafka.bootstrap, first, 1)] == [b"a"]
    assert [(r.value, r.partition) for r in await read(kafka.bootstrap, second, 1)] == [(b"b", 2)]


async def test_the_servers_broker_is_the_default(kafka, kafka_topic):
    """With ONBEAT_KAFKA_BOOTSTRAP_SERVERS a task needs no brokers."""
    topic = await kafka_topic()
    await Produce(topic=topic, value="x").run(context(kafka_bootstrap_servers=kafka.bootstrap))
    assert [r.value for r in await read(kafka.bootstrap, topic, 1)] == [b"x"]


async def test_no_broker_is_an_outside_error():
    """It is tried again by the task's retry."""
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:1"):
        await Produce(topic="t", value="x", brokers="127.0.0.1:1").run(context())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "x"}, "message 1 has no topic"),
        ({"topic": "t"}, "message 1 has neither key nor value"),
        ({"topic": "t", "from": ["x"]}, "message 1 of `from` must be a map"),
        ({"topic": "t", "value": "x", "valueSerializer": "INTEGER"}, "the value of message 1 is not a INTEGER"),
        ({"topic": "t", "value": 2**40, "valueSerializer": "INTEGER"}, "the value of message 1 is not a INTEGER"),
        ({"topic": "t", "value": "not base64!", "valueSerializer": "BINARY"}, "the value of message 1 is not a BINARY"),
        ({"topic": "t", "value": "x", "headers": [{"value": "v"}]}, "a header of message 1 has no name"),
        ({"topic": "t", "from": {"value": "x", "timestamp": "noon"}}, "the timestamp of message 1"),
        ({"topic": "t", "from": "kestra:///broken"}, "line 2 of the file"),
    ],
)
async def test_what_is_wrong_with_a_message_is_said(options, message):
    """Before anything connects, with the number of the message."""
    storage = FakeStorage(broken=b'{"value": 1}\n{')
    with pytest.raises(UserError, match=message):
        await Produce.model_validate({"brokers": "127.0.0.1:1", **options}).run(context(storage))


def test_an_unknown_serializer_is_refused_when_the_flow_is_read():
    """With those there are."""
    with pytest.raises(ValidationError, match="'AVRO' is not offered; use one of STRING, JSON"):
        Produce(topic="t", value="x", value_serializer="AVRO")


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("STRING", "ü", "ü".encode()),
        ("STRING", {"a": 1}, b'{"a":1}'),
        ("JSON", "a", b'"a"'),
        ("INTEGER", "7", struct.pack(">i", 7)),
        ("LONG", 2**40, struct.pack(">q", 2**40)),
        ("DOUBLE", 0.5, struct.pack(">d", 0.5)),
        ("BYTES", "AP8=", b"\x00\xff"),
    ],
)
def test_kestra_s_serializers(name, value, data):
    """Each name encodes as Java's serializer of that name."""
    options = Produce(topic="t", value=value, value_serializer=name)
    assert options._encode(1, {"value": value}).value == data
    assert json.dumps(value)
