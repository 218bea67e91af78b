"""Show the audit log, and add to it: routes that change something call `audited`.

Rules
1. A row names the caller as access found him, never as the request says.
2. Nothing in the API changes or removes a row.

Called by: app; every route that changes something.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.routing import answer, node_of, route
from onbeat.core.event import Json
from onbeat.core.times import iso
from onbeat.engine.audit import audit_row
from onbeat.errors import UserError
from onbeat.ports import Audit, AuditRow, Work

_MOST = 1_000


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/audit", read, Permission.ADMIN)


async def audited(request: Request, action: str, what: str, before: Json = None, after: Json = None) -> None:
    """Write down that the caller did that, after it was done. action: `flow.update`; what: `flow:shop.order`."""
    await node_of(request).store.write(Work(audit=(await row_of(request, action, what, before, after),)))


async def row_of(request: Request, action: str, what: str, before: Json = None, after: Json = None) -> Audit:
    """The row, for who writes it together with the change."""
    node, caller = node_of(request), await caller_of(request)
    request.state.audited = True
    return audit_row(node.clock.now(), caller.name, action, what, before, after, node.evaluator.mask)


async def read(request: Request) -> Response:
    """The newest rows, by who and what if asked for; `next` is the `before` of the following page."""
    known = ("before", "size", "who", "what")
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise UserError(f"there is no parameter `{unknown[0]}`; there are {', '.join(known)}")
    query = request.query_params
    size = min(_number(query.get("size"), "size") or 100, _MOST)
    rows = await node_of(request).queries.audit(_number(query.get("before"), "before"), size, who=query.get("who"), what=query.get("what"))
    return answer({"results": [_shown(row) for row in rows], "next": rows[-1].seq if len(rows) == size else None})


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


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 16 and int(text)):
        raise UserError(f"`{name}` is a whole number above 0")
    return int(text)
