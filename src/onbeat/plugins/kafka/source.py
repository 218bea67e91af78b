"""The triggers that listen to Kafka: their YAML, who shares a consumer with whom, and how each reads a record."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, field_validator, model_validator

from onbeat.core.event import Event
from onbeat.core.times import from_datetime
from onbeat.plugins.kafka.connection import Connection, read_properties
from onbeat.plugins.kafka.feed import Feed
from onbeat.plugins.kafka.position import EARLIEST, LATEST, Wish
from onbeat.plugins.kafka.record import DECODERS, Raw, read_bus_record, read_record
from onbeat.ports import Listener, SourceContext, SourceOptions

GROUP = "onbeat"
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}\Z")
BusTopic = Annotated[str, Field(pattern=_TOPIC.pattern.replace(r"\Z", "$"))]


class Subscriber(SourceOptions):
    """What all Kafka triggers have in common: topics, where to begin, and a consumer that those of one group share."""

    start: Literal["latest", "earliest"] | None = Field(None, alias="from")

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it names."""
        raise NotImplementedError

    @property
    def pattern(self) -> str | None:
        """A regular expression of topics it wants besides."""
        return None

    @property
    def wish(self) -> Wish:
        """Where to begin when nothing is stored."""
        return Wish(self.start or LATEST)

    @property
    def reading(self) -> Hashable:
        """Equal for triggers that read a record alike."""
        return type(self)

    @property
    def address(self) -> Hashable:
        """What it says itself of the connection; when that changes, the connection is made anew."""
        return None

    def connection(self, settings: Mapping[str, Any]) -> Connection:
        """How to reach the broker. Raises UserError."""
        return read_properties({}, settings)

    def group(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """The consumer group. A trigger that wants the past, and names no group, has one of its own: a group has one position."""
        group = str(settings.get("kafka_group") or GROUP)
        return group if self.wish == Wish() else f"{group}.{trigger}"

    def reads(self, topic: str) -> bool:
        """Does it want this topic?"""
        return topic in self.topics or (self.pattern is not None and re.fullmatch(self.pattern, topic) is not None)

    def takes(self, partition: int) -> bool:
        """Does it want this partition?"""
        return True

    def read(self, raw: Raw) -> Event:
        """The event of a record. Raises Undecodable."""
        raise NotImplementedError

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All triggers of one group at one cluster: members of one group that want different topics would take them from each other."""
        connection = self.connection(settings)
        return "kafka:" + "/".join(filter(None, (connection.servers, connection.digest, self.group(trigger, settings))))

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Read until cancelled. A connection that is edited is made anew at once."""
        while True:
            first = triggers()[0]
            options: Subscriber = first.options

            def changed(address: Hashable = options.address) -> bool:
                now = triggers()
                return not now or now[0].options.address != address

            connection, group = options.connection(context.settings), options.group(first.trigger, context.settings)
            await Feed(context, connection, group, triggers).run(changed)
            if not triggers():
                return


class RealtimeTrigger(Subscriber):
    """Starts a flow for each record of Kafka topics, exactly once, in the order of each partition.

    ```yaml
    id: orders
    type: kafka.RealtimeTrigger
    topic: orders
    groupId: billing
    valueDeserializer: JSON
    properties:
      bootstrap.servers: localhost:9092
    ```

    `trigger.value`, `trigger.key`, `trigger.headers` (a list of `{key, value}`), `trigger.topic`, `trigger.partition`, `trigger.offset` and
    `trigger.timestamp` are what a flow sees. Triggers with the same `groupId` share one consumer, and with it the position of the group:
    each of them gets every record of its topics. Without `groupId` the group is `onbeat`; `from: earliest` or `since` then gets a group of
    its own. `properties` has the Java client's names; security, sessions and fetching are honoured, auto-commit is refused.
    A record that cannot be decoded becomes a dead event, whatever `onSerdeError` says, and the next one is read.
    """

    names: ClassVar[tuple[str, ...]] = ("kafka.RealtimeTrigger",)

    topic: str | tuple[str, ...] = ()
    topic_pattern: str | None = Field(None, alias="topicPattern")
    partitions: tuple[int, ...] | None = None
    group_id: str | None = Field(None, alias="groupId", min_length=1)
    group_type: Literal["CONSUMER"] = Field("CONSUMER", alias="groupType")
    brokers: str | None = None
    properties: dict[str, str | int | float | bool] = Field({})
    key_deserializer: str = Field("STRING", alias="keyDeserializer")
    value_deserializer: str = Field("STRING", alias="valueDeserializer")
    serde_properties: dict[str, Any] = Field({}, alias="serdeProperties")
    on_serde_error: dict[str, Any] = Field({}, alias="onSerdeError")
    since: AwareDatetime | None = None

    @field_validator("topic")
    @classmethod
    def _topics_are_names(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for topic in (value,) if isinstance(value, str) else value:
            if not _TOPIC.match(topic):
                raise ValueError(f"{topic!r} is not a Kafka topic: letters, digits, `.`, `_` and `-`, at most 249; see also topicPattern")
        return value

    @field_validator("topic_pattern")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        return value

    @field_validator("key_deserializer", "value_deserializer")
    @classmethod
    def _deserializer_is_known(cls, value: str) -> str:
        if value.upper() == "AVRO":
            raise ValueError("AVRO is not offered; use BINARY and decode it in a task")
        if value.upper() not in DECODERS:
            raise ValueError(f"{value!r} is not known; use one of {', '.join(DECODERS)}")
        return value.upper()

    @model_validator(mode="after")
    def _wants_something(self) -> "RealtimeTrigger":
        if not self.topics and self.topic_pattern is None:
            raise ValueError("name a `topic` (one or a list) or a `topicPattern`")
        return self

    @property
    def topics(self) -> tuple[str, ...]:
        return (self.topic,) if isinstance(self.topic, str) else self.topic

    @property
    def pattern(self) -> str | None:
        return self.topic_pattern

    @property
    def wish(self) -> Wish:
        reset = str(self.properties.get("auto.offset.reset", LATEST))
        start = self.start or (EARLIEST if reset == EARLIEST else LATEST)
        return Wish(start, None if self.since is None else _millis(self.since))

    @property
    def reading(self) -> Hashable:
        return self.key_deserializer, self.value_deserializer, self.partitions

    @property
    def address(self) -> Hashable:
        return self.brokers, tuple(sorted((name, str(value)) for name, value in self.properties.items()))

    def connection(self, settings: Mapping[str, Any]) -> Connection:
        return read_properties(self.properties, settings, self.brokers)

    def group(self, trigger: str, settings: Mapping[str, Any]) -> str:
        named = self.group_id or self.properties.get("group.id")
        return str(named) if named else super().group(trigger, settings)

    def takes(self, partition: int) -> bool:
        return self.partitions is None or partition in self.partitions

    def read(self, raw: Raw) -> Event:
        return read_record(raw, self.key_deserializer, self.value_deserializer)


class EventTrigger(Subscriber):
    """Starts a flow for each event on a topic of the bus, when the bus is Kafka; `core.trigger.Event` is this one then.

    ```yaml
    id: paid
    type: kafka.EventTrigger
    topic: orders.paid
    when: "{{ trigger.data.total > 100 }}"
    ```

    `trigger.id`, `trigger.topic`, `trigger.key`, `trigger.data`, `trigger.time` and `trigger.headers` are what a flow
    sees. The data is JSON.
    """

    names: ClassVar[tuple[str, ...]] = ("kafka.EventTrigger",)

    topic: BusTopic | Annotated[tuple[BusTopic, ...], Field(min_length=1)]

    @property
    def topics(self) -> tuple[str, ...]:
        return (self.topic,) if isinstance(self.topic, str) else self.topic

    def read(self, raw: Raw) -> Event:
        return read_bus_record(raw)


def _millis(moment: datetime) -> int:
    return from_datetime(moment) // 1000
