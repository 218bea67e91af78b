"""Follow a list of executions: what became of those in it, while it happens.

The first event is the page as it is (`snapshot`), as `/executions/search` answers it; then `changes`, at most ten a second: the lines of
those that came or changed, the ids of those that the list does not mean any more, and how many more came than a page has (`more`).

Rules
1. `Last-Event-ID` goes on without a snapshot; who comes back too late, or did not keep up, gets `reset` and a new one.
2. It is the filter of the search, and the caller's namespaces; when those change the stream ends.

Called by: app.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.execution_search import ExecutionQuery, asked, counted
from onbeat.api.filters import page_of
from onbeat.api.routing import Within, callers_namespaces, node_of, route
from onbeat.api.stream import BEAT, Guard, frame, position_of, stream, within_beat
from onbeat.api.summaries import summary_json
from onbeat.engine.watching import Lagged, Seen


class FollowQuery(ExecutionQuery):
    """Which executions, and how many the snapshot has."""

    size: int | None = Field(None, description="25 unless told otherwise, 1,000 at most.")
    after: int | None = Field(None, description="Go on after this position, as `Last-Event-ID` says it.")


def routes() -> list[BaseRoute]:
    """The route; it comes before those of one execution."""
    return [*route("/executions/follow", follow, Permission.READ, within=Within.LIST, media="text/event-stream")]


async def follow(request: Request, query: Annotated[FollowQuery, Query()]) -> Response:
    """The executions of a search as they come and change, as server-sent events."""
    node, wanted, page = node_of(request), await asked(request, others=("size", "after")), page_of(query.size, 1)
    allowed = await callers_namespaces(request)
    guard = Guard(request, lambda caller: caller.namespaces(Permission.READ) == allowed)

    async def frames() -> AsyncIterator[bytes]:
        after = position_of(request)
        while True:
            try:
                async with node.watch.listing(wanted, page.size, after) as (listing, begin):
                    if after is None:
                        found = await node.queries.executions(wanted, limit=page.size)
                        listing.show(each.id for each in found)
                        total = await node.queries.count(wanted, counted(wanted, page))
                        yield frame("snapshot", begin, {"results": [summary_json(each) for each in found], "total": total})
                    while await guard.holds():
                        seen = await within_beat(listing.next())
                        yield BEAT if seen is None else _changes(seen)
                    return
            except Lagged:
                after = None
                yield frame("reset", await node.store.journal_end(), {})

    return stream(frames())


def _changes(seen: Seen) -> bytes:
    """Each line is written once, however many hear of it."""
    for line in seen.changed:
        if line.text is None:
            line.text = orjson.dumps(summary_json(line.summary))
    changed = b",".join(line.text for line in seen.changed if line.text is not None)
    rest = orjson.dumps({"gone": seen.gone, "more": seen.more})[1:]
    return b'event: changes\nid: %d\ndata: {"changed":[%b],%b\n\n' % (seen.seq, changed, rest)
