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


class AttemptShape(Shape):
    """One try of a task run."""

    state: StateShape
    log_file: str | None = None


class TaskRunShape(Shape):
    """One task in one execution, once for each value of a loop around it."""

    id: str = Field(examples=["6VqJx0s3bq0Zk1u8mD2c4e-1"])
    execution_id: Id
    namespace: str
    flow_id: str
    task_id: str
    state: StateShape
    outputs: Free
    attempts: list[AttemptShape] | None = None
    parent_task_run_id: str | None = None
    value: str | None = None
    iteration: int | None = None
    error: str | None = None


class Failure(Shape):
    """Why it failed."""

    message: str
    task_id: str | None


class ExecutionShape(Shape):
    """An execution with all that it holds."""

    id: Id
    namespace: str
    flow_id: str
    flow_revision: int
    state: StateShape
    inputs: Free
    outputs: Free
    labels: list[Label]
    variables: Free
    task_run_list: list[TaskRunShape]
    original_id: Id
    metadata: Metadata
    trigger: StartedBy | None = None
    schedule_date: Instant | None = None
    parent_id: Id | None = None
    error: Failure | None = None


class Fault(Shape):
    """What is wrong with an input."""

    message: str


class ExaminedInput(Shape):
    """An input as a start would have it."""

    input: Free
    value: Any
    enabled: bool
    is_default: bool
    errors: list[Fault]


class Check(Shape):
    """A check of the flow that does not hold."""

    message: str
    style: str
    behavior: str


class Validated(Shape):
    """What a start, or a resume, would be."""

    id: str
    namespace: str
    inputs: list[ExaminedInput]
    checks: list[Check] | None = None


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
