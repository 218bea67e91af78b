"""Go on from one task run: of a copy of what an execution had done (replay), or of itself (an operator changed a state).

Rules
1. A replay is a new execution: what came before the task run is copied, what came after it, and what is inside it, runs anew.
2. In a loop whose values come one after another, later values come after, in a Dag what depends on it; other lanes that run side by
   side do not. Of a LoopUntil it is that iteration which is repeated, and those after it come after.
3. From a task in a WorkingDirectory it is that which is repeated: the files there are not copied. So it is from the errors of a Loop.
4. After a change of state the execution goes on from that task run; later task runs of its lane stay as they are.
5. Lanes beside it that a failure had stopped go on, unless another lane failed for good.
6. What was undone is not copied as done: such an execution is repeated from before that.

Called by: the engine begins replays with `replayed`; decide for changes of state.
"""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from onbeat.core import blocks, promises
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.event import Micros
from onbeat.core.evolve import create
from onbeat.core.execution import ROOT, Execution, Head, Phase, TaskRun
from onbeat.core.flow import Flow, FlowableSpec, TaskSpec
from onbeat.core.placing import lanes, placed
from onbeat.core.plan.dag import Dag
from onbeat.core.plan.working_directory import enclosing
from onbeat.core.restart import below, children_of, halted, reset_block
from onbeat.core.states import SETTABLE, State
from onbeat.errors import UserError

_ORDER = list(Phase)
_BY_ITSELF = (Phase.COMPENSATION, Phase.AFTER)
"""Phases of the flow that follow from how it ends."""


def replayed(flow: Flow, source: Execution, n: int, head: Head, now: Micros) -> tuple[tuple[c.AnyChange, ...], Execution]:
    """The changes after Created of an execution that repeats `source` from task run n, and the execution after them: RESTARTED."""
    if (why := replayable(flow, source, n)) is not None:
        raise UserError(why)
    draft = Draft(flow, create(head), now)
    n = _whole(flow, source, n)
    chain = _chain(source, n)
    gone = _after(flow, source, chain)
    runs = _before(placed(flow, source, [run for number, run in sorted(source.runs.items()) if number not in gone]))
    kept = {run.n for run in runs}
    plain = {
        number: msgspec.structs.replace(block, order=None, total=lanes(flow, source, number))
        for number, block in source.blocks.items()
        if (number == ROOT or number in kept) and number != n and block.fan is None
    }
    draft.add(c.Copied(at=now, history=source.history, runs=runs, blocks=plain, variables=source.variables, last=source.last))
    draft.move(State.RESTARTED)
    again = State.RUNNING if draft.spec(n).flowable else State.RESTARTED
    draft.add(c.RunSet(at=now, n=n, state=again))
    _open_chain(draft, chain)
    return tuple(draft.changes), draft.execution


def _before(runs: tuple[TaskRun, ...]) -> tuple[TaskRun, ...]:
    """What is copied ended before all that the replay does, in the order in which it had."""
    order = {run.n: at for at, run in enumerate(sorted(runs, key=lambda run: run.done))}
    return tuple(msgspec.structs.replace(run, done=order[run.n] - len(runs) if run.ended else 0) for run in runs)


def replayable(flow: Flow, source: Execution, n: int) -> str | None:
    """Why an execution cannot be repeated from that task run on, as a sentence; None when it can."""
    chain = _chain(source, _whole(flow, source, n))
    phase = source.runs[chain[-2]].phase
    if phase in _BY_ITSELF:
        return f"task run {n} is of `{phase}`, which follows from how the execution ends; replay it from one of its tasks"
    gone = _after(flow, source, chain) | {chain[0]}
    kept = [run for _, run in sorted(source.runs.items()) if run.of is not None and run.of not in gone]
    if kept:
        return f"what `{source.runs[kept[-1].of or 0].task}` had done was undone; replay it from there, or from the start"
    return None


def _whole(flow: Flow, source: Execution, n: int) -> int:
    """The task run to repeat: a WorkingDirectory, or a loop whose iterations are executions, is repeated whole from what is inside it."""
    chain = _chain(source, n)
    return next((outer for outer in reversed(chain[1:-1]) if _is_whole(flow.by_id[source.runs[outer].task])), n)


def _is_whole(spec: TaskSpec) -> bool:
    return isinstance(spec, FlowableSpec) and (spec.whole or spec.fan)


def go_on(draft: Draft) -> None:
    """Let a replay run: the task run that it begins with, then what is side by side with it."""
    draft.move(State.RUNNING)
    promises.arm(draft)
    _unhalt(draft, (ROOT, *sorted(draft.execution.open)))
    for n in sorted(draft.execution.open):
        if n not in draft.execution.blocks and draft.run(n).state in (State.RESTARTED, State.RUNNING):
            blocks.start(draft, n)
    for n in (ROOT, *sorted(draft.execution.open)):
        if n in draft.execution.blocks:
            blocks.fill(draft, n)


def settable(flow: Flow, execution: Execution, run: int, state: State) -> str | None:
    """Why a state cannot be given to a task run (0: the execution), as a sentence; None when it can."""
    if state not in SETTABLE:
        return f"{state} is no state in which {'a task run' if run else 'an execution'} ends"
    if not execution.ended:
        return f"execution {execution.id} is {execution.state}; only a terminated one can be changed"
    if execution.state is State.RETRIED:
        return "it was tried anew by another execution; replay it"
    if execution.compensated:
        return "what it had done was undone; replay it"
    if run and run not in execution.runs:
        return f"execution {execution.id} has no task run {run}"
    if run and execution.runs[_chain(execution, run)[-2]].phase in _BY_ITSELF:
        return "what runs after an execution does not change how it ended"
    if run and (around := enclosing(flow, execution, run)) is not None:
        return f"it ran in the directory of `{around.task}`, which is gone; change the state of that, or replay it"
    return None


def set_state(draft: Draft, signal: s.SetState) -> None:
    """An operator says how it ended: go on from there."""
    execution, n = draft.execution, signal.run
    if settable(draft.flow, execution, n, signal.state) is not None:
        return
    if n == ROOT:
        if execution.state is not signal.state:
            draft.finish(signal.state, outputs=execution.outputs)
        return
    chain = _chain(execution, n)
    children = children_of(execution)
    draft.move(State.RESTARTED)
    for number in chain[1:]:
        tails = [run for run in children[number] if _ORDER.index(run.phase) > _ORDER.index(_phase_in(execution, chain, number))]
        for run in sorted({inner for tail in tails for inner in below(children, tail.n)}, reverse=True):
            draft.add(c.RunRemoved(at=draft.now, n=run))
    draft.add(c.RunSet(at=draft.now, n=n, state=signal.state, edited=True))
    _open_chain(draft, chain)
    draft.move(State.RUNNING)
    promises.arm(draft)
    _unhalt(draft, chain[1:], n)
    draft.ended.append(n)


def _chain(execution: Execution, n: int) -> list[int]:
    """The task run, the flowables around it, and the flow at last."""
    chain = [n]
    while chain[-1] != ROOT:
        chain.append(execution.runs[chain[-1]].parent)
    return chain


def _phase_in(execution: Execution, chain: list[int], number: int) -> Phase:
    """The phase of that block in which the chain goes on."""
    return execution.runs[chain[chain.index(number) - 1]].phase


def _unhalt(draft: Draft, numbers: Iterable[int], of: int | None = None) -> None:
    """Go on in the lanes beside where an operator went back to (`of`: its own goes on by itself), if nothing else in their block failed."""
    children = children_of(draft.execution)
    for n in numbers:
        block = draft.execution.blocks.get(n)
        if block is None or block.failed or block.fan is not None:
            continue
        last = {run.lane: run for run in children[n] if run.phase is block.phase}
        if of is not None and draft.run(of).parent == n:
            del last[draft.run(of).lane]
        for lane, step in halted(draft, n, block.phase, last):
            blocks.begin_step(draft, n, lane, step)


def _after(flow: Flow, source: Execution, chain: list[int]) -> set[int]:
    """The task runs that come after the first of the chain, or are inside it."""
    children = children_of(source)
    gone = set(below(children, chain[0])[1:])
    for inner, outer in pairwise(chain):
        run = source.runs[inner]
        spec = flow.by_id[source.runs[outer].task] if outer != ROOT else None
        for sibling in children[outer]:
            if sibling.n != run.n and _comes_after(sibling, run, spec):
                gone.update(below(children, sibling.n))
    return gone


def _comes_after(sibling: TaskRun, run: TaskRun, spec: TaskSpec | None) -> bool:
    if sibling.phase is not run.phase:
        return _ORDER.index(sibling.phase) > _ORDER.index(run.phase)
    if sibling.lane == run.lane:
        return sibling.n > run.n
    if isinstance(spec, Dag):
        return sibling.lane in spec.after(run.lane)
    return isinstance(spec, FlowableSpec) and spec.limit == 1 and sibling.lane > run.lane


def _open_chain(draft: Draft, chain: list[int]) -> None:
    """Let the flowables around the first of the chain, and the flow, be in flight again in its lane."""
    for inner, outer in pairwise(chain):
        if outer != ROOT:
            draft.add(c.RunSet(at=draft.now, n=outer, state=State.RUNNING))
        run = draft.run(inner)
        children = children_of(draft.execution)
        reset_block(draft, outer, draft.block(outer), children[outer], {run.lane}, run)
