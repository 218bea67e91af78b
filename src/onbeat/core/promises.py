"""Hold an execution to its flow's sla: how long it may take, and what must hold at each of its changes.

Rules
1. Only the first sla that is broken counts.
2. FAIL and CANCEL end the execution; NONE only puts the labels on it. An iteration of a Loop is part of the execution around it.
3. The time counts from when it begins to run, its own retries included, and anew after a restart.
4. What happens after it is decided how the execution ends breaks none.

Called by: decide.
"""

from onbeat.core import changes as c
from onbeat.core.blocks import PROBLEMS
from onbeat.core.draft import Draft
from onbeat.core.errors_text import short
from onbeat.core.execution import ROOT
from onbeat.core.expressions import NeedsOutside, truthy
from onbeat.core.flow import Sla
from onbeat.core.retry import micros
from onbeat.core.states import State
from onbeat.core.stopping import leave


def arm(draft: Draft) -> None:
    """The execution begins to run: by when it must have ended."""
    if not draft.flow.sla:
        return
    first = _first(draft)
    if first is not None and first.duration is not None and draft.execution.broken is None and draft.execution.deadline is None:
        draft.add(c.Deadline(at=draft.now, due=draft.now + micros(first.duration)))


def _first(draft: Draft) -> Sla | None:
    """The shortest time limit."""
    if draft.execution.head.scope is not None:
        return None
    limits = [(sla.duration, at, sla) for at, sla in enumerate(draft.flow.sla) if sla.duration is not None and sla.type == "MAX_DURATION"]
    return min(limits)[2] if limits else None


def too_late(draft: Draft) -> None:
    """It has taken longer than it may."""
    sla = _first(draft)
    if sla is not None:
        _broken(draft, sla, f"it took longer than {sla.duration}")


def ends_it(draft: Draft) -> bool:
    """Whether it ends the execution when its time is up."""
    sla = _first(draft)
    return sla is not None and sla.behavior != "NONE"


def keep(draft: Draft) -> None:
    """Look at what must hold, after each change."""
    execution = draft.execution
    if not draft.flow.sla or not draft.changes or execution.head.scope is not None:
        return
    if execution.state is not State.RUNNING or execution.verdict is not None:
        return
    for sla in draft.flow.sla:
        if sla.type != "EXECUTION_ASSERTION" or draft.execution.broken is not None:
            continue
        try:
            holds = truthy(draft.evaluate(sla.assertion, ROOT, "assert"))
        except NeedsOutside:
            _broken(draft, sla, "its `assert` reaches outside the execution, or uses a value that is too large to look at")
        except PROBLEMS as problem:
            _broken(draft, sla, f"its `assert` cannot be evaluated: {short(problem)}")
        else:
            if not holds:
                _broken(draft, sla, "its `assert` does not hold")


def _broken(draft: Draft, sla: Sla, why: str) -> None:
    if draft.execution.broken is not None:
        return
    draft.add(c.SlaBroken(at=draft.now, sla=sla.id, labels=sla.labels))
    if sla.behavior != "NONE":
        state = State.FAILED if sla.behavior == "FAIL" else State.CANCELLED
        leave(draft, state, f"sla `{sla.id}` is broken: {why}")
