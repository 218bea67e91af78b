"""What must be true of any execution at any time, and of any step it takes: asked by world.py after every signal.

Each invariant is computed anew from the execution and its flow by a full scan, in other words than the core's counters.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.blocks import lane_of
from onbeat.core.commands import outstanding
from onbeat.core.draft import Draft
from onbeat.core.event import Micros
from onbeat.core.evolve import fold, wake_of
from onbeat.core.execution import Block, Execution, Phase, TaskRun
from onbeat.core.flow import Flow, FlowableSpec, Retry
from onbeat.core.retry import micros
from onbeat.core.states import EXECUTION, FAILING, TASK_RUN, TERMINATED, State, worst

WELL = (State.SUCCESS, State.WARNING, State.SKIPPED)


def broken_state(flow: Flow, execution: Execution) -> list[str]:
    """What of an execution is not as it must be."""
    return [
        *_never_stuck(execution),
        *_open(execution),
        *_histories(execution),
        *_blocks(flow, execution),
        *_attempts(flow, execution),
        *_stopped(execution),
        *_wholes(flow, execution),
        *_complete(flow, execution),
    ]


def broken_journal(execution: Execution, journal: Sequence[bytes]) -> list[str]:
    """What folding the journal does not give back; a gap in its state events."""
    return list(_journal(execution, journal))


def _journal(execution: Execution, journal: Sequence[bytes]) -> Iterator[str]:
    """Folding the journal gives the execution, the same work outstanding; its state events count without a gap."""
    changes = [c.from_record(row) for row in journal]
    folded = fold(changes)
    for field in execution.__struct_fields__:
        mine, theirs = getattr(execution, field), getattr(folded, field)
        if mine != theirs:
            yield f"the journal folds to another `{field}`: {theirs} instead of {mine}"
    if outstanding(folded) != outstanding(execution):
        yield "other work is outstanding after a reload"
    if execution.version != len(journal):
        yield f"version {execution.version} after {len(journal)} rows"
    sequence = [change.sequence if isinstance(change, c.Moved) else 1 for change in changes if isinstance(change, c.Created | c.Moved)]
    if sequence != list(range(1, len(sequence) + 1)):
        yield f"state events count {sequence}"
    if [state for state, _ in execution.history] != [
        State.CREATED if isinstance(change, c.Created) else change.after for change in changes if isinstance(change, c.Created | c.Moved)
    ]:
        yield "the history is not what the state events say"


def _never_stuck(execution: Execution) -> Iterator[str]:
    """An open execution has something outstanding, an ended one nothing."""
    if bool(outstanding(execution)) == execution.ended:
        yield f"{execution.state} with {set(outstanding(execution)) or 'nothing'} outstanding"


def _open(execution: Execution) -> Iterator[str]:
    """What is kept beside the runs is what a scan of them gives."""
    runs = execution.runs.values()
    if set(execution.open) != {run.n for run in runs if not run.ended}:
        yield f"open: {sorted(execution.open)}"
    if execution.paused != sum(run.state is State.PAUSED for run in runs):
        yield f"paused: {execution.paused}"
    if execution.ended and execution.open:
        yield f"ended with open task runs {sorted(execution.open)}"
    if any(not execution.runs[n].ended for n in execution.held) or len(set(execution.held)) != len(execution.held):
        yield f"held: {execution.held}"
    wakes = [command.due for command in outstanding(execution) if isinstance(command, cmd.ArmTimer)]
    if not execution.ended and wake_of(execution) != min(wakes, default=None):
        yield f"wakes at {wake_of(execution)}, its timers at {wakes}"


def _histories(execution: Execution) -> Iterator[str]:
    """Each step of each history is in the tables."""
    for table, name, history in [
        (EXECUTION, "execution", execution.history),
        *((TASK_RUN, run.task, run.history) for run in execution.runs.values()),
    ]:
        for (before, at), (after, later) in pairwise(history):
            if after not in table[before]:
                yield f"{name}: {before} -> {after}"
            if later < at:
                yield f"{name}: {after} before {before}"


def children_of(execution: Execution) -> dict[int, list[TaskRun]]:
    """The task runs by the number of the run around them, in order."""
    children: dict[int, list[TaskRun]] = defaultdict(list)
    for _, run in sorted(execution.runs.items()):
        children[run.parent].append(run)
    return children


def _blocks(flow: Flow, execution: Execution) -> Iterator[str]:
    """Counters of blocks, limits, and the order within a lane."""
    draft = Draft(flow, execution, 0)
    children = children_of(execution)
    for n, block in execution.blocks.items():
        name = execution.runs[n].task if n else "flow"
        mine = [run for run in children[n] if run.phase is block.phase]
        lanes: dict[int, list[TaskRun]] = defaultdict(list)
        for run in mine:
            lanes[run.lane].append(run)
        flowing = [lane for lane, runs in lanes.items() if not runs[-1].ended or runs[-1].n in execution.held]
        if block.open != len(flowing):
            yield f"{name}: {block.open} lanes open, a scan finds {sorted(flowing)}"
        if not max(lanes, default=-1) < block.begun <= block.lanes:
            yield f"{name}: {block.begun} lanes begun of {block.lanes}, a scan finds {sorted(lanes)}"
        for lane in range(block.begun):
            if lane not in lanes and any(not task.disabled for task in lane_of(draft, n, block, lane).tasks):
                yield f"{name}: lane {lane} was passed over"
        spec = flow.by_id[execution.runs[n].task] if n else None
        limit = spec.limit if isinstance(spec, FlowableSpec) and block.phase is Phase.TASKS else 0
        if limit and len(flowing) > limit:
            yield f"{name}: {len(flowing)} lanes at once, the limit is {limit}"
        for lane, runs in lanes.items():
            yield from _lane(draft, n, name, block, lane, runs)


def _lane(draft: Draft, n: int, name: str, block: Block, lane: int, runs: list[TaskRun]) -> Iterator[str]:
    """The steps of a lane are its enabled tasks in order, each begun after the last one ended well."""
    wanted = [at for at, task in enumerate(lane_of(draft, n, block, lane).tasks) if not task.disabled]
    steps = [run.step for run in runs]
    if steps != wanted[: len(steps)]:
        yield f"{name}: lane {lane} has steps {steps} of {wanted}"
    for run in runs[:-1]:
        if run.state not in WELL:
            yield f"{name}: `{run.task}` is {run.state}, and the task after it was begun"


def policy_of(flow: Flow, execution: Execution, run: TaskRun) -> Retry | None:
    """The retry policy of the run: its own, or the nearest around it."""
    while True:
        policy = flow.by_id[run.task].retry
        if policy is not None or not run.parent:
            return policy
        run = execution.runs[run.parent]


def _attempts(flow: Flow, execution: Execution) -> Iterator[str]:
    """No more attempts than the policy and the restarts give; only the last one may be open, and only while the run runs."""
    for run in execution.runs.values():
        policy = policy_of(flow, execution, run)
        most = 1 if policy is None else policy.max_attempts
        counted = sum(not attempt.lost for attempt in run.attempts)
        if most is not None and counted > most + execution.restarts:
            yield f"{run.task}: {counted} attempts, {most} allowed"
        if policy is not None and policy.max_duration is not None and run.state is State.RETRYING:
            assert run.wake is not None
            if run.wake > run.attempts[0].start + micros(policy.max_duration):
                yield f"{run.task}: tried again after maxDuration"
        open_ = [attempt for attempt in run.attempts if attempt.end is None]
        going = run.state in (State.RUNNING, State.KILLING) and run.attempt > 0 and run.n not in execution.blocks
        if open_ != ([run.attempts[-1]] if going else []):
            yield f"{run.task}: {run.state} with attempts {run.attempts}"


def _stopped(execution: Execution) -> Iterator[str]:
    """While it is paused nothing is dispatched; while it is killed nothing runs on."""
    commands = outstanding(execution)
    if execution.state is not State.RUNNING and any(isinstance(command, cmd.Dispatch) for command in commands):
        yield f"dispatches while {execution.state}"
    if execution.state is State.KILLING:
        going = [command for command in commands if not isinstance(command, cmd.StopTask | cmd.AwaitChild)]
        if going:
            yield f"goes on while it is killed: {going}"
    if execution.state is State.RUNNING and execution.held:
        yield "runs, and holds back what ended"


def _complete(flow: Flow, execution: Execution) -> Iterator[str]:
    """A block that ended well left no task out; one that was not killed went through its errors and its finally."""
    draft = Draft(flow, execution, 0)
    children = children_of(execution)
    for n, block in execution.blocks.items():
        run = execution.runs.get(n)
        state = run.state if run else execution.state
        if state not in TERMINATED or state is State.KILLED:
            continue
        name = run.task if run else "flow"
        spec = draft.flowable(n) if n else flow
        tasks = [child for child in children[n] if child.phase is Phase.TASKS]
        if spec.finally_ and any(not task.disabled for task in spec.finally_) and block.phase is not Phase.FINALLY:
            yield f"{name}: ended {state} without its finally"
        failed = any(child.state is State.FAILED for child in tasks)
        if failed and any(not task.disabled for task in spec.errors) and all(child.phase is not Phase.ERRORS for child in children[n]):
            yield f"{name}: ended {state} without its errors"
        if any(child.state in FAILING for child in tasks):
            continue
        opened = replace(block, phase=Phase.TASKS)
        for lane in range(block.total):
            wanted = [at for at, task in enumerate(lane_of(draft, n, opened, lane).tasks) if not task.disabled]
            if [child.step for child in tasks if child.lane == lane] != wanted:
                yield f"{name}: ended {state}, and lane {lane} was not finished"


def _wholes(flow: Flow, execution: Execution) -> Iterator[str]:
    """The state of a whole follows from its parts: of each flowable that ended, and of the execution."""
    children = children_of(execution)
    for n in execution.blocks:
        run = execution.runs.get(n)
        state = run.state if run else execution.state
        if not (run.ended if run else execution.ended):
            continue
        parts = {child.state for child in children[n]}
        wanted = worst(parts)
        if run is not None:
            spec = flow.by_id[run.task]
            wanted = State.WARNING if wanted is State.FAILED and spec.allow_failure else wanted
            wanted = State.SUCCESS if wanted is State.WARNING and spec.allow_warning else wanted
        killed = state is State.KILLED and State.KILLING in [past for past, _ in execution.history]
        outputs = run is None and state is State.FAILED and wanted not in FAILING and (execution.error or "").startswith("outputs: ")
        if state is not wanted and not killed and not outputs:
            yield f"{run.task if run else 'the execution'} ended {state}; its parts: {sorted(parts)}"


def broken_step(
    flow: Flow, before: Execution, changes: Sequence[c.AnyChange], after: Execution, signals: Sequence[s.AnySignal], now: Micros
) -> list[str]:
    """What a step did that it must not."""
    wrong = []
    if len(signals) == 1 and changes and not fits(before, signals[0], now):
        wrong.append(f"a stale signal changed something: {signals[0]}")
    if before.ended and after != before and not isinstance(signals[0], s.Restart | s.SetLabels):
        wrong.append(f"left {before.state}")
    if len(signals) == 1 and isinstance(signals[0], s.TaskEnded) and signals[0].state is State.FAILED and signals[0].retry:
        wrong += _gave_up(flow, before, after, signals[0].run)
    if State.KILLING in (before.state, after.state) or (after.state is State.KILLED and not before.ended):
        if len(after.runs) > len(before.runs) and any(isinstance(signal, s.Kill) for signal in signals[:1]):
            wrong.append("a task run was made by a kill")
        if before.state is State.KILLING and _begun(after) > _begun(before):
            wrong.append("something started after the kill")
    return wrong


def _gave_up(flow: Flow, before: Execution, after: Execution, n: int) -> Iterator[str]:
    """A task gives up only when the attempts that count are used up."""
    if n in before.open and n not in after.open and before.state is not State.KILLING:
        run = after.runs[n]
        policy = policy_of(flow, after, run)
        counted = sum(not attempt.lost for attempt in run.attempts)
        if policy is not None and policy.max_attempts is not None and policy.max_duration is None and counted < policy.max_attempts:
            yield f"{run.task}: gave up after {counted} of {policy.max_attempts} attempts"


def _begun(execution: Execution) -> int:
    return len(execution.runs) + sum(run.attempt for run in execution.runs.values())


def fits(execution: Execution, signal: s.AnySignal, now: Micros) -> bool:
    """Whether the signal answers something that is outstanding: any other is stale."""
    commands = outstanding(execution)
    match signal:
        case s.TaskEnded():
            run = execution.runs.get(signal.run)
            tasks = {cmd.RunTask(signal.run, signal.attempt), cmd.StopTask(signal.run, signal.attempt)}
            return run is not None and bool(tasks & commands)
        case s.Dispatched():
            return cmd.Dispatch(signal.run) in commands
        case s.TimerFired():
            return signal.due <= now and cmd.ArmTimer(signal.run, signal.due) in commands
        case s.Evaluated():
            return cmd.Evaluate(signal.run, signal.ask) in commands
        case s.ChildChosen():
            return cmd.RunTask(signal.run, signal.attempt) in commands
        case s.ChildEnded():
            return cmd.AwaitChild(signal.run, signal.child) in commands
        case s.SlotGranted() | s.SlotRefused():
            return cmd.AwaitSlot() in commands
        case s.SlotQueued():
            return cmd.AwaitSlot() in commands and execution.state is not State.QUEUED
        case s.Resume():
            return any(isinstance(command, cmd.AwaitResume) for command in commands) or execution.paused > 0
        case s.Restart():
            return execution.ended
        case s.Kill():
            return not execution.ended and execution.state is not State.KILLING
        case s.Pause():
            return execution.state is State.RUNNING
        case s.Begin():
            return execution.state is State.CREATED
        case s.Recover():
            return not execution.ended
        case s.SetLabels():
            return True
