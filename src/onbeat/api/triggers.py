"""Triggers: how they are. Paths and JSON are Kestra's, before 2.0 and since, with ours beside it.

Called by: app; trigger_changes.py switches them and runs their past times.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.filters import Condition, page_of, read_conditions, sort_of
from onbeat.api.parameters import sort_field
from onbeat.api.questions import SYSTEM
from onbeat.api.routing import Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.base import Paged
from onbeat.api.shapes.triggers import TriggerContext, TriggerShape
from onbeat.api.tables import table
from onbeat.core.access import covers
from onbeat.core.times import from_datetime, iso, to_datetime
from onbeat.core.timetable import Timetable
from onbeat.core.type_names import long_type
from onbeat.engine.node import Node
from onbeat.engine.subscription import LoadedTrigger, Subscription

FIELDS = ("q", "scope", "namespace", "flowId", "triggerId", "triggerState")
_PAGING = ("page", "size", "sort")
_SORTS = {name: name for name in ("triggerId", "flowId", "namespace")}


class TriggerQuery(BaseModel):
    """Which triggers. Also `filters[FIELD][OPERATION]=value`, as Kestra's clients write it; all that is given must hold."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = Field(None, description="Part of a name.")
    namespace: str | None = Field(None, description="That starts a flow in it, or in one below it.")
    flow_id: str | None = None
    trigger_id: str | None = None
    trigger_state: str | None = Field(None, description="ENABLED or DISABLED.")


class TriggerSearch(TriggerQuery):
    """Which triggers, and which page of them: all, when neither `page` nor `size` is said."""

    sort: list[str] = sort_field(_SORTS)
    page: int | None = None
    size: int | None = None


class OfFlow(BaseModel):
    """Which of a flow's triggers."""

    q: str | None = None
    sort: list[str] = sort_field(_SORTS)
    page: int | None = None
    size: int | None = None


def routes() -> list[BaseRoute]:
    """The routes."""
    read = Permission.READ
    return [
        *route("/triggers/search", search, read, within=Within.LIST, answers=Paged[TriggerShape]),
        *route("/triggers/export/by-query/csv", export, read, within=Within.LIST, media="text/csv"),
        *route("/triggers/{namespace}/{flow}", of_flow, read, answers=Paged[TriggerContext]),
    ]


async def search(request: Request, query: Annotated[TriggerSearch, Query()]) -> Response:
    """Every trigger: whether it listens, since when it has seen nothing, what is wrong."""
    node = node_of(request)
    found = _sorted(await chosen(request, others=(*_PAGING, "dateFilter")), query.sort)
    results = [{**await _state(node, each), **await _both(node, each)} for each in _paged(found, query)]
    return answer({"results": results, "total": len(found)})


async def export(request: Request, query: Annotated[TriggerQuery, Query()]) -> Response:
    """The same as a table, for a spreadsheet."""
    node = node_of(request)
    rows = [{**await context_json(node, each), "type": long_type(each.spec.type), "backfill": None} for each in await chosen(request)]
    return table(["namespace", "flowId", "triggerId", "type", "disabled", "nextExecutionDate"], rows, "triggers.csv")


async def of_flow(request: Request, query: Annotated[OfFlow, Query()]) -> Response:
    """The triggers that start a flow."""
    node, path = node_of(request), request.path_params
    read_conditions(request.query_params, (), others=("q", *_PAGING))
    loaded = await node.find_flow(path["namespace"], path["flow"])
    found = node.triggers.of_flow(loaded.flow.namespace, loaded.flow.id)
    found = _sorted([each for each in found if (query.q or "").lower() in each.spec.name.lower()], query.sort)
    return answer({"results": [await context_json(node, each) for each in _paged(found, query)], "total": len(found)})


async def chosen(request: Request, others: Sequence[str] = (), *, change: bool = False) -> list[LoadedTrigger]:
    """Those that the query names, of those that the caller may act on. others: parameters that say something else;
    change: they are to be changed."""
    flat = tuple(name for name in FIELDS if name not in others)
    conditions = read_conditions(request.query_params, FIELDS, flat=flat, others=others, change=change)
    node, allowed = node_of(request), await callers_namespaces(request)
    return [
        each
        for each in node.triggers.all()
        if all(_holds(node, each, condition) for condition in conditions)
        and (allowed is None or all(any(covers(outer, inner) for outer in allowed) for inner in namespaces_of(each)))
    ]


def _holds(node: Node, trigger: LoadedTrigger, condition: Condition) -> bool:
    """Whether a condition holds of a trigger: of one that starts several flows, whether it does of one of them."""
    spec, targets = trigger.spec, trigger.spec.targets
    match condition.field:
        case "q":
            return condition.value.casefold() in spec.name.casefold()
        case "namespace":
            return any(condition.holds(each) for each in sorted(namespaces_of(trigger)))
        case "flowId":
            return any(condition.holds(target.id) for target in targets)
        case "triggerId":
            return condition.holds(spec.id)
        case "triggerState":
            return condition.holds("DISABLED" if node.triggers.disabled(spec.name) else "ENABLED")
        case _:  # scope: flows of namespace `system` are flows as any other
            wanted = {part for value in condition.values for part in value.upper().split(",")}
            return wanted != {"SYSTEM"} or any(covers(SYSTEM, each) for each in namespaces_of(trigger))


def _sorted(found: list[LoadedTrigger], sort: Sequence[str]) -> list[LoadedTrigger]:
    by = sort_of(sort, _SORTS)
    if by is None:
        return found

    def key(trigger: LoadedTrigger) -> tuple[str, str]:
        target = trigger.spec.targets[0] if trigger.spec.targets else None
        first = {"triggerId": trigger.spec.id, "flowId": target.id if target else "", "namespace": target.namespace if target else ""}
        return first[by[0]], trigger.spec.name

    return sorted(found, key=key, reverse=by[1])


def _paged(found: list[LoadedTrigger], query: TriggerSearch | OfFlow) -> Sequence[LoadedTrigger]:
    return found if query.size is None and query.page is None else page_of(query.size, query.page).of(found)


def namespaces_of(trigger: LoadedTrigger) -> set[str]:
    """The namespaces in which it starts something, or the one it is in."""
    return {target.namespace for target in trigger.spec.targets} or {trigger.spec.namespace or ""}


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
        "status": "failing" if refused else "disabled" if disabled or not subscriptions else _listens(subscriptions),
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
    """As Kestra lists a trigger, before 2.0 and since: what its file says, and how it is."""
    spec = trigger.spec
    said = {"id": spec.id, "type": long_type(spec.type), "description": spec.description, "disabled": spec.disabled, **spec.settings}
    context = await context_json(node, trigger)
    return {"abstractTrigger": said, "triggerContext": context, "trigger": said, "state": context}


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
    return None if instant is None else instant_json(instant)


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


def instant_json(instant: datetime) -> str:
    return iso(from_datetime(instant))
