"""Try an event on a trigger: whether it would take it, why not, and what it would start. Nothing is started, nothing counted.

The event is one of a topic (`key`: `TOPIC/ID`), a dead one (`dead`: its id), or one that the body says (`event`).

Rules
1. Who tries may evaluate expressions in all namespaces that the trigger starts something in; what an event of a topic holds is for who
   may read the topic, a dead one for who may read all of them or whose trigger it was given to.
2. What would be started is shown without secrets.

Called by: app.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.routing import Within, answer, node_of, route
from onbeat.api.shapes.triggers import Trial
from onbeat.api.trigger_changes import named_trigger
from onbeat.core.errors_text import short
from onbeat.core.event import Event, Json
from onbeat.core.sealed import shown
from onbeat.engine.node import Node
from onbeat.engine.subscription import LoadedTrigger
from onbeat.errors import NotFound, UserError
from onbeat.ports import Record


class Given(BaseModel):
    """An event. variables: what `trigger.*` is beside what every event has, such as `body` of a webhook; a webhook's `data` is its body."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    id: str = "try"
    type: str = "io.onbeat.event"
    source: str = "onbeat"
    topic: str = "try"
    key: str | None = None
    data: Any = None
    headers: dict[str, str] = {}
    variables: dict[str, Any] = {}


class Body(BaseModel):
    """A trigger, and an event."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    name: str | None = Field(None, examples=["shop.order.paid"])
    namespace: str | None = None
    flow_id: str | None = None
    trigger_id: str | None = None
    event: Given | None = None
    key: str | None = Field(None, description="TOPIC/ID of an event on the bus.", examples=["orders/42"])
    dead: str | None = Field(None, description="The id of a dead event.")


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/triggers/try", try_event, Permission.EVALUATE, ("POST",), within=Within.OBJECT, answers=Trial)


async def try_event(request: Request, body: Body) -> Response:
    """Whether a trigger takes an event, without starting anything: `result` is starts, counts, condition false or dead."""
    node = node_of(request)
    trigger = await named_trigger(request, body.model_dump(by_alias=True, exclude_none=True))
    event = await _event(request, body, trigger)
    return answer({"trigger": trigger.spec.name, **await _tried(node, trigger, event)})


async def _event(request: Request, body: Body, trigger: LoadedTrigger) -> Event:
    node = node_of(request)
    if (body.event is not None) + (body.key is not None) + (body.dead is not None) != 1:
        raise UserError("say which event: `event`, `key` (TOPIC/ID) or `dead`")
    if body.dead is not None:
        dead = await node.queries.dead_event(body.dead)
        mine = dead is not None and (dead.trigger == trigger.spec.name or (await caller_of(request)).may(Permission.READ))
        if dead is None or not mine:
            raise NotFound(f"there is no dead event {body.dead}")
        if dead.event is None:
            raise UserError(f"dead event {body.dead} could not be decoded: it is no event that a trigger could take")
        return dead.event
    if body.key is not None:
        topic, _, id_ = body.key.rpartition("/")
        record = await node.store.record(topic, id_)
        if record is None or not (await caller_of(request)).may_topic(Permission.READ, topic):
            raise NotFound(f"there is no event {body.key} (topics forget after their retention)")
        return record.as_event()
    assert body.event is not None
    return _made(body.event, node.clock.now())


def _made(given: Given, now: int) -> Event:
    record = Record(
        topic=given.topic,
        id=given.id,
        data=given.data,
        time=now,
        key=given.key,
        source=given.source,
        type=given.type,
        headers=given.headers,
    )
    event = record.as_event()
    variables: dict[str, Json] = {**event.variables, "body": given.data, **given.variables}
    return Event(
        id=event.id,
        source=event.source,
        type=event.type,
        time=event.time,
        key=event.key,
        data=event.data,
        topic=event.topic,
        variables=variables,
    )


async def _tried(node: Node, trigger: LoadedTrigger, event: Event) -> dict[str, Any]:
    spec = trigger.spec
    said: dict[str, Any] = {"why": None, "starts": []}
    try:
        event, fit = await node.intake.fit(spec, event)
        if fit is None:
            why = await node.evaluator.why_not(spec, event) or "it is none of what the trigger waits for"
            return {**said, "result": "condition false", "why": node.evaluator.mask(why)}
        if spec.correlation is not None:
            return {**said, "result": "counts", "why": f"it counts as {', '.join(fit.terms)}" if fit.terms else "it counts"}
        starts = await node.evaluator.starts(spec, event, fit.identity)
    except UserError as wrong:
        return {**said, "result": "dead", "why": node.evaluator.mask(short(wrong))}
    shown_starts = [
        {
            "namespace": each.namespace,
            "flowId": each.flow,
            "key": each.key,
            "inputs": node.evaluator.present_mask.mask_value(shown(each.inputs)),
            "labels": each.labels,
            "order": each.order,
        }
        for each in starts
    ]
    off = "it is switched off now" if node.triggers.disabled(spec.name) else None
    return {**said, "result": "starts", "why": off, "starts": shown_starts}
