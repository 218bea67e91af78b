"""Give a daemon's answers types: the fields that people need, and the whole answer beside them.

Rules
1. A field that this version does not know is no error; it is in `raw`.
2. A state is a text: a newer daemon may have one more.
3. An answer of another shape is no answer of onbeat's.

Called by: aio, sync.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from onbeat.client.frames import Frame
from onbeat.errors import OutsideError

ENDED = frozenset({"SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED"})
"""States after which nothing goes on by itself."""
GOOD = frozenset({"SUCCESS", "WARNING"})


class Labels(dict[str, str]):
    """Labels by their keys."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a daemon answered. raw: all of it, as plain data."""

    raw: dict[str, Any] = msgspec.field(default_factory=dict, name=":raw")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "raw")
        return f"{type(self).__name__}({shown})"


T = TypeVar("T", bound=Answer)


class Moment(Answer, frozen=True, kw_only=True):
    """A state, and when it was entered."""

    state: str
    date: datetime


class Course(Answer, frozen=True, kw_only=True):
    """How something went: its present state and those before it."""

    current: str
    histories: list[Moment] = []
    start_date: datetime
    end_date: datetime | None = None


class Going(Answer, frozen=True, kw_only=True):
    """What has states."""

    course: Course = msgspec.field(name="state")

    @property
    def state(self) -> str:
        """Its present state: CREATED, QUEUED, RUNNING, PAUSED, SUCCESS, FAILED …"""
        return self.course.current

    @property
    def ended(self) -> bool:
        """Whether it has ended: nothing goes on by itself any more."""
        return self.state in ENDED

    @property
    def ok(self) -> bool:
        """Whether it has ended well: SUCCESS or WARNING."""
        return self.state in GOOD

    @property
    def history(self) -> Sequence[Moment]:
        """All its states, in order."""
        return self.course.histories

    @property
    def created(self) -> datetime:
        """When its first state was entered."""
        return self.course.start_date

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""
        return self.course.end_date

    @property
    def took(self) -> timedelta | None:
        """How long it took, once it has ended."""
        return None if self.ended_at is None else self.ended_at - self.created


class TaskRun(Going, frozen=True, kw_only=True):
    """One run of a task. value: that of the loop in which it ran."""

    id: str
    task: str = msgspec.field(name="taskId")
    value: Any = None
    iteration: int | None = None
    parent: str | None = msgspec.field(name="parentTaskRunId", default=None)
    outputs: dict[str, Any] | None = None
    error: str | None = None
    attempts: list[dict[str, Any]] | None = None


class StartedBy(Answer, frozen=True, kw_only=True):
    """The trigger that started an execution, and what it said."""

    id: str
    type: str | None = None
    variables: dict[str, Any] | None = None


class Failure(Answer, frozen=True, kw_only=True):
    """Why an execution failed, and at which task."""

    message: str
    task: str | None = msgspec.field(name="taskId", default=None)


class Execution(Going, frozen=True, kw_only=True):
    """One run of a flow. In lists it is without inputs, outputs and task runs."""

    id: str
    namespace: str
    flow: str = msgspec.field(name="flowId")
    revision: int = msgspec.field(name="flowRevision")
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None
    labels: Labels = Labels()
    task_runs: list[TaskRun] = msgspec.field(name="taskRunList", default_factory=list)
    trigger: StartedBy | None = None
    parent: str | None = msgspec.field(name="parentId", default=None)
    original: str | None = msgspec.field(name="originalId", default=None)
    error: Failure | None = None

    def runs_of(self, task: str) -> list[TaskRun]:
        """The runs of a task: one, or one for each value of the loops around it."""
        return [run for run in self.task_runs if run.task == task]


class Flow(Answer, frozen=True, kw_only=True):
    """A flow. source: its text, where it was asked for. file: where it is, when it is not in the store alone."""

    id: str
    namespace: str
    revision: int
    description: str | None = None
    disabled: bool = False
    labels: Labels = Labels()
    inputs: list[dict[str, Any]] = []
    triggers: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    file: str | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """Its whole name."""
        return f"{self.namespace}.{self.id}"


class LogLine(Answer, frozen=True, kw_only=True):
    """A line that a task logged. attempt: 0 is the first. seq: its number in its execution."""

    execution: str = msgspec.field(name="executionId")
    task: str | None = msgspec.field(name="taskId", default=None)
    task_run: str | None = msgspec.field(name="taskRunId", default=None)
    attempt: int = msgspec.field(name="attemptNumber", default=0)
    at: datetime = msgspec.field(name="timestamp")
    level: str
    message: str
    seq: int


class Published(Answer, frozen=True, kw_only=True):
    """An event that is on its topic. executions: what it started; None on a broker's topic, which does not say.

    duplicate: it was there already, and started nothing now.
    """

    id: str
    executions: list[str] | None = None
    duplicate: bool = False


class Event(Answer, frozen=True, kw_only=True, rename=None):
    """A CloudEvent on a topic. position: where, to go on after it."""

    id: str
    source: str
    type: str
    subject: str | None = None
    time: datetime | None = None
    data: Any = None
    key: str | None = msgspec.field(name="partitionkey", default=None)
    position: int = msgspec.field(name=":position", default=0)


class DeadEvent(Answer, frozen=True, kw_only=True):
    """An event that could not start what it should have: kept whole, replayable. event: itself, when it was asked for alone."""

    id: str
    at: datetime
    reason: str
    trigger: str | None = None
    subscription: str | None = None
    key: str | None = None
    replayed_at: datetime | None = None
    event: dict[str, Any] | None = None


class Replayed(Answer, frozen=True, kw_only=True):
    """What a dead event started when it was given to its trigger again."""

    executions: list[str] = []
    duplicate: bool = False


class Topic(Answer, frozen=True, kw_only=True):
    """A topic, and how many events the embedded bus keeps of it."""

    name: str = msgspec.field(name="topic")
    records: int = 0


class Entry(Answer, frozen=True, kw_only=True):
    """What is kept under a key of a namespace, without the value."""

    namespace: str
    key: str
    type: str
    description: str | None = None
    created: datetime = msgspec.field(name="creationDate")
    updated: datetime = msgspec.field(name="updateDate")
    expires: datetime | None = msgspec.field(name="expirationDate", default=None)


class Value(Answer, frozen=True, kw_only=True):
    """A value that a namespace keeps."""

    value: Any
    type: str
    description: str | None = None


class Backfill(Answer, frozen=True, kw_only=True):
    """A schedule that runs for times that are past."""

    start: datetime
    end: datetime
    current: datetime = msgspec.field(name="currentDate")
    paused: bool = False
    runs: int = 0
    total: int | None = None


class Preview(Answer, frozen=True, kw_only=True):
    """What a backfill would run: how many times, and the first thousand of them."""

    total: int
    dates: list[datetime]


class TriggerState(Answer, frozen=True, kw_only=True):
    """How a trigger is: switched off or not, when its schedule fires next, the backfill that goes on."""

    name: str
    id: str = msgspec.field(name="triggerId")
    namespace: str | None = None
    flow: str | None = msgspec.field(name="flowId", default=None)
    disabled: bool = False
    why: str | None = msgspec.field(name="disabledBecause", default=None)
    next: datetime | None = msgspec.field(name="nextExecutionDate", default=None)
    backfill: Backfill | None = None


class Trigger(Answer, frozen=True, kw_only=True):
    """A trigger that is served. state: ready, starting, failing, disabled. lag: events that wait for it, where that is known."""

    name: str
    id: str = msgspec.field(name="triggerId")
    type: str
    state: str = msgspec.field(name="status")
    namespace: str | None = None
    flows: list[str] = []
    disabled: bool = False
    why: str | None = msgspec.field(name="pausedBecause", default=None)
    received: int = 0
    last_event: datetime | None = None
    lag: int | None = None


class Health(Answer, frozen=True, kw_only=True):
    """A daemon that takes work."""

    status: str
    version: str


class Status(Answer, frozen=True, kw_only=True):
    """How a daemon is: what is wrong, how much is at work. journal: the position of the last change."""

    version: str
    ready: bool
    trouble: list[Any] = []
    figures: dict[str, Any] = {}
    flows: int = 0
    sinks: list[dict[str, Any]] = []
    journal: int = 0


class Checked(Answer, frozen=True, kw_only=True):
    """What is wrong with a flow's text; nothing, where `problems` is empty."""

    id: str | None = msgspec.field(name="flow", default=None)
    namespace: str | None = None
    problems: str | None = msgspec.field(name="constraints", default=None)
    warnings: list[str] | None = None

    @property
    def ok(self) -> bool:
        """Whether it could be saved."""
        return not self.problems


def read(kind: type[T], content: Any) -> T:
    """An answer of that kind. Raises OutsideError."""
    try:
        made = msgspec.convert(content, kind, dec_hook=_hook)
    except msgspec.ValidationError as wrong:
        raise OutsideError(f"the answer is no {kind.__name__} ({wrong}): is this an onbeat daemon?") from None
    msgspec.structs.force_setattr(made, "raw", content)
    return made


def read_all(kind: type[T], content: Any) -> list[T]:
    """Several of that kind. Raises OutsideError."""
    if not isinstance(content, list):
        raise OutsideError(f"the answer is no list of {kind.__name__}: is this an onbeat daemon?")
    return [read(kind, each) for each in content]


def page_of(content: Any) -> list[Any]:
    """The rows of an answer that is a page. Raises OutsideError."""
    rows = content.get("results") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise OutsideError("the answer is no page of a list: is this an onbeat daemon?")
    return rows


def event_of(frame: Frame) -> Event:
    """The event of a stream, with its position. Raises OutsideError."""
    event = read(Event, frame.data)
    msgspec.structs.force_setattr(event, "position", int(frame.id) if frame.id.isdecimal() else 0)
    return event


def once(published: Published) -> Published:
    """An event under a key that was made for this call: if it was there already, this call put it there."""
    msgspec.structs.force_setattr(published, "duplicate", False)
    return published


def _hook(kind: type[Any], content: Any) -> Any:
    if kind is not Labels:
        raise NotImplementedError(f"{kind} cannot be read")
    try:
        return Labels(content if isinstance(content, dict) else {each["key"]: each["value"] for each in content or ()})
    except (KeyError, TypeError):
        raise ValueError("labels are a list of {key, value}") from None
