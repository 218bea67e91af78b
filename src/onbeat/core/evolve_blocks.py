"""Apply a change that concerns a block: it opens, a lane of it begins or ends, its executions move, a restart puts it back.

Called by: evolve.
"""

from typing import Any

import msgspec
from immutables import Map

from onbeat.core import changes as c
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Block, Execution, Fan, Order, Phase
from onbeat.core.states import State

replace = msgspec.structs.replace
KEPT_ROUNDS = 10
"""Of how many iterations a LoopUntil keeps the task runs."""


def put(tree: Map[str, Any], path: tuple[str, ...], leaf: Json) -> Map[str, Any]:
    """`tree` with `leaf` at the path; maps on the way are made. A leaf on the way keeps its own keys."""
    if len(path) == 1:
        return tree.set(path[0], leaf)
    below = tree.get(path[0])
    if not isinstance(below, Map):
        below = Map(below) if isinstance(below, dict) else Map()
    return tree.set(path[0], put(below, path[1:], leaf))


def drop(tree: Map[str, Any], path: tuple[str, ...]) -> Map[str, Any]:
    """`tree` without what is at the path; maps that are empty then go too."""
    below = tree.get(path[0])
    if len(path) > 1 and isinstance(below, Map):
        below = drop(below, path[1:])
        return tree.set(path[0], below) if below else tree.delete(path[0])
    return tree.delete(path[0]) if len(path) == 1 and path[0] in tree else tree


def opened(execution: Execution, change: c.Opened, version: int) -> Execution:
    """A phase begins."""
    before = execution.blocks.get(change.n)
    block = Block(
        phase=change.phase,
        lanes=change.lanes,
        seen=before.seen if before and change.round <= 1 else frozenset(),
        own=before.own if before and change.phase is not Phase.TASKS else None,
        choice=change.choice if change.choice is not None or before is None else before.choice,
        values=change.values if change.values or before is None else before.values,
        total=change.lanes if change.phase is Phase.TASKS else before.total if before else 0,
        order=None if change.ready is None else Order(Map(enumerate(change.ready))),
        fan=Fan() if change.fan else before.fan if before else None,
        round=change.round or (before.round if before else 0),
        marks=(*(before.marks if before else ()), execution.last)[-KEPT_ROUNDS:] if change.round else before.marks if before else (),
    )
    runs, context = execution.runs, execution.context
    if change.n != ROOT and (change.outputs is not None or change.round):
        run = runs[change.n]
        answers = run.answers if not change.round else {}  # what the last iteration was told is not the next one's
        runs = runs.set(run.n, replace(run, answers=answers, outputs=change.outputs, wake=None if change.round else run.wake))
        context = put(context, (run.task, *run.path), change.outputs)
    return replace(
        execution,
        version=version,
        blocks=execution.blocks.set(change.n, block),
        runs=runs,
        context=context,
        compensated=execution.compensated or change.phase is Phase.COMPENSATION,
    )


def failed(execution: Execution, change: c.BlockFailed, version: int) -> Execution:
    """It fails by itself."""
    block = execution.blocks[change.n]
    run = replace(execution.runs[change.n], error=change.error, wake=None, ask=None)
    block = replace(block, seen=block.seen | {change.state}, failed=True, own=change.state)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block), runs=execution.runs.set(run.n, run))


def lane(execution: Execution, change: c.LaneBegun | c.LaneEnded, version: int, begun: int = 0, open: int = 0) -> Execution:
    """A lane begins without a task run, or ends."""
    block = execution.blocks[change.n]
    order = block.order
    if order is not None and change.lane is not None:
        queue, size = order.queue, len(order.queue)
        for at, lane in enumerate(change.ready, size):
            queue = queue.set(at, lane)
        order = Order(queue, order.done.set(change.lane, None))
    block = replace(block, begun=block.begun + begun, open=block.open + open, order=order)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))


def child_started(execution: Execution, change: c.ChildStarted, version: int) -> Execution:
    """An execution is started."""
    if change.n == ROOT:
        return replace(execution, version=version)
    if change.lane is None:
        run = execution.runs[change.n]
        return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, child=change.child.id)))
    block = execution.blocks[change.n]
    assert block.fan is not None, "only a fan's lanes are executions"
    fan = replace(block.fan, children=block.fan.children.set(change.child.id, change.lane))
    block = replace(block, begun=change.lane + 1, open=block.open + 1, fan=fan)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))


def child_replaced(execution: Execution, change: c.ChildReplaced, version: int) -> Execution:
    """Another execution stands for the one that was waited for."""
    block = execution.blocks.get(change.n)
    if block is None or block.fan is None:
        run = execution.runs[change.n]
        return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, child=change.by)))
    lane = block.fan.children[change.child]
    paused = block.fan.paused.delete(change.child) if change.child in block.fan.paused else block.fan.paused
    fan = replace(block.fan, children=block.fan.children.delete(change.child).set(change.by, lane), paused=paused)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, replace(block, fan=fan)))


def child_restarted(execution: Execution, change: c.ChildRestarted, version: int) -> Execution:
    """An execution runs again."""
    block = execution.blocks.get(change.n)
    if block is None or block.fan is None:
        run = execution.runs[change.n]
        return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, child=change.child)))
    lane = change.lane
    assert lane is not None, "an execution of a fan has its lane"
    again, children = block.fan.again.delete(lane), block.fan.children.set(change.child, lane)
    fan = replace(block.fan, again=again, children=children, next=lane + 1)
    block = replace(block, open=block.open + 1, fan=fan)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))


def fan(execution: Execution, change: c.ChildMoved | c.ChildOver, version: int) -> Execution:
    """An execution of a fan moved, or ended."""
    block = execution.blocks[change.n]
    fan = block.fan
    assert fan is not None, "only a fan has such children"
    if isinstance(change, c.ChildMoved):
        paused = fan.paused.set(change.child, None) if change.paused else fan.paused.delete(change.child)
        return replace(execution, version=version, blocks=execution.blocks.set(change.n, replace(block, fan=replace(fan, paused=paused))))
    lane, state = fan.children[change.child], change.state
    fan = replace(
        fan,
        children=fan.children.delete(change.child),
        paused=fan.paused.delete(change.child) if change.child in fan.paused else fan.paused,
        counts=_one_more(fan.counts, state),
        lost=_one_more(fan.lost, state) if change.failed else fan.lost,
        failed=fan.failed.set(change.child, lane) if change.failed else fan.failed,
        results=fan.results if change.outputs is None else fan.results.set(lane, change.outputs),
    )
    seen = block.seen | {State.FAILED if change.failed else state if state is State.WARNING else State.SUCCESS}
    block = replace(block, open=block.open - 1, fan=fan, seen=seen, failed=block.failed or change.failed)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))


def _one_more(counts: dict[str, int], state: State) -> dict[str, int]:
    return {**counts, state.value: counts.get(state.value, 0) + 1}


def block_reset(execution: Execution, change: c.BlockReset, version: int) -> Execution:
    """A restart puts it back."""
    before = execution.blocks[change.n]
    later = 0 if change.round is None else before.round - change.round
    total = before.total if change.choice is None else 1
    block = replace(
        before,
        phase=change.phase,
        lanes=total if change.phase is Phase.TASKS else 1,
        total=total,
        choice=change.choice if change.choice is not None else before.choice,
        open=change.open,
        begun=change.begun,
        seen=frozenset(change.seen),
        failed=change.failed,
        own=before.own if change.phase is not Phase.TASKS else None,
        order=None if change.queue is None else Order(Map(enumerate(change.queue)), Map((lane, None) for lane in change.done)),
        round=before.round - later,
        marks=before.marks[: len(before.marks) - later],
        passed=change.passed,
    )
    runs, context = execution.runs, execution.context
    if change.outputs is not None:
        run = runs[change.n]
        runs = runs.set(run.n, replace(run, outputs=change.outputs))
        context = put(context, (run.task, *run.path), change.outputs)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block), runs=runs, context=context)


def fan_reset(execution: Execution, change: c.FanReset, version: int) -> Execution:
    """A restart is to run the failed executions again."""
    block = execution.blocks[change.n]
    fan = block.fan
    assert fan is not None, "only a fan is reset so"
    begun = sum(fan.counts.values()) + len(fan.again)
    counts = {state: left for state, count in fan.counts.items() if (left := count - fan.lost.get(state, 0))}
    fan = replace(
        fan, again=fan.again.update((lane, child) for child, lane in fan.failed.items()), next=0, failed=Map(), counts=counts, lost={}
    )
    block = replace(
        block,
        phase=Phase.TASKS,
        lanes=block.total,
        begun=begun,
        open=0,
        seen=frozenset({State.WARNING} if counts.get(State.WARNING.value) else ()),
        failed=False,
        own=None,
        fan=fan,
    )
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))
