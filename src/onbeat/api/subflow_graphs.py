"""Draw flows within those that start them: those that a request asks for by the names of the nodes.

Rules
1. A flow that the caller may not read, that is not there, or whose name is an expression, stays one node.
2. A name that is no node's is passed over: the flow may have changed since.

Called by: graphs, execution_graph.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request

from onbeat.api.access import Permission, caller_of
from onbeat.api.routing import node_of
from onbeat.core.flow import Flow
from onbeat.core.graph import Graph, Inner
from onbeat.errors import NotFound, UserError

MOST = 50
"""How many of them are drawn at once."""
SAID = "Subflows to draw within: the `uid` of the node of each, such as `root.call`; those in them, too. 50 at most."


async def with_subflows(
    draw: Callable[[Mapping[str, Inner]], Graph],
    wanted: Sequence[str],
    find: Callable[[str, Mapping[str, Any]], Awaitable[Inner | None]],
) -> Graph:
    """A graph with the flows that are wanted, in each other. find: what a node starts, by its name and its task. Raises UserError."""
    if len(wanted) > MOST:
        raise UserError(f"`subflows` names {len(wanted)} nodes; {MOST} at most")
    within: dict[str, Inner] = {}
    left = set(wanted)
    while True:
        made = await asyncio.to_thread(draw, dict(within))
        seen = [(uid, task) for uid, task in made.starting() if uid in left]
        if not seen:
            return made
        for uid, task in seen:
            left.discard(uid)
            found = await find(uid, task)
            if found is not None:
                within[uid] = found


async def started_flow(request: Request, task: Mapping[str, Any]) -> Flow | None:
    """The flow that a task starts, for who may read it."""
    namespace, id_, revision = task.get("namespace"), task.get("flowId"), task.get("revision")
    if not isinstance(namespace, str) or not isinstance(id_, str) or not (await caller_of(request)).may(Permission.READ, namespace):
        return None
    catalog = node_of(request).catalog
    if revision is None:
        loaded = catalog.find(namespace, id_)
        return None if loaded is None else loaded.flow
    try:
        return (await catalog.revision(namespace, id_, revision)).flow
    except NotFound:
        return None
