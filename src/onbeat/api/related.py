"""Follow the executions that belong together: all that bear the correlation id of one.

Each event's data is Kestra's ExecutionStatusEvent; `end-all` says that none of them runs any more.

Rules
1. Only those of the caller's namespaces are told of; when those change the stream ends.
2. Who does not keep up gets `reset`, and begins anew.

Called by: app.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, callers_namespaces, node_of, route
from onbeat.api.stream import BEAT, Guard, frame, stream, within_beat
from onbeat.api.summaries import summary_state
from onbeat.core.event import Json
from onbeat.core.states import TERMINATED
from onbeat.engine.watching import Lagged
from onbeat.ports import ExecutionFilter, ExecutionSummary

_MOST = 1_000
"""How many that belong together are shown as they are when it begins."""


def routes() -> list[BaseRoute]:
    """The route."""
    path = "/executions/{id}/follow-dependencies"
    return route(path, follow, Permission.READ, within=Within.OBJECT, media="text/event-stream")


async def follow(
    request: Request,
    destination_only: Annotated[bool, Query(alias="destinationOnly")] = False,
    expand_all: Annotated[bool, Query(alias="expandAll", description="As Kestra's; all are told of anyway.")] = False,
) -> Response:
    """The states of the executions that belong together with one, until none of them runs. `destinationOnly`: not those before it."""
    node, execution = node_of(request), await execution_of(request)
    allowed = await callers_namespaces(request)
    wanted = ExecutionFilter(allowed=allowed, correlation_id=execution.head.correlation_id)
    guard = Guard(request, lambda caller: caller.namespaces(Permission.READ) == allowed)

    def told(each: ExecutionSummary) -> bool:
        return not destination_only or each.created >= execution.head.created

    async def frames() -> AsyncIterator[bytes]:
        while True:
            runs: set[str] = set()
            try:
                async with node.watch.listing(wanted, _MOST) as (listing, seq):
                    before = await node.queries.executions(wanted, limit=_MOST)
                    listing.show(each.id for each in before)
                    found = sorted((each for each in before if told(each)), key=lambda each: each.created)
                    while await guard.holds():
                        for each in found:
                            yield frame("progress", seq, _status(each))
                            runs = runs - {each.id} if each.state in TERMINATED else runs | {each.id}
                        if not runs:
                            yield frame("end-all", seq, _status(found[-1]) if found else {})
                            return
                        seen = await within_beat(listing.next())
                        if seen is None:
                            yield BEAT
                        else:
                            seq, runs = seen.seq, runs.difference(seen.gone)
                        found = [] if seen is None else [line.summary for line in reversed(seen.changed) if told(line.summary)]
                    return
            except Lagged:
                yield frame("reset", await node.store.journal_end(), {})

    return stream(frames())


def _status(summary: ExecutionSummary) -> dict[str, Json]:
    return {
        "executionId": summary.id,
        "tenantId": "main",
        "namespace": summary.namespace,
        "flowId": summary.flow,
        "state": summary_state(summary),
    }
