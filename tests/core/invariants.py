"""What must be true of any execution at any time, and of any step it takes: asked by world.py after every signal.

Each invariant is computed anew from the execution and its flow by a full scan, in other words than the core's counters. That a whole is
explained by its parts is in explained.py, what a step may do in steps.py.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core.blocks import lane_of
from onbeat.core.commands import outstanding
from onbeat.core.draft import Draft
from onbeat.core.evolve import fold, wake_of
from onbeat.core.execution import Block, Execution, Phase, TaskRun
from onbeat.core.flow import Flow, FlowableSpec, Retry
from onbeat.core.plan.dag import Dag
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.retry import micros
from onbeat.core.states import EXECUTION, SETTABLE, TASK_RUN, TERMINATED, State
from tests.core.explained import children_of, present, undone_in_order, unexplained

WELL = (State.SUCCESS, State.WARNING, State.SKIPPED)


def broken_state(flow: Flow, execution: Execution, exits: Collection[State] = ()) -> list[str]:
    """What of an execution is not as it must be. exits: the states that it was ever told to end in."""
    return [
        *_never_stuck(execution),
        *_open(execution),
        *_histories(execution),
        *_blocks(flow, execution),
        *_attempts(flow, execution),
        *_stopped(execution),
        *_stopped_inside(flow, execution),
        *_waits(flow, execution),
        *unexplained(flow, execution, exits),
        *undone_in_order(execution),
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
    copied = [change.history for change in changes if isinstance(change, c.Copied)]
    history = [State.CREATED] if not copied else [state for state, _ in copied[0]]
    if [state for state, _ in execution.history] != [*history, *(change.after for change in changes if isinstance(change, c.Moved))]:
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
    """Each step of each history is in the tables; an operator's word is not held to them."""
    word = execution.edited or execution.head.replay_of is not None
    for table, name, history in [
        (EXECUTION, "execution", execution.history),
        *((TASK_RUN, run.task, run.history) for run in execution.runs.values()),
    ]:
        for (before, at), (after, later) in pairwise(history):
            corrected = table is EXECUTION and before in SETTABLE and after in SETTABLE - {before}
            corrected = corrected or (word and (before, after) == (State.RETRIED, State.RESTARTED))
            told = word and table is TASK_RUN and before in TERMINATED and after in {*SETTABLE, State.RUNNING, State.RESTARTED}
            if after not in table[before] and not told and not corrected:
                yield f"{name}: {before} -> {after}"
            if later < at:
                yield f"{name}: {after} before {before}"


def _blocks(flow: Flow, execution: Execution) -> Iterator[str]:
    """Counters of blocks, limits, and the order within a lane."""
    draft = Draft(flow, execution, 0)
    children = children_of(execution)
    for n, block in execution.blocks.items():
        name = execution.runs[n].task if n else "flow"
        spec = flow.by_id[execution.runs[n].task] if n else None
        limit = spec.limit if isinstance(spec, FlowableSpec) and block.phase is Phase.TASKS else 0
        limit = 1 if block.phase is Phase.COMPENSATION else limit
        went_back = execution.edited or execution.head.replay_of is not None  # lanes go on beside where an operator went back to
        if limit and block.open > limit and not went_back:
            yield f"{name}: {block.open} lanes at once, the limit is {limit}"
        if block.fan is not None and block.phase is Phase.TASKS:
            yield from _fan(name, block)
            continue
        mine = [run for run in present(flow, execution, n, children[n]) if run.phase is block.phase]
        lanes: dict[int, list[TaskRun]] = defaultdict(list)
        for run in mine:
            lanes[run.lane].append(run)
        flowing = [lane for lane, runs in lanes.items() if not _over(execution, block, runs)]
        more = execution.state in (State.RESTARTED, State.QUEUED)  # a replay: more lanes go on when it runs
        more = more or execution.edited  # an operator went back to what does not count: an iteration before, what came before a Pause
        if block.open != len(flowing) and not (more and block.open > len(flowing)):
            yield f"{name}: {block.open} lanes open, a scan finds {sorted(flowing)}"
        if isinstance(spec, Dag) and block.phase is Phase.TASKS:
            yield from _dag(spec, execution, name, block, lanes)
        else:
            if not max(lanes, default=-1) < block.begun <= block.lanes:
                yield f"{name}: {block.begun} lanes begun of {block.lanes}, a scan finds {sorted(lanes)}"
            for lane in range(block.begun):
                if lane not in lanes and any(not task.disabled for task in lane_of(draft, n, block, lane).tasks):
                    yield f"{name}: lane {lane} was passed over"
        if block.round and (execution.runs[n].outputs or {}).get("iterationCount") not in (block.round, block.round + 1):
            yield f"{name}: iteration {block.round} says that it is {execution.runs[n].outputs}"
        for lane, runs in lanes.items():
            yield from _lane(draft, n, name, block, lane, runs)


def _over(execution: Execution, block: Block, runs: list[TaskRun]) -> bool:
    """Whether a lane is over: all of its task runs have ended, and their block was told."""
    return all(run.ended and run.n not in execution.held for run in runs)


def _fan(name: str, block: Block) -> Iterator[str]:
    """What a fan counts is what there is."""
    fan = block.fan
    assert fan is not None
    if block.open != len(fan.children):
        yield f"{name}: {block.open} executions open, there are {len(fan.children)}"
    if len(fan.children) + len(fan.again) + sum(fan.counts.values()) != block.begun or block.begun > block.lanes:
        yield f"{name}: {block.begun} of {block.lanes} executions begun, {len(fan.children)} open, {len(fan.again)} again, {fan.counts}"
    if set(fan.paused) - set(fan.children) or set(fan.failed) & set(fan.children):
        yield f"{name}: paused {set(fan.paused)}, failed {set(fan.failed)} of {set(fan.children)}"
    places = [*fan.children.values(), *fan.failed.values(), *fan.again]
    if len(set(places)) != len(places):
        yield f"{name}: two executions of one lane: {places}"


def _dag(spec: Dag, execution: Execution, name: str, block: Block, lanes: dict[int, list[TaskRun]]) -> Iterator[str]:
    """Nothing begins before all that it depends on is over."""
    order = block.order
    if order is None:  # ended, and copied by a replay
        return
    queue = [order.queue[at] for at in range(len(order.queue))]
    if len(set(queue)) != len(queue) or block.begun > len(queue):
        yield f"{name}: {block.begun} begun of {queue}"
    if set(lanes) != {lane for lane in queue[: block.begun] if not spec.tasks[lane].task.disabled}:
        yield f"{name}: lanes {sorted(lanes)}, begun {queue[: block.begun]}"
    over = {lane for lane, runs in lanes.items() if _over(execution, block, runs)}
    if set(order.done) != over | {lane for lane in order.done if spec.tasks[lane].task.disabled}:
        yield f"{name}: {sorted(order.done)} are said to be over, a scan finds {sorted(over)}"
    for lane in lanes:
        early = [need for need in spec.needs[lane] if need not in order.done]
        if early and not execution.edited:
            yield f"{name}: `{spec.tasks[lane].task.id}` was begun before {early} were over"


def _lane(draft: Draft, n: int, name: str, block: Block, lane: int, runs: list[TaskRun]) -> Iterator[str]:
    """The steps of a lane are its enabled tasks in order, each begun after the last one ended well."""
    wanted = [at for at, task in enumerate(lane_of(draft, n, block, lane).tasks) if not task.disabled]
    steps = [run.step for run in runs]
    if steps != wanted[: len(steps)]:
        yield f"{name}: lane {lane} has steps {steps} of {wanted}"
    for run in runs[:-1]:
        if run.state not in WELL and block.phase is not Phase.COMPENSATION and not draft.execution.edited:
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
    longest = flow.retry.max_duration if flow.retry is not None else None
    if execution.state is State.RETRYING and longest is not None and execution.wake is not None:
        first = next(at for state, at in execution.history if state is State.RUNNING)
        if execution.wake > first + micros(longest):
            yield "the whole is tried again after maxDuration"
    for run in execution.runs.values():
        policy = policy_of(flow, execution, run)
        most = 1 if policy is None else policy.max_attempts
        counted = sum(not attempt.lost for attempt in run.attempts)
        if most is not None and counted > most + execution.restarts and execution.head.replay_of is None:
            yield f"{run.task}: {counted} attempts, {most} allowed"
        if policy is not None and policy.max_duration is not None and run.state is State.RETRYING:
            assert run.wake is not None
            if run.wake > run.attempts[0].start + micros(policy.max_duration):
                yield f"{run.task}: tried again after maxDuration"
        open_ = [attempt for attempt in run.attempts if attempt.end is None]
        going = run.state in (State.RUNNING, State.KILLING) and run.attempt > 0
        told = execution.head.replay_of is not None or execution.edited  # a flowable that an operator went back into has none
        if open_ != ([run.attempts[-1]] if going else []) and not (told and not open_ and flow.by_id[run.task].flowable):
            yield f"{run.task}: {run.state} with attempts {run.attempts}"


def _stopped(execution: Execution) -> Iterator[str]:
    """While it is paused nothing is dispatched; while it is killed nothing runs on."""
    commands = outstanding(execution)
    if execution.state is not State.RUNNING and any(isinstance(command, cmd.Dispatch) for command in commands):
        yield f"dispatches while {execution.state}"
    if execution.state is State.KILLING:
        going = [command for command in commands if not isinstance(command, cmd.StopTask | cmd.AwaitChild | cmd.AwaitChildren)]
        if going:
            yield f"goes on while it is killed: {going}"
    if execution.state is State.RUNNING and execution.held:
        yield "runs, and holds back what ended"


def _stopped_inside(flow: Flow, execution: Execution) -> Iterator[str]:
    """What runs beside a failure that stops it is being stopped; a `finally` of it, and its errors, are not."""
    if execution.held or execution.exit is not None or execution.edited or execution.head.replay_of is not None:
        return
    for n in execution.open:
        run = at = execution.runs[n]
        while at.parent and at.phase is Phase.TASKS:
            at = execution.runs[at.parent]
            block, spec = execution.blocks[at.n], flow.by_id[at.task]
            stops = isinstance(spec, FlowableSpec) and spec.on_failure is not None and block.phase is Phase.TASKS and block.failed
            if stops and run.n not in execution.blocks and run.state is not State.KILLING:
                yield f"{run.task} goes on though a task beside it in {at.task} has failed"


def _waits(flow: Flow, execution: Execution) -> Iterator[str]:
    """Each flowable that is open has something inside it, or waits for an answer, a time or a person; so has the flow."""
    if execution.ended or execution.state in (State.PAUSED, State.CREATED, State.QUEUED, State.RESTARTED, State.RETRYING):
        return
    for n, block in execution.blocks.items():
        run = execution.runs.get(n)
        if run is not None and (run.ended or run.ask is not None or run.state is State.PAUSED):
            continue
        if run is not None and run.wake is not None and isinstance(flow.by_id[run.task], LoopUntil):
            continue
        if block.open == 0 and not (run is None and execution.ask is not None):
            yield f"{run.task if run else 'the flow'} waits for nothing"
        if run is None or block.fan is None or block.phase is not Phase.TASKS or run.state is not State.RUNNING:
            continue
        full = (block.begun == block.lanes and not block.fan.again) or block.open == flow.by_id[run.task].limit
        if full and 0 < len(block.fan.children) == len(block.fan.paused):
            yield f"{run.task} is not PAUSED, and all that it waits for is"
