"""Fixtures that every test may ask for: real brokers, started when the first test asks and ended with the session.

Under pytest-xdist every worker has its own: a Kafka starts in one second, a mosquitto at once, and tests that wait for a broker
run beside each other. (Grouping them in one worker is no choice: xdist 3.8 ignores its groups, silently, under pytest 9.2.)
A missing broker fails the test, with the cure.
"""

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.services.daemon import Daemon
from tests.services.kafka import Kafka, OutsideKafka, shared
from tests.services.mosquitto import Mosquitto

# A test is marked by what it asks for, so that `-m "not kafka"` is never wrong.
MARKS = {
    "kafka": pytest.mark.kafka,
    "own_kafka": pytest.mark.kafka,
    "mosquitto": pytest.mark.mqtt,
    "own_mosquitto": pytest.mark.mqtt,
    "new_daemon": pytest.mark.e2e,
}

KafkaTopic = Callable[..., Awaitable[str]]
NewDaemon = Callable[..., Daemon]


gc.disable()  # 12,000 tests are collected, and none of them is garbage: to look for it takes a third as long again


def pytest_collection_finish() -> None:
    """Garbage is looked for in what the tests make, and not in the tests."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the services it uses."""
    for item in items:
        for name in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS[name])


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka | OutsideKafka]:
    """The Kafka broker that the tests of one worker share; `kafka.bootstrap` is its address. Do not stop it: see own_kafka."""
    with shared() as broker:
        yield broker


@pytest.fixture
async def kafka_topic(kafka: Kafka | OutsideKafka) -> AsyncIterator[KafkaTopic]:
    """Makes topics: `name = await kafka_topic(partitions=3)`. They go when the test ends."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    made: list[str] = []

    async def make(prefix: str = "test", partitions: int = 1, **settings: str) -> str:
        name = f"{prefix}-{uuid.uuid4().hex}"
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        async with asyncio.timeout(30):
            while name not in await admin.list_topics():  # made is not yet known: the broker hears of it a moment later
                pass
        made.append(name)
        return name

    try:
        yield make
    finally:
        if made:
            await admin.delete_topics(made)
        await admin.close()


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """A Kafka broker for this test alone, to stop, kill and restart."""
    with Kafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Mosquitto]:
    """The MQTT broker that tests of one worker share. Do not stop it: see own_mosquitto."""
    with Mosquitto() as broker:
        yield broker


@pytest.fixture
def own_mosquitto() -> Iterator[Mosquitto]:
    """An MQTT broker for this test alone, to stop, kill and restart."""
    with Mosquitto() as broker:
        yield broker


@pytest.fixture
def new_daemon(tmp_path: Path) -> Iterator[NewDaemon]:
    """Makes daemons: `daemon = new_daemon(env={...}).start()`; each has a folder of its own below tmp_path and ends with the test."""
    made: list[Daemon] = []

    def make(env: Mapping[str, str] | None = None, arguments: Sequence[str] = ()) -> Daemon:
        made.append(Daemon(tmp_path / f"daemon-{len(made) + 1}", env, arguments))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()
