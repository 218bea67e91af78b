"""Stop what runs: of a whole execution (a kill, an exit), or inside one block.

Rules
1. What runs is asked to stop and ends as KILLED when it has, or as the block says in which something failed (`onChildFailure`); what
   has not begun ends at once.
2. A kill reaches everything. An exit, and a failure that stops what is beside it, leave what is in a `finally`, and the `finally`s of
   the blocks that end by it run.
3. A block that waits for a time or for an answer is ended, too.

Called by: decide, endings.
"""

from onbeat.core import changes as c
from onbeat.core import rounds
from onbeat.core.blocks import fill
from onbeat.core.draft import Draft
from onbeat.core.execution import ROOT, Phase
from onbeat.core.states import State


def kill(draft: Draft) -> None:
    """Stop everything."""
    execution = draft.execution
    if execution.ended or execution.state is State.KILLING:
        return
    draft.move(State.KILLING)
    draft.ended.extend(execution.held)
    _stop(draft, sorted(execution.open))
    if ROOT not in draft.execution.blocks:
        draft.finish(State.KILLED)
    elif not draft.execution.open:
        draft.over.append(ROOT)


def refuse(draft: Draft, state: State, error: str) -> None:
    """End an execution that may not run; of a replay, what was to run again has not."""
    for n in sorted(draft.execution.open, reverse=True):
        draft.add(c.RunMoved(at=draft.now, n=n, state=State.KILLED))
    for n, block in sorted(draft.execution.blocks.items()):
        for _ in range(block.open):
            draft.add(c.LaneEnded(at=draft.now, n=n))
    draft.finish(state, error=error)


def leave(draft: Draft, state: State, error: str | None = None) -> None:
    """End the execution in this state: nothing more of it begins but its `finally`s."""
    if draft.execution.exit is not None or draft.execution.verdict is not None or draft.execution.state is State.KILLING:
        return
    paused, held = draft.execution.state is State.PAUSED, draft.execution.held
    if paused:
        draft.move(State.RESTARTED)
        draft.move(State.RUNNING)
        draft.ended.extend(held)
    draft.add(c.Exiting(at=draft.now, state=state, error=error))
    _stop(draft, [n for n in sorted(draft.execution.open) if draft.left(n)])
    if paused:  # what is in a `finally` was held up, and goes on
        rounds.overdue(draft)
        for n in sorted(draft.execution.open):
            if n in draft.execution.blocks:
                fill(draft, n)
    fill(draft, ROOT)


def stop_inside(draft: Draft, n: int) -> None:
    """Stop what runs inside a block, and is in no `finally`: that of what is stopped runs to its end."""
    inside = [inner for inner in sorted(draft.execution.open) if inner != n and _inside(draft, inner, n)]
    if inside:
        state = draft.stopped_as(inside[0])
        _stop(draft, inside, state, waiting=state)


def _inside(draft: Draft, inner: int, n: int) -> bool:
    while inner not in (ROOT, n):
        run = draft.run(inner)
        if run.phase is Phase.FINALLY:
            return False
        inner = run.parent
    return inner == n


def _stop(draft: Draft, numbers: list[int], state: State = State.KILLED, waiting: State | None = None) -> None:
    """Stop these task runs; blocks among them in which nothing is open are over, in the state `waiting` if there is one."""
    for n in numbers:
        run = draft.run(n)
        block = draft.execution.blocks.get(n)
        if run.ended or (run.state is State.KILLING and (block is None or block.open)):
            continue
        if run.state is State.PAUSED and not (block and block.fan):
            draft.move_run(n, state)
        elif block is not None and block.fan is not None:
            if block.fan.children:
                draft.move_run(n, State.KILLING)
            else:
                _end_idle(draft, n, waiting)
        elif block is not None:
            if block.open == 0:
                _end_idle(draft, n, waiting)
        elif run.state is State.RUNNING and run.attempt and run.awaits is None and not draft.spec(n).flowable:
            draft.move_run(n, State.KILLING)
        else:
            draft.move_run(n, state)


def _end_idle(draft: Draft, n: int, state: State | None) -> None:
    if state is not None:
        draft.add(c.BlockFailed(at=draft.now, n=n, state=state))
    draft.over.append(n)
