"""Keep one idempotent producer at work, and replace it after any failure.

aiokafka's idempotent producer retries for ever and counts a batch that failed for good: the next one is then refused as out of order. So a
failure, or no answer in time, ends the producer; whoever published does it again with a new one, which Kafka sees as a new sender.

Rules
1. Every wait has a bound; when it passes, the outcome is unknown and the caller is told so by an OutsideError.
2. After a failure nothing of the old producer's memory is sent any more.
3. A topic that is missing is made with the broker's own number of partitions and replicas, when we may.

Called by: outgoing, produce.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from onbeat.errors import OutsideError
from onbeat.plugins.kafka.closing import finish
from onbeat.plugins.kafka.cluster import Cluster
from onbeat.plugins.kafka.connection import Connection

DELIVERY = 30.0
CLOSE = 5.0
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
MAX_REQUEST = 1_000_000
"""Below the broker's default of 1,048,588 bytes for a batch."""


class Producing:
    """A producer that is there when it is needed."""

    def __init__(self, connection: Connection, *, delivery: float = DELIVERY, **options: Any) -> None:
        self._connection, self._delivery, self._options = connection, delivery, options
        self._producer: Any = None
        self._starting = asyncio.Lock()
        self._topics: set[str] = set()

    @asynccontextmanager
    async def use(self, *topics: str) -> AsyncIterator[AIOKafkaProducer]:
        """The producer, for topics that exist. An error inside, or no end in time, ends the producer and is an OutsideError;
        TOO_LARGE is told as it is, since trying again is no cure."""
        producer = None
        try:
            async with asyncio.timeout(self._delivery):
                producer = await self.open()
                for topic in set(topics) - self._topics:
                    await self._make(topic)
                yield producer
        except TimeoutError as error:
            await self._drop(producer)
            raise OutsideError(f"Kafka at {self._connection.servers} did not confirm within {self._delivery:g} s") from error
        except TOO_LARGE:
            await self._drop(producer)
            raise
        except KafkaError as error:
            await self._drop(producer)
            raise OutsideError(f"Kafka at {self._connection.servers}: {error}") from error

    async def open(self) -> AIOKafkaProducer:
        """Connect when there is no connection. Raises KafkaError."""
        async with self._starting:
            if self._producer is None:
                options = {"max_request_size": MAX_REQUEST, **self._connection.common, **self._connection.producer, **self._options}
                producer = AIOKafkaProducer(acks="all", enable_idempotence=True, **options)
                try:
                    await producer.start()
                except BaseException:
                    await finish(producer.stop(), CLOSE)
                    raise
                self._producer = producer
            return self._producer

    async def _make(self, topic: str) -> None:
        async with Cluster(self._connection.common) as cluster:
            if topic not in (await cluster.metadata([topic])).topics:
                admin = AIOKafkaAdminClient(**self._connection.common)
                try:
                    await admin.start()
                    await admin.create_topics([NewTopic(topic, -1, -1, replica_assignments={})])
                finally:
                    await admin.close()
        self._topics.add(topic)

    async def _drop(self, producer: Any) -> None:
        if producer is None or producer is not self._producer:
            return  # another caller's failure ended it
        self._producer, self._topics = None, set()
        await finish(self._give_up(producer), 3 * CLOSE)

    @staticmethod
    async def _give_up(producer: Any) -> None:
        # Rule 2. There is no public way to give up what it holds, and stop() waits for the broker for ever: so its sender is ended
        # first, then whoever waits for it is told, and then there is nothing left to wait for.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE):
                await producer._sender.close()
        producer._message_accumulator.fail_all(KafkaConnectionError("given up"))
        await producer.stop()

    async def close(self) -> None:
        """Give up what is on its way and disconnect; the next use connects anew. Safe twice."""
        await self._drop(self._producer)
