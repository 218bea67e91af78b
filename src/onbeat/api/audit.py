"""Show the audit log, and add to it: routes that change something call `audited`.

Rules
1. A row names the caller as access found him, never as the request says.
2. Nothing in the API changes or removes a row.

Called by: app; every route that changes something.
"""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.routing import answer, node_of, route
from onbeat.api.shapes.accounts import AuditPage
from onbeat.core.event import Json
from onbeat.core.times import iso
from onbeat.engine.audit import audit_row
from onbeat.ports import Audit, AuditRow, Work

_MOST_SEQ = 2**62


class AuditQuery(BaseModel):
    """Which rows. before: those older than that one; who, what: exactly as rows have it."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[int, Field(ge=1, le=_MOST_SEQ)] | None = None
    size: Annotated[int, Field(ge=1, le=1_000)] = 100
    who: str | None = None
    what: str | None = None


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/audit", read, Permission.ADMIN, answers=AuditPage)


async def audited(request: Request, action: str, what: str, before: Json = None, after: Json = None) -> None:
    """Write down that the caller did that, after it was done. action: `flow.update`; what: `flow:shop.order`."""
    await node_of(request).store.write(Work(audit=(await row_of(request, action, what, before, after),)))


async def row_of(request: Request, action: str, what: str, before: Json = None, after: Json = None) -> Audit:
    """The row, for who writes it together with the change."""
    node, caller = node_of(request), await caller_of(request)
    request.state.audited = True
    return audit_row(node.clock.now(), caller.name, action, what, before, after, node.evaluator.mask)


async def read(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
    """The newest rows, by who and what if asked for; `next` is the `before` of the following page."""
    rows = await node_of(request).queries.audit(query.before, query.size, who=query.who, what=query.what)
    return answer({"results": [_shown(row) for row in rows], "next": rows[-1].seq if len(rows) == query.size else None})


def _shown(row: AuditRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": iso(row.at),
        "who": row.who,
        "action": row.action,
        "what": row.what,
        "before": row.before,
        "after": row.after,
    }
