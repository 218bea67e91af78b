"""Measure something of a flow's own, to be seen with its executions."""

import json
import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from onbeat.core.durations import parse_duration
from onbeat.core.expressions import to_text
from onbeat.errors import UserError
from onbeat.ports import Metric, Outcome, TaskContext, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]


class Measurement(BaseModel):
    """One metric. The value of a timer may be a duration."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    type: Annotated[Literal["counter", "timer", "gauge"], BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)]
    """A `counter` is added up, a `timer` is a length of time, a `gauge` is a state of now."""
    name: Annotated[Text, Field(min_length=1, max_length=256)]
    """Its name."""
    description: str | None = None
    """What it is, for readers of the flow."""
    value: float
    """A number; of a timer a duration such as `PT1.5S`, or a number of seconds."""
    tags: dict[str, Text] = {}
    """What sets it apart from others of its name."""

    @model_validator(mode="before")
    @classmethod
    def _in_seconds(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(value := data.get("value"), str) or str(data.get("type")).lower() != "timer":
            return data
        try:
            return {**data, "value": float(value)}
        except ValueError:
            pass
        try:
            return {**data, "value": parse_duration(value).total_seconds()}
        except UserError as wrong:
            raise ValueError(f"`value`: {wrong}") from None

    @model_validator(mode="after")
    def _is_number(self) -> "Measurement":
        if not math.isfinite(self.value):
            raise ValueError("`value` must be a finite number")
        return self


class Publish(TaskOptions):
    """Keeps metrics with the execution. Scripts give theirs by lines such as `::{"metrics": [{"type": "counter", "name": "rows",
    "value": 42}]}::`.

    Example:

    ```yaml
    tasks:
      - id: measured
        type: core.metric.Publish
        metrics:
          - type: counter
            name: orders
            value: "{{ trigger.data.orders | length }}"
            tags:
              region: eu
          - type: timer
            name: waited
            value: PT1.5S
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.metric.Publish",)

    metrics: Annotated[tuple[Measurement, ...], BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value)]
    """The metrics, or a JSON text of their list."""

    async def run(self, context: TaskContext) -> Outcome:
        """Give them."""
        return Outcome(metrics=tuple(Metric(type=one.type, name=one.name, value=one.value, tags=one.tags) for one in self.metrics))


PROVIDES = (Publish,)
