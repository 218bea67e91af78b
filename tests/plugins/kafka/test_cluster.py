"""Questions to a cluster that aiokafka does not ask."""

from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from onbeat.errors import OutsideError
from onbeat.plugins.kafka.cluster import Cluster, _first_batch, _TopicIds
from tests.plugins.kafka.broker import delete_topic, make_topic, producing, send


@pytest.fixture
def connection(kafka) -> dict[str, Any]:
    """How to reach the shared broker."""
    return {"bootstrap_servers": kafka.bootstrap}


async def test_a_topic_made_again_has_another_incarnation(kafka, kafka_topic, connection):
    """Rule 1: name and partitions are the same, the id is not."""
    topic = await kafka_topic(partitions=2)
    async with Cluster(connection) as cluster:
        first = await cluster.metadata([topic])
        await delete_topic(kafka.bootstrap, topic)
        await make_topic(kafka.bootstrap, topic, 2)
        second = await cluster.metadata([topic])
    assert first.topics[topic].partitions == second.topics[topic].partitions == (0, 1)
    assert first.topics[topic].incarnation != second.topics[topic].incarnation
    assert first.cluster == second.cluster != ""


async def test_an_older_cluster_has_none(kafka_topic, connection, monkeypatch):
    """Rule 1: a broker that does not know the request is asked the old way; the rest of the answer is the same."""
    topic = await kafka_topic(partitions=2)

    def too_old(self: Any, versions: Any) -> None:
        raise NotImplementedError("Support for Metadata v10 has not yet been added")

    monkeypatch.setattr(_TopicIds, "prepare", too_old)
    async with Cluster(connection) as cluster:
        for _ in range(2):
            metadata = await cluster.metadata([topic])
            assert metadata.topics[topic].partitions == (0, 1)
            assert metadata.topics[topic].incarnation is None
            assert metadata.cluster


@pytest.mark.parametrize("ids", [True, False])
async def test_asking_makes_no_topic_and_all_leaves_out_the_cluster_s_own(kafka_topic, connection, monkeypatch, ids):
    """Rule 2: what is missing is left out of the answer, twice; a list of all holds ours and not __consumer_offsets."""
    monkeypatch.setattr(Cluster, "_knows_ids", ids)
    topic = await kafka_topic()
    async with Cluster(connection) as cluster:
        for _ in range(2):
            assert (await cluster.metadata([f"{topic}-missing"])).topics == {}
        everything = (await cluster.metadata(None)).topics
    assert topic in everything
    assert not any(name.startswith("__") for name in everything)


async def test_a_name_that_kafka_refuses_is_said(connection):
    """Rule 3: not the same as a topic that is missing."""
    async with Cluster(connection) as cluster:
        with pytest.raises(OutsideError, match="does not let us read the topic 'not a topic'"):
            await cluster.metadata(["not a topic"])


async def test_no_broker_is_an_outside_error_at_once_and_later(own_kafka):
    """Rule 3: when it connects, and when the broker goes after that."""
    with pytest.raises(OutsideError, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        async with Cluster({"bootstrap_servers": "127.0.0.1:1"}):
            raise AssertionError
    async with Cluster({"bootstrap_servers": own_kafka.bootstrap}) as cluster:
        own_kafka.kill()
        with pytest.raises(OutsideError, match="the connection to Kafka is lost"):
            await cluster.metadata(["t"])


async def test_a_batch_is_read_as_it_lies_in_the_log(kafka, kafka_topic, connection):
    """Rule 4: the batch that holds the offset, its bytes and the offset of its last record; nothing behind the end."""
    topic = await kafka_topic()
    await send(kafka.bootstrap, topic, "first")
    async with producing(kafka.bootstrap, linger_ms=50) as producer:
        for value in (b"one", b"two", b"three"):
            sending = await producer.send(topic, value)
        await sending
    place = TopicPartition(topic, 0)
    async with Cluster(connection) as cluster:
        batch = await cluster.batch_at(place, 2, 1_000_000)
        assert batch is not None
        assert batch.last == 3
        assert all(value in batch.data for value in (b"one", b"two", b"three"))
        assert b"first" not in batch.data
        assert await cluster.batch_at(place, 4, 1_000_000) is None


@pytest.mark.parametrize("data", [None, b"", b"\0" * 20, b"\0" * 61, b"\xff" * 61])
def test_bytes_that_are_no_batch_are_none(data):
    """Rule 4: a header that cannot be believed gives no range."""
    assert _first_batch(data, 0) is None
