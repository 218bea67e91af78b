"""Start executions for the lanes of a fan (Loop, ForEachItem), and count how they end.

A fan's task run stays one run, however many executions it starts: what each did is in its own journal.

Rules
1. Each lane's execution is created in the transaction that begins the lane.
2. A fan is PAUSED while all its executions that have not ended are.
3. How an execution ended counts once; one that failed fails the fan unless failures are not transmitted.

Called by: blocks, decide.
"""

from itertools import count

import msgspec

from onbeat.core import changes as c
from onbeat.core import refs
from onbeat.core.context import outputs as outputs_of
from onbeat.core.draft import Draft
from onbeat.core.event import Json
from onbeat.core.execution import Head, Scope, Trigger
from onbeat.core.ids import child_id
from onbeat.core.plan.for_each_item import Items
from onbeat.core.plan.loop import Loop
from onbeat.core.signals import ChildEnded, ChildPaused, ChildrenChosen, Chosen
from onbeat.core.states import FAILING, State

_MOST_IN_ROWS = 4_000_000
AT_ONCE = 50
"""Executions that begin, or run again, in one transaction: more would keep other executions waiting."""
MORE = "@more"
"""What the shell is asked for between so many and the next: nothing but its turn. A number follows, so that each ask is another."""
CHOOSE = "@children "
"""What the shell is asked for before lanes of a ForEachItem begin: the number of the first one follows."""


def fill(draft: Draft, n: int) -> None:
    """Begin lanes while there are any and the limit allows: a Loop's at once, the others when the shell has found their flow. What a
    restart runs again goes before."""
    spec = draft.flowable(n)
    if draft.execution.state is State.PAUSED:  # a person paused it: what goes on ends, nothing begins
        return
    room = AT_ONCE
    while has_room(draft, n):
        block = draft.block(n)
        fan = block.fan
        assert fan is not None, "a fan"
        if room == 0:
            draft.add(c.Asked(at=draft.now, n=n, ask=f"{MORE} {block.begun + len(fan.again)}"))
            return
        room -= 1
        if fan.again:
            lane = next(lane for lane in count(fan.next) if lane in fan.again)
            draft.add(c.ChildRestarted(at=draft.now, n=n, child=fan.again[lane], lane=lane))
            continue
        if isinstance(spec, Loop) and block.begun == 0 and refs.AROUND not in draft.run(n).answers and _too_large(draft, block.lanes):
            draft.add(c.Asked(at=draft.now, n=n, ask=refs.AROUND))
            return
        if not isinstance(spec, Loop):
            draft.add(c.Asked(at=draft.now, n=n, ask=f"{CHOOSE}{block.begun}"))
            return
        draft.add(c.ChildStarted(at=draft.now, n=n, child=_iteration(draft, n, spec, block.begun), lane=block.begun))


def has_room(draft: Draft, n: int) -> bool:
    """Whether a lane of a fan is left to begin, and the limit allows it."""
    block, spec = draft.block(n), draft.flowable(n)
    if draft.stopping(n) or draft.run(n).state is State.KILLING or (block.failed and spec.stops_on_failure):
        return False
    if block.own is not None:
        return False
    left = block.begun < block.lanes or (block.fan is not None and bool(block.fan.again))
    return left and not (spec.limit and block.open >= spec.limit)


def _iteration(draft: Draft, n: int, spec: Loop, lane: int) -> Head:
    """The execution of one iteration: of the same flow, with what was known before the loop."""
    execution = draft.execution
    outputs, kept = _around(draft, n)
    head, scope = execution.head, execution.head.scope
    return Head(
        id=child_id(draft.now, head.id, n, lane + 1),
        namespace=head.namespace,
        flow=head.flow,
        revision=head.revision,
        created=draft.now,
        inputs=head.inputs,
        labels=execution.labels,
        variables=execution.variables,
        trigger=head.trigger,
        correlation_id=head.correlation_id,
        causation_id=f"{head.id}/{n}",
        traceparent=head.traceparent,
        hops=head.hops,
        depth=head.depth,
        parent=head.id,
        parent_run=n,
        scope=Scope(
            task=spec.id,
            origin=scope.origin if scope else head.id,
            item=spec.item(draft.block(n), lane, scope.item if scope else None),
            outputs=outputs,
            kept=kept,
            tasks=refs.taken_apart({**(scope.tasks if scope else {}), **execution.states})[0],
        ),
    )


def _around(draft: Draft, n: int) -> tuple[dict[str, Json], tuple[refs.Kept, ...]]:
    """The outputs that iterations see: what was known before the loop."""
    answer = draft.run(n).answers.get(refs.AROUND)
    return refs.taken_apart(outputs_of(draft.execution) if answer is None else refs.opened(answer))


def _too_large(draft: Draft, lanes: int) -> bool:
    """Whether the outputs known before a loop are too many to be in the first row of each of its iterations."""
    size = len(msgspec.json.encode(refs.taken_apart(outputs_of(draft.execution))[0]))
    return size > refs.INLINE_LIMIT or size * lanes > _MOST_IN_ROWS


def chosen(draft: Draft, signal: ChildrenChosen) -> bool:
    """Start the executions whose flow was found; False when nobody asked for them any more."""
    run = draft.execution.runs.get(signal.run)
    if run is None or run.ask != signal.ask or run.state is not State.RUNNING:
        return False
    draft.add(c.Answered(at=draft.now, n=run.n, ask=signal.ask))
    if draft.execution.state is State.PAUSED:
        return False  # it is asked for again when the execution goes on
    spec = draft.spec(run.n)
    assert isinstance(spec, Items), "only a ForEachItem asks for them"
    for child in signal.children:
        lane = draft.block(run.n).begun
        head = _batch(draft, run.n, child, lane)
        draft.add(c.ChildStarted(at=draft.now, n=run.n, child=head, lane=lane, wait=spec.wait))
        if not spec.wait:
            draft.add(c.ChildOver(at=draft.now, n=run.n, child=head.id, state=State.SUCCESS))
    return True


def _batch(draft: Draft, n: int, child: Chosen, lane: int) -> Head:
    execution = draft.execution
    head = execution.head
    return Head(
        id=child_id(draft.now, head.id, n, lane + 1),
        namespace=child.namespace,
        flow=child.flow,
        revision=child.revision,
        created=draft.now,
        inputs=child.inputs,
        labels=child.labels,
        variables=child.variables,
        trigger=Trigger(
            id=draft.run(n).task.removesuffix("_items"),
            type="core.flow.ForEachItem",
            variables={
                "executionId": head.id,
                "namespace": head.namespace,
                "flowId": head.flow,
                "flowRevision": head.revision,
                "taskRunIteration": lane,
            },
        ),
        correlation_id=head.correlation_id,
        causation_id=f"{head.id}/{n}",
        traceparent=head.traceparent,
        hops=head.hops,
        depth=head.depth + 1,
        parent=head.id,
        parent_run=n,
    )


def ended(draft: Draft, signal: ChildEnded) -> bool:
    """Count an execution that ended; False when it is none of the fan's."""
    block = draft.execution.blocks.get(signal.run)
    if block is None or block.fan is None or signal.child not in block.fan.children:
        return False
    spec = draft.flowable(signal.run)
    assert isinstance(spec, Loop | Items), "these are the fans"
    stopped = draft.run(signal.run).state is State.KILLING
    failed = (spec.transmit_failed or stopped) and signal.state in FAILING
    over = c.ChildOver(at=draft.now, n=signal.run, child=signal.child, state=signal.state, outputs=signal.outputs, failed=failed)
    draft.add(over)
    return True


def paused(draft: Draft, signal: ChildPaused) -> bool:
    """Note that an execution is PAUSED or goes on; False when that is no news."""
    block = draft.execution.blocks.get(signal.run)
    if block is None or block.fan is None or signal.child not in block.fan.children:
        return False
    if (signal.child in block.fan.paused) is signal.paused:
        return False
    draft.add(c.ChildMoved(at=draft.now, n=signal.run, child=signal.child, paused=signal.paused))
    return True


def is_paused(draft: Draft, n: int) -> bool:
    """Whether a fan waits for nothing but its PAUSED executions."""
    fan = draft.block(n).fan
    return fan is not None and len(fan.paused) > 0 and len(fan.paused) == len(fan.children) and not has_room(draft, n)


def results(draft: Draft, n: int) -> dict[str, Json]:
    """The outputs of a fan that is over."""
    block, spec = draft.block(n), draft.flowable(n)
    fan = block.fan
    assert fan is not None, "a fan"
    if isinstance(spec, Items):
        counts: dict[str, Json] = {**({"CREATED": 0} if spec.wait else {}), "RUNNING": 0, **fan.counts}
        return {"iterations": counts, "numberOfBatches": block.total} if block.total else {}
    begun = sum(fan.counts.values())
    shown: dict[str, Json] = {"iterationCount": begun, "runningIterations": 0, "terminatedIterations": dict(fan.counts)}
    if isinstance(spec, Loop) and spec.outputs:
        shown["outputs"] = [{"item": spec.item(block, lane, None), "outputs": outputs} for lane, outputs in sorted(fan.results.items())]
    return shown
