"""Choose flows: those that a query means, for lists and for what is done to everything in them.

Rules
1. What is not read is refused, by one reader for all routes; others' flows are never among them.
2. `namespace` alone means those below it, too, as Kestra's does; `filters[namespace][EQUALS]` exactly itself.
3. A change by query needs a condition, or `all=true`; `dryRun=true` counts.

Called by: the routes of flows.
"""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from onbeat.api.filters import Condition, Op, check_given, read_conditions
from onbeat.api.parameters import Labels, PageNumber, PageSize, Scopes, sort_field
from onbeat.api.routing import callers_namespaces, node_of
from onbeat.core.access import covers
from onbeat.engine.catalog import LoadedFlow
from onbeat.errors import UserError

FIELDS = ("q", "scope", "namespace", "flowId", "id", "labels", "disabled")
SYSTEM = "system"
"""The namespace of flows that look after the others: Kestra's scope `SYSTEM`."""
SORTS = {name: name for name in ("id", "namespace", "revision", "disabled")}
_FLAT = ("q", "scope", "flowId", "labels")


class FlowQuery(BaseModel):
    """Which flows. Also `filters[FIELD][OPERATION]=value`, as Kestra's clients write it; all that is given must hold."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = Field(None, description="Text in the flow's namespace, id or labels.")
    scope: Scopes = []
    namespace: str | None = Field(None, description="The namespace and those below it.", examples=["company"])
    flow_id: str | None = None
    labels: Labels = []


class PageQuery(FlowQuery):
    """Which flows, and which page of them."""

    sort: list[str] = sort_field(SORTS)
    page: PageNumber = None
    size: PageSize = None


class ChangeQuery(FlowQuery):
    """Which flows are to be changed."""

    all: bool = Field(False, description="Every flow that the caller may change: needed where nothing else is said.")
    dry_run: bool = Field(False, description="Only count them.")


async def chosen_flows(request: Request, others: Iterable[str] = ()) -> list[LoadedFlow]:
    """The served flows that a query means and the caller may. others: parameters that are no conditions. Raises UserError."""
    return await _chosen(request, conditions_of(request, others))


async def flows_to_change(request: Request, query: ChangeQuery) -> list[LoadedFlow]:
    """The same, for a change. Raises UserError where nothing is asked for."""
    conditions = conditions_of(request, ("all", "dryRun"), change=True)
    if not conditions and not query.all:
        raise UserError("say which flows are meant by a filter, or `all=true`; `dryRun=true` counts them")
    return await _chosen(request, conditions)


def conditions_of(request: Request, others: Iterable[str] = (), *, change: bool = False) -> list[Condition]:
    """What a query asks of flows. change: they are to be changed. Raises UserError."""
    others = ("namespace", *others)
    flat = [name for name in _FLAT if name not in others]
    found = read_conditions(request.query_params, FIELDS, flat=flat, others=others, change=change)
    for condition in found:
        if condition.field == "scope":
            _scopes(condition)
    above = request.query_params.get("namespace")
    if change and above is not None:
        check_given("namespace", above)
    return [*found, Condition("namespace", Op.PREFIX, (above,))] if above else found


async def _chosen(request: Request, conditions: Sequence[Condition]) -> list[LoadedFlow]:
    allowed = await callers_namespaces(request)
    return [
        loaded
        for loaded in node_of(request).catalog.served()
        if (allowed is None or any(covers(outer, loaded.flow.namespace) for outer in allowed))
        and all(_holds(condition, loaded) for condition in conditions)
    ]


def _scopes(condition: Condition) -> set[str]:
    """Which scopes are meant. Raises UserError."""
    wanted = {each.upper() for value in condition.values for each in value.split(",")}
    if not wanted <= {"USER", "SYSTEM"}:
        raise UserError("filter `scope` is USER or SYSTEM")
    return wanted


def _holds(condition: Condition, loaded: LoadedFlow) -> bool:
    flow = loaded.flow
    match condition.field:
        case "q":
            texts = [flow.name, *(f"{key}:{value}" for key, value in flow.labels.items())]
            within = Condition("q", Op.CONTAINS, condition.values)
            if condition.op not in (Op.EQUALS, Op.CONTAINS, Op.NOT_EQUALS, Op.NOT_CONTAINS):
                raise condition.refused((Op.EQUALS, Op.NOT_EQUALS))
            return any(map(within.holds, texts)) is (condition.op in (Op.EQUALS, Op.CONTAINS))
        case "scope":
            return ("SYSTEM" if covers(SYSTEM, flow.namespace) else "USER") in _scopes(condition)
        case "namespace":
            return condition.holds(flow.namespace)
        case "flowId" | "id":
            return condition.holds(flow.id)
        case "labels":
            return condition.holds(flow.labels.get(condition.key or ""))
        case _:
            return condition.holds("true" if flow.disabled else "false")
