"""Switch triggers off and on, and run the past times of schedules; of one, of several, of all that a query means. Kestra's paths and JSON.

A trigger is named in a body by `namespace`, `flowId` and `triggerId`, as Kestra names it, or by its whole `name`.

Rules
1. A call that names one that cannot be changed changes nothing.
2. A change by query needs a condition, or `all=true`; `dryRun=true` counts.
3. What Kestra's triggers can be and ours cannot, locked or deleted apart from their flow, is said.

Called by: app.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.bulk import refusal
from onbeat.api.routing import Within, allow, answer, body_of, json_of, node_of, route
from onbeat.api.shapes.base import Done
from onbeat.api.shapes.triggers import Deleted, Preview, TriggerContext
from onbeat.api.trigger_bodies import CHANGED, FILLED, SWITCHED, TRIGGER, TRIGGERS, taken
from onbeat.api.triggers import TriggerQuery, chosen, context_json, instant_json, namespaces_of
from onbeat.core.event import Json, Micros
from onbeat.core.times import from_datetime, from_iso
from onbeat.engine.node import Node
from onbeat.engine.subscription import LoadedTrigger
from onbeat.errors import Refused, UserError

_FIRST, _LAST = (from_datetime(datetime(year, 1, 1, tzinfo=UTC)) for year in (2, 9000))
"""A year from the ends of the calendar: their days are no date in some time zones."""
_SHOWN = 1_000
"""How many instants a preview lists."""
_OPTIONS = ("all", "dryRun")
Change = Callable[[Node, Sequence[LoadedTrigger]], Awaitable[int]]


class ChangedQuery(TriggerQuery):
    """Which triggers; without any filter `all=true` is needed."""

    all: bool = Field(False, description="Every trigger that the caller may change.")
    dry_run: bool = Field(False, description="Count what would be changed, and change nothing.")


def routes() -> list[BaseRoute]:
    """The routes; they come before those of a flow's triggers."""
    change, one, many = Permission.RUN, Within.OBJECT, Within.LIST
    found: list[BaseRoute] = []
    for path, handler, method in (
        ("", update, "PUT"),
        ("/set-disabled", update, "PUT"),
        ("/backfill/create", update, "PUT"),
        ("/backfill/pause", pause, "PUT"),
        ("/backfill/unpause", unpause, "PUT"),
        ("/backfill/delete", delete, "POST"),
    ):
        takes = taken(CHANGED if handler is update else TRIGGER)
        found += route(f"/triggers{path}", handler, change, (method,), within=one, answers=TriggerContext, takes=takes)
    for path, handler in (("restart", restart), ("unlock", unlock)):
        found += route(f"/triggers/{{namespace}}/{{flow}}/{{trigger}}/{path}", handler, change, ("POST",), answers=TriggerContext)
    for path, of_ids, of_query in (
        ("set-disabled", set_disabled, set_disabled_by_query),
        ("unlock", unlock_ids, unlock_query),
        ("backfill/pause", pause_ids, pause_query),
        ("backfill/unpause", unpause_ids, unpause_query),
        ("backfill/delete", delete_ids, delete_query),
    ):
        takes = taken(SWITCHED if of_ids is set_disabled else TRIGGERS)
        found += route(f"/triggers/{path}/by-triggers", of_ids, change, ("POST",), within=one, answers=Done, takes=takes)
        found += route(f"/triggers/{path}/by-query", of_query, change, ("POST",), within=many, answers=Done)
    return [
        *found,
        *route("/triggers/backfill/preview", preview, Permission.READ, ("POST",), within=one, answers=Preview, takes=taken(FILLED)),
        *route("/triggers/delete/by-triggers", forget_ids, change, ("DELETE",), within=one, answers=Deleted, takes=taken(TRIGGERS)),
        *route("/triggers/delete/by-query", forget_query, change, ("DELETE",), within=many, answers=Deleted),
        *route("/triggers/{namespace}/{flow}/{trigger}", forget, change, ("DELETE",), status=204),
    ]


async def update(request: Request) -> Response:
    """Switch a trigger off or on (`disabled`), or begin a backfill of a schedule (`backfill: {start, end, inputs, labels, paused}`)."""
    node = node_of(request)
    body = await _body(request)
    trigger = await named_trigger(request, body)
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
    return answer({"count": await _switched(node, await _all_named(request, given), _flag(body, "disabled"))})


async def set_disabled_by_query(
    request: Request, query: Annotated[ChangedQuery, Query()], disabled: Annotated[bool, Query(description="Off, or on.")] = True
) -> Response:
    """Switch all triggers off or on that the query means; `disabled` says which, by default off."""
    return await _of_query(request, query, lambda node, found: _switched(node, found, disabled), ("disabled",), backfills=False)


async def _switched(node: Node, triggers: Sequence[LoadedTrigger], disabled: bool) -> int:
    """All that are not so yet; those that their file switches off stay so. How many."""
    triggers = [each for each in triggers if disabled or not each.spec.disabled]
    for each in triggers:
        await node.triggers.set(each.spec.name, disabled=disabled)
    return len(triggers)


async def preview(request: Request) -> Response:
    """What a backfill would run: the number, and the first thousand instants."""
    node = node_of(request)
    body = await _body(request)
    start, end, _ = _range(body.get("backfill"))
    found = await node.backfills.preview(await named_trigger(request, body), start, end)
    return answer({"total": len(found), "dates": [instant_json(instant) for instant in found[:_SHOWN]]})


async def pause(request: Request) -> Response:
    """Let a backfill wait."""
    return await _paused(request, True)


async def unpause(request: Request) -> Response:
    """Let a backfill go on."""
    return await _paused(request, False)


async def delete(request: Request) -> Response:
    """Give a backfill up; what runs goes on."""
    node = node_of(request)
    trigger = await named_trigger(request, await _body(request))
    await node.backfills.delete(trigger)
    return answer(await context_json(node, trigger))


async def _paused(request: Request, paused: bool) -> Response:
    node = node_of(request)
    trigger = await named_trigger(request, await _body(request))
    await node.backfills.pause(trigger, paused)
    return answer(await context_json(node, trigger))


# ---- several -----------------------------------------------------------------------------------------------------------


async def pause_ids(request: Request) -> Response:
    """Let the backfills of these triggers wait: a list of `{namespace, flowId, triggerId}`."""
    return await _backfills(request, _pausing(True))


async def pause_query(request: Request, query: Annotated[ChangedQuery, Query()]) -> Response:
    """Let the backfills of all triggers wait that the query means."""
    return await _of_query(request, query, _pausing(True))


async def unpause_ids(request: Request) -> Response:
    """Let the backfills of these triggers go on: a list of `{namespace, flowId, triggerId}`."""
    return await _backfills(request, _pausing(False))


async def unpause_query(request: Request, query: Annotated[ChangedQuery, Query()]) -> Response:
    """Let the backfills of all triggers go on that the query means."""
    return await _of_query(request, query, _pausing(False))


async def delete_ids(request: Request) -> Response:
    """Give the backfills of these triggers up: a list of `{namespace, flowId, triggerId}`."""
    return await _backfills(request, _given_up)


async def delete_query(request: Request, query: Annotated[ChangedQuery, Query()]) -> Response:
    """Give the backfills of all triggers up that the query means."""
    return await _of_query(request, query, _given_up)


async def unlock_ids(request: Request) -> Response:
    """Unlock these triggers: none is ever locked, so that none is changed."""
    await _all_named(request, json_of(await body_of(request)))
    return answer({"count": 0})


async def unlock_query(request: Request, query: Annotated[ChangedQuery, Query()]) -> Response:
    """Unlock the triggers that the query means: none is ever locked, so that none is changed."""
    await chosen(request, others=_OPTIONS, change=True)
    return answer({"count": 0})


async def forget_ids(request: Request) -> Response:
    """Delete what is kept of triggers that no flow has any more: those that are named here are of flows."""
    await _all_named(request, json_of(await body_of(request)))
    return answer({"totalItems": 0, "count": 0})


async def forget_query(request: Request) -> Response:
    """Delete what is kept of triggers that no flow has any more: a query finds none of those."""
    await chosen(request)
    return answer({"totalItems": 0, "count": 0})


async def forget(request: Request) -> Response:
    """Delete what is kept of a trigger that no flow has any more."""
    found = _in_path(request)
    raise Refused(f"trigger {found.spec.name} cannot be deleted, because the flow still declares it; take it out of the flow")


async def restart(request: Request) -> Response:
    """Let a trigger be served anew, as its file and its switches say."""
    node, found = node_of(request), _in_path(request)
    node.triggers.refresh()
    return answer(await context_json(node, found))


async def unlock(request: Request) -> Response:
    """Unlock a trigger: none is ever locked."""
    raise Refused(f"trigger {_in_path(request).spec.name} is not locked: an execution that runs locks no trigger here")


def _in_path(request: Request) -> LoadedTrigger:
    path = request.path_params
    return node_of(request).triggers.find(path["namespace"], path["flow"], path["trigger"])


def _pausing(paused: bool) -> Change:
    async def change(node: Node, triggers: Sequence[LoadedTrigger]) -> int:
        for each in triggers:
            await node.backfills.pause(each, paused)
        return len(triggers)

    return change


async def _given_up(node: Node, triggers: Sequence[LoadedTrigger]) -> int:
    for each in triggers:
        await node.backfills.delete(each)
    return len(triggers)


async def _backfills(request: Request, change: Change) -> Response:
    """Change the backfills of the triggers in the body, if each of them has one."""
    node, found = node_of(request), await _all_named(request, json_of(await body_of(request)))
    without = {each.spec.name: "it has no backfill that is going on" for each in found if await node.backfills.of(each.spec.name) is None}
    if without:
        return refusal("invalid bulk backfill: nothing was changed", without)
    return answer({"count": await change(node, found)})


async def _of_query(
    request: Request, query: ChangedQuery, change: Change, others: Sequence[str] = (), *, backfills: bool = True
) -> Response:
    """Change the triggers that a query means; backfills: those of them that have one."""
    options = (*_OPTIONS, *others)
    found = await chosen(request, others=options, change=True)
    if not query.all and not any(name not in options for name in request.query_params):
        raise UserError("a change by query needs a filter; `all=true` means every trigger that you may change")
    node = node_of(request)
    if backfills:
        found = [each for each in found if await node.backfills.of(each.spec.name) is not None]
    return answer({"count": len(found) if query.dry_run else await change(node, found)})


# ---- bodies ------------------------------------------------------------------------------------------------------------


async def _all_named(request: Request, given: Any) -> list[LoadedTrigger]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise UserError("name the triggers: a list of maps with `namespace`, `flowId` and `triggerId`")
    request.state.asked = True
    return [await named_trigger(request, each) for each in given]


async def _body(request: Request) -> dict[str, Any]:
    body = json_of(await body_of(request))
    if not isinstance(body, dict):
        raise UserError("the body is a JSON object that names a trigger: {namespace, flowId, triggerId}")
    return body


async def named_trigger(request: Request, body: Mapping[str, Any]) -> LoadedTrigger:
    """The trigger that a body names, for a caller who may act on all that it starts."""
    found = _in_body(node_of(request), body)
    for namespace in sorted(namespaces_of(found)):
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
        instant = from_iso(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"`backfill.{name}` is an instant such as 2026-11-21T12:00:00Z") from None
    if not _FIRST <= instant <= _LAST:
        raise UserError(f"`backfill.{name}` is an instant of the years 2 to 8999")
    return instant
