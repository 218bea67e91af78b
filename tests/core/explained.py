"""Whether how a whole ended follows from its parts: asked of every flowable that ended and of every execution, after every signal.

Said in other words than the core says it: from the task runs there are, and not from what the core noted of them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator

from msgspec.structs import replace

from onbeat.core.blocks import lane_of
from onbeat.core.draft import Draft
from onbeat.core.execution import ROOT, Block, Execution, Phase, TaskRun
from onbeat.core.flow import Flow, FlowableSpec
from onbeat.core.plan.allow_failure import AllowFailure
from onbeat.core.plan.approval import EXPIRED, Approval
from onbeat.core.plan.pause import BEFORE, Pause
from onbeat.core.states import FAILING, TERMINATED, State, worst

Children = dict[int, list[TaskRun]]


def children_of(execution: Execution) -> Children:
    """The task runs by the number of the run around them, in order."""
    children: Children = defaultdict(list)
    for _, run in sorted(execution.runs.items()):
        children[run.parent].append(run)
    return children


def present(flow: Flow, execution: Execution, n: int, children: list[TaskRun]) -> list[TaskRun]:
    """Those of a block's task runs that count: of a LoopUntil those of its last iteration, of a Pause those of the part it is in."""
    block = execution.blocks[n]
    spec = flow.by_id[execution.runs[n].task] if n else None
    if block.round:
        return [run for run in children if run.phase is not Phase.TASKS or run.n > block.marks[-1]]
    if isinstance(spec, Pause):
        ids = {task.id for task in (spec.before if block.choice == BEFORE else spec.after(block.choice or ""))}
        return [run for run in children if run.phase is not Phase.TASKS or run.task in ids]
    return children


def unexplained(flow: Flow, execution: Execution, exits: Collection[State]) -> Iterator[str]:
    """Wholes that ended otherwise than their parts say, or too early. exits: all it was ever told to make."""
    children = children_of(execution)
    for n, block in execution.blocks.items():
        run = execution.runs.get(n)
        state = run.state if run else execution.state
        if state not in TERMINATED:
            continue
        if run is not None and execution.head.replay_of is not None and run.history[-1][1] < execution.head.created:
            continue  # copied
        name = run.task if run else "the execution"
        parts = [child for child in present(flow, execution, n, children[n]) if child.phase is not Phase.AFTER]
        before = [child for child in children[n] if child.phase is not Phase.AFTER]  # a Pause's onPause counts, too
        seen = {child.state for child in (parts if block.round else before)} | _of_fan(block) | ({block.own} if block.own else set())
        wanted = _state(flow, execution, n, block, seen, before, exits)
        corrected = n == ROOT and execution.history[-2][0] in TERMINATED
        if state not in wanted and not execution.edited and not corrected:
            yield f"{name} ended {state}; its parts: {sorted(seen)}"
        if state is not State.KILLED and not execution.edited and not corrected:
            yield from (f"{name}: ended {state} {why}" for why in _left_out(flow, execution, n, block, parts, children[n], exits))


def _of_fan(block: Block) -> set[State]:
    fan = block.fan
    if fan is None:
        return set()
    failed = {State.FAILED} if fan.failed else set()
    return failed | ({State.WARNING} if fan.counts.get("WARNING") else set())


def _state(
    flow: Flow, execution: Execution, n: int, block: Block, seen: set[State], parts: list[TaskRun], exits: Collection[State]
) -> set[State]:
    """How it may have ended."""
    past = [state for state, _ in execution.history]
    if n == ROOT:
        wanted = {execution.exit} if execution.exit is not None else {worst(seen)}
        if State.FAILED in wanted and flow.retry is not None and flow.retry.behavior == "CREATE_NEW_EXECUTION" and execution.exit is None:
            wanted.add(State.RETRIED)
        if not wanted & FAILING and (execution.error or "").startswith("outputs: "):
            wanted = {State.FAILED}
        since = past[len(past) - 1 - past[::-1].index(State.RUNNING) :] if State.RUNNING in past else past
        return {State.KILLED} if State.KILLING in since else wanted
    run, spec = execution.runs[n], flow.by_id[execution.runs[n].task]
    assert isinstance(spec, FlowableSpec)
    was = [state for state, _ in run.history]
    cut = cut_by_failure(flow, execution, n)
    if State.KILLING in was[-2:] or was[-2:] in ([State.PAUSED, State.KILLED], [State.PAUSED, cut]):
        return {cut, State.KILLED} if cut is not None and State.KILLING in past else {cut or State.KILLED}
    wanted_state = worst(seen)
    if isinstance(spec, AllowFailure) and wanted_state is State.FAILED:
        wanted_state = State.WARNING
    if isinstance(spec, Approval) and wanted_state not in FAILING and block.choice not in (BEFORE, None):
        behaviour = spec.approve_behavior if block.choice == spec.decisions[0] else spec.deny_behavior
        behaviour = spec.expire_behavior if block.choice == EXPIRED else behaviour
        says = {"CONTINUE": State.SUCCESS, "CANCEL": State.CANCELLED, "FAIL": State.FAILED, "WARN": State.WARNING}[behaviour]
        wanted_state = worst({wanted_state, says})
    if wanted_state is State.FAILED and spec.allow_failure:
        wanted_state = State.WARNING
    if wanted_state is State.WARNING and spec.allow_warning:
        wanted_state = State.SUCCESS
    found = {wanted_state}
    if cut is not None:
        found |= {cut, State.KILLED} if State.KILLING in past else {cut}
    found |= {state for state in exits if state is not State.RETRIED}  # what an exit stopped is seen from what it left out
    if State.RETRIED in exits:
        found |= {State.FAILED, State.KILLED}
    if State.KILLING in past:
        found.add(State.KILLED)
    if spec.collected_by is not None and run.error is not None:
        found |= {State.FAILED} if not spec.allow_failure else {State.WARNING, State.SUCCESS}
    return found


def cut_by_failure(flow: Flow, execution: Execution, n: int) -> State | None:
    """The state that a failure beside it, or beside what it is in, gives to what it stops: the outermost `onChildFailure` says."""
    found = None
    while n != ROOT:
        run = execution.runs[n]
        if run.phase is Phase.FINALLY:
            return found
        around = execution.runs.get(run.parent)
        spec = flow.by_id[around.task] if around else None
        beside = [each for each in execution.runs.values() if each.parent == run.parent and each.phase is Phase.TASKS and each.n != n]
        stops = isinstance(spec, FlowableSpec) and spec.on_failure is not None and run.phase is Phase.TASKS
        if stops and any(each.state in FAILING for each in beside):
            found = spec.on_failure
        n = run.parent
    return found


def _left_out(
    flow: Flow, execution: Execution, n: int, block: Block, parts: list[TaskRun], children: list[TaskRun], exits: Collection[State]
) -> Iterator[str]:
    """A block that ended well left no task out; one that was not killed went through its errors and its finally."""
    draft = Draft(flow, execution, 0)
    run = execution.runs.get(n)
    stopped = bool(exits) or State.KILLING in [state for state, _ in execution.history]
    finally_ = any(not task.disabled for task in draft.tail(n, Phase.FINALLY))
    if finally_ and block.phase not in (Phase.FINALLY, Phase.AFTER) and not (stopped and run is not None):
        yield "without its finally"
    tasks = [child for child in parts if child.phase is Phase.TASKS]
    failed = any(child.state is State.FAILED for child in tasks) or State.FAILED in _of_fan(block) or block.own is State.FAILED
    errors = any(not task.disabled for task in draft.tail(n, Phase.ERRORS))
    stopped = stopped or cut_by_failure(flow, execution, n) is not None
    if failed and errors and not stopped and all(child.phase is not Phase.ERRORS for child in children):
        yield "without its errors"
    if n == ROOT and execution.state is State.FAILED and failed and not stopped and not execution.compensated and flow.retry is None:
        undo = [
            each.task
            for each in execution.runs.values()
            if each.state in (State.SUCCESS, State.WARNING) and any(not task.disabled for task in flow.by_id[each.task].compensate)
        ]
        before = [child for child in children if child.phase in (Phase.ERRORS, Phase.FINALLY, Phase.AFTER)]
        first = min((child.n for child in before), default=execution.last + 1)
        if any(each.n < first for each in execution.runs.values() if each.task in undo):
            yield f"and did not undo {undo}"
    if any(child.state in FAILING for child in tasks) or failed or stopped or block.own is not None:
        return
    if execution.head.replay_of is not None and block.phase is not Phase.TASKS:
        return  # what it repeats may have been cut short
    if block.fan is not None:
        if block.total != sum(block.fan.counts.values()):
            yield f"with {block.fan.counts} of {block.total} executions"
        return
    opened = replace(block, phase=Phase.TASKS)
    for lane in range(block.total):
        wanted = [at for at, task in enumerate(lane_of(draft, n, opened, lane).tasks) if not task.disabled]
        if [child.step for child in tasks if child.lane == lane] != wanted:
            yield f"and lane {lane} was not finished"


def undone_in_order(execution: Execution) -> Iterator[str]:
    """What is undone is undone in reverse order of completion, one after the other, each once, and only what ended well."""
    undone: list[TaskRun] = []
    for _, run in sorted(execution.runs.items()):
        if run.of is not None and (not undone or undone[-1].n != run.of):
            undone.append(execution.runs[run.of])
    if len({run.n for run in undone}) != len(undone):
        yield "something was undone twice"
    ends = [[at for state, at in run.history if state in TERMINATED][-1] for run in undone]
    if ends != sorted(ends, reverse=True) or [run.done for run in undone] != sorted((run.done for run in undone), reverse=True):
        yield f"undone in another order than reverse: {[run.task for run in undone]}"
    if any(run.state not in (State.SUCCESS, State.WARNING) for run in undone):
        yield f"undone though it had not ended well: {[run.task for run in undone]}"
    if execution.compensated and not execution.ended and execution.blocks[ROOT].phase is Phase.TASKS:
        yield "goes on from what was undone"
    going = [run.task for run in execution.runs.values() if run.phase is Phase.COMPENSATION and run.parent == ROOT and not run.ended]
    if len(going) > 1:
        yield f"undone side by side: {going}"
