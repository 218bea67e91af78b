"""Keep aiokafka's consumer to what it is good at: fetching, and being a member of a group.

Left alone it commits by itself, resets positions silently, decodes inside the fetch and is blind to new partitions as a static member.

Rules
1. Auto-commit and auto-reset are off, records are bytes, aborted transactions are invisible.
2. A member that was killed is replaced at once: its name in the group stays, so nobody waits for its session to end.
3. Such a member is given the partitions it had, without anybody asking whether there are more; told another topology, the group is balanced
   anew.
4. Nothing here waits without a bound, a commit and a stop neither.

Called by: feed, position.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import (
    CorruptRecordException,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.structs import ConsumerRecord, TopicPartition

from onbeat.plugins.kafka.closing import finish
from onbeat.plugins.kafka.connection import Connection

START_SECONDS, GRACE_SECONDS, COMMIT_SECONDS, STOP_SECONDS, REBALANCE_SECONDS = 30.0, 1.0, 2.0, 10.0, 2.0

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]

_BROKEN = (CorruptRecordException, ValueError, OSError, EOFError, zlib.error)
"""What aiokafka raises for bytes it cannot take apart: checksum, compression, layout."""


class BrokenBatch(Exception):
    """The next batch of some partition cannot be read."""


class OutOfRange(Exception):
    """These partitions have no such offsets as were asked for."""

    def __init__(self, places: Collection[TopicPartition]) -> None:
        super().__init__(str(places))
        self.places = places


class _Assignor(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """Round robin that tells the group what we know of the topics (rule 3)."""

    topology = b""

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), self.topology)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka calls it from a task of its own, and swallows what it raises."""

    def __init__(self, on_revoked: Callable[[], Awaitable[None]]) -> None:
        self.joined = False
        self._on_revoked = on_revoked

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self.joined = False
        await self._on_revoked()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.joined = True


class Consumer:
    """One member of one group. on_revoked: awaited before the partitions are given away."""

    def __init__(self, connection: Connection, group: str, instance: str, on_revoked: Callable[[], Awaitable[None]]) -> None:
        self._assignor, self._listener = _Assignor(), _Listener(on_revoked)
        options = {"metadata_max_age_ms": 5000, "group_instance_id": instance, **connection.common, **connection.consumer}
        self._client = AIOKafkaConsumer(
            **options,
            group_id=group,
            partition_assignment_strategy=(self._assignor,),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
        )

    async def start(self) -> None:
        """Connect, without topics. Raises KafkaError."""
        if not await finish(self._client.start(), START_SECONDS, grace=GRACE_SECONDS):
            raise KafkaConnectionError("no answer in time")

    async def stop(self) -> bool:
        """Disconnect; False when that did not end in time."""
        return await finish(self._client.stop(), STOP_SECONDS)

    @property
    def joined(self) -> bool:
        """Is the group balanced, as far as we know? The assignment may be empty then: there can be more members than partitions."""
        return self._listener.joined

    @property
    def assignment(self) -> set[TopicPartition]:
        """The partitions that are ours now."""
        return set(self._client.assignment())

    @property
    def topics(self) -> set[str]:
        """What is subscribed to."""
        return set(self._client.subscription())

    def follow(self, topics: Collection[str], topology: str) -> None:
        """Join the group for these topics, again when it is joined already."""
        self._assignor.topology = topology.encode()
        if topics:
            self._client.subscribe(topics=list(topics), listener=self._listener)
        elif self.topics:
            self._client.unsubscribe()

    async def poll(self, wait: float, limit: int, *places: TopicPartition) -> Records:
        """What has come, of all partitions or of those. Nothing while the group is balanced. Raises BrokenBatch, OutOfRange."""
        try:
            async with asyncio.timeout(wait + REBALANCE_SECONDS):
                records: Records = await self._client.getmany(*places, timeout_ms=round(wait * 1000), max_records=limit)
                return records
        except (TimeoutError, NoOffsetForPartitionError):  # the latter: nobody has said yet where to begin
            return {}
        except OffsetOutOfRangeError as error:
            raise OutOfRange(list(error.args[0])) from None
        except _BROKEN as error:
            raise BrokenBatch(str(error)) from error

    def seek(self, place: TopicPartition, offset: int) -> bool:
        """Read on from there; False when the partition is not ours any more."""
        try:
            self._client.seek(place, offset)
        except IllegalStateError:
            return False
        return True

    def pause(self) -> set[TopicPartition]:
        """Stop fetching what is ours; returns what was paused."""
        ours = self.assignment
        self._client.pause(*ours)
        return ours

    def resume(self, places: set[TopicPartition]) -> None:
        """Fetch again what is still ours of it."""
        self._client.resume(*(places & self.assignment))

    async def reached(self, place: TopicPartition) -> int | None:
        """The offset that would be fetched next; it passes over aborted and control records, which nobody sees."""
        try:
            async with asyncio.timeout(1):
                return int(await self._client.position(place))
        except (TimeoutError, IllegalStateError):
            return None

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> str | None:
        """Tell the broker how far we are; what went wrong. It is a hint, so nothing is tried again."""
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                if ours := {place: offset for place, offset in offsets.items() if place in self.assignment}:
                    await self._client.commit(ours)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            return str(error) or "no answer in time"
        return None

    async def committed(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int | None]:
        """The group's offsets at the broker."""
        return dict(zip(places, await asyncio.gather(*map(self._client.committed, places)), strict=True))

    async def first(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The offsets of the earliest records."""
        return dict(await self._client.beginning_offsets(list(places)))

    async def end(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The offsets behind the latest records, before the first open transaction."""
        return dict(await self._client.end_offsets(list(places)))

    async def at(self, places: Collection[TopicPartition], millis: int) -> dict[TopicPartition, int]:
        """The offsets of the first records of that time or later, where there are any."""
        found: Any = await self._client.offsets_for_times(dict.fromkeys(places, millis))
        return {place: hit.offset for place, hit in found.items() if hit is not None}
