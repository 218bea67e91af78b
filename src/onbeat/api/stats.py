"""Statistics: executions and lines by time, what there is, the last execution of each flow.

Rules
1. They are counted by the store, for the caller's namespaces, within a bounded number of steps of time.
2. Steps without anything are there, too, so that a chart has no holes.

Called by: app.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.buckets import DAY, buckets, fitting
from onbeat.api.execution_search import FlowName
from onbeat.api.parameters import Instant, StateName
from onbeat.api.questions import instant_of, state_of
from onbeat.api.routing import Unprocessable, Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.executions import ExecutionLine
from onbeat.api.shapes.stats import Daily, DailyLines, Summary
from onbeat.api.summaries import summary_json
from onbeat.core.access import covers
from onbeat.core.durations import format_duration
from onbeat.core.event import Micros
from onbeat.core.states import TERMINATED, State
from onbeat.core.times import iso, named_zone, to_datetime
from onbeat.engine.tasklog import LEVELS
from onbeat.ports import ExecutionFilter, LogFilter
from onbeat.ports.search import Bucket, Tally

_USUAL = 30 * DAY
_MOST_LOG_STEPS = 62
_MICRO = timedelta(microseconds=1)
_OPEN = tuple(state for state in State if state not in TERMINATED)


class Range(BaseModel):
    """Which executions, and within which time; the last 30 days unless told otherwise."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    q: str | None = None
    namespace: str | None = Field(None, description="The namespace and those below it.")
    flow_id: str | None = None
    start_date: Instant | None = Field(None, examples=["2026-11-21T12:00:00Z"])
    end_date: Instant | None = None
    time_zone: str = Field("UTC", description="In which days begin.", examples=["Europe/Paris"], json_schema_extra={"minLength": 1})

    def span(self, now: Micros) -> tuple[Micros, Micros]:
        """From when until when. Raises UserError."""
        end = instant_of(self.end_date, "endDate") if self.end_date else now
        start = instant_of(self.start_date, "startDate") if self.start_date else end - _USUAL
        if start >= end:
            raise Unprocessable("`endDate` must be after `startDate`")
        return start, end

    def offset(self, at: Micros) -> Micros:
        """Of the time zone from UTC, then."""
        try:
            found = to_datetime(at).astimezone(named_zone(self.time_zone)).utcoffset()
        except (KeyError, ValueError, OSError):
            raise Unprocessable(f"`{self.time_zone[:40]}` is no time zone; write it as Europe/Paris") from None
        return (found or timedelta()) // _MICRO


class States(Range):
    """Which executions, within which time, and in which states they are now."""

    state: list[StateName] = []


class ByFlow(States):
    """Which executions, and of which flows. namespaceOnly: by namespace, all flows together as `*`."""

    flows: list[FlowName] = Field([], max_length=1_000)
    namespace_only: StrictBool = False


class Flows(BaseModel):
    """Which flows."""

    flows: list[FlowName] = Field(max_length=1_000)


def routes() -> list[BaseRoute]:
    """The routes."""
    grouped = dict[str, dict[str, list[Daily]]]
    found: list[BaseRoute] = []
    for path, handler, answers in (
        ("summary", summary, Summary),
        ("executions/daily", daily, list[Daily]),
        ("executions/daily/group-by-flow", daily_by_flow, grouped),
        ("executions/daily/group-by-namespace", daily_by_namespace, dict[str, list[Daily]]),
        ("executions/latest/group-by-flow", latest, list[ExecutionLine]),
        ("logs/daily", lines, list[DailyLines]),
    ):
        found += route(f"/stats/{path}", handler, Permission.READ, ("POST",), within=Within.LIST, answers=answers)
    return found


async def summary(request: Request, body: Annotated[Range | None, Body()] = None) -> Response:
    """How many flows, triggers and executions there are; executions are counted up to 10,000."""
    node, allowed, body = node_of(request), await callers_namespaces(request), body or Range()
    within = _within(allowed, body.namespace)
    start, end = body.span(node.clock.now())
    body.offset(start)  # a time zone that is none is told here, too
    wanted = _filter(body, allowed, start, end)
    triggers = [each.spec.targets[0].namespace if each.spec.targets else each.spec.namespace or "" for each in node.triggers.all()]

    async def count(*states: State) -> int:
        return await node.queries.count(_filter(body, allowed, start, end, states))

    content = {
        "flows": sum(within(loaded.flow.namespace) for loaded in node.catalog.served()),
        "triggers": sum(map(within, triggers)),
        "executions": await node.queries.count(wanted),
        "running": await count(*_OPEN),
        "failed": await count(State.FAILED),
    }
    return answer(content)


async def daily(request: Request, body: States) -> Response:
    """Executions by the time of their creation: how many in each state, how long they took."""
    found, steps, by = await _tallies(request, body, None)
    return answer(daily_json(found, steps, by, whole=True))


async def daily_by_flow(request: Request, body: ByFlow) -> Response:
    """The same, by namespace and flow."""
    found, steps, by = await _tallies(request, body, "namespace" if body.namespace_only else "flow")
    wanted = {(each.namespace, each.id) for each in body.flows}
    groups: dict[str, dict[str, list[Tally]]] = {}
    for tally in found:
        if not wanted or (tally.namespace, tally.flow) in wanted:
            groups.setdefault(tally.namespace or "", {}).setdefault(tally.flow or "*", []).append(tally)
    return answer({namespace: {flow: daily_json(of, steps, by) for flow, of in flows.items()} for namespace, flows in groups.items()})


async def daily_by_namespace(request: Request, body: States) -> Response:
    """The same, by namespace."""
    found, steps, by = await _tallies(request, body, "namespace")
    groups: dict[str, list[Tally]] = {}
    for tally in found:
        groups.setdefault(tally.namespace or "", []).append(tally)
    return answer({namespace: daily_json(of, steps, by) for namespace, of in groups.items()})


async def latest(request: Request, body: Flows) -> Response:
    """The last execution of each of these flows, of those that have one."""
    within = _within(await callers_namespaces(request), None)
    wanted = [(each.namespace, each.id) for each in body.flows if within(each.namespace)]
    return answer([summary_json(each) for each in await node_of(request).queries.latest_of_flows(wanted)])


async def lines(request: Request, body: Range) -> Response:
    """Log lines by the time when they were written: how many of each level, up to 10,000 of each."""
    node, allowed = node_of(request), await callers_namespaces(request)
    start, end = body.span(node.clock.now())
    by, offset = fitting(start, end), body.offset(start)
    steps = buckets(start, end, by, offset)
    if len(steps) > _MOST_LOG_STEPS:
        by = "hour" if by == "minute" else "week" if by == "day" else "month"
        steps = buckets(start, end, by, offset)
    shown = []
    for begin, until in zip(steps, [*steps[1:], end], strict=True):
        counts = {}
        for level in LEVELS:
            counts[level] = await node.queries.count_lines(
                LogFilter(
                    allowed=allowed,
                    namespaces=(body.namespace,) if body.namespace else None,
                    flow=body.flow_id,
                    levels=(level,),
                    start=max(begin, start),
                    end=until,
                    q=body.q or "",
                )
            )
        shown.append({"timestamp": iso(begin), "counts": counts, "groupBy": by})
    return answer(shown)


def daily_json(tallies: Iterable[Tally], steps: Sequence[Micros], by: Bucket, *, whole: bool = False) -> list[dict[str, Any]]:
    """Tallies by time. whole: with the states that none is in."""
    found: dict[Micros, list[Tally]] = {}
    for tally in tallies:
        found.setdefault(tally.start, []).append(tally)
    return [_daily(step, found.get(step, []), by, whole) for step in steps]


def _daily(start: Micros, tallies: Sequence[Tally], by: Bucket, whole: bool) -> dict[str, Any]:
    counts = dict.fromkeys((state.value for state in State), 0) if whole else {}
    for tally in tallies:
        counts[tally.state.value] = counts.get(tally.state.value, 0) + tally.count
    ended, took = sum(tally.ended for tally in tallies), sum(tally.duration for tally in tallies)
    durations = {
        "min": min((tally.shortest for tally in tallies if tally.shortest is not None), default=0),
        "avg": took // ended if ended else 0,
        "max": max((tally.longest for tally in tallies if tally.longest is not None), default=0),
        "sum": took,
    }
    shown = {name: format_duration(timedelta(microseconds=value)) for name, value in durations.items()}
    return {"startDate": iso(start), "duration": {**shown, "count": ended}, "executionCounts": counts, "groupBy": by}


async def _tallies(request: Request, body: States, group: Any) -> tuple[list[Tally], list[Micros], Bucket]:
    node, allowed = node_of(request), await callers_namespaces(request)
    start, end = body.span(node.clock.now())
    by, offset = fitting(start, end), body.offset(start)
    wanted = _filter(body, allowed, start, end, tuple(state_of(state) for state in body.state))
    found = await node.queries.tally(wanted, by=by, group=group, offset=offset)
    return found, buckets(start, end, by, offset), by


def _filter(body: Range, allowed: tuple[str, ...] | None, start: Micros, end: Micros, states: tuple[State, ...] = ()) -> ExecutionFilter:
    return ExecutionFilter(
        allowed=allowed,
        namespaces=(body.namespace,) if body.namespace else None,
        flow=body.flow_id,
        states=states,
        start=start,
        end=end,
        q=body.q or "",
    )


def _within(allowed: tuple[str, ...] | None, namespace: str | None) -> Any:
    def holds(inner: str) -> bool:
        return (allowed is None or any(covers(outer, inner) for outer in allowed)) and covers(namespace, inner)

    return holds
