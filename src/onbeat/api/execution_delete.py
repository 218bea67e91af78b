"""Delete executions: one, those that are named, all that a query means; with their lines, measurements and files unless told otherwise.

What has not ended is not deleted under its own feet: it is refused, or with `includeNonTerminated` killed before. What a reader of the
journal has not seen yet stays until it has; that is said.

Called by: app.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.bulk import ALL, ENDED, Action, by_ids, by_query
from onbeat.api.execution_bulk import ByQuery, Ids, Options
from onbeat.api.filters import read_conditions
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, node_of, route
from onbeat.api.shapes.base import Done
from onbeat.core.states import TERMINATED
from onbeat.engine.node import Node
from onbeat.engine.purging import purge
from onbeat.errors import NotFound, Refused
from onbeat.ports import ExecutionSummary

_PATIENCE = 30.0
"""Seconds in which what is killed to be deleted must have ended."""
_PARTS = ("deleteLogs", "deleteMetrics", "deleteStorage")
_UNREAD = "a reader of the journal has not seen its end yet; try again later"


class Parts(BaseModel):
    """What goes with an execution."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    delete_logs: bool = True
    delete_metrics: bool = True
    delete_storage: bool = True


class DeleteOptions(Parts, Options):
    """What goes, and of which."""

    include_non_terminated: bool = Field(False, description="Kill those that have not ended, and delete them, too.")


class DeleteQuery(DeleteOptions, ByQuery):
    """What goes, and of which."""


def routes() -> list[BaseRoute]:
    """The routes; they come before those of one execution."""
    return [
        *route("/executions/by-ids", delete_ids, Permission.RUN, ("DELETE",), within=Within.LIST, answers=Done),
        *route("/executions/by-query", delete_query, Permission.RUN, ("DELETE",), within=Within.LIST, answers=Done),
        *route("/executions/{id}", delete, Permission.RUN, ("DELETE",), within=Within.OBJECT, status=204),
    ]


async def delete(request: Request, parts: Annotated[Parts, Query()]) -> Response:
    """Delete an execution that has ended."""
    read_conditions(request.query_params, (), others=_PARTS)
    node, found = node_of(request), await execution_of(request)
    if not found.ended:
        raise Refused(f"execution {found.id} is {found.state}; kill it before it is deleted")
    if not await _purged(node, [found.id], parts):
        raise Refused(f"execution {found.id}: {_UNREAD}")
    return Response(status_code=204)


async def delete_ids(request: Request, ids: Ids, how: Annotated[DeleteOptions, Query()]) -> Response:
    """Delete these executions, which have ended."""
    return await by_ids(request, ids, _delete(node_of(request), how), (*_PARTS, "includeNonTerminated"))


async def delete_query(request: Request, query: Annotated[DeleteQuery, Query()]) -> Response:
    """Delete all executions that the query means and that have ended."""
    return await by_query(request, _delete(node_of(request), query), (*_PARTS, "includeNonTerminated"))


def _delete(node: Node, how: DeleteOptions) -> Action:
    async def do(found: Sequence[ExecutionSummary]) -> dict[str, str]:
        ids = [each.id for each in found]
        await _end(node, [each.id for each in found if each.state not in TERMINATED])
        gone = await _purged(node, ids, how)
        return {id_: _UNREAD for id_ in ids if id_ not in gone}

    return Action("delete", ALL if how.include_non_terminated else ENDED, "execution is not terminated", do)


async def _end(node: Node, ids: Sequence[str]) -> None:
    """Kill them, and wait until they have ended; what does not end in time stays."""
    for id_ in ids:
        with suppress(NotFound, Refused):  # it has ended by itself
            await node.kill(id_)
    with suppress(TimeoutError, NotFound):
        async with asyncio.timeout(_PATIENCE):
            for id_ in ids:
                await node.engine.ended(id_)


async def _purged(node: Node, ids: Sequence[str], parts: Parts) -> frozenset[str]:
    taken = await purge(
        node.store,
        node.storage,
        ids,
        records=True,
        logs=parts.delete_logs,
        metrics=parts.delete_metrics,
        files=parts.delete_storage,
    )
    return frozenset(taken.executions)
