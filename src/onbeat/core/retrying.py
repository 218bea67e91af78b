"""Try a whole execution again when its flow says so: from what failed, or as a new execution.

Rules
1. RETRY_FAILED_TASK: the execution is RETRYING until it is time, then runs again from its failed tasks.
2. CREATE_NEW_EXECUTION: the execution is RETRIED, and a new one with the same inputs begins when it is time; the tries, and
   `maxDuration`, are counted over all of them.
3. An iteration of a Loop is not tried again by itself: it is part of the execution around it.

Called by: endings; decide when it is time.
"""

from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Head
from onbeat.core.flow import Retry
from onbeat.core.ids import child_id
from onbeat.core.retry import next_attempt
from onbeat.core.states import State


def due(draft: Draft) -> Micros | None:
    """When the failed execution is tried again by its flow's own policy; None when it is not."""
    policy, execution = draft.flow.retry, draft.execution
    if policy is None or execution.head.scope is not None or execution.exit is not None:
        return None
    tries = execution.head.attempt if policy.behavior == "CREATE_NEW_EXECUTION" else execution.retries + 1
    return next_attempt(policy, tries, _first(draft), draft.now, execution.id)


def goes_on(draft: Draft) -> bool:
    """Whether the failed execution runs again from what failed. That is settled once: its errors and finally may take long."""
    policy = draft.flow.retry
    if policy is None or policy.behavior != "RETRY_FAILED_TASK":
        return False
    when = due(draft)
    if when is not None:
        draft.add(c.Waiting(at=draft.now, wake=when))
    return when is not None


def again(draft: Draft) -> bool:
    """Try a failed execution again, if there is a try left."""
    settled = draft.execution.wake if draft.execution.exit is None else None
    when = due(draft) if settled is None else settled
    if when is None:
        return False
    assert draft.flow.retry is not None, "it says when"
    if draft.flow.retry.behavior == "CREATE_NEW_EXECUTION":
        succeed(draft, when)
        draft.finish(State.RETRIED)
    else:
        draft.move(State.RETRYING)
        draft.add(c.Waiting(at=draft.now, wake=when))
    return True


def new_execution(draft: Draft, n: int, policy: Retry) -> Micros | None:
    """When a task that failed has the execution tried anew; None when it does not."""
    execution, head = draft.execution, draft.execution.head
    ending = execution.exit is not None or execution.verdict is not None or execution.state is State.KILLING
    if policy.behavior != "CREATE_NEW_EXECUTION" or head.scope is not None or ending:
        return None
    return next_attempt(policy, head.attempt, _first(draft), draft.now, f"{draft.execution.id}/{n}")


def anew(draft: Draft) -> None:
    """The execution was told to end as RETRIED: a new one begins when the execution said it would."""
    succeed(draft, draft.execution.wake or draft.now)
    draft.finish(State.RETRIED)


def succeed(draft: Draft, when: Micros) -> None:
    """Start the execution that tries this one anew."""
    head = draft.execution.head
    child = Head(
        id=child_id(draft.now, head.id, ROOT, head.attempt),
        namespace=head.namespace,
        flow=head.flow,
        revision=head.revision,
        created=draft.now,
        inputs=head.inputs,
        labels=draft.execution.labels,
        variables=head.variables,
        trigger=head.trigger,
        correlation_id=head.correlation_id,
        causation_id=head.id,
        traceparent=head.traceparent,
        hops=head.hops,
        depth=head.depth,
        parent=head.parent,
        parent_run=head.parent_run,
        original=head.original or head.id,
        key=head.key,
        scheduled=when,
        returns=head.returns,
        attempt=head.attempt + 1,
        first=_first(draft),
    )
    draft.add(c.ChildStarted(at=draft.now, n=ROOT, child=child, wait=False))


def _first(draft: Draft) -> Micros:
    """When the first try of the whole began to run."""
    if draft.execution.head.first is not None:
        return draft.execution.head.first
    history = draft.execution.history
    return next((at for state, at in history if state is State.RUNNING), history[0][1])
