"""Show a journal row as a state event: CloudEvents 1.0, the same bytes whenever and wherever it is made.

The event is a pure function of the row, so it cannot be forgotten, differ between sinks, or change when it is sent again. The version
of its shape is in `dataschema`; JSON Schema and AsyncAPI in docs/ describe it, and a test holds them to it.

Rules
1. Only rows that move an execution's state are events; their `sequence` has no gap, from 1.
2. `id` is `<execution>/<sequence>`: the same for every repetition.
3. Outputs are shown for an ended execution, up to a bound; past it the event says `truncated`.

Called by: relay for sinks, the bus source and `tail` for the embedded bus.
"""

from typing import Any

import orjson

from onbeat.core import sealed
from onbeat.core.changes import AnyChange, Created, Moved
from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.core.states import TERMINATED, State
from onbeat.core.times import iso

DATASCHEMA = "urn:onbeat:schema:execution-state:1"
SOURCE = "onbeat"
LARGEST_OUTPUTS = 32_768
"""Bytes of outputs that an event shows."""


def is_event(change: AnyChange) -> bool:
    """Whether a row is a state event."""
    return isinstance(change, Created | Moved)


def state_event(head: Head, change: AnyChange) -> dict[str, Json] | None:
    """The CloudEvent of a row, as JSON; None when the row is none."""
    if isinstance(change, Created):
        before, after, sequence = None, State.CREATED, 1
        labels = head.labels
    elif isinstance(change, Moved):
        before, after, sequence = change.before, change.after, change.sequence
        labels = change.labels
    else:
        return None
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": f"{head.id}/{sequence}",
        "source": SOURCE,
        "type": f"io.onbeat.execution.{after.lower()}",
        "subject": f"{head.namespace}.{head.flow}/{head.id}",
        "time": iso(change.at),
        "datacontenttype": "application/json",
        "dataschema": DATASCHEMA,
        "sequence": f"{sequence:010d}",
        "correlationid": head.correlation_id,
        "onbeathops": head.hops + 1,
    }
    if head.causation_id is not None:
        event["causationid"] = head.causation_id
    if head.traceparent is not None:
        event["traceparent"] = head.traceparent
    data: dict[str, Any] = {
        "executionId": head.id,
        "namespace": head.namespace,
        "flowId": head.flow,
        "flowRevision": head.revision,
        "state": after.value,
        "before": before.value if before else None,
        "labels": labels,
        "createdAt": iso(head.created),
        "at": iso(change.at),
    }
    if head.trigger is not None:
        data["trigger"] = {"id": head.trigger.id, "type": head.trigger.type}
    if head.parent is not None:
        data["parentId"] = head.parent
    if isinstance(change, Moved):
        if after in TERMINATED:
            data["durationMs"] = (change.at - head.created) // 1000
        if change.error is not None:
            data["error"] = change.error
        if change.failed_task is not None:
            data["failedTask"] = change.failed_task
        if change.outputs is not None:
            outputs = sealed.shown(change.outputs)
            if len(orjson.dumps(outputs)) > LARGEST_OUTPUTS:
                outputs, data["truncated"] = {}, True
            data["outputs"] = outputs
    event["data"] = data
    return event
