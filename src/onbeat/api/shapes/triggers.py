"""What answers about triggers look like: Kestra's, and ours."""

from typing import Literal

from pydantic import Field

from onbeat.api.shapes.base import Free, Instant, Label, Shape


class BackfillShape(Shape):
    """A backfill that goes on: how far it has come."""

    start: Instant
    end: Instant
    current_date: Instant
    paused: bool
    inputs: Free
    labels: list[Label]
    runs: int
    total: int


class TriggerContext(Shape):
    """How a trigger is."""

    namespace: str | None
    flow_id: str | None
    trigger_id: str
    name: str = Field(examples=["shop.order.hourly"])
    next_execution_date: Instant | None
    stop_after: list[str] | None
    disabled: bool
    disabled_because: str | None
    backfill: BackfillShape | None


class TriggerShape(Shape):
    """A trigger: what its file says, how it is, how it is with what it listens to."""

    name: str
    trigger_id: str
    type: str
    namespace: str | None
    flow_id: str | None
    flows: list[str]
    subscription: str | None
    status: str = Field(examples=["ready"])
    paused_because: str | None
    received: int
    last_event: Instant | None
    lag: int | None
    disabled: bool
    abstract_trigger: Free
    trigger_context: TriggerContext
    trigger: Free
    state: TriggerContext


class Preview(Shape):
    """What a backfill would run: how often, and the first thousand instants."""

    total: int
    dates: list[Instant]


class Deleted(Shape):
    """How many were deleted."""

    total_items: int
    count: int


class WouldStart(Shape):
    """What an event would start. key: what makes it once; order: its place among those with the same one."""

    namespace: str
    flow_id: str
    key: str
    inputs: Free
    labels: dict[str, str]
    order: str | None


class Trial(Shape):
    """What a trigger would make of an event."""

    trigger: str
    result: Literal["starts", "counts", "condition false", "dead"]
    why: str | None
    starts: list[WouldStart]
