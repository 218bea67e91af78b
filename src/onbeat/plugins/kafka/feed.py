"""Bring the records of one consumer group in, each exactly once, in the order of its partition.

What counts as done is in the store; the broker only fetches for us. So a lost commit, a rebalance, a restart of either side, a topic that
was made again and a batch that is broken all come to the same: read on from what is stored.

Rules
1. Positions are written with the executions, in one transaction. The broker's commit follows when it is convenient and may fail.
2. When there is no room, partitions are paused and polling goes on, so that we stay in the group; the batch in hand is given again.
3. A rebalance drops what is in memory: the next owner, or we again, start from what is stored.
4. Offsets that the broker deleted are a gap: reported with its range, then reading goes on at the earliest record.
5. A topic that was made again is noticed within seconds; all its records are new.
6. A batch that cannot be read three times is kept as a dead event and stepped over.
7. Records that wait while nothing arrives for a minute mean that the client is stuck: it is thrown away and made anew.
8. Topics and partitions that come or go are followed within seconds, without waiting for the client to notice.

Called by: source.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress

from aiokafka.errors import KafkaError, UnsupportedCodecError
from aiokafka.structs import ConsumerRecord, TopicPartition

from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.kafka.cluster import Cluster, Metadata
from onbeat.plugins.kafka.connection import Connection
from onbeat.plugins.kafka.consumer import BrokenBatch, Consumer, OutOfRange, Records
from onbeat.plugins.kafka.interest import Interests
from onbeat.plugins.kafka.position import Cursor, Positions, fingerprint, part, remember, succeed
from onbeat.plugins.kafka.record import Place
from onbeat.ports import Listener, Position, Received, SourceContext, Work

BATCH = 500
"""Records of one transaction, at most."""
IDLE, SETTLE = 1.0, 0.05
"""How long a poll waits for records: when all is well, and while partitions are still being given out."""
VERIFY, LIST = 1.0, 5.0
"""How often we ask what stands behind our topics; how often for all topics, which a pattern needs."""
COMMIT = 5.0
SUSPECT, STUCK = 30.0, 60.0
TRIES = 3
RAW_BYTES = 1024 * 1024

Moves = Mapping[TopicPartition, tuple[Cursor, Cursor]]
"""From where to where a batch takes its partitions."""


class Feed:
    """One consumer, as a member of one group, for all listeners of a subscription."""

    def __init__(self, context: SourceContext, connection: Connection, group: str, listeners: Callable[[], Sequence[Listener]]) -> None:
        self._context, self._connection, self._group, self._ask_listeners = context, connection, group, listeners
        self._interests = Interests()
        self._balanced = ""
        self._missing: list[str] = []
        self._cursors: dict[TopicPartition, Cursor] = {}
        self._uncommitted: dict[TopicPartition, int] = {}
        self._emitting = asyncio.Lock()
        self._careful = self._ready = False
        self._verified = self._committed = self._progressed = context.clock.monotonic()
        self._batch = min(BATCH, connection.consumer.get("max_poll_records", BATCH))

    async def run(self, changed: Callable[[], bool]) -> None:
        """Until cancelled, or until `changed` says that this connection is no longer the wanted one. Raises OutsideError."""
        instance = await remember(self._context, "#instance", f"onbeat-{secrets.token_hex(8)}")
        self._consumer = Consumer(self._connection, self._group, instance, self._give_up)
        try:
            async with Cluster(self._connection.common) as self._cluster:
                self._positions = Positions(self._context, self._cluster, self._consumer)
                await self._consumer.start()
                self._context.measure(self.lag)
                while not changed():
                    await self._follow_listeners()
                    await self._deliver(await self._poll())
                    await self._look_after()
        except UnsupportedCodecError as error:
            raise OutsideError(f"{error}; pip install 'aiokafka[all]'") from error
        except KafkaError as error:
            raise OutsideError(f"Kafka at {self._connection.servers}: {error}") from error
        finally:
            try:
                await self._commit()
            finally:
                if not await self._consumer.stop():
                    self._context.log.warning("the Kafka client did not stop in time")

    # ---- what is wanted ----------------------------------------------------------------------------------------------

    async def lag(self) -> int:
        """How many records of our partitions were not read yet; those of open transactions are not counted."""
        cursors = dict(self._cursors)
        try:
            ends = await self._consumer.end(cursors)
        except KafkaError as error:
            raise OutsideError(f"Kafka at {self._connection.servers}: {error}") from error
        return sum(max(0, end - cursors[place].next) for place, end in ends.items())

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
        topology = repr(sorted((topic, len(metadata.topics[topic].partitions)) for topic in wanted))
        places = {TopicPartition(topic, number) for topic in wanted for number in metadata.topics[topic].partitions}
        if wanted != self._consumer.topics:
            self._consumer.follow(wanted, topology)
        elif self._consumer.joined and topology != self._balanced:
            self._balanced = topology
            if not places <= self._consumer.assignment:  # others have them, or nobody: the group is to look again, once
                self._consumer.follow(wanted, f"{topology} {secrets.token_hex(4)}")

    # ---- fetching ----------------------------------------------------------------------------------------------------

    async def _poll(self) -> Records:
        settled = self._consumer.joined and self._consumer.assignment <= self._cursors.keys()
        try:
            if self._careful:
                return await self._poll_singly()
            return await self._consumer.poll(IDLE if settled else SETTLE, self._batch)
        except OutOfRange as error:
            await self._close_gap(error.places)
        except BrokenBatch as error:
            self._context.log.warning("a batch of records cannot be read; trying again one by one", error=str(error))
            self._careful = True
            self._rewind(self._cursors)
        return {}

    async def _poll_singly(self) -> Records:
        """One record of one partition, so that whatever is whole before a broken batch comes out and the batch is found."""
        clean = True
        for place, cursor in list(self._cursors.items()):
            try:
                records = await self._consumer.poll(IDLE, 1, place)
            except BrokenBatch as error:
                clean = False
                cursor.failures += 1
                self._rewind([place])
                if cursor.failures >= TRIES:
                    await self._step_over(place, cursor, error)
            else:
                if records:
                    return records
        self._careful = not clean
        return {}

    def _rewind(self, places: Iterable[TopicPartition]) -> None:
        for place in list(places):
            if not self._consumer.seek(place, self._cursors[place].next):
                self._cursors.pop(place)

    async def _step_over(self, place: TopicPartition, cursor: Cursor, error: Exception) -> None:
        batch = await self._cluster.batch_at(place, cursor.next, RAW_BYTES)
        first, last = cursor.next, cursor.next if batch is None else batch.last
        where = Place(cursor.cluster, place.topic, cursor.incarnation, place.partition, first)
        reason = f"{part(place)}: the batch with offsets {first} to {last} cannot be read: {error}"
        received = Received(raw=batch.data if batch else b"", reason=reason, key=f"{where.key}-{last}")
        self._context.log.error("stepped over a batch that cannot be read", place=part(place), offsets=f"{first}..{last}")
        if await self._emit([received], {place: (cursor, Cursor(last + 1, cursor.cluster, cursor.incarnation))}):
            cursor.failures = 0
            self._rewind([place])
            self._careful = False

    # ---- where we stand ----------------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        """Between two polls: place what was assigned, notice what changed outside, commit, watch."""
        now = self._context.clock.monotonic()
        if unplaced := self._consumer.assignment - self._cursors.keys():
            await self._place(unplaced)
        if not self._ready and self._consumer.joined:
            self._set_ready()
        if now - self._verified >= (LIST if self._interests.patterns else VERIFY):
            await self._verify()
            await self._watch(now)
        if self._uncommitted and now - self._committed >= COMMIT:
            await self._commit()

    async def _place(self, places: Collection[TopicPartition]) -> None:
        metadata = await self._cluster.metadata(sorted({place.topic for place in places}))
        self._cursors.update(await self._positions.place(places, metadata))
        self._progressed = self._context.clock.monotonic()
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
            if topic is not None and topic.incarnation not in (None, cursor.base):
                await self._restart(place, cursor, metadata)
        self._subscribe(metadata)
        if not self._consumer.topics and not self._ready:
            self._set_ready()  # what is made later will be read from its first record
        missing = sorted(self._interests.topics.keys() - metadata.topics.keys())
        if missing != self._missing:
            self._missing = missing
            self._context.report(f"there is no topic {', '.join(missing)} at {self._connection.servers}" if missing else None)

    async def _restart(self, place: TopicPartition, cursor: Cursor, metadata: Metadata) -> None:
        """From the first record of the topic that has taken the old one's name."""
        first = await self._consumer.first([place])
        fresh = Cursor(first[place], metadata.cluster, succeed(cursor, metadata.topics[place.topic]))
        await self._move(place, cursor, fresh)
        self._say(f"the topic {place.topic} was deleted and made again: all its records are new")

    async def _close_gap(self, places: Collection[TopicPartition]) -> None:
        metadata = await self._cluster.metadata(sorted({place.topic for place in places}))
        first, end = await self._consumer.first(places), await self._consumer.end(places)
        for place in places:
            cursor, topic = self._cursors.get(place), metadata.topics.get(place.topic)
            if cursor is None or topic is None:
                continue
            cursor.settle()
            if topic.incarnation not in (None, cursor.base) or (topic.incarnation is None and end[place] < cursor.next):
                await self._restart(place, cursor, metadata)
            elif cursor.next > end[place]:
                await self._move(place, cursor, Cursor(end[place], cursor.cluster, succeed(cursor, topic)))
                self._say(f"{part(place)}: Kafka lost offsets {end[place]} to {cursor.next - 1} after we had read them")
            elif cursor.next < first[place]:
                await self._move(place, cursor, Cursor(first[place], cursor.cluster, cursor.incarnation))
                self._say(f"{part(place)}: offsets {cursor.next} to {first[place] - 1} were deleted before we read them")
            else:
                self._rewind([place])

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
        for place, end in (await self._consumer.end(self._cursors)).items():
            cursor, reached = self._cursors.get(place), await self._consumer.reached(place)
            if cursor is not None and end > max(cursor.next, reached or 0):
                if now - self._progressed >= STUCK:
                    raise OutsideError(f"{part(place)}: nothing came for {STUCK:.0f} s though there are records; connecting anew")
                return
        self._progressed = now

    async def _commit(self) -> None:
        """A hint for the broker and for people who look at its lag."""
        done, self._uncommitted = self._uncommitted, {}
        self._committed = self._context.clock.monotonic()
        if failed := await self._consumer.commit(done):
            self._context.log.info("the offset commit failed; the store has the positions", error=failed)

    async def _give_up(self) -> None:
        """Rule 3: before the group is balanced anew. What is being written is waited for."""
        async with self._emitting:
            await self._commit()
            self._cursors.clear()

    # ---- giving on ---------------------------------------------------------------------------------------------------

    async def _deliver(self, records: Records) -> None:
        received: list[Received] = []
        moves: dict[TopicPartition, tuple[Cursor, Cursor]] = {}
        for place in sorted(records):
            cursor = self._cursors.get(place)
            if cursor is None:
                continue
            if cursor.doubt and not await self._trust(place, cursor, records[place][0]):
                continue
            fresh = [record for record in records[place] if record.offset >= cursor.next]
            if fresh:
                received += self._interests.receive(cursor, place.topic, place.partition, fresh)
                moves[place] = (cursor, self._after(fresh[-1], cursor))
        if moves:
            await self._emit(received, moves)

    async def _trust(self, place: TopicPartition, cursor: Cursor, first: ConsumerRecord) -> bool:
        """Is the record before our position the one we knew? One that is gone by compaction or retention says nothing."""
        known = first.offset != cursor.next or fingerprint(first.key, first.value, first.timestamp) == cursor.mark
        cursor.settle()
        if not known:
            await self._restart(place, cursor, await self._cluster.metadata([place.topic]))
        return known

    @staticmethod
    def _after(last: ConsumerRecord, cursor: Cursor) -> Cursor:
        mark = fingerprint(last.key, last.value, last.timestamp) if cursor.incarnation.isdigit() else ""
        return Cursor(last.offset + 1, cursor.cluster, cursor.incarnation, mark)

    async def _emit(self, received: Sequence[Received], moves: Moves) -> bool:
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

    def _drop(self, moves: Moves) -> None:
        """Of a batch that is not wholly ours any more, what is still ours is fetched again."""
        self._rewind(place for place, (old, _) in moves.items() if self._cursors.get(place) is old)

    async def _hand_over(self, received: Sequence[Received], positions: Sequence[Position]) -> None:
        if received:
            await self._context.emit(received, positions=positions)
        else:
            await self._context.store.write(Work(positions=tuple(positions)))

    def _advance(self, moves: Moves) -> None:
        for place, (cursor, new) in moves.items():
            cursor.next, cursor.mark, cursor.failures = new.next, new.mark, 0
            self._uncommitted[place] = new.next
        self._progressed = self._context.clock.monotonic()

    async def _wait_for_room(self) -> None:
        """Rule 2. What a rebalance brings meanwhile has no cursor yet: it is dropped here and placed later."""
        paused = self._consumer.pause()
        while not await self._room_comes():
            with suppress(OutOfRange, BrokenBatch):
                await self._consumer.poll(0, 1)
        self._consumer.resume(paused)
        self._context.report(None)
        self._progressed = self._context.clock.monotonic()

    async def _room_comes(self) -> bool:
        try:
            async with asyncio.timeout(IDLE):
                await self._context.wait_room()
        except TimeoutError:
            return False
        return True
