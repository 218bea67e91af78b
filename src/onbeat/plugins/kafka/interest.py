"""Say which listeners want a record, and decode it once for all that read alike.

One consumer serves every trigger of a group, so a record must find its triggers by topic and partition; two triggers that decode it
differently get two events with the same key.

Called by: feed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiokafka import ConsumerRecord

from onbeat.plugins.kafka.position import Cursor, Wish
from onbeat.plugins.kafka.record import Place, Raw, Undecodable
from onbeat.ports import Listener, Received


class Interests:
    """What the listeners of a subscription want at this moment."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners = tuple(listeners)
        self.topics: dict[str, list[Wish]] = {}
        self.patterns: dict[str, list[Wish]] = {}
        for listener in self._listeners:
            for topic in listener.options.topics:
                self.topics.setdefault(topic, []).append(listener.options.wish)
            if listener.options.pattern is not None:
                self.patterns.setdefault(listener.options.pattern, []).append(listener.options.wish)
        self._readers: dict[str, list[tuple[Any, frozenset[str] | None]]] = {}

    def is_of(self, listeners: Sequence[Listener]) -> bool:
        """Are these still the listeners?"""
        return len(listeners) == len(self._listeners) and all(a is b for a, b in zip(listeners, self._listeners, strict=True))

    def wants_as(self, other: "Interests") -> bool:
        """Do both want the same topics?"""
        return self.topics.keys() == other.topics.keys() and self.patterns.keys() == other.patterns.keys()

    def select(self, topics: Iterable[str]) -> set[str]:
        """Those topics that somebody wants."""
        patterns = [re.compile(pattern) for pattern in self.patterns]
        return {topic for topic in topics if topic in self.topics or any(pattern.fullmatch(topic) for pattern in patterns)}

    def receive(self, cursor: Cursor, topic: str, partition: int, records: Iterable[ConsumerRecord]) -> Iterator[Received]:
        """What these records of one partition are for the listeners; what cannot be decoded with its bytes and the reason."""
        readers = [(options, triggers) for options, triggers in self._read_by(topic) if options.takes(partition)]
        for record in records:
            place = Place(cursor.cluster, topic, cursor.incarnation, partition, record.offset)
            raw = Raw(place, record.key, record.value, record.headers, record.timestamp)
            for options, triggers in readers:
                try:
                    event = options.read(raw)
                except Undecodable as error:
                    reason = f"{topic}/{partition} offset {record.offset}: {error}"
                    yield Received(raw=record.value or b"", reason=reason, key=place.key, triggers=triggers)
                else:
                    yield Received(event=event, key=event.key, triggers=triggers)

    def _read_by(self, topic: str) -> list[tuple[Any, frozenset[str] | None]]:
        """Ways of reading this topic, each with its triggers; None: all of the subscription."""
        if topic not in self._readers:
            alike: dict[Any, list[Listener]] = {}
            for listener in self._listeners:
                if not listener.disabled and listener.options.reads(topic):
                    alike.setdefault(listener.options.reading, []).append(listener)
            self._readers[topic] = [
                (some[0].options, None if len(some) == len(self._listeners) else frozenset(one.trigger for one in some))
                for some in alike.values()
            ]
        return self._readers[topic]
