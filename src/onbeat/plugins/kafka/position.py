"""Decide from which offset a partition is read, and keep that in the store, whose word is above the broker's.

The broker forgets offsets after a week and knows nothing of a topic that was made again; the store remembers both in the transaction that
starts the executions. So a lost commit costs nothing, and nothing is skipped because a broker forgot.

Rules
1. What is stored wins; the group's committed offset wins when it is further on: somebody else of the group did that work.
2. A topic that is new to us starts where `from` says, and that is stored before the first record is read: a restart skips nothing.
3. A partition, or a topic, that came after we began to listen is read from its first record.
4. Another incarnation than the stored one: read from the first record; old and new offsets are different records.
5. A cluster that gives no topic ids: the last record's fingerprint tells a topic that was made again.

Called by: feed.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec
from aiokafka.structs import TopicPartition

from onbeat.plugins.kafka.cluster import Cluster, Metadata, Topic
from onbeat.plugins.kafka.consumer import Consumer
from onbeat.ports import Position, SourceContext, Work

EARLIEST, LATEST = "earliest", "latest"


class Wish(msgspec.Struct, frozen=True):
    """Where a trigger wants a topic that is new to it to begin. since: milliseconds since 1970, over `start`."""

    start: str = LATEST
    since: int | None = None


class Spot(msgspec.Struct, frozen=True):
    """What is stored of a partition: the next offset of this incarnation. mark: fingerprint of the record before it."""

    next: int
    cluster: str
    incarnation: str
    mark: str = ""


@dataclass(slots=True)
class Cursor:
    """Where reading stands. doubt: `next` is the record before our position, which must have the fingerprint `mark`, or the topic was made
    again."""

    next: int
    cluster: str
    incarnation: str
    mark: str = ""
    doubt: bool = False
    failures: int = 0

    def settle(self) -> None:
        """End the doubt: from the record before our position to the position itself."""
        if self.doubt:
            self.doubt = False
            self.next += 1

    @property
    def base(self) -> str:
        """The topic's id, without the count of times that Kafka lost its end."""
        return self.incarnation.partition("+")[0]

    @property
    def spot(self) -> Spot:
        """What to store of it."""
        return Spot(self.next + self.doubt, self.cluster, self.incarnation, self.mark)


def part(place: TopicPartition) -> str:
    """The name of a partition's row. A topic's own row has no slash: it says that we listen to it."""
    return f"{place.topic}/{place.partition}"


def fingerprint(key: bytes | None, value: bytes | None, timestamp: int) -> str:
    """Tells one record from another at the same offset."""
    digest = hashlib.blake2b(digest_size=8)
    for content in (key, value):
        digest.update(b"-" if content is None else b"%d:%b" % (len(content), content))
    return f"{timestamp}-{digest.hexdigest()}"


def is_same(spot: Spot | Cursor, metadata: Metadata, topic: Topic) -> bool:
    """Does what is stored speak of the topic that is there now, as far as the cluster can tell?"""
    if spot.cluster != metadata.cluster:
        return False
    known = spot.incarnation.partition("+")[0]
    return topic.incarnation is None or known == topic.incarnation or known.isdigit()  # a number: the cluster has learned to give ids


def succeed(spot: Spot | Cursor, topic: Topic) -> str:
    """The incarnation after that one: the topic's new id, or without ids the next number."""
    if topic.incarnation is not None and topic.incarnation != spot.incarnation.partition("+")[0]:
        return topic.incarnation
    known, _, count = spot.incarnation.partition("+")
    return str(int(known) + 1) if known.isdigit() and not count else f"{known}+{int(count or 0) + 1}"


async def remember(context: SourceContext, name: str, value: str) -> str:
    """A fact of a subscription: the stored one, else `value`, stored now."""
    stored = await context.store.positions(context.name)
    if name not in stored:
        await context.store.write(Work(positions=(Position(context.name, name, value),)))
    return stored.get(name, value)


class Positions:
    """The positions of one subscription."""

    def __init__(self, context: SourceContext, cluster: Cluster, consumer: Consumer) -> None:
        self._context, self._cluster, self._consumer = context, cluster, consumer

    def row(self, place: TopicPartition, cursor: Cursor) -> Position:
        """A cursor as it is stored."""
        return Position(self._context.name, part(place), msgspec.json.encode(cursor.spot).decode())

    async def keep(self, rows: Iterable[Position]) -> None:
        """Store positions that no event goes with."""
        if positions := tuple(rows):
            await self._context.store.write(Work(positions=positions))

    async def begin(self, wishes: Mapping[str, Collection[Wish]], patterns: Mapping[str, Collection[Wish]]) -> None:
        """Fix where topics that are new to us begin, before they are read (rule 2)."""
        stored = await self._context.store.positions(self._context.name)
        fresh = {f"~{pattern}": wish for pattern, wish in patterns.items() if f"~{pattern}" not in stored}
        metadata = await self._cluster.metadata(None if fresh else sorted(wishes))
        wanted = {topic: list(wish) for topic, wish in wishes.items() if topic not in stored}
        for pattern, wish in fresh.items():
            for topic in metadata.topics:
                if re.fullmatch(pattern[1:], topic) and topic not in stored:
                    wanted.setdefault(topic, []).extend(wish)
        rows = [Position(self._context.name, name, "listening") for name in (*fresh, *wanted)]
        for topic, wish in wanted.items():
            if topic in metadata.topics:
                rows += await self._starts(metadata, metadata.topics[topic], wish)
        await self.keep(rows)

    async def _starts(self, metadata: Metadata, topic: Topic, wishes: Collection[Wish]) -> list[Position]:
        places = [TopicPartition(topic.name, number) for number in topic.partitions]
        committed = await self._consumer.committed(places)
        offsets = await self._wished([place for place in places if committed[place] is None], wishes)
        incarnation = topic.incarnation or "1"
        starts = {place: offset for place in places if (offset := committed[place]) is not None} | offsets
        return [self.row(place, Cursor(offset, metadata.cluster, incarnation)) for place, offset in starts.items()]

    async def _wished(self, places: list[TopicPartition], wishes: Collection[Wish]) -> dict[TopicPartition, int]:
        """The earliest of the wishes: the triggers of a group share its position."""
        if not places:
            return {}
        if any(wish.since is None and wish.start == EARLIEST for wish in wishes):
            return await self._consumer.first(places)
        offsets = await self._consumer.end(places)
        if since := [wish.since for wish in wishes if wish.since is not None]:
            offsets |= await self._consumer.at(places, min(since))
        return offsets

    async def place(self, places: Collection[TopicPartition], metadata: Metadata) -> dict[TopicPartition, Cursor]:
        """Where each of these partitions is to be read from, stored when it is news."""
        stored = await self._context.store.positions(self._context.name)
        committed = await self._consumer.committed(places)
        first: dict[TopicPartition, int] = {}
        cursors, news = {}, []
        for place in places:
            topic = metadata.topics.get(place.topic)
            if topic is None:
                continue  # deleted while it was being assigned
            text = stored.get(part(place))
            spot = msgspec.json.decode(text, type=Spot) if text else None
            if spot is not None and is_same(spot, metadata, topic):
                cursor = self._resume(spot, topic, committed[place])
            else:
                first = first or await self._consumer.first(places)
                cursor = self._start(spot, metadata, topic, first[place], committed[place])
            cursors[place] = cursor
            if spot is None or spot != cursor.spot:
                news.append(self.row(place, cursor))
        await self.keep(news)
        return cursors

    def _resume(self, spot: Spot, topic: Topic, committed: int | None) -> Cursor:
        incarnation = spot.incarnation
        if topic.incarnation is not None and incarnation.partition("+")[0] != topic.incarnation:
            incarnation = topic.incarnation  # the cluster learned to give ids
        if committed is not None and committed > spot.next:
            self._context.log.warning(
                "the group's committed offset is further on than ours: others of the group read these records, or the store is an old copy",
                topic=topic.name,
                skipped=f"{spot.next}..{committed - 1}",
            )
            return Cursor(committed, spot.cluster, incarnation)
        doubt = topic.incarnation is None and bool(spot.mark) and spot.next > 0
        return Cursor(spot.next - doubt, spot.cluster, incarnation, spot.mark, doubt)

    def _start(self, spot: Spot | None, metadata: Metadata, topic: Topic, first: int, committed: int | None) -> Cursor:
        if spot is None:
            return Cursor(first if committed is None else committed, metadata.cluster, topic.incarnation or "1")
        self._context.log.warning("the topic was deleted and made again: all its records are new", topic=topic.name)
        return Cursor(first, metadata.cluster, succeed(spot, topic))
