"""Decide about executions that a task run started: a Subflow's one, a fan's many.

Rules
1. A child is created in its parent's transaction, and its last transaction tells the parent: neither waits for the other in vain.
2. A child that was killed fails its parent's task run: the parent was not killed. So does one that cannot give what is asked of it.
3. A fan is PAUSED while all its executions are.

Called by: decide.
"""

from onbeat.core import attempts, blocks, fans
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.execution import Head, Trigger
from onbeat.core.ids import child_id
from onbeat.core.pauses import wake_up
from onbeat.core.plan.subflow import Subflow
from onbeat.core.states import State


def chosen(draft: Draft, signal: s.ChildChosen) -> None:
    """A subflow's target was found: start it."""
    run = attempts.present(draft, signal.run, signal.attempt)
    if run is None or run.state is not State.RUNNING or run.child is not None:
        return
    head, spec = draft.execution.head, draft.spec(run.n)
    child = Head(
        id=child_id(draft.now, head.id, run.n, run.attempt),
        namespace=signal.namespace,
        flow=signal.flow,
        revision=signal.revision,
        created=draft.now,
        inputs=signal.inputs,
        labels=signal.labels,
        variables=signal.variables,
        trigger=Trigger(
            id=run.task,
            type="core.flow.Subflow",
            variables={
                "executionId": head.id,
                "namespace": head.namespace,
                "flowId": head.flow,
                "flowRevision": head.revision,
                "taskRunId": draft.execution.run_id(run.n),
            },
        ),
        correlation_id=head.correlation_id,
        causation_id=f"{head.id}/{run.n}",
        traceparent=head.traceparent,
        hops=head.hops,
        depth=head.depth + 1,
        parent=head.id,
        parent_run=run.n,
        scheduled=signal.scheduled,
        returns=spec.outputs if isinstance(spec, Subflow) else None,
    )
    draft.add(c.ChildStarted(at=draft.now, n=run.n, child=child, wait=signal.wait, transmit=signal.transmit))
    if not signal.wait:
        draft.move_run(run.n, blocks.allowed(spec, State.SUCCESS), outputs={"executionId": child.id})


def many_chosen(draft: Draft, signal: s.ChildrenChosen) -> None:
    """A fan's next targets were found: start them, and ask for more."""
    if fans.chosen(draft, signal):
        blocks.fill(draft, signal.run)


def ended(draft: Draft, signal: s.ChildEnded) -> None:
    """An execution that this one started has ended, or is tried anew by another one."""
    if signal.successor is not None:
        _replaced(draft, signal, signal.successor)
        return
    if fans.ended(draft, signal):
        _follow(draft, signal.run)
        return
    run = draft.execution.runs.get(signal.run)
    if run is None or run.child != signal.child or run.state not in (State.RUNNING, State.KILLING):
        return
    spec = draft.spec(run.n)
    outputs = {"executionId": signal.child, "state": signal.state.value, "outputs": signal.outputs or {}}
    if run.state is State.KILLING:
        draft.move_run(run.n, draft.stopped_as(run.n), outputs=outputs)
        return
    transmit = not isinstance(spec, Subflow) or spec.transmit_failed
    state = signal.state if transmit else State.SUCCESS
    if state not in (State.SUCCESS, State.WARNING, State.CANCELLED):
        state = State.FAILED  # KILLED too: the parent was not killed, its subflow was
    error = f"subflow {signal.child} ended {signal.state}" if state is State.FAILED else None
    if error is None and signal.error is not None:
        state, error = State.FAILED, f"outputs: {signal.error}"
    attempts.over(draft, run, state, outputs, error)


def paused(draft: Draft, signal: s.ChildPaused) -> None:
    """An execution of a fan is PAUSED, or goes on: so may the fan."""
    if fans.paused(draft, signal):
        _follow(draft, signal.run)


def _follow(draft: Draft, n: int) -> None:
    """Let a fan go on, or be PAUSED, as its executions are. One that a person paused is not woken by that."""
    if draft.run(n).state is State.PAUSED and not fans.is_paused(draft, n):
        draft.move_run(n, State.RUNNING)
        if not draft.execution.by_hand:
            wake_up(draft)
    blocks.fill(draft, n)
    if draft.run(n).state is State.RUNNING and fans.is_paused(draft, n):
        draft.move_run(n, State.PAUSED)


def _replaced(draft: Draft, signal: s.ChildEnded, successor: str) -> None:
    run, block = draft.execution.runs.get(signal.run), draft.execution.blocks.get(signal.run)
    waits = run is not None and not run.ended and run.child == signal.child
    if waits or (block is not None and block.fan is not None and signal.child in block.fan.children):
        draft.add(c.ChildReplaced(at=draft.now, n=signal.run, child=signal.child, by=successor))
