"""Describe a file of flow tests: which flow, and cases with what is given, what happens, and what is expected.

Called by: read.py builds them; case.py plays them.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, field_validator, model_validator

from onbeat.core.durations import parse_duration
from onbeat.core.event import Json, Micros
from onbeat.core.flow import Labels
from onbeat.core.frozen import Frozen
from onbeat.core.times import from_iso
from onbeat.core.trigger import FlowRef
from onbeat.errors import UserError
from onbeat.testing.clock import START
from onbeat.testing.mocks import Mock
from onbeat.testing.operators import ALIASES, OPERATORS, Path

T = TypeVar("T")


def _moment(value: object) -> object:
    """A time after the start of the case (`PT5M`), or an instant (`2026-01-01T00:00:00Z`)."""
    if not isinstance(value, str):
        raise ValueError("write a time after the start such as `PT5M`, or an instant such as `2026-01-01T00:00:00Z`")
    try:
        return parse_duration(value) if value[:1] in "Pp" else from_iso(value)
    except UserError as wrong:
        raise ValueError(str(wrong)) from None


Moment = Annotated[timedelta | Micros, BeforeValidator(_moment)]


def _instant(value: object) -> object:
    try:
        return from_iso(str(value))
    except ValueError:
        raise ValueError("write an instant such as `2026-01-01T00:00:00Z`") from None


Instant = Annotated[Micros, BeforeValidator(_instant)]


def instant(moment: timedelta | Micros, start: Micros) -> Micros:
    """When that is, in a case that began at `start`."""
    return start + moment // timedelta(microseconds=1) if isinstance(moment, timedelta) else moment


def not_empty(value: tuple[T, ...]) -> tuple[T, ...]:
    """The list, if there is something in it."""
    if not value:
        raise ValueError("there must be at least one")
    return value


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


# ---- what happens ------------------------------------------------------------------------------------------------------

KINDS: dict[str, frozenset[str]] = {
    "topic": frozenset({"data", "key", "id", "headers", "source"}),
    "webhook": frozenset({"method", "body", "headers", "parameters"}),
    "kafka": frozenset({"key", "value", "headers", "partition", "offset", "timestamp"}),
    "mqtt": frozenset({"payload", "qos", "retain", "headers"}),
    "schedule": frozenset({"date"}),
    "file": frozenset({"content", "id"}),
    "trigger": frozenset({"variables", "data", "id"}),
    "flow": frozenset({"inputs", "labels"}),
}
"""What each kind of event may say besides its own key, `at` and `description`."""


class Arrival(Frozen):
    """Something that comes in from outside. Exactly one of: topic, webhook, kafka, mqtt, schedule, file, trigger, flow."""

    description: str | None = None
    at: Moment | None = None
    topic: str | None = None
    webhook: str | bool | None = None
    kafka: str | None = None
    mqtt: str | None = None
    schedule: str | bool | None = None
    file: str | None = None
    trigger: str | None = None
    flow: str | None = None
    data: Any = None
    key: Any = None
    id: str | None = None
    headers: dict[str, Any] = Field({})
    source: str = "onbeat"
    method: str = "POST"
    body: Any = None
    parameters: dict[str, Any] = Field({})
    value: Any = None
    partition: int = 0
    offset: int | None = None
    timestamp: Moment | None = None
    payload: Any = None
    qos: int = Field(1, ge=0, le=2)
    retain: bool = False
    date: Moment | None = None
    content: str = ""
    variables: dict[str, Any] = Field({})
    inputs: dict[str, Any] = Field({})
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_kind(self) -> "Arrival":
        given = self.model_fields_set - {"at", "description"}
        kinds = sorted(given & KINDS.keys())
        if len(kinds) != 1:
            told = f"it says {' and '.join(f'`{kind}`' for kind in kinds)}" if kinds else "it says none"
            raise ValueError(f"an event says one of {', '.join(f'`{kind}`' for kind in KINDS)}; {told}")
        stray = sorted(given - KINDS[kinds[0]] - set(kinds))
        if stray:
            takes = ", ".join(f"`{name}`" for name in sorted(KINDS[kinds[0]]))
            raise ValueError(f"`{stray[0]}` is nothing that a `{kinds[0]}` event has; it takes {takes}, `at`")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(iter(self.model_fields_set & KINDS.keys()))


class Resume(Frozen):
    """Somebody resumes what is paused: at an instant, or as soon as something waits for it."""

    at: Moment | None = None
    inputs: dict[str, Any] = Field({})
    by: str | None = None


class Kill(Frozen):
    """Somebody kills the execution."""

    at: Moment


# ---- what is expected --------------------------------------------------------------------------------------------------


class TaskExpected(Frozen):
    """What is expected of a task: of all its runs, or in a loop of those with a value."""

    state: Any = None
    outputs: Any = None
    error: Any = None
    attempts: Any = None
    runs: Any = None
    options: Any = None
    not_run: bool = Field(False, validation_alias=AliasChoices("notRun", "not_run"))
    values: dict[str, "TaskExpected"] = Field({})


class LogExpected(Frozen):
    """A line that is expected in the log."""

    message: Any = None
    level: str | None = None
    task: str | None = None


class ExecutionExpected(Frozen):
    """What is expected of an execution."""

    state: Any = None
    outputs: Any = None
    inputs: Any = None
    error: Any = None
    labels: Any = None
    duration: Any = None
    tasks: dict[str, TaskExpected] = Field({})
    logs: tuple[str | LogExpected, ...] = ()


class RelatedExpected(ExecutionExpected):
    """What is expected of the next execution of a flow: `id`, or `namespace.id`."""

    flow: str


class Expected(ExecutionExpected):
    """What is expected of a case. The execution is the first that started."""

    started: int | None = None
    dead: Any = None
    published: tuple[dict[str, Any], ...] | None = None
    state_events: tuple[Any, ...] | None = Field(None, alias="stateEvents")
    executions: tuple[RelatedExpected, ...] = ()


class Assertion(Frozen):
    """One value and what is asked of it, as Kestra writes it."""

    value: Any
    task_id: str | None = Field(None, alias="taskId")
    description: str | None = None
    error_message: str | None = Field(None, alias="errorMessage")
    operators: dict[str, Json] = Field({})

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: object) -> object:
        if isinstance(value, str):
            return {"value": value}
        if not isinstance(value, dict):
            return value
        asked = {key: operand for key, operand in value.items() if ALIASES.get(key, key) in OPERATORS}
        return {**{key: rest for key, rest in value.items() if key not in asked}, "operators": asked}


# ---- a file ------------------------------------------------------------------------------------------------------------

_CASE_ID = re.compile(r"[^\s:\[\]/]{1,100}")


class Given(Frozen):
    """What is there before anything happens; a file may say it for all of its cases."""

    mocks: dict[str, Mock] = Field({})
    kv: dict[str, Any] = Field({})
    secrets: dict[str, str] = Field({})
    envs: dict[str, str] = Field({})
    files: dict[str, str] = Field({})
    clock: Instant = START
    enable: tuple[str, ...] = ()

    def over(self, other: "Given") -> "Given":
        """This, where it says something, before the other."""
        return other.model_copy(
            update={
                "mocks": {**other.mocks, **self.mocks},
                "kv": {**other.kv, **self.kv},
                "secrets": {**other.secrets, **self.secrets},
                "envs": {**other.envs, **self.envs},
                "files": {**other.files, **self.files},
                "clock": self.clock if "clock" in self.model_fields_set else other.clock,
                "enable": (*other.enable, *self.enable),
            }
        )


class TriggerFixture(Frozen):
    """Kestra's: what the execution says of its trigger, without an event."""

    id: str
    type: str
    variables: dict[str, Any] = Field({})


class Case(Given):
    """One test. With `events` triggers start the flow, else it is started by `inputs`. until: when it is over; time goes on till then."""

    id: str
    description: str | None = None
    disabled: bool = False
    inputs: dict[str, Any] | None = None
    labels: Labels = Field(default_factory=dict)
    events: Annotated[tuple[Arrival, ...], BeforeValidator(_listed)] = Field((), validation_alias=AliasChoices("events", "event"))
    resume: Annotated[tuple[Resume, ...], BeforeValidator(_listed)] = ()
    kill: Annotated[tuple[Kill, ...], BeforeValidator(_listed)] = ()
    until: Moment | None = None
    real: bool = False
    expect: Expected | None = None
    assertions: tuple[Assertion, ...] = ()

    @field_validator("id")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if _CASE_ID.fullmatch(value) is None:
            raise ValueError("a test's id has no spaces, `:`, `/` or brackets")
        return value

    @model_validator(mode="after")
    def _starts_once(self) -> "Case":
        if self.inputs is not None and self.events:
            raise ValueError("a test is started by `inputs` or by `events`, not both")
        return self


class Suite(Given):
    """A file of tests of one flow. flows: others that are to be there with their triggers. triggers: files of triggers."""

    id: str | None = None
    description: str | None = None
    flow: FlowRef | str
    flows: tuple[FlowRef | str, ...] = ()
    triggers: tuple[str, ...] = ()
    tests: Annotated[tuple[Case, ...], AfterValidator(not_empty)]


class Played(Frozen):
    """A case with all it needs to be played. path: where it stands in its file. bare: nothing of a mocked task is looked at (Kestra)."""

    case: Case
    given: Given
    path: Path
    bare: bool = False
    trigger: TriggerFixture | None = None
