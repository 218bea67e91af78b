"""Tell what happened to an execution as an event, for triggers of other flows.

Unlike the state events of the outside world it is not masked: outputs go on to the next flow as they are. It never leaves the engine.

Rules
1. Each change of an execution's state is one event; creating it is one too.
2. The rounds of a Loop, which are executions of their own, are nobody's upstream.
3. What stands behind the execution goes on: correlation, cause, and one hop more.

Called by: plugins/flow_trigger; explain.
"""

from onbeat.core import refs
from onbeat.core.changes import AnyChange, Created, Moved
from onbeat.core.event import Event
from onbeat.core.execution import Head
from onbeat.core.states import State
from onbeat.core.times import iso

SOURCE = "onbeat/flow"
TYPE = "io.onbeat.flow"


def event_of(head: Head, change: AnyChange) -> Event | None:
    """What a row of the journal tells of an execution's state; None when it tells nothing of it."""
    if head.scope is not None:
        return None
    if isinstance(change, Created):
        state, sequence, labels, outputs = State.CREATED, 1, head.labels, None
    elif isinstance(change, Moved):
        state, sequence, labels, outputs = change.after, change.sequence, change.labels, change.outputs
    else:
        return None
    id_ = f"{head.id}/{sequence}"
    variables = {
        "executionId": head.id,
        "namespace": head.namespace,
        "flowId": head.flow,
        "flowRevision": head.revision,
        "state": state.value,
        "outputs": outputs or {},
    }
    data = {
        "namespace": head.namespace,
        "flowId": head.flow,
        "state": state.value,
        "labels": labels,
        "inputs": refs.opened(head.inputs),
        "outputs": refs.opened(outputs or {}),
        "hasRetryAttempt": False,
        "execution": {"id": head.id, "startDate": iso(head.created), "originalId": head.original or head.id, "state": state.value},
    }
    return Event(
        id=id_,
        source=SOURCE,
        type=TYPE,
        subject=f"{head.namespace}.{head.flow}",
        time=change.at,
        key=id_,
        data=data,
        variables=variables,
        hops=head.hops + 1,
        correlation_id=head.correlation_id,
        causation_id=head.id,
        traceparent=head.traceparent,
    )
