"""Bring the records of one consumer group in, each exactly once, in the order of its partition.

This is the loop around aiokafka's consumer. The consumer's own habits lose records (auto-commit, silent resets) or stop for good (one
broken batch, a deserialiser that raises), so it is used for fetching and group membership only; what counts as done is in the store.

Rules
1. Positions are written with the executions, in one transaction. The broker's commit follows when it is convenient and may fail.
2. When there is no room, partitions are paused and polling goes on, so that we stay in the group; the batch in hand is given again.
3. A rebalance drops what is in memory: the next owner, or we again, start from what is stored.
4. Offsets that the broker deleted are a gap: reported with its range, then reading goes on at the earliest record.
5. A topic that was made again is noticed within a second of its first use; all its records are new.
6. A batch that cannot be read three times is kept as a dead event and stepped over.
7. Records that wait while nothing arrives for a minute mean that the client is stuck: it is thrown away and made anew.
8. Topics and partitions that come or go are followed within seconds, without waiting for the client to notice.

Called by: source.
"""

import asyncio
import secrets
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import (
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from aiokafka.structs import ConsumerRecord, TopicPartition

from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.kafka.cluster import Cluster, Metadata
from onbeat.plugins.kafka.connection import Connection
from onbeat.plugins.kafka.interest import Interests
from onbeat.plugins.kafka.position import Cursor, Positions, fingerprint, part, succeed
from onbeat.plugins.kafka.record import Place
from onbeat.ports import Listener, Position, Received, SourceContext, Work

BATCH = 500
"""Records of one transaction, at most."""
IDLE_MS = 1000
SETTLE_MS = 50
"""How long a poll waits for records: when all is well, and while partitions are still being given out."""
VERIFY, LIST = 1.0, 5.0
"""How often we ask what stands behind our topics; how often for all topics, which a pattern needs."""
COMMIT = 5.0
SUSPECT, STUCK = 30.0, 60.0
TRIES = 3
RAW_BYTES = 1024 * 1024
CLOSE = 10.0

_BROKEN = (CorruptRecordException, ValueError, OSError, EOFError, zlib.error)
"""What aiokafka raises for bytes it cannot take apart: checksum, compression, layout."""

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class _Assignor(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """Round robin that tells the group's leader what we know of the topics.

    A static member that comes back with the metadata it had is given the partitions it had, without asking the leader, and nobody
    looks for new ones. With other metadata it starts a rebalance.
    """

    topology = b""

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), self.topology)


class Feed(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One consumer, as a member of one group, for all listeners of a subscription."""

    def __init__(self, context: SourceContext, connection: Connection, group: str, listeners: Callable[[], Sequence[Listener]]) -> None:
        self._context, self._connection, self._group, self._ask_listeners = context, connection, group, listeners
        self._interests = Interests()
        self._assignor, self._topology = _Assignor(), None
        self._cursors: dict[TopicPartition, Cursor] = {}
        self._uncommitted: dict[TopicPartition, int] = {}
        self._emitting = asyncio.Lock()
        self._careful = self._joined = self._ready = False
        self._verified = self._committed = self._progressed = context.clock.monotonic()
        self._batch = min(BATCH, connection.consumer.get("max_poll_records", BATCH))

    async def run(self, changed: Callable[[], bool]) -> None:
        """Until cancelled, or until `changed` says that this connection is no longer the wanted one. Raises OutsideError."""
        try:
            async with Cluster(self._connection.common) as self._cluster:
                await self._consume(changed)
        except UnsupportedCodecError as error:
            raise OutsideError(f"{error}; pip install 'aiokafka[all]'") from error
        except KafkaError as error:
            raise OutsideError(f"Kafka at {self._connection.servers}: {error}") from error

    async def _consume(self, changed: Callable[[], bool]) -> None:
        options = {"metadata_max_age_ms": 5000, **self._connection.common, **self._connection.consumer}
        options.setdefault("group_instance_id", await self._instance())
        self._consumer = AIOKafkaConsumer(
            **options,
            group_id=self._group,
            partition_assignment_strategy=(self._assignor,),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
        )
        self._positions = Positions(self._context, self._cluster, self._consumer)
        try:
            await self._consumer.start()
            while not changed():
                await self._follow_listeners()
                records = await self._poll()
                mine = {place: found for place, found in records.items() if place in self._cursors}
                await self._look_after()
                if mine:
                    await self._deliver(mine)
        finally:
            await self._close()

    async def _instance(self) -> str:
        """A name in the group that stays over restarts: a killed daemon's successor takes its partitions over at once."""
        positions = Positions(self._context, self._cluster, None)
        return await positions.remember("#instance", f"onbeat-{secrets.token_hex(8)}")

    async def _close(self) -> None:
        for step in (self._commit, self._consumer.stop):
            try:
                async with asyncio.timeout(CLOSE):
                    await step()
            except TimeoutError:
                self._context.log.warning("the Kafka client did not close in time", after=CLOSE)

    # ---- what is wanted ----------------------------------------------------------------------------------------------

    async def _follow_listeners(self) -> None:
        listeners = self._ask_listeners()
        if self._interests.is_of(listeners):
            return
        before, self._interests = self._interests, Interests(listeners)
        if not self._interests.wants_as(before):
            await self._positions.begin(self._interests.topics, self._interests.patterns)
            await self._verify()

    def _subscribe(self, metadata: Metadata) -> None:
        """Rule 8. Topics that are not there are left out: naming them would make them, with the broker's defaults."""
        wanted = self._interests.select(metadata.topics)
        topology = sorted((topic, len(metadata.topics[topic].partitions)) for topic in wanted)
        if topology == self._topology:
            return
        places = {TopicPartition(topic, number) for topic in wanted for number in metadata.topics[topic].partitions}
        if wanted != self._consumer.subscription() or not places <= self._consumer.assignment():
            self._assignor.topology = repr(topology).encode()
            if wanted:
                self._consumer.subscribe(topics=list(wanted), listener=self)
            elif self._consumer.subscription():
                self._consumer.unsubscribe()
        self._topology = topology

    # ---- fetching ----------------------------------------------------------------------------------------------------

    async def _poll(self) -> Records:
        assigned = self._consumer.assignment()
        wait = IDLE_MS if assigned and assigned <= self._cursors.keys() else SETTLE_MS
        try:
            if self._careful:
                return await self._poll_singly()
            async with asyncio.timeout(2 * IDLE_MS / 1000):  # in a rebalance it waits for its end
                return await self._consumer.getmany(timeout_ms=wait, max_records=self._batch)  # type: ignore[no-any-return]
        except (TimeoutError, NoOffsetForPartitionError):
            return {}
        except OffsetOutOfRangeError as error:
            await self._close_gap(error.args[0])
            return {}
        except _BROKEN as error:
            self._context.log.warning("a batch of records cannot be read; trying again one by one", error=str(error))
            self._careful = True
            self._rewind(self._cursors)
            return {}

    async def _poll_singly(self) -> Records:
        """One record of one partition, so that whatever is whole before a broken batch comes out and the batch is found."""
        clean = True
        for place, cursor in list(self._cursors.items()):
            try:
                records = await self._consumer.getmany(place, timeout_ms=IDLE_MS, max_records=1)
            except _BROKEN as error:
                clean = False
                cursor.failures += 1
                self._rewind([place])
                if cursor.failures >= TRIES:
                    await self._step_over(place, cursor, error)
                continue
            if records:
                return records  # type: ignore[no-any-return]
        self._careful = not clean
        return {}

    def _rewind(self, places: Iterable[TopicPartition]) -> None:
        for place in list(places):
            try:
                self._consumer.seek(place, self._cursors[place].next)
            except IllegalStateError:  # taken from us meanwhile
                self._cursors.pop(place, None)

    async def _step_over(self, place: TopicPartition, cursor: Cursor, error: Exception) -> None:
        batch = await self._cluster.batch_at(place, cursor.next, RAW_BYTES)
        first, last = cursor.next, cursor.next if batch is None else batch.last
        where = Place(cursor.cluster, place.topic, cursor.incarnation, place.partition, first)
        reason = f"{part(place)}: the batch with offsets {first} to {last} cannot be read: {error}"
        received = Received(raw=batch.data if batch else b"", reason=reason, key=f"{where.key}-{last}")
        self._context.log.error(
            "stepped over a batch that cannot be read", topic=place.topic, partition=place.partition, offsets=f"{first}..{last}"
        )
        if await self._emit([received], {place: (cursor, Cursor(last + 1, cursor.cluster, cursor.incarnation))}):
            cursor.failures = 0
            self._rewind([place])
            self._careful = False

    # ---- where we stand ----------------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        """Between two polls: place what was assigned, notice what changed outside, commit, watch."""
        now = self._context.clock.monotonic()
        if unplaced := self._consumer.assignment() - self._cursors.keys():
            await self._place(unplaced)
        elif self._joined and not self._ready:
            self._set_ready()
        elif now - self._verified >= (LIST if self._interests.patterns else VERIFY):
            await self._verify()
            await self._watch(now)
        if self._uncommitted and now - self._committed >= COMMIT:
            await self._commit()

    async def _place(self, places: Collection[TopicPartition]) -> None:
        metadata = await self._cluster.metadata(sorted({place.topic for place in places}))
        self._cursors.update(await self._positions.place(places, metadata))
        self._progressed = self._context.clock.monotonic()
        for place in places:
            if (cursor := self._cursors.get(place)) and cursor.doubt:
                cursor.next -= 1
        self._rewind(place for place in places if place in self._cursors)

    def _set_ready(self) -> None:
        self._ready = True
        self._context.report(None)
        self._context.ready()

    async def _verify(self) -> None:
        """Rules 5 and 8, and the connection is alive: without a broker this raises."""
        metadata = await self._cluster.metadata(None if self._interests.patterns else sorted(self._interests.topics))
        self._verified = self._context.clock.monotonic()
        for place, cursor in list(self._cursors.items()):
            topic = metadata.topics.get(place.topic)
            if topic is not None and topic.incarnation not in (None, cursor.incarnation.partition("+")[0]):
                await self._restart(place, cursor, metadata)
        self._subscribe(metadata)
        if not self._topology and not self._ready:
            self._set_ready()  # what is made later will be read from its first record
        if missing := sorted(self._interests.topics.keys() - metadata.topics.keys()):
            self._context.report(f"there is no topic {', '.join(missing)} at {self._connection.servers}")

    async def _restart(self, place: TopicPartition, cursor: Cursor, metadata: Metadata) -> None:
        """From the first record of the topic that has taken the old one's name."""
        first = await self._consumer.beginning_offsets([place])
        fresh = Cursor(first[place], metadata.cluster, succeed(cursor, metadata.topics[place.topic]))
        await self._move(place, cursor, fresh)
        self._say(f"the topic {place.topic} was deleted and made again: all its records are new")

    async def _close_gap(self, positions: Mapping[TopicPartition, int]) -> None:
        metadata = await self._cluster.metadata(sorted({place.topic for place in positions}))
        for place in positions:
            cursor, topic = self._cursors.get(place), metadata.topics.get(place.topic)
            if cursor is None or topic is None:
                continue
            first = (await self._consumer.beginning_offsets([place]))[place]
            end = (await self._consumer.end_offsets([place]))[place]
            if topic.incarnation not in (None, cursor.incarnation.partition("+")[0]) or (topic.incarnation is None and end < cursor.next):
                await self._restart(place, cursor, metadata)
            elif cursor.next < first:
                await self._move(place, cursor, Cursor(first, cursor.cluster, cursor.incarnation))
                self._say(f"{part(place)}: offsets {cursor.next} to {first - 1} were deleted before we read them")
            elif cursor.next > end:
                await self._move(place, cursor, Cursor(end, cursor.cluster, succeed(cursor, topic)))
                self._say(f"{part(place)}: Kafka lost offsets {end} to {cursor.next - 1} after we had read them")

    async def _move(self, place: TopicPartition, old: Cursor, new: Cursor) -> None:
        if self._cursors.get(place) is old:
            await self._positions.keep([self._positions.row(place, new)])
            self._cursors[place] = new
            self._rewind([place])

    def _say(self, incident: str) -> None:
        self._context.log.warning(incident)
        self._context.report(incident)

    async def _watch(self, now: float) -> None:
        """Rule 7. The ends are asked for, since a stuck client's own idea of them is as old as its last fetch."""
        if now - self._progressed < SUSPECT or not self._cursors:
            return
        ends = await self._consumer.end_offsets(list(self._cursors))
        for place, end in ends.items():
            if place in self._cursors and end > await self._reached(place):
                if now - self._progressed >= STUCK:
                    raise OutsideError(f"{part(place)}: nothing came for {STUCK:.0f} s though there are records; connecting anew")
                return
        self._progressed = now

    async def _reached(self, place: TopicPartition) -> int:
        try:
            async with asyncio.timeout(1):
                return int(await self._consumer.position(place))
        except (TimeoutError, IllegalStateError):
            return self._cursors[place].next

    async def _commit(self) -> None:
        """A hint for the broker and for people who look at its lag."""
        done, self._uncommitted = self._uncommitted, {}
        self._committed = self._context.clock.monotonic()
        try:
            if mine := {place: offset for place, offset in done.items() if place in self._consumer.assignment()}:
                await self._consumer.commit(mine)
        except (KafkaError, IllegalStateError) as error:
            self._context.log.info("the offset commit failed; the store has the positions", error=str(error))

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """aiokafka calls it, from a task of its own, before the group is joined again."""
        async with self._emitting:
            await self._commit()
            self._cursors.clear()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """They are placed by the loop, where an error is seen. It may be none: there are more members than partitions."""
        self._joined = True

    # ---- giving on ---------------------------------------------------------------------------------------------------

    async def _deliver(self, records: Records) -> None:
        received: list[Received] = []
        moves: dict[TopicPartition, tuple[Cursor, Cursor]] = {}
        for place in sorted(records):
            cursor = self._cursors.get(place)
            if cursor is None:
                continue
            fresh = records[place]
            if cursor.doubt and not await self._trust(place, cursor, fresh):
                continue
            fresh = [record for record in fresh if record.offset >= cursor.next]
            if fresh:
                received += self._interests.receive(cursor, place.topic, place.partition, fresh)
                moves[place] = (cursor, self._after(fresh[-1], cursor))
        if moves:
            await self._emit(received, moves)

    async def _trust(self, place: TopicPartition, cursor: Cursor, records: Sequence[ConsumerRecord]) -> bool:
        """Is the record before our position the one we knew? One that is gone by compaction or retention says nothing."""
        first = records[0]
        cursor.doubt = False
        if first.offset != cursor.next or fingerprint(first.key, first.value, first.timestamp) == cursor.mark:
            cursor.next += 1
            return True
        cursor.next += 1
        await self._restart(place, cursor, await self._cluster.metadata([place.topic]))
        return False

    @staticmethod
    def _after(last: ConsumerRecord, cursor: Cursor) -> Cursor:
        mark = fingerprint(last.key, last.value, last.timestamp) if cursor.incarnation.isdigit() else ""
        return Cursor(last.offset + 1, cursor.cluster, cursor.incarnation, mark)

    async def _emit(self, received: Sequence[Received], moves: Mapping[TopicPartition, tuple[Cursor, Cursor]]) -> bool:
        """Give it on until it is taken; False when the partitions were taken from us before that."""
        while True:
            async with self._emitting:
                if not all(self._cursors.get(place) is old for place, (old, _) in moves.items()):
                    self._drop(moves)
                    return False
                positions = [self._positions.row(place, new) for place, (_, new) in moves.items()]
                try:
                    await self._hand_over(received, positions)
                except Overloaded as full:
                    self._context.report(str(full))
                else:
                    self._advance(moves)
                    return True
            await self._wait_for_room()

    def _drop(self, moves: Mapping[TopicPartition, tuple[Cursor, Cursor]]) -> None:
        """Of a batch that is not wholly ours any more, what is still ours is fetched again."""
        self._rewind(place for place, (old, _) in moves.items() if self._cursors.get(place) is old)

    async def _hand_over(self, received: Sequence[Received], positions: Sequence[Position]) -> None:
        if received:
            await self._context.emit(received, positions=positions)
        else:
            await self._context.store.write(Work(positions=tuple(positions)))

    def _advance(self, moves: Mapping[TopicPartition, tuple[Cursor, Cursor]]) -> None:
        for place, (cursor, new) in moves.items():
            cursor.next, cursor.mark, cursor.failures = new.next, new.mark, 0
            self._uncommitted[place] = new.next
        self._progressed = self._context.clock.monotonic()

    async def _wait_for_room(self) -> None:
        """Rule 2."""
        paused = self._consumer.assignment()
        self._consumer.pause(*paused)
        while not await self._room_comes():
            await self._poll_nothing()
        self._consumer.resume(*(paused & self._consumer.assignment()))
        self._context.report(None)
        self._progressed = self._context.clock.monotonic()

    async def _room_comes(self) -> bool:
        try:
            async with asyncio.timeout(IDLE_MS / 1000):
                await self._context.wait_room()
        except TimeoutError:
            return False
        return True

    async def _poll_nothing(self) -> None:
        """A poll that keeps us in the group. What a rebalance brings meanwhile has no cursor yet, is dropped here and placed later."""
        try:
            async with asyncio.timeout(IDLE_MS / 1000):
                await self._consumer.getmany(timeout_ms=0)
        except (TimeoutError, NoOffsetForPartitionError, OffsetOutOfRangeError, *_BROKEN):
            return
