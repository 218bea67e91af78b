"""Go round in a LoopUntil: look at its condition after an iteration, wait, begin the next one, or end.

Rules
1. The condition is looked at when an iteration has ended well, and sees its outputs.
2. `maxIterations` and `maxDuration` end the loop; with `failOnMaxReached` that is a failure. After `maxIterations` the count is that of the
   iteration that would have been next, as Kestra counts.
3. The task runs of iterations longer ago than the last ten are forgotten, unless they may have to be undone; what expressions see of them
   is the last one's anyway.
4. A loop that fails by itself runs its errors and its finally, as one of whose tasks failed.

Called by: endings when an iteration is over, decide when it is time for the next.
"""

from onbeat.core import changes as c
from onbeat.core.blocks import PROBLEMS, fail_inside, fill
from onbeat.core.draft import Draft
from onbeat.core.errors_text import short
from onbeat.core.event import Micros
from onbeat.core.evolve_blocks import KEPT_ROUNDS
from onbeat.core.execution import ROOT
from onbeat.core.expressions import NeedsOutside, truthy
from onbeat.core.plan.loop_until import Frequency, LoopUntil, frequency
from onbeat.core.retry import micros
from onbeat.core.states import State


def go_round(draft: Draft, n: int, spec: LoopUntil) -> bool:
    """An iteration is over: whether the loop goes on (it waits, asks, or has failed)."""
    render = draft.renderer(n)
    try:
        if truthy(render("condition")):
            return False
        limits = frequency(render("check_frequency"))
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=n, ask=outside.name))
        return True
    except PROBLEMS as problem:
        fail_inside(draft, n, short(problem))
        return True
    if limits.most is not None and draft.block(n).round >= limits.most:
        draft.add(c.RunTimed(at=draft.now, n=n, outputs={"iterationCount": draft.block(n).round + 1}))
        return _max_reached(draft, n, spec)
    if _too_late(draft, n, limits):
        return _max_reached(draft, n, spec)
    due = draft.now + max(micros(limits.interval), 1)  # later than the timer that may have fired just now: it is another one
    last = _last_instant(draft, n, limits)
    draft.add(c.RunTimed(at=draft.now, n=n, wake=due if last is None else min(due, last)))
    return True


def overdue(draft: Draft) -> None:
    """The execution goes on: so do the loops whose time came while it was paused."""
    for n in sorted(draft.execution.open):
        run, spec = draft.run(n), draft.spec(n)
        if isinstance(spec, LoopUntil) and run.wake is not None and run.wake <= draft.now and not draft.stopping(n):
            next_round(draft, n, spec)


def next_round(draft: Draft, n: int, spec: LoopUntil) -> None:
    """Its time has come: begin the next iteration, unless it is too late for one."""
    draft.add(c.RunTimed(at=draft.now, n=n))
    try:
        last = _last_instant(draft, n, frequency(draft.renderer(n)("check_frequency")))
    except (NeedsOutside, *PROBLEMS) as problem:
        fail_inside(draft, n, short(problem))
        return
    if last is not None and draft.now >= last:
        fill(draft, n)  # there is nothing more to begin: it is over
        return
    _forget(draft, n, spec)
    block = draft.block(n)
    draft.add(c.Opened(at=draft.now, n=n, lanes=1, outputs={"iterationCount": block.round + 1}, round=block.round + 1))
    fill(draft, n)


def _too_late(draft: Draft, n: int, limits: Frequency) -> bool:
    last = _last_instant(draft, n, limits)
    return last is not None and draft.now >= last


def _last_instant(draft: Draft, n: int, limits: Frequency) -> Micros | None:
    if limits.longest is None:
        return None
    begun = next(at for state, at in draft.run(n).history if state is State.RUNNING)
    return begun + micros(limits.longest)


def _max_reached(draft: Draft, n: int, spec: LoopUntil) -> bool:
    """Fail when the loop says so; otherwise it ends as its tasks did."""
    if spec.fail_on_max_reached:
        fail_inside(draft, n, f"its condition did not hold within its limits, after {draft.block(n).round} iterations")
    return spec.fail_on_max_reached


def _forget(draft: Draft, n: int, spec: LoopUntil) -> None:
    marks = draft.block(n).marks
    if len(marks) < KEPT_ROUNDS or spec.undoable:
        return
    for number in range(marks[1], marks[0], -1):
        if number in draft.execution.runs and _inside(draft, number, n):
            draft.add(c.RunRemoved(at=draft.now, n=number, kept=True))


def _inside(draft: Draft, number: int, n: int) -> bool:
    while number not in (ROOT, n):
        number = draft.run(number).parent
    return number == n
