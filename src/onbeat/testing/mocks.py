"""Run something else instead of a task: what a test says it gives, how it fails, how long it takes.

The seam is the registry: it hands out the plugins' own classes with another `run`. So the options of a task that is mocked are rendered
and validated as ever, and a misspelt option or a missing variable is found by the test; nothing is patched.

Rules
1. The narrowest mock counts: of a loop value before the task's, of a task (`flow/task` before `task`) before its type's; the last of
   several attempts stays.
2. A task that reaches outside and has no mock is refused, by name, unless it is `real: true`: a test is offline.
3. What a task was given is kept, mocked or not.
4. Sources outside do not connect; what is inside (the bus, webhooks, schedules) is as ever.

Called by: bench.py.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import new_class
from typing import Any, Literal

from pydantic import Field

from onbeat.core.durations import Duration
from onbeat.core.event import Json
from onbeat.core.flow import PluginDefault
from onbeat.core.frozen import Frozen
from onbeat.core.states import State
from onbeat.core.type_names import short_type
from onbeat.errors import UserError
from onbeat.ports import Listener, Outcome, SourceContext, SourceOptions, TaskContext, TaskFailed, TaskOptions
from onbeat.registry import Registry
from onbeat.testing.standin import StandIn, Unknown
from onbeat.testing.virtual import VirtualClock, VirtualLoop


class Mock(Frozen):
    """What happens instead of a task. attempts: one for each try, the last for all that follow. values: by loop value.

    error: it fails with this message. delay: how long it takes. real: run it really.
    """

    description: str | None = None
    outputs: dict[str, Any] | None = None
    state: Literal["SUCCESS", "WARNING", "FAILED", "CANCELLED", "KILLED"] | None = None
    error: str | None = None
    delay: Duration | None = None
    attempts: tuple["Mock", ...] = ()
    values: dict[str, "Mock"] = Field({})
    real: bool = False

    def at(self, value: str | None, attempt: int) -> "Mock":
        """What counts for a loop value and an attempt, from 1."""
        if value is not None and value in self.values:
            return self.values[value].at(None, attempt)
        return self.attempts[min(attempt, len(self.attempts)) - 1] if self.attempts else self


@dataclass(frozen=True, slots=True)
class Call:
    """A task that was to run. key: the same for all attempts of a task run. options: as it was given them."""

    execution: str
    flow: str
    task: str
    attempt: int
    key: str
    options: dict[str, Json]
    mocked: bool


@dataclass
class Mocks:
    """The mocks of one node, by task id, `flow/task` or type. real: what has no mock is run really, outside too.

    calls: what was to run. refused: why the test cannot go on. names: what the expressions of mocks see besides. check: looks at options
    that a stand-in was given.
    """

    clock: VirtualClock
    loop: VirtualLoop
    given: dict[str, Mock] = field(default_factory=dict)
    real: bool = False
    calls: list[Call] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    names: dict[str, Json] = field(default_factory=dict)
    check: Callable[[StandIn], None] = lambda given: None

    def find(self, flow: str, task: str, type_: str) -> Mock | None:
        """The mock of a task."""
        for name in (f"{flow}/{task}", task, type_):
            if name in self.given:
                return self.given[name]
        return None

    async def run(self, task: TaskOptions, context: TaskContext, type_: str, really: Callable[[TaskContext], Any]) -> Outcome:
        """Run a task, or what stands for it."""
        mock = self.find(context.flow, context.task, type_)
        if mock is not None:
            mock = mock.at(context.value, context.attempt)
        real = mock is not None and mock.real
        options = task.options if isinstance(task, StandIn) else task.model_dump(mode="json", by_alias=True, exclude_unset=True)
        mocked = mock is not None and not real
        self.calls.append(Call(context.execution, context.flow, context.task, context.attempt, context.idempotency_key, options, mocked))
        if mock is not None and not real:
            if isinstance(task, StandIn):
                self.check(task)
            return await self._instead(mock, context)
        lent = replace(context, services=replace(context.services, clock=self.clock.tasks))
        if not reaches_outside(type_):
            return await really(lent)  # type: ignore[no-any-return]  # a task's own run
        if not (real or self.real):
            why = f"task `{context.task}` ({type_}) reaches outside: give it a mock, or say `real: true`"
            self.refused.append(why)
            raise TaskFailed(why, retry=False)
        self.loop.real += 1
        try:
            return await really(lent)  # type: ignore[no-any-return]  # a task's own run
        finally:
            self.loop.real -= 1

    async def _instead(self, mock: Mock, context: TaskContext) -> Outcome:
        if mock.delay is not None:
            await self.clock.tasks.sleep(mock.delay.total_seconds())
        outputs = None if mock.outputs is None else await context.render(mock.outputs, self.names)
        state = State(mock.state or ("FAILED" if mock.error is not None else "SUCCESS"))
        error = mock.error
        if error is None and state is State.FAILED:
            error = "the mock of this task says FAILED"
        return Outcome(state=state, outputs=outputs, error=error)


def reaches_outside(type_: str) -> bool:
    """Whether a type of task reaches beyond this process."""
    return not type_.startswith("core.") or type_.startswith("core.http.")


def _is_inside(kind: type[SourceOptions], timed: bool) -> bool:
    """Whether a source brings only what this process has. timed: schedules, too."""
    if not all(name.startswith("core.trigger.") for name in kind.names):
        return False
    return timed or not any("Schedule" in name for name in kind.names)


class MockedRegistry(Registry):
    """The plugins of this installation with mocks before them. timed: schedules run.

    unknown: types that need not be installed, because a mock stands for them; missing: those that are not.
    """

    def __init__(self, mocks: Mocks, defaults: Sequence[PluginDefault] = (), *, timed: bool = False) -> None:
        super().__init__(defaults=defaults)
        self._mocks = mocks
        self._timed = timed
        self.unknown: set[str] = set()
        self.missing: set[str] = set()
        self._mocked: dict[str, type[TaskOptions]] = {}
        self._quiet: dict[type[SourceOptions], type[SourceOptions]] = {}

    def plain(self, name: str) -> type[TaskOptions]:
        """The class of a task type as its plugin has it. Raises UserError."""
        return super().task(name)

    def task(self, name: str) -> type[TaskOptions]:
        """The class of a task type, with its mocks before it. Raises UserError."""
        name = short_type(name)
        if name not in self._mocked:
            kind: type[TaskOptions]
            try:
                kind = StandIn if name in StandIn.names else super().task(name)
            except UserError:
                if name not in self.unknown:
                    raise
                self.missing.add(name)
                kind = Unknown
            self._mocked[name] = self._with_mocks(kind, name)
        return self._mocked[name]

    def source(self, name: str) -> type[SourceOptions]:
        """The class of a trigger type; one that would connect does not. Raises UserError."""
        kind = super().source(name)
        if _is_inside(kind, self._timed):
            return kind
        if kind not in self._quiet:
            self._quiet[kind] = new_class(kind.__name__, (kind,), exec_body=lambda body: body.update(_QUIET))
        return self._quiet[kind]

    def _with_mocks(self, kind: type[TaskOptions], name: str) -> type[TaskOptions]:
        mocks, really = self._mocks, kind.run

        async def run(self: TaskOptions, context: TaskContext) -> Outcome:
            return await mocks.run(self, context, name, lambda lent: really(self, lent))

        members: dict[str, Any] = {"run": run, "place": "loop", "__module__": kind.__module__}
        if name in mocks.given:
            members["instead"] = lambda self: None
        return new_class(kind.__name__, (kind,), exec_body=lambda body: body.update(members))


async def _wait(self: SourceOptions, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
    """Bring nothing in: a test does."""
    context.ready()
    await asyncio.Event().wait()


_QUIET: dict[str, Any] = {"run": _wait, "subscription": SourceOptions.subscription, "__module__": __name__}
