"""Triggers: how they are, switching them off and on, and backfills of schedules. Paths and JSON are Kestra's, with ours beside it.

A trigger is named in a body by `namespace`, `flowId` and `triggerId`, as Kestra names it, or by its whole `name`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import Within, allow, answer, body_of, callers_namespaces, json_of, node_of, route
from onbeat.core.access import covers
from onbeat.core.event import Json, Micros
from onbeat.core.times import from_datetime, from_iso, iso, to_datetime
from onbeat.core.timetable import Timetable
from onbeat.core.type_names import long_type
from onbeat.engine.node import Node
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import UserError

_SHOWN = 1_000
"""How many instants a preview lists."""


def routes() -> list[BaseRoute]:
    """The routes."""
    change = Permission.RUN
    return [
        *route("/triggers/search", search, Permission.READ, within=Within.LIST),
        *route("/triggers", update, change, ("PUT",), within=Within.OBJECT),
        *route("/triggers/set-disabled/by-triggers", set_disabled, change, ("POST",), within=Within.OBJECT),
        *route("/triggers/set-disabled/by-query", set_disabled_by_query, change, ("POST",), within=Within.LIST),
        *route("/triggers/backfill/preview", preview, Permission.READ, ("POST",), within=Within.OBJECT),
        *route("/triggers/backfill/pause", pause, change, ("PUT",), within=Within.OBJECT),
        *route("/triggers/backfill/unpause", unpause, change, ("PUT",), within=Within.OBJECT),
        *route("/triggers/backfill/delete", delete, change, ("POST",), within=Within.OBJECT),
        *route("/triggers/{namespace}/{flow}", of_flow, Permission.READ),
    ]


# ---- looking ---------------------------------------------------------------------------------------------------------


async def search(request: Request) -> Response:
    """Every trigger: whether it listens, since when it has seen nothing, what is wrong. `q` is part of its name; `namespace` with those
    below it; `flowId`; `size` and `page`."""
    node, query = node_of(request), request.query_params
    found = await _chosen(request)
    begin, end = _page(query, len(found))
    results = [{**await _state(node, each), **await _both(node, each)} for each in found[begin:end]]
    return answer({"results": results, "total": len(found)})


async def of_flow(request: Request) -> Response:
    """The triggers that start a flow."""
    node = node_of(request)
    loaded = await node.find_flow(request.path_params["namespace"], request.path_params["flow"])
    found = node.triggers.of_flow(loaded.flow.namespace, loaded.flow.id)
    begin, end = _page(request.query_params, len(found))
    return answer({"results": [await context_json(node, each) for each in found[begin:end]], "total": len(found)})


async def _chosen(request: Request) -> list[LoadedTrigger]:
    """Those that the query names, of those that the caller may act on."""
    node, query, allowed = node_of(request), request.query_params, await callers_namespaces(request)
    namespace, part, flow = query.get("namespace"), query.get("q", "").lower(), query.get("flowId")
    return [
        each
        for each in node.triggers.all()
        if part in each.spec.name.lower()
        and (namespace is None or any(f"{target.namespace}.".startswith(f"{namespace}.") for target in each.spec.targets))
        and (flow is None or any(target.id == flow for target in each.spec.targets))
        and (allowed is None or all(any(covers(outer, inner) for outer in allowed) for inner in _namespaces(each)))
    ]


def _namespaces(trigger: LoadedTrigger) -> set[str]:
    """The namespaces in which it starts something, or the one it is in."""
    return {target.namespace for target in trigger.spec.targets} or {trigger.spec.namespace or ""}


def _page(query: Mapping[str, str], total: int) -> tuple[int, int]:
    if "size" not in query and "page" not in query:
        return 0, total
    try:
        size, page = max(int(query.get("size", "10")), 1), max(int(query.get("page", "1")), 1)
    except ValueError:
        raise UserError("`size` and `page` are whole numbers") from None
    return size * (page - 1), size * page


async def _state(node: Node, trigger: LoadedTrigger) -> dict[str, Any]:
    """How it is with its subscriptions: one that listens to several topics has several."""
    spec, name = trigger.spec, trigger.spec.name
    subscriptions = [each for each in node.intake.subscriptions() if name in each.triggers]
    lags = [lag for each in subscriptions if (lag := await each.lag()) is not None]
    events = [each.last_event for each in subscriptions if each.last_event is not None]
    refused = node.intake.refused.get(name)
    trouble = refused or next((each.trouble for each in subscriptions if each.trouble), None)
    off = "the trigger says `disabled: true`" if spec.disabled else node.triggers.state(name).why
    disabled = node.triggers.disabled(name)
    return {
        "name": name,
        "triggerId": spec.id,
        "type": spec.type,
        "namespace": spec.namespace,
        "flowId": spec.flow.id if spec.flow else None,
        "flows": [f"{target.namespace}.{target.id}" for target in spec.targets],
        "subscription": subscriptions[0].name if subscriptions else None,
        "state": "failing" if refused else "disabled" if disabled or not subscriptions else _listens(subscriptions),
        "pausedBecause": off if disabled else trouble,
        "received": sum(each.received for each in subscriptions),
        "lastEvent": iso(max(events)) if events else None,
        "lag": sum(lags) if lags else None,
        "disabled": disabled,
    }


def _listens(subscriptions: list[Subscription]) -> str:
    if any(each.trouble for each in subscriptions):
        return "failing"
    return "ready" if all(each.ready.is_set() for each in subscriptions) else "starting"


async def _both(node: Node, trigger: LoadedTrigger) -> dict[str, Any]:
    """As Kestra lists a trigger: what its file says, and how it is."""
    spec = trigger.spec
    said = {"id": spec.id, "type": long_type(spec.type), "description": spec.description, "disabled": spec.disabled, **spec.settings}
    return {"abstractTrigger": said, "triggerContext": await context_json(node, trigger)}


async def context_json(node: Node, trigger: LoadedTrigger) -> dict[str, Any]:
    """How a trigger is, as Kestra says it."""
    spec, name = trigger.spec, trigger.spec.name
    target = spec.targets[0] if spec.targets else None
    disabled = node.triggers.disabled(name)
    return {
        "namespace": target.namespace if target else spec.namespace,
        "flowId": target.id if target else None,
        "triggerId": spec.id,
        "name": name,
        "nextExecutionDate": None if disabled else _next(node, trigger),
        "stopAfter": [state.value for state in spec.stop_after] or None,
        "disabled": disabled,
        "disabledBecause": node.triggers.state(name).why or None,
        "backfill": await _backfill_json(node, name),
    }


def _next(node: Node, trigger: LoadedTrigger) -> str | None:
    """When a schedule fires next."""
    table: Timetable | None = getattr(trigger.options, "table", None)
    instant = None if table is None else next(table.after(to_datetime(node.clock.now())), None)
    return None if instant is None else _date(instant)


async def _backfill_json(node: Node, name: str) -> dict[str, Any] | None:
    found = await node.backfills.of(name)
    if found is None:
        return None
    backfill, progress = found
    return {
        "start": iso(backfill.start),
        "end": iso(backfill.end),
        "currentDate": iso(progress.current if progress.current is not None else backfill.start),
        "paused": backfill.paused,
        "inputs": backfill.inputs,
        "labels": [{"key": key, "value": value} for key, value in backfill.labels.items()],
        "runs": progress.runs,
        "total": backfill.total,
    }


def _date(instant: datetime) -> str:
    return iso(from_datetime(instant))


# ---- changing --------------------------------------------------------------------------------------------------------


async def update(request: Request) -> Response:
    """Switch a trigger off or on (`disabled`), or begin a backfill of a schedule (`backfill: {start, end, inputs, labels, paused}`)."""
    node = node_of(request)
    body = await _body(request)
    trigger = await _named(request, body)
    if body.get("backfill") is not None:
        start, end, rest = _range(body["backfill"])
        labels = rest.get("labels") or {}
        await node.backfills.begin(
            trigger,
            start,
            end,
            inputs=_map(rest.get("inputs") or {}, "inputs"),
            labels={key: str(value) for key, value in _map(_listed(labels), "labels").items()},
            paused=rest.get("paused") is True,
        )
    else:
        await node.triggers.set(trigger.spec.name, disabled=_flag(body, "disabled"))
    return answer(await context_json(node, trigger))


async def set_disabled(request: Request) -> Response:
    """Switch several triggers off or on: `{triggers: […], disabled}`."""
    node, body = node_of(request), await _body(request)
    given = body.get("triggers")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise UserError("`triggers` is a list of maps with `namespace`, `flowId` and `triggerId`")
    return await _switch(node, [await _named(request, each) for each in given], _flag(body, "disabled"))


async def set_disabled_by_query(request: Request) -> Response:
    """Switch all triggers off or on that a search with this query finds; `disabled` says which, by default off."""
    node, query = node_of(request), request.query_params
    return await _switch(node, await _chosen(request), query.get("disabled", "true") != "false")


async def _switch(node: Node, triggers: list[LoadedTrigger], disabled: bool) -> Response:
    """All that are not so yet; those that their file switches off stay so."""
    triggers = [each for each in triggers if disabled or not each.spec.disabled]
    for each in triggers:
        await node.triggers.set(each.spec.name, disabled=disabled)
    return answer({"count": len(triggers)})


async def preview(request: Request) -> Response:
    """What a backfill would run: the number, and the first thousand instants."""
    node = node_of(request)
    body = await _body(request)
    start, end, _ = _range(body.get("backfill"))
    found = await node.backfills.preview(await _named(request, body), start, end)
    return answer({"total": len(found), "dates": [_date(instant) for instant in found[:_SHOWN]]})


async def pause(request: Request) -> Response:
    """Let a backfill wait."""
    return await _paused(request, True)


async def unpause(request: Request) -> Response:
    """Let a backfill go on."""
    return await _paused(request, False)


async def delete(request: Request) -> Response:
    """Give a backfill up; what runs goes on."""
    node = node_of(request)
    trigger = await _named(request, await _body(request))
    await node.backfills.delete(trigger)
    return answer(await context_json(node, trigger))


async def _paused(request: Request, paused: bool) -> Response:
    node = node_of(request)
    trigger = await _named(request, await _body(request))
    await node.backfills.pause(trigger, paused)
    return answer(await context_json(node, trigger))


# ---- bodies ----------------------------------------------------------------------------------------------------------


async def _body(request: Request) -> dict[str, Any]:
    body = json_of(await body_of(request))
    if not isinstance(body, dict):
        raise UserError("the body is a JSON object that names a trigger: {namespace, flowId, triggerId}")
    return body


async def _named(request: Request, body: Mapping[str, Any]) -> LoadedTrigger:
    """The trigger that a body names, for a caller who may act on all that it starts."""
    found = _in_body(node_of(request), body)
    for namespace in sorted(_namespaces(found)):
        await allow(request, namespace, f"there is no trigger {found.spec.name}")
    return found


def _in_body(node: Node, body: Mapping[str, Any]) -> LoadedTrigger:
    name = body.get("name")
    if isinstance(name, str):
        return node.triggers.named(name)
    parts = [body.get(part) for part in ("namespace", "flowId", "triggerId")]
    if not all(isinstance(part, str) for part in parts):
        raise UserError("name the trigger: `namespace`, `flowId` and `triggerId`, or its whole `name`")
    return node.triggers.find(*map(str, parts))


def _flag(body: Mapping[str, Any], name: str) -> bool:
    if not isinstance(body.get(name), bool):
        raise UserError(f"`{name}` is true or false")
    return body[name] is True


def _map(value: Json, name: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise UserError(f"`{name}` is a map")
    return value


def _listed(labels: Json) -> Json:
    """Labels may be a list of {key, value}, as Kestra writes them."""
    if isinstance(labels, list) and all(isinstance(each, dict) and isinstance(each.get("key"), str) for each in labels):
        return {each["key"]: each.get("value") for each in labels}
    return labels


def _range(backfill: Json) -> tuple[Micros, Micros | None, dict[str, Any]]:
    given = _map(backfill, "backfill")
    start = _instant(given.get("start"), "start")
    if start is None:
        raise UserError("`backfill.start` is missing")
    return start, _instant(given.get("end"), "end"), given


def _instant(value: Json, name: str) -> Micros | None:
    if value is None:
        return None
    try:
        return from_iso(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"`backfill.{name}` is an instant such as 2026-11-21T12:00:00Z") from None
