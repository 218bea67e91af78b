"""Put events on the bus, whichever it is."""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from onbeat.core.expressions import to_text
from onbeat.ports import Outcome, Record, TaskContext, TaskOptions

Text = Annotated[str, BeforeValidator(lambda value: to_text(value) if isinstance(value, bool | int | float) else value)]


class Publish(TaskOptions):
    """Publishes an event, which starts every flow whose `core.trigger.Event` listens to the topic. Outputs: `id` and `topic`.

    `key` keeps order: events with the same key stay in sequence. `eventId` makes it once: a second event with the same id on a topic
    is a duplicate; without one it is the task run's, so that an attempt that is repeated publishes nothing twice.

    Example:

    ```yaml
    tasks:
      - id: tell
        type: core.event.Publish
        topic: orders.paid
        key: "{{ trigger.data.customer }}"
        data:
          order: "{{ trigger.data.id }}"
          total: "{{ trigger.data.total }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.event.Publish",)

    topic: Annotated[str, Field(min_length=1, max_length=249)]
    data: Any = None
    key: Text | None = None
    event_id: Annotated[Text, Field(min_length=1, max_length=256)] | None = Field(None, alias="eventId")
    headers: dict[str, Text] = Field({})

    async def run(self, context: TaskContext) -> Outcome:
        """On the embedded bus the record is written with the end of this task run, else it is sent now.

        What stands behind it (hops, correlation, cause) is not a task's to know: the runner adds it to records, the daemon's publisher
        to what is sent.
        """
        record = Record(
            topic=self.topic,
            id=self.event_id or context.idempotency_key,
            data=self.data,
            time=context.services.clock.now(),
            key=self.key,
            headers=self.headers,
        )
        outputs = {"id": record.id, "topic": record.topic}
        publisher = context.services.publisher
        if publisher.embedded:
            return Outcome(outputs=outputs, records=(record,))
        await publisher.publish(record)
        return Outcome(outputs=outputs)


PROVIDES = (Publish,)
