"""Keep what is being decided: the execution as it will be, and the changes that make it so.

Every change goes through `add`, which evolves the execution at once, so that the next rule sees what the last one decided and what
is decided cannot differ from what a reload gives.

Called by: decide and blocks.
"""

from collections.abc import Callable
from typing import Any

from onbeat.core import changes as c
from onbeat.core import context
from onbeat.core.event import Json, Micros
from onbeat.core.evolve import evolve
from onbeat.core.execution import ROOT, Block, Execution, Phase, TaskRun
from onbeat.core.expressions import NeedsOutside, compile_value, make_scope
from onbeat.core.flow import Flow, FlowableSpec, Retry, TaskSpec
from onbeat.core.ids import seeded
from onbeat.core.plan.loop import Loop
from onbeat.core.states import State

_AFTER_AN_EXIT = (Phase.COMPENSATION, Phase.FINALLY, Phase.AFTER)


class Draft:
    """An execution in the making. ended: task runs that ended and whose block has not been told. over: blocks whose phase is over."""

    __slots__ = ("changes", "ended", "execution", "flow", "now", "over")

    def __init__(self, flow: Flow, execution: Execution, now: Micros) -> None:
        self.flow = flow
        self.execution = execution
        self.now = now
        self.changes: list[c.AnyChange] = []
        self.ended: list[int] = []
        self.over: list[int] = []

    def add(self, change: c.AnyChange) -> None:
        """Decide it."""
        self.execution = evolve(self.execution, change)
        self.changes.append(change)

    def run(self, n: int) -> TaskRun:
        """The task run of that number."""
        return self.execution.runs[n]

    @property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """What it runs: the flow's tasks, or in an iteration those of its loop."""
        loop = self.loop
        return self.flow.tasks if loop is None else loop.tasks

    @property
    def loop(self) -> Loop | None:
        """The loop that it is an iteration of."""
        scope = self.execution.head.scope
        if scope is None:
            return None
        spec = self.flow.by_id[scope.task]
        assert isinstance(spec, Loop), "an iteration is a Loop's"
        return spec

    def tail(self, n: int, phase: Phase) -> tuple[TaskSpec, ...]:
        """The tasks of a block's errors, finally or afterExecution; an iteration of a loop has none of its own."""
        if n != ROOT:
            spec = self.flowable(n)
            return spec.errors if phase is Phase.ERRORS else spec.finally_ if phase is Phase.FINALLY else ()
        flow = self.flow
        if self.execution.head.scope is not None:
            return ()
        if phase is Phase.AFTER:
            return flow.after_execution
        return flow.errors if phase is Phase.ERRORS else flow.finally_ if phase is Phase.FINALLY else ()

    def stopping(self, n: int) -> bool:
        """Whether nothing more may begin in a block: a kill, an exit, or a failure beside it that stops it; its `finally` excepted."""
        return self.left(n) or (self.execution.blocks[n].phase is not Phase.FINALLY and self.cut(n) is not None)

    def left(self, n: int) -> bool:
        """Whether a kill, or an exit, keeps a block from beginning more: an exit not what is in a `finally`, or undoes what was done."""
        execution = self.execution
        if execution.state is State.KILLING:
            return True
        if execution.exit is None:
            return False
        while True:
            if n in execution.blocks and execution.blocks[n].phase in _AFTER_AN_EXIT:
                return False
            if n == ROOT:
                return True
            n = execution.runs[n].parent

    def cut(self, n: int) -> State | None:
        """The state in which a failure beside a task run, or beside a block that it is in, ends it (`onChildFailure`); None without one."""
        state = None
        while n != ROOT and self.execution.runs[n].phase is not Phase.FINALLY:
            n = self.execution.runs[n].parent
            block = self.execution.blocks.get(n)
            if n != ROOT and block is not None and block.failed and block.phase is Phase.TASKS:
                state = self.flowable(n).on_failure or state
        return state

    def stopped_as(self, n: int) -> State:
        """The state in which a task run ends that is stopped."""
        cut = self.cut(n) if self.execution.state is not State.KILLING else None
        return cut or State.KILLED

    def block(self, n: int) -> Block:
        """The block of a flowable's run, or of the flow."""
        return self.execution.blocks[n]

    def spec(self, n: int) -> TaskSpec:
        """The task of a task run."""
        return self.flow.by_id[self.execution.runs[n].task]

    def flowable(self, n: int) -> FlowableSpec:
        """The construct of a flowable's run."""
        spec = self.spec(n)
        assert isinstance(spec, FlowableSpec), f"task `{spec.id}` has no block"
        return spec

    def move(self, after: State, *, by_hand: bool = False) -> None:
        """Move the execution: a state event."""
        execution = self.execution
        failing = after in (State.FAILED, State.KILLED, State.CANCELLED)
        self.add(
            c.Moved(
                at=self.now,
                before=execution.state,
                after=after,
                sequence=execution.sequence + 1,
                labels=execution.labels,
                error=execution.error if failing else None,
                failed_task=execution.failed_task if failing else None,
                by_hand=by_hand,
            )
        )

    def finish(self, after: State, outputs: dict[str, Json] | None = None, error: str | None = None, unreturned: str | None = None) -> None:
        """Move the execution to its end. unreturned: why what the task that started it asks for cannot be had."""
        execution = self.execution
        self.add(
            c.Moved(
                at=self.now,
                before=execution.state,
                after=after,
                sequence=execution.sequence + 1,
                labels=execution.labels,
                outputs=outputs,
                error=None if after is State.SUCCESS else error or execution.error,
                failed_task=None if after is State.SUCCESS else execution.failed_task,
                unreturned=unreturned,
            )
        )

    def move_run(self, n: int, state: State, **facts: Any) -> None:
        """Move a task run; one that ends is told to its block when the rules settle."""
        self.add(c.RunMoved(at=self.now, n=n, state=state, **facts))
        if self.run(n).ended and self.execution.state is not State.PAUSED:
            self.ended.append(n)

    def renderer(self, n: int) -> Callable[[str], Json]:
        """Gives the values of a task run's properties by field. Raises ExpressionError and NeedsOutside(field)."""
        spec, run = self.spec(n), self.run(n)

        def render(field: str) -> Json:
            if field in run.answers:
                return run.answers[field]
            if field.startswith("@"):
                raise NeedsOutside(field)
            return self.evaluate(getattr(spec, field), n, field)

        return render

    def evaluate(self, value: Json, n: int, field: str) -> Json:
        """The value with its expressions evaluated for task run n. Raises ExpressionError and NeedsOutside(field)."""
        template = compile_value(value)
        if template.constant:
            return value
        if template.reaches or template.roots & context.OUTSIDE_ROOTS:
            raise NeedsOutside(field)
        try:
            names = context.variables(self.flow, self.execution, n, self.now)
            names["__random__"] = seeded(f"{self.execution.id}/{n}/{field}/{self.execution.version}")
            return template.render(make_scope(names))
        except NeedsOutside:
            raise NeedsOutside(field) from None

    def retry_of(self, n: int) -> Retry | None:
        """The retry policy of a task run: its own, or the nearest one of the flowables around it."""
        while n != ROOT:
            policy = self.spec(n).retry
            if policy is not None:
                return policy
            n = self.run(n).parent
        return None
