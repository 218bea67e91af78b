"""The Kafka of the tests is a real one: it keeps what it acknowledged."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.services import kafka as service
from tests.services.kafka import Kafka, OutsideKafka, shared
from tests.services.process import ServiceFailed


async def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    """Send each value and wait until the broker has it."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first `count` values of a topic."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_what_is_produced_is_consumed_in_order(kafka, kafka_topic):
    """The shared broker takes records and gives them back."""
    topic = await kafka_topic(partitions=1)
    await produce(kafka.bootstrap, topic, b"one", b"two")
    assert await consume(kafka.bootstrap, topic, 2) == [b"one", b"two"]


async def test_a_topic_has_the_partitions_and_settings_asked_for(kafka, kafka_topic):
    """The factory's partitions and settings reach the broker."""
    topic = await kafka_topic(partitions=3, **{"cleanup.policy": "compact"})
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap) as consumer:
        assert consumer.partitions_for_topic(topic) == {0, 1, 2}


async def test_data_and_port_stay_over_kill_and_restart(own_kafka):
    """Rule 3: an acknowledged record survives SIGKILL and a stop, and clients find the broker where it was."""
    port = own_kafka.port
    await produce(own_kafka.bootstrap, "kept", b"before the kill")
    own_kafka.kill()
    own_kafka.start()
    await produce(own_kafka.bootstrap, "kept", b"before the stop")
    own_kafka.restart()
    assert own_kafka.port == port
    assert await consume(own_kafka.bootstrap, "kept", 2) == [b"before the kill", b"before the stop"]


def test_close_throws_the_data_away():
    """Rule 3: nothing of a broker is left; closing one that never started is fine."""
    broker = Kafka()
    assert broker.data.exists()
    broker.close()
    assert not broker.data.exists()


def test_a_folder_that_was_given_is_kept(tmp_path: Path):
    """Somebody else's folder is not ours to throw away."""
    broker = Kafka(data=tmp_path / "kept")
    broker.data.mkdir()
    broker.close()
    assert broker.data.exists()


def test_an_outside_broker_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch):
    """Rule 4: with $ONBEAT_TEST_KAFKA nothing is started."""
    monkeypatch.setenv("ONBEAT_TEST_KAFKA", "broker.example:9092")
    with shared() as broker:
        assert isinstance(broker, OutsideKafka)
        assert broker.bootstrap == "broker.example:9092"


def test_a_missing_java_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Rule 5: the failure says what to install; an older Java is named."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(service, "JAVA_HOMES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceFailed, match=r"found none; .*apt-get install -y default-jre-headless"):
        service.find_java()
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(ServiceFailed, match=r"found 11\.0\.2;"):
        service.find_java()


def test_jars_come_from_the_first_cache_that_has_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Rule 1: ours before another checkout's; with neither and no Maven the failure says what to install."""
    ours, theirs = tmp_path / "ours" / "kafka", tmp_path / ".cache" / "onbeat-kafka"
    monkeypatch.setenv("ONBEAT_CACHE", str(tmp_path / "ours"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceFailed, match=r"Maven .*apt-get install -y default-jre-headless maven"):
        service.fetch()
    for place in (theirs, ours):
        folder = place / f"kafka-{service.VERSION}"
        folder.mkdir(parents=True)
        (folder / f"kafka_2.13-{service.VERSION}.jar").touch()
        assert service.fetch() == folder


def test_a_port_where_nobody_is_does_not_answer():
    """Rule 2: ready means an answer, so silence is not ready."""
    assert not service.answers_metadata(service.free_port())
