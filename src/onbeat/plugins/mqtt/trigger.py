"""Describe the triggers that MQTT messages fire.

Called by: the registry, which finds them in PROVIDES; services run them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from onbeat.core.durations import Duration
from onbeat.core.event import Event, Micros
from onbeat.plugins.mqtt import topic
from onbeat.plugins.mqtt.address import Broker
from onbeat.plugins.mqtt.connection import Arrived
from onbeat.plugins.mqtt.message import Serde, bus_event, message_event
from onbeat.plugins.mqtt.subscription import Subscription
from onbeat.plugins.mqtt.wish import Retained
from onbeat.ports import Listener, SourceContext, SourceOptions

Filter = Annotated[str, AfterValidator(topic.check_filter)]
Filters = Annotated[tuple[Filter, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value), Field(min_length=1)]


class RealtimeTrigger(Broker, SourceOptions):
    """Starts a flow for every message on MQTT topics, at once and at least once.

    Example:

    ```yaml
    triggers:
      - id: overheated
        type: mqtt.RealtimeTrigger
        server: mqtt://broker:1883
        topic: plant/+/temperature
        when: "{{ trigger.payload.celsius > 90 }}"
        inputs:
          line: "{{ trigger.topic }}"
    ```

    A message is acknowledged after its executions are stored. The broker keeps a session for us: what is sent while onbeat is down is
    delivered when it is back, as long as `sessionExpiry` and the broker's own limits say (Mosquitto keeps 1,000 messages for a client
    that is away, and forgets what it had not written down when it is killed). A message that comes again because we died before
    acknowledging it starts nothing a second time. With QoS 0 a message can be lost on the way: that is what QoS 0 means.

    Triggers with the same `server`, user and `clientId` share one connection. A topic may be a filter with `+` and `#`, and
    `$share/GROUP/FILTER` to share the messages among several nodes.

    - `qos`: 0, 1 or 2. 2 is subscribed as 1: with 2 the client library answers before a message is stored, and a crash would lose it.
    - `serdeType`: `JSON`, `STRING` or `BINARY` (base64 text). A payload that is not what it says becomes a dead event.
    - `retained`: `first` gives the retained messages when a subscription is new, `ignore` never, `all` each time onbeat connects.
    - `sessionExpiry`: how long the broker keeps the session while onbeat is away (MQTT 5; in 3.1.1 the broker decides).
    - `receiveMaximum`: how many messages the broker sends ahead of our acknowledgements (MQTT 5; in 3.1.1 the broker decides).

    `trigger.*`: `id`, `topic`, `qos`, `retain`, `properties`, `payload`. A CloudEvent is known as one: its source and id make it once.
    """

    names: ClassVar[tuple[str, ...]] = ("mqtt.RealtimeTrigger",)

    filters: Filters = Field(validation_alias=AliasChoices("topic", "topics"), serialization_alias="topic")
    qos: int = Field(1, ge=0, le=2)
    serde_type: Serde = "JSON"
    retained: Retained = "first"
    session_expiry: Duration = timedelta(days=1)
    receive_maximum: int = Field(100, ge=1, le=65_535)

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """One for all triggers with the same broker, user, protocol and client id; a share group has its own."""
        groups = sorted({f"share={topic.share_of(filter_)}" for filter_ in self.filters if topic.share_of(filter_)})
        parts = (self.address(settings).name, self.mqtt_version, self.client_id or "", *groups)
        return f"mqtt:{'/'.join(filter(None, parts))}"

    @property
    def reading(self) -> str:
        """Triggers that read a payload in the same way share an event."""
        return self.serde_type

    def read(self, message: Arrived, *, source: str, key: str, now: Micros) -> Event:
        """The event of a message. Raises Undecodable."""
        return message_event(message, self.serde_type, source=source, key=key, now=now)

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Bring messages in until cancelled; raises OutsideError when the connection is lost."""
        for listener in triggers():
            if listener.options.qos == 2:
                context.log.warning(
                    "mqtt qos 2 is subscribed as 1: its client answers before a message is stored", trigger=listener.trigger
                )
        while triggers():
            await Subscription(context, triggers).run()


class EventTrigger(Broker, SourceOptions):
    """Starts a flow for every event on a topic of the bus, when the bus is MQTT. Flows say `core.trigger.Event`.

    Example:

    ```yaml
    triggers:
      - id: order_placed
        type: core.trigger.Event
        topic: orders
        when: "{{ trigger.data.total > 100 }}"
    ```

    Events are CloudEvents in JSON; any other JSON message is taken as the data of one. `trigger.*`: `id`, `topic`, `key`, `data`, `time`,
    `headers`. An MQTT broker keeps no history, so `from: earliest` is refused.
    """

    names: ClassVar[tuple[str, ...]] = ("mqtt.EventTrigger",)
    qos: ClassVar[int] = 1
    retained: ClassVar[Retained] = "ignore"
    session_expiry: ClassVar[timedelta] = timedelta(days=1)
    receive_maximum: ClassVar[int] = 100

    topic: Filter | Annotated[tuple[Filter, ...], Field(min_length=1)]
    start: Literal["latest"] = Field("latest", validation_alias="from")

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics it follows."""
        return (self.topic,) if isinstance(self.topic, str) else self.topic

    @property
    def reading(self) -> str:
        """All of them read events alike."""
        return "event"

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """One for the whole bus."""
        return f"mqtt:events/{'/'.join(filter(None, (self.address(settings).name, self.mqtt_version, self.client_id)))}"

    def read(self, message: Arrived, *, source: str, key: str, now: Micros) -> Event:
        """The event of a message. Raises Undecodable."""
        return bus_event(message, source=source, key=key, now=now)

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Bring events in until cancelled; raises OutsideError when the connection is lost."""
        while triggers():
            await Subscription(context, triggers).run()
