"""Pause and go on: Pause and Approval tasks, a person's pause of a whole execution, tasks that are held.

Rules
1. An execution in which only Pause tasks are left is PAUSED; so is one that a person paused, once what ran has ended.
2. A Pause whose time is up does not wake an execution that a person paused.
3. A resume answers all Pause tasks that wait; an Approval's decision says what follows. Iterations of a Loop are resumed by themselves.

Called by: decide, children.
"""

from typing import assert_never

from onbeat.core import blocks, rounds
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Execution, Phase, TaskRun
from onbeat.core.expressions import NeedsOutside
from onbeat.core.plan.approval import Approval
from onbeat.core.plan.pause import RESUMED, Behavior, Pause, behavior_of
from onbeat.core.states import State
from onbeat.core.times import iso


def over(draft: Draft, run: TaskRun, spec: Pause) -> None:
    """A Pause task's time is up: its delay lets it go on as `behavior` says, its timeout fails it."""
    if run.state is not State.PAUSED or draft.execution.by_hand:
        return
    wake_up(draft)
    if isinstance(spec, Approval):
        _decided(draft, run, spec, spec.at_timeout, s.Resume(), automatic=True)
        return
    if spec.pause_duration is None:
        blocks.fail_inside(draft, run.n, "nobody resumed it before its timeout")
        return
    try:
        behavior = behavior_of(draft.renderer(run.n)("behavior"))
    except (NeedsOutside, *blocks.PROBLEMS) as problem:  # it could be had when it was PAUSED
        blocks.fail_inside(draft, run.n, short(problem))
        return
    match behavior:
        case Behavior.RESUME:
            _go_on(draft, run, s.Resume())
        case Behavior.WARN:
            blocks.fail_inside(draft, run.n, "nobody resumed it in time", State.WARNING)
        case Behavior.FAIL:
            blocks.fail_inside(draft, run.n, "nobody resumed it in time")
        case Behavior.CANCEL:
            blocks.fail_inside(draft, run.n, "nobody resumed it in time", State.CANCELLED)
        case _:
            assert_never(behavior)


def _goes_on(execution: Execution, n: int) -> bool:
    """Whether a task run is neither PAUSED nor only around others."""
    if execution.runs[n].state is State.PAUSED:
        return False
    block = execution.blocks.get(n)
    return block is None or block.open == 0 or (block.fan is not None and block.phase is Phase.TASKS)


def wake_up(draft: Draft) -> None:
    """Let a paused execution run again."""
    if draft.execution.state is State.PAUSED:
        held = draft.execution.held
        draft.move(State.RESTARTED)
        draft.move(State.RUNNING)
        draft.ended.extend(held)
        rounds.overdue(draft)


def resume(draft: Draft, signal: s.Resume) -> None:
    """Somebody lets it go on."""
    if draft.execution.state is not State.PAUSED and not draft.execution.paused:
        return
    if _only_loops(draft.execution):
        return
    wake_up(draft)
    blocks.fill(draft, ROOT)
    for n in sorted(draft.execution.open):
        run = draft.run(n)
        block = draft.execution.blocks.get(n)
        if run.state is State.PAUSED and (block is None or block.fan is None):
            _go_on(draft, run, signal)
        elif block is not None:
            blocks.fill(draft, n)


def _only_loops(execution: Execution) -> bool:
    """Whether nothing of it waits to be resumed but executions of its loops, which are resumed themselves."""
    waiting = [n for n in execution.open if execution.runs[n].state is State.PAUSED]
    return bool(waiting) and all(n in execution.blocks and execution.blocks[n].fan is not None for n in waiting) and not execution.by_hand


def _go_on(draft: Draft, run: TaskRun, signal: s.Resume) -> None:
    spec = draft.spec(run.n)
    if isinstance(spec, Approval):
        _decided(draft, run, spec, signal.decision or spec.approve, signal)
    elif isinstance(spec, Pause):
        draft.move_run(run.n, State.RUNNING, outputs=spec.given(signal.inputs, signal.by, iso(draft.now)))
        _after(draft, run.n, spec, RESUMED)
    else:  # held because its attempt was lost: a person says it may be tried again
        draft.move_run(run.n, State.RUNNING)
        draft.move_run(run.n, State.RETRYING)
        draft.move_run(run.n, State.CREATED)


def _decided(draft: Draft, run: TaskRun, spec: Approval, decision: str, signal: s.Resume, *, automatic: bool = False) -> None:
    """An Approval was decided upon: run what follows it, then end as it says."""
    outputs: dict[str, Json] = spec.decided(decision, signal.inputs, signal.by, iso(draft.now), signal.comment, automatic)
    draft.move_run(run.n, State.RUNNING, outputs=outputs)
    _after(draft, run.n, spec, decision)


def _after(draft: Draft, n: int, spec: Pause, choice: str) -> None:
    opening = spec.resumed(choice)
    draft.add(c.Opened(at=draft.now, n=n, lanes=opening.lanes, choice=opening.choice))
    blocks.fill(draft, n)


def pause_when_idle(draft: Draft) -> None:
    """An execution in which only Pause tasks (and fans of paused executions) are left is PAUSED."""
    execution = draft.execution
    if not execution.paused or execution.state is not State.RUNNING:
        return
    if not any(_goes_on(execution, n) for n in execution.open):
        draft.move(State.PAUSED)
