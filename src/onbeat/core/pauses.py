"""Pause and go on: Pause and Approval tasks, a person's pause of a whole execution, tasks that are held.

Rules
1. An execution in which only Pause tasks are left is PAUSED; so is one that a person paused, once what ran has ended.
2. A Pause whose time is up does not wake an execution that a person paused.
3. A resume answers all Pause tasks that wait; an Approval's decision says what follows.

Called by: decide, children.
"""

from typing import assert_never

from onbeat.core import blocks
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Execution, TaskRun
from onbeat.core.plan.approval import Approval
from onbeat.core.plan.pause import RESUMED, Pause
from onbeat.core.states import State
from onbeat.core.times import iso


def over(draft: Draft, run: TaskRun, spec: Pause) -> None:
    """A Pause task's time is up: its delay lets it go on as `behavior` says, its timeout fails it."""
    if run.state is not State.PAUSED or _held_by_operator(draft.execution):
        return
    wake_up(draft)
    if isinstance(spec, Approval):
        _decided(draft, run, spec, spec.at_timeout, s.Resume())
        return
    if spec.pause_duration is None:
        blocks.fail(draft, run.n, "nobody resumed it before its timeout")
        return
    match spec.behavior:
        case "RESUME":
            _go_on(draft, run, s.Resume())
        case "WARN":
            draft.move_run(run.n, State.RUNNING)
            draft.move_run(run.n, blocks.allowed(spec, State.WARNING))
        case "FAIL":
            blocks.fail(draft, run.n, "nobody resumed it in time")
        case "CANCEL":
            blocks.fail(draft, run.n, "nobody resumed it in time", State.CANCELLED)
        case _:
            assert_never(spec.behavior)


def _held_by_operator(execution: Execution) -> bool:
    """Whether a person paused it, and not only its Pause tasks: then something else is under way, or would have gone on by now."""
    if execution.state is not State.PAUSED:
        return False
    if execution.held:
        return True
    blocks_, runs = execution.blocks, execution.runs
    for n in execution.open:
        waits = runs[n].state is State.PAUSED
        if not waits and (n not in blocks_ or blocks_[n].open == 0):
            return True
    return False


def wake_up(draft: Draft) -> None:
    """Let a paused execution run again."""
    if draft.execution.state is State.PAUSED:
        held = draft.execution.held
        draft.move(State.RESTARTED)
        draft.move(State.RUNNING)
        draft.ended.extend(held)


def resume(draft: Draft, signal: s.Resume) -> None:
    """Somebody lets it go on."""
    if draft.execution.state is not State.PAUSED and not draft.execution.paused:
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


def _decided(draft: Draft, run: TaskRun, spec: Approval, decision: str, signal: s.Resume) -> None:
    """An Approval was decided upon: run what follows it, then end as it says."""
    automatic = signal.by is None and signal.decision is None
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
    for n in execution.open:
        run, block = execution.runs[n], execution.blocks.get(n)
        if run.state is not State.PAUSED and (block is None or block.open == 0 or block.fan is not None):
            return
    draft.move(State.PAUSED)
