"""Decide about attempts of tasks: that one begins, how it ended, that it was lost, and what it changes about its execution.

Rules
1. Only the attempt under way counts.
2. A failed attempt is tried again as its policy says; the policy is the task's, or the nearest one around it.
3. What a task changes about its execution (labels, variables, its end) is decided with its end, and so once.
4. A time limit is an attempt's, counted from its begin.

Called by: decide.
"""

from typing import assert_never

from onbeat.core import blocks, retrying
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.addresses import SCHEME
from onbeat.core.draft import Draft
from onbeat.core.durations import parse_duration
from onbeat.core.errors_text import short
from onbeat.core.event import Json, Micros
from onbeat.core.execution import Awaited, TaskRun
from onbeat.core.expressions import NeedsOutside, to_text
from onbeat.core.flow import OnLost, RunnableTask
from onbeat.core.plan.subflow import Subflow
from onbeat.core.plan.wait_for_event import WaitForEvent
from onbeat.core.refs import is_mark
from onbeat.core.retry import micros, next_attempt
from onbeat.core.states import State
from onbeat.core.stopping import leave
from onbeat.core.times import from_iso
from onbeat.core.workspace import log_path

_LOST = "the engine stopped while this task ran"


def dispatched(draft: Draft, signal: s.Dispatched) -> None:
    """There is a place for its next attempt: it is RUNNING."""
    run = draft.execution.runs.get(signal.run)
    if run is None or run.state not in (State.CREATED, State.RESTARTED) or run.ask is not None:
        return
    if draft.execution.state is not State.RUNNING:
        return
    spec = draft.spec(run.n)
    try:
        wake = time_limit(draft, run.n)
        awaited = _awaited(draft, run.n, spec) if isinstance(spec, WaitForEvent) else None
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=run.n, ask=outside.name))
    except blocks.PROBLEMS as problem:
        blocks.fail(draft, run.n, short(problem) if isinstance(spec, WaitForEvent) else f"timeout: {short(problem)}")
    else:
        draft.move_run(run.n, State.RUNNING, attempt=run.attempt + 1, wake=wake)
        if awaited is not None:
            draft.add(c.EventAwaited(at=draft.now, n=run.n, awaited=awaited))


def time_limit(draft: Draft, n: int) -> Micros | None:
    """By when an attempt that begins now must have ended. Raises ExpressionError, NeedsOutside, UserError, ValueError."""
    wait = None if draft.spec(n).timeout is None else draft.renderer(n)("timeout")
    return None if wait is None else draft.now + micros(parse_duration(str(wait)))


def _awaited(draft: Draft, n: int, spec: WaitForEvent) -> Awaited:
    """What it waits for. It looks back to the start of the execution, or to `since`."""
    render = draft.renderer(n)
    topic, key, since = render("topic"), render("key"), render("since")
    if not isinstance(topic, str) or not topic:
        raise ValueError("`topic` must name a topic")
    try:
        first: Micros = draft.execution.head.created if since is None else from_iso(str(since))
    except ValueError as wrong:
        raise ValueError(f"`since`: {wrong}") from None
    return Awaited(topic=topic, since=first, key=None if key is None else to_text(key), conditional=spec.matches is not True)


def event_arrived(draft: Draft, signal: s.EventArrived) -> None:
    """The event that a task run waits for is there."""
    run = draft.execution.runs.get(signal.run)
    if run is not None and run.awaits is not None and run.state is State.RUNNING:
        over(draft, run, State.SUCCESS, signal.event, None)


def present(draft: Draft, n: int, attempt: int) -> TaskRun | None:
    """The task run when that attempt of it is under way."""
    run = draft.execution.runs.get(n)
    if run is None or run.attempt != attempt or run.state not in (State.RUNNING, State.KILLING):
        return None
    return run


def ended(draft: Draft, signal: s.TaskEnded) -> None:
    """An attempt is over."""
    run = present(draft, signal.run, signal.attempt)
    if run is None or run.child is not None:
        return
    facts = signal.facts if signal.state in (State.SUCCESS, State.WARNING) else None
    problem = None if facts is None else _refused(draft, facts)
    if run.state is State.KILLING:
        draft.move_run(run.n, draft.stopped_as(run.n), outputs=signal.outputs, error=signal.error, log=signal.log)
    elif problem is not None:
        over(draft, run, State.FAILED, signal.outputs, problem, retry=False, log=signal.log)
    elif facts is not None and facts.exit is not None:
        _state_facts(draft, facts)
        draft.move_run(run.n, facts.exit, outputs=signal.outputs, log=signal.log)
        leave(draft, facts.exit)
    else:
        if facts is not None:
            _state_facts(draft, facts)
        over(draft, run, signal.state, signal.outputs, signal.error, signal.retry, log=signal.log)


def _refused(draft: Draft, facts: s.Facts) -> str | None:
    """Why what a task says of its execution cannot be; None when it can."""
    known = draft.execution.variables
    taken = [name for name in facts.variables if name in known]
    if taken and not facts.overwrite:
        return f"the variable `{taken[0]}` is there already; `overwrite: true` replaces it"
    absent = [name for name in facts.unset if not _has(known, name)]
    if absent and not facts.missing:
        return f"there is no variable `{absent[0]}` to unset; `ignoreMissing: true` leaves it at that"
    return None


def _state_facts(draft: Draft, facts: s.Facts) -> None:
    """Change the execution's labels and variables."""
    execution = draft.execution
    if facts.labels:
        draft.add(c.Labelled(at=draft.now, labels={**execution.labels, **facts.labels}))
    if facts.variables or facts.unset:
        variables = _merged(execution.variables, facts.variables)
        for name in facts.unset:
            variables = _without(variables, name.split("."))
        draft.add(c.VariablesSet(at=draft.now, variables=variables))


def _merged(known: dict[str, Json], given: dict[str, Json]) -> dict[str, Json]:
    """Maps are merged, unless one is kept in storage; everything else is replaced."""
    merged = dict(known)
    for name, value in given.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and not is_mark(before) and not is_mark(value):
            value = _merged(before, value)
        merged[name] = value
    return merged


def _has(variables: Json, name: str) -> bool:
    """Whether there is a variable of that name; one with dots is inside a map."""
    if isinstance(variables, dict) and name in variables:
        return True
    first, dot, rest = name.partition(".")
    return bool(dot) and isinstance(variables, dict) and _has(variables.get(first), rest)


def _without(variables: dict[str, Json], path: list[str]) -> dict[str, Json]:
    name = ".".join(path)
    if name in variables or len(path) == 1:
        return {key: value for key, value in variables.items() if key != name}
    inner = variables.get(path[0])
    return {**variables, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else variables


def over(
    draft: Draft,
    run: TaskRun,
    state: State,
    outputs: dict[str, Json] | None,
    error: str | None,
    retry: bool = True,
    log: str | None = None,
) -> None:
    """End the run, or wait for another attempt when it failed and its policy gives one."""
    spec = draft.spec(run.n)
    policy = draft.retry_of(run.n)
    if state is State.FAILED and retry and policy is not None:
        anew = retrying.new_execution(draft, run.n, policy)
        if anew is not None:
            draft.move_run(run.n, State.FAILED, outputs=outputs, error=error, log=log)
            draft.add(c.Waiting(at=draft.now, wake=anew))
            leave(draft, State.RETRIED)
            return
        due = None
        if policy.behavior == "RETRY_FAILED_TASK":
            due = next_attempt(policy, run.counted, run.attempts[0].start, draft.now, f"{draft.execution.id}/{run.n}")
        if due is not None:
            draft.move_run(run.n, State.RETRYING, outputs=outputs, error=error, wake=due, log=log)
            return
    if state is State.SUCCESS and policy is not None and policy.warning_on_retry and run.counted > 1:
        state = State.WARNING
    draft.move_run(run.n, blocks.allowed(spec, state), outputs=outputs, error=error, log=log)


def timed_out(draft: Draft, run: TaskRun) -> None:
    """An attempt took longer than it may."""
    spec = draft.spec(run.n)
    into_file = isinstance(spec, RunnableTask) and spec.log_to_file
    log = SCHEME + log_path(draft.execution, run.n, run.attempt) if into_file else None
    over(draft, run, State.FAILED, None, f"timed out after {(draft.now - run.attempts[-1].start) / 1e6:.1f} s", log=log)


def lost(draft: Draft, run: TaskRun) -> None:
    """The engine that ran the attempt is gone."""
    spec = draft.spec(run.n)
    policy = OnLost.RETRY if isinstance(spec, Subflow | WaitForEvent) else spec.on_lost
    match policy:
        case OnLost.RETRY:
            draft.move_run(run.n, State.RETRYING, error=_LOST, lost=True)
            draft.move_run(run.n, State.CREATED)
        case OnLost.FAIL:
            draft.move_run(run.n, blocks.allowed(spec, State.FAILED), error=f"{_LOST} (onLost: FAIL)", lost=True)
        case OnLost.HOLD:
            draft.move_run(run.n, State.PAUSED, error=f"{_LOST} (onLost: HOLD); resume to try again", lost=True)
        case _:
            assert_never(policy)
