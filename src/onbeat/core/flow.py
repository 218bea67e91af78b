"""Describe what the YAML says: flows and their tasks, validated and frozen.

A flow is data that executions are pinned to: whatever is edited meanwhile, a run goes on with the revision it started with. Unknown
keys are errors, so that a misspelt `retrry:` is found when the file is loaded and not when the retry is missed. The flowables
(Parallel, If, …) are each one file in core/plan/; every other type is a RunnableTask whose options its plugin validates.

Rules
1. Kestra's names, old and new, mean the same: `io.kestra.plugin.core.log.Log`, `io.kestra.core.tasks.log.Log`, `core.log.Log`.
2. Task ids are unique in the whole tree.

Called by: engine/loader (through parse) builds them; decide and the plan read them.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from onbeat.core.durations import Duration
from onbeat.core.event import Json
from onbeat.core.execution import Block, Order
from onbeat.core.expressions import to_text
from onbeat.core.frozen import Frozen
from onbeat.core.inputs import Inputs
from onbeat.core.names import FLOW_ID, NAMESPACE, TASK_ID
from onbeat.core.short_schedule import ShortSchedule, with_trigger
from onbeat.core.states import State
from onbeat.core.type_names import short_type
from onbeat.errors import UserError


def _labels(value: object) -> object:
    """Labels may be a map or a list of {key, value}; scalars become text as YAML wrote them."""
    if isinstance(value, list) and all(isinstance(item, dict) and "key" in item for item in value):
        value = {item["key"]: item.get("value") for item in value}
    if isinstance(value, dict):
        return {_text(key): _text(item) for key, item in value.items()}
    return value


def labels_of(value: object) -> dict[str, str]:
    """Labels that somebody sent, as a map or as a list of {key, value}. Raises UserError."""
    labels = _labels(value)
    if not isinstance(labels, dict) or not all(isinstance(part, str) for label in labels.items() for part in label):
        raise UserError("labels are a map, or a list of `key` and `value`, and texts")
    return labels


def _text(value: object) -> object:
    return to_text(value) if isinstance(value, bool | int | float) else value


Labels = Annotated[dict[str, str], BeforeValidator(_labels)]
Dynamic = bool | int | float | str | list[Any] | dict[str, Any] | None
"""A property that may hold an expression."""
Render = Callable[[str], Json]
"""Gives the value of a task's property, by the name of its field: its expressions are evaluated."""


class OnLost(StrEnum):
    """What happens to a task run that was running when its engine died."""

    RETRY = "RETRY"
    FAIL = "FAIL"
    HOLD = "HOLD"


class Retry(Frozen):
    """When a failed task is tried again. maxAttempts counts all attempts, the first included."""

    type: Literal["constant", "exponential", "random"] = "constant"
    interval: Duration | None = None
    min_interval: Duration | None = Field(None, alias="minInterval")
    max_interval: Duration | None = Field(None, alias="maxInterval")
    delay_factor: float = Field(2.0, alias="delayFactor", ge=1)
    max_attempts: int | None = Field(None, validation_alias=AliasChoices("maxAttempts", "maxAttempt"), ge=1)
    max_duration: Duration | None = Field(None, alias="maxDuration")
    warning_on_retry: bool = Field(False, alias="warningOnRetry")
    behavior: Literal["RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"] = "RETRY_FAILED_TASK"

    @model_validator(mode="after")
    def _complete(self) -> "Retry":
        needed = {
            "constant": {"interval": self.interval},
            "exponential": {"interval": self.interval, "maxInterval": self.max_interval},
            "random": {"minInterval": self.min_interval, "maxInterval": self.max_interval},
        }[self.type]
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise ValueError(f"a retry of type `{self.type}` needs {' and '.join(f'`{name}`' for name in missing)}")
        if self.max_interval is not None and self.max_interval < (self.interval or self.min_interval or timedelta()):
            raise ValueError("`maxInterval` must not be less than the interval it bounds")
        shortest = self.interval or self.min_interval or timedelta()
        if self.max_duration is not None and self.max_duration <= shortest:
            raise ValueError("`maxDuration` must be longer than the interval, else nothing is tried again")
        return self


class TaskCache(Frozen):
    """Whether the outputs of an earlier run with the same properties are taken instead of running again, and for how long they may be."""

    enabled: bool = True
    ttl: Duration | None = None


def _any_task(value: object, info: ValidationInfo) -> "TaskSpec":
    """A task inside a task, which is not defined yet."""
    return parse_task(value, info)


DUPLICATE_TASK: Final = "task id `{id}` is used more than once; ids are unique in the whole flow"


class TaskSpec(Frozen):
    """What every task has. `when` is Kestra's `runIf` too."""

    id: str = Field(pattern=TASK_ID)
    type: Annotated[str, BeforeValidator(lambda value: short_type(value) if isinstance(value, str) else value)]
    description: str | None = None
    disabled: bool = False
    when: Dynamic = Field(True, validation_alias=AliasChoices("when", "runIf"))
    timeout: Dynamic = None
    retry: Retry | None = None
    allow_failure: bool = Field(False, alias="allowFailure")
    allow_warning: bool = Field(False, alias="allowWarning")
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] | None = Field(None, alias="logLevel")
    log_to_file: bool = Field(False, alias="logToFile")
    task_cache: TaskCache | None = Field(None, alias="taskCache")
    compensate: tuple[Annotated[Any, BeforeValidator(_any_task)], ...] = ()
    on_lost: OnLost = Field(OnLost.RETRY, alias="onLost")

    def branches(self) -> "Iterator[tuple[TaskSpec, ...]]":
        """The lists of tasks inside this one; none for a runnable task."""
        return iter(())

    @property
    def flowable(self) -> bool:
        """Whether it only arranges other tasks."""
        return False


class RunnableTask(TaskSpec):
    """A task that does work: its options are its plugin's and kept as the YAML has them; texts may hold expressions."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    @property
    def options(self) -> dict[str, Json]:
        """The plugin's options, not rendered."""
        return self.model_extra or {}


def parse_task(value: object, info: ValidationInfo) -> TaskSpec:
    """The task of a piece of YAML: a flowable of core/plan when its type names one, else a RunnableTask."""
    if isinstance(value, TaskSpec):
        return value
    if not isinstance(value, dict):
        raise ValueError("a task is a map with `id` and `type`")
    kinds: Mapping[str, type[TaskSpec]] = (info.context or {}).get("flowables", {})
    kind = kinds.get(short_type(str(value.get("type", ""))), RunnableTask)
    return kind.model_validate(value, context=info.context)


def _not_empty(tasks: tuple[TaskSpec, ...]) -> tuple[TaskSpec, ...]:
    if not tasks:
        raise ValueError("there must be at least one task")
    return tasks


AnyTask = Annotated[TaskSpec, BeforeValidator(parse_task)]
Tasks = Annotated[tuple[AnyTask, ...], AfterValidator(_not_empty)]
"""A list of tasks that is not empty."""
NoTasks = tuple[AnyTask, ...]
"""A list of tasks that may be empty."""


class Opening(Frozen):
    """How a flowable begins: so many lanes of tasks side by side, a branch or values it chose, the outputs it shows.

    ready: the lanes that may begin at once, where some wait for others. round: 1 where it goes round.
    """

    lanes: int = 1
    choice: str | None = None
    values: tuple[Any, ...] = ()
    outputs: dict[str, Any] | None = None
    ready: tuple[int, ...] | None = None
    round: int = 0


class Lane(NamedTuple):
    """The tasks of one lane, one after another; value and iteration when it is a loop's."""

    tasks: "tuple[TaskSpec, ...]"
    value: str | None = None
    iteration: int | None = None


class FlowableSpec(TaskSpec):
    """A task that arranges others: `errors` run when one of them failed, `finally` at the end whatever happened.

    A subclass is a construct: a file in core/plan/ with its YAML keys, how it opens, and what each of its lanes holds.
    """

    errors: NoTasks = ()
    finally_: NoTasks = Field((), alias="finally")
    prepared_by: ClassVar[str | None] = None
    """What the shell is asked to do before the block opens, such as `@directory`; its answer is among the run's answers."""
    collected_by: ClassVar[str | None] = None
    """What the shell is asked to do when the block is over; its answer, a map, is among the run's outputs."""
    fan: ClassVar[bool] = False
    """Whether its lanes are executions of their own."""
    whole: ClassVar[bool] = False
    """Whether a restart runs all of it again, and not only what failed in it."""
    stops_on_failure: ClassVar[bool] = True
    """Whether no further lane begins once one has failed."""

    @property
    def flowable(self) -> bool:
        return True

    @property
    def limit(self) -> int:
        """How many lanes are open at once; 0: all."""
        return 0

    def open(self, render: Render) -> Opening:
        """How it begins; `render` gives the value of a field. Raises ExpressionError, NeedsOutside, ValueError (the run fails)."""
        raise NotImplementedError

    def lane(self, block: Block, lane: int) -> Lane:
        """What the lane of that number holds, in the TASKS phase."""
        raise NotImplementedError

    def ready(self, order: Order, lane: int) -> tuple[int, ...]:
        """The lanes that may begin now that this one is over, too: where some wait for others."""
        return ()

    def collects(self, block: Block) -> str | None:
        """What the shell is asked to do when the block is over, if anything."""
        return self.collected_by

    def ends(self, state: State, block: Block) -> State:
        """The state in which it ends when its tasks ended so."""
        return state

    @property
    def on_failure(self) -> State | None:
        """The state in which what still runs in it ends, being stopped, when a lane failed; None: it goes on."""
        return None

    def _tails(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.errors
        yield self.finally_


class Concurrency(Frozen):
    """How many executions of the flow run at once, and what happens to one too many. key: an expression; the limit is then for each key."""

    limit: int = Field(ge=1)
    behavior: Literal["QUEUE", "CANCEL", "FAIL"] = "QUEUE"
    key: Dynamic = None


class Sla(Frozen):
    """A promise about each execution: MAX_DURATION (at most `duration`) or EXECUTION_ASSERTION (`assert` holds at every change).

    Only the first one that is broken counts. labels: what the execution bears then. behavior NONE only labels and logs.
    """

    id: str = Field(pattern=TASK_ID)
    type: Literal["MAX_DURATION", "EXECUTION_ASSERTION"]
    duration: Duration | None = None
    assertion: Dynamic = Field(None, alias="assert")
    behavior: Literal["FAIL", "CANCEL", "NONE"] = "FAIL"
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "Sla":
        if self.type == "MAX_DURATION" and self.duration is None:
            raise ValueError("an sla of type `MAX_DURATION` needs `duration`")
        if self.type == "EXECUTION_ASSERTION" and self.assertion is None:
            raise ValueError("an sla of type `EXECUTION_ASSERTION` needs `assert`")
        reserved = [key for key in self.labels if key.startswith("system.")]
        if reserved:
            raise ValueError(f"labels that begin with `system.` are reserved: {', '.join(f'`{key}`' for key in reserved)}")
        return self


class Check(Frozen):
    """A condition on the inputs of a start, looked at before the execution is created. `when` is its name in Kestra 2."""

    condition: Dynamic = Field(validation_alias=AliasChoices("condition", "when"))
    message: str = "a check does not hold"
    style: Literal["ERROR", "SUCCESS", "WARNING", "INFO"] = "INFO"
    behavior: Literal["BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"] = "BLOCK_EXECUTION"


class PluginDefault(Frozen):
    """Values for the properties of every task, trigger and condition of this type (or that begins so); forced: also where they are set."""

    type: Annotated[str, BeforeValidator(lambda value: short_type(value) if isinstance(value, str) else value)]
    forced: bool = False
    values: dict[str, Any]


class OutputSpec(Frozen):
    """An output of the flow, rendered when its tasks have ended."""

    id: str
    type: str = "STRING"
    value: Dynamic = None
    description: str | None = None
    display_name: str | None = Field(None, alias="displayName")
    required: bool = True


class Flow(Frozen):
    """A flow as one file describes it. revision: number of this version of it, given by the store; 0: not stored yet."""

    id: str = Field(pattern=FLOW_ID, max_length=100)
    namespace: str = Field(pattern=NAMESPACE, max_length=150)
    revision: int = 0
    description: str | None = None
    labels: Labels = Field(default_factory=dict)
    inputs: Inputs = ()
    variables: dict[str, Any] = Field(default_factory=dict)
    tasks: Tasks
    errors: NoTasks = ()
    finally_: NoTasks = Field((), alias="finally")
    after_execution: NoTasks = Field((), alias="afterExecution")
    outputs: tuple[OutputSpec, ...] = ()
    triggers: tuple[dict[str, Any], ...] = ()
    schedule: ShortSchedule | None = None
    concurrency: Concurrency | None = None
    retry: Retry | None = None
    sla: tuple[Sla, ...] = ()
    checks: tuple[Check, ...] = ()
    plugin_defaults: tuple[PluginDefault, ...] = Field((), validation_alias=AliasChoices("pluginDefaults", "taskDefaults"))
    disabled: bool = False

    @model_validator(mode="before")
    @classmethod
    def _schedule_is_a_trigger(cls, data: object) -> object:
        return with_trigger(data)

    @field_validator("labels")
    @classmethod
    def _no_system_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        reserved = [key for key in labels if key.startswith("system.") and key not in ("system.readOnly", "system.correlationId")]
        if reserved:
            names = ", ".join(f"`{key}`" for key in reserved)
            raise ValueError(f"labels that begin with `system.` are reserved: {names}")
        return labels

    @model_validator(mode="after")
    def _unique_ids(self) -> "Flow":
        seen: set[str] = set()
        for task in self.all_tasks():
            if task.id in seen:
                raise PydanticCustomError("duplicate_task", DUPLICATE_TASK, {"id": task.id})
            seen.add(task.id)
        return self

    def all_tasks(self) -> Iterator[TaskSpec]:
        """Every task of the tree, each before the tasks inside it."""
        waiting = [*reversed((*self.tasks, *self.errors, *self.finally_, *self.after_execution))]
        while waiting:
            task = waiting.pop()
            yield task
            inside = [child for branch in task.branches() for child in branch]
            waiting.extend(reversed([*inside, *task.compensate]))

    @cached_property
    def by_id(self) -> dict[str, TaskSpec]:
        """The tasks of the whole tree by their ids."""
        return {task.id: task for task in self.all_tasks()}

    @cached_property
    def secret_inputs(self) -> tuple[str, ...]:
        """The ids of the inputs whose values are kept encrypted."""
        return tuple(spec.id for spec in self.inputs if spec.type == "SECRET")

    @property
    def name(self) -> str:
        """`namespace.id`, as people and logs name a flow."""
        return f"{self.namespace}.{self.id}"
