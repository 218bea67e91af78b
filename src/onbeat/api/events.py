"""Events: publish, tail, explain, dead events and their replay."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.questions import instant_of
from onbeat.api.reads import POSITION, TEXT, TRACE, header, only, query
from onbeat.api.routing import BASE, Within, answer, body_of, json_of, node_of, one_route, route
from onbeat.api.shapes.events import PublishedShape
from onbeat.api.stream import events_of_topic, position_of
from onbeat.core.names import did_you_mean
from onbeat.core.sealed import shown
from onbeat.core.times import iso
from onbeat.engine.explain import explain as explain_event
from onbeat.errors import NotFound, Refused, UserError
from onbeat.ports import DeadEvent

_USUAL, _MOST = 100, 1_000
_LISTS = (
    query("size", {"type": "integer", "default": _USUAL}, f"At most {_MOST:,}."),
    query("before", TEXT, "Only those before the one of this id."),
)
_TAILS = (
    query("from", only("earliest"), "From the first that is kept; from now on unless told otherwise."),
    query("after", POSITION, "As the header Last-Event-ID."),
    query("execution", TEXT, "Only the state events of this execution."),
    header("Last-Event-ID", POSITION, "The position after which it goes on."),
)
_PUBLISHES = (
    query("key", TEXT, "Events of one key stay in order."),
    header("Idempotency-Key", TEXT, "The id of the event: what comes again with it is the same event."),
    TRACE,
)
_DATA: dict[str, Any] = {"application/json": {"examples": [{"id": 1, "amount": 12.5}]}}
_RESERVED = ("dead", "explain")


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/events", topics, Permission.READ, within=Within.LIST),
        *route("/events/dead/list", dead_list, Permission.READ, within=Within.SERVER, reads=_LISTS),
        *route("/events/dead/{id}", dead_show, Permission.READ, within=Within.SERVER),
        *route("/events/dead/{id}/replay", dead_replay, Permission.RUN, ("POST",), within=Within.SERVER),
        *route("/events/explain/{key:path}", explain, Permission.READ, within=Within.SERVER),
        *route("/events/{topic}/tail", tail, Permission.READ, media="text/event-stream", reads=_TAILS),
        one_route(f"{BASE}/events/{{topic}}", publish, Permission.PUBLISH, ("POST",)),
        # never reached, for the one before is: the document's words on it
        *route(
            "/events/{topic}", publish, Permission.PUBLISH, ("POST",), answers=PublishedShape, takes=_DATA, bodyless=True, reads=_PUBLISHES
        ),
    ]


async def topics(request: Request) -> Response:
    """The topics there are."""
    node = node_of(request)
    kept = await node.store.topics() if node.publisher.embedded else {}
    caller = await caller_of(request)
    request.state.asked = True
    names = [name for name in await node.topic_names() if caller.may_topic(Permission.READ, name)]
    return answer({"topics": [{"topic": name, "records": kept.get(name, 0)} for name in names]})


async def publish(request: Request) -> Response:
    """Put an event on a topic: the body is its data, `Idempotency-Key` makes it once. Answers when it is durable."""
    node = node_of(request)
    topic = request.path_params["topic"]
    if topic in _RESERVED or len(topic) > 249:
        raise UserError(f"`{topic[:60]}` cannot be a topic's name")
    data = json_of(await body_of(request))
    headers = {name: value for name, value in request.headers.items() if name.startswith(("x-", "ce-")) and "signature" not in name}
    published = await node.publish(
        topic,
        data,
        id_=request.headers.get("idempotency-key"),
        key=request.query_params.get("key"),
        headers=headers,
        traceparent=request.headers.get("traceparent"),
    )
    content: dict[str, Any] = {"id": published.id}
    if published.executions is not None:
        content["executions"] = list(published.executions)
    if published.duplicate is not None:
        content["duplicate"] = published.duplicate
    return answer(content)


async def tail(request: Request) -> Response:
    """A topic's events as they come: from now, `from=earliest`, `from` an instant, or after a position."""
    node = node_of(request)
    topic = request.path_params["topic"]
    if not node.publisher.embedded and topic != node.events_topic:
        raise Refused(f"topic `{topic}` lives on the broker; read it there. Here `{node.events_topic}` can be tailed")
    names = await node.topic_names()
    after = position_of(request)
    begin = request.query_params.get("from", "now")
    if after is None and begin == "earliest":
        after = 0
    if after is None:
        if topic not in names:
            raise NotFound(f"there is no topic `{topic}`{did_you_mean(topic, names)}")
        if begin != "now":
            if topic == node.events_topic:
                raise UserError(f"`{topic}` is read from now, from `earliest` or after a position; not from a time")
            after = await node.store.records_since(topic, instant_of(begin, "from"))
    if after is None:
        after = await (node.store.journal_end() if topic == node.events_topic else node.store.records_end(topic))
    allowed = (await caller_of(request)).namespaces(Permission.READ)
    return events_of_topic(request, node, topic, after, request.query_params.get("execution"), allowed)


def dead_json(dead: DeadEvent, *, whole: bool = False) -> dict[str, Any]:
    """A dead event."""
    content: dict[str, Any] = {
        "id": dead.id,
        "at": iso(dead.at),
        "subscription": dead.reader,
        "trigger": dead.trigger,
        "reason": dead.reason,
        "key": dead.key,
        "replayedAt": iso(dead.replayed) if dead.replayed else None,
    }
    if whole:
        content["event"] = dead.event and {
            "id": dead.event.id,
            "source": dead.event.source,
            "type": dead.event.type,
            "time": iso(dead.event.time),
            "topic": dead.event.topic,
            "data": shown(dead.event.data),
            "trigger": shown(dead.event.variables),
        }
        content["raw"] = dead.raw.decode("utf-8", "backslashreplace") if dead.raw is not None else None
    return content


async def dead_list(request: Request) -> Response:
    """Dead events, newest first."""
    said = request.query_params
    size = int(said.get("size", _USUAL))
    node = node_of(request)
    found = await node.queries.dead_events(min(max(size, 1), _MOST), said.get("before"))
    return answer({"results": [dead_json(dead) for dead in found]})


async def dead_show(request: Request) -> Response:
    """One dead event, whole."""
    node, id_ = node_of(request), request.path_params["id"]
    found = await node.queries.dead_event(id_)
    if found is None:
        raise NotFound(f"there is no dead event {id_}")
    return answer(dead_json(found, whole=True))


async def dead_replay(request: Request) -> Response:
    """Give a dead event to its trigger again."""
    started = await node_of(request).replay(request.path_params["id"])
    return answer({"executions": list(started.started), "duplicate": started.duplicate})


async def explain(request: Request) -> Response:
    """For an event: each listening trigger with what it did and why."""
    return answer(await explain_event(node_of(request), request.path_params["key"]))
