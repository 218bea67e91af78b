"""What answers about executions look like: Kestra's."""

from typing import Any

from pydantic import Field

from onbeat.api.shapes.base import Free, Id, Instant, Label, Shape, Span
from onbeat.core.states import State


class Moment(Shape):
    """A state that was entered."""

    state: State
    date: Instant


class StateShape(Shape):
    """The present state and those before it."""

    current: State
    histories: list[Moment]
    start_date: Instant
    end_date: Instant | None = None
    duration: Span | None = None


class StartedBy(Shape):
    """The trigger that started it."""

    id: str
    type: str | None = None
    variables: Free | None = None


class Metadata(Shape):
    """Facts about its tries."""

    attempt_number: int | None = None
    original_created_date: Instant


class ExecutionLine(Shape):
    """An execution in a list, without what it holds."""

    id: Id
    namespace: str
    flow_id: str
    flow_revision: int
    state: StateShape
    trigger: StartedBy | None
    labels: list[Label]
    parent_id: Id | None
    original_id: Id
    correlation_id: str
    deleted: bool
    metadata: Metadata


class Latest(Shape):
    """The last execution of a flow."""

    id: Id
    flow_id: str
    namespace: str
    start_date: Instant
    status: State


class TaskOutline(Shape):
    """A task: what it is, not what it does."""

    id: str
    type: str
    tasks: list["TaskOutline"] | None = None
    subflow_id: Free | None = None


class TriggerOutline(Shape):
    """A trigger: what it is."""

    id: str
    type: str


class FlowOutline(Shape):
    """A flow as whoever starts it needs it."""

    id: str
    namespace: str
    revision: int
    description: str | None
    disabled: bool
    draft: bool
    deleted: bool
    labels: list[Label]
    inputs: list[Free]
    outputs: list[Free]
    tasks: list[TaskOutline]
    errors: list[TaskOutline]
    triggers: list[TriggerOutline]
    finally_: list[TaskOutline] = Field(alias="finally")
    after_execution: list[TaskOutline]


class AverageDuration(Shape):
    """How long executions of a flow took."""

    avg_duration_ms: int | None = Field(examples=[1500])
    count: int


class Status(Shape):
    """The state of one of several executions that belong together."""

    execution_id: Id
    tenant_id: str
    namespace: str
    flow_id: str
    state: StateShape


class Evaluated(Shape):
    """What an expression gives, as text; or why it gives nothing."""

    result: str | None = Field(examples=["Hello Ada"])
    error: str | None = None
    stack_trace: str | None = None


class Preview(Shape):
    """The beginning of a file. type: LIST for rows, else TEXT, MARKDOWN or IMAGE."""

    extension: str
    type: str
    content: Any
    truncated: bool


class TaskOutputs(Shape):
    """A task run that has outputs."""

    task_id: str
    task_run_id: str
    value: str | None
    iteration: int | None
    inline: bool
