"""Follow a topic of the embedded bus.

Topics are logs in the store, followed by a position (ports/following.py). The topic of state events is the journal itself, seen through
its projection.

Rules
1. One reader serves all triggers of a topic; a trigger of several topics has a reader of each.
2. A new trigger starts at now; with `from: earliest` it first catches up by a position of its own, then joins the others.

Called by: the engine's services, through the registry.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from onbeat.core.event import Event
from onbeat.ports import JournalRow, Listener, Record, SourceContext, SourceOptions, Store
from onbeat.ports.following import Feed, Row, follow

STATE_TOPIC = "onbeat.executions"
Project = Callable[[JournalRow], Record | None]
Topic = Annotated[str, Field(min_length=1, max_length=249)]


class EventTrigger(SourceOptions):
    """Starts for each event on a topic of the bus: what `core.event.Publish`, `onbeat publish` and `POST /events` put there, and on
    `onbeat.executions` what happens to executions.

    `trigger.*`: `id`, `topic`, `key`, `data`, `time`, `headers`. A new trigger begins with the next event; `from: earliest` gives it
    what the topic still holds, first.

    Example:

    ```yaml
    triggers:
      - id: order_paid
        type: core.trigger.Event
        topic: orders.paid
        when: "{{ trigger.data.total > 100 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Event",)
    listens_disabled: ClassVar[bool] = True

    topic: Topic | Annotated[tuple[Topic, ...], Field(min_length=1)]
    start: Literal["latest", "earliest"] = Field("latest", alias="from")

    @property
    def followed(self) -> str:
        """The one topic of a part."""
        return self.topic if isinstance(self.topic, str) else self.topic[0]

    def parts(self) -> tuple[SourceOptions, ...]:
        """One for each topic."""
        if isinstance(self.topic, str):
            return (self,)
        return tuple(self.model_copy(update={"topic": topic}) for topic in dict.fromkeys(self.topic))

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All triggers of a topic share one reader. The journal's bears the name by which the store keeps what it has not read."""
        prefix = "journal:" if self.followed == settings.get("events_topic", STATE_TOPIC) else ""
        return f"{prefix}{type(self).names[0]}:{self.followed}"

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Follow the topic until cancelled."""
        feed: Feed = _Records(context.store, self.followed)
        if self.followed == context.settings.get("events_topic", STATE_TOPIC):
            feed = _Journal(context.store, self.followed, context.settings["project"])
        await follow(context, feed, triggers)


# ---- what is followed ----------------------------------------------------------------------------------------------


class _Records:
    """A topic of the embedded bus."""

    def __init__(self, store: Store, topic: str) -> None:
        self.store, self.topic, self.part, self.name = store, topic, topic, f"topic {topic}"

    async def end(self) -> int:
        return await self.store.records_end(self.topic)

    async def read(self, after: int, limit: int) -> list[Row]:
        return [(record.seq, record.as_event()) for record in await self.store.records(self.topic, after, limit)]

    async def wait(self, after: int) -> None:
        await self.store.wait_records(self.topic, after)

    def wants(self, listener: Listener, event: Event) -> bool:
        return True


class _Journal:
    """The state events: each row of the journal as its projection, if it has one."""

    def __init__(self, store: Store, topic: str, project: Project) -> None:
        self.store, self.part, self.project, self.name = store, "seq", project, f"topic {topic}"

    async def end(self) -> int:
        return await self.store.journal_end()

    async def read(self, after: int, limit: int) -> list[Row]:
        rows = [(row.seq, self.project(row)) for row in await self.store.journal(after, limit)]
        return [(seq, record.as_event() if record is not None else None) for seq, record in rows]

    async def wait(self, after: int) -> None:
        await self.store.wait_journal(after)

    def wants(self, listener: Listener, event: Event) -> bool:
        return True


PROVIDES = (EventTrigger,)
