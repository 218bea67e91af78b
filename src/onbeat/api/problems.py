"""Answer what went wrong, for programs and people: problem+json with the cure, and Kestra's `message`.

Rules
1. Which status an error gets is said here and nowhere else; a bug is a 500 without a trace of it.
2. What cannot be read of a request is named by its place: `query.size: …`.

Called by: routing for every request, the handlers that answer a problem themselves.
"""

from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from typing import Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from onbeat.core.inputs import InputError
from onbeat.engine.checks import Blocked
from onbeat.engine.logins import TooManyTries
from onbeat.engine.once import AnotherRequest
from onbeat.errors import (
    Conflict,
    NotFound,
    OutsideError,
    Overloaded,
    OverQuota,
    QuotaReached,
    Refused,
    StoreBroken,
    Unauthorized,
    UserError,
)

_log = structlog.get_logger("onbeat.api")
_SHOWN = 5
"""How many faults of a request are told at once."""
Handler = Callable[[Request], Awaitable[Response]]


class Unprocessable(UserError):
    """The request can be read, and asks for what cannot be."""


class TooLarge(UserError):
    """The body is larger than the limit."""


class TooSlow(UserError):
    """The body did not come in time."""


class Forbidden(Unauthorized):
    """Who is calling is known, and may not do that."""


_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (InputError, 422, "Invalid inputs"),
    (Blocked, 422, "Invalid inputs"),
    (Unprocessable, 422, "Not possible"),
    (AnotherRequest, 422, "Another request"),
    (OverQuota, 422, "Over quota"),
    (TooLarge, 413, "Too large"),
    (TooSlow, 408, "Too slow"),
    (NotFound, 404, "Not found"),
    (Refused, 409, "Not possible now"),
    (Conflict, 409, "Not possible now"),
    (Forbidden, 403, "Forbidden"),
    (TooManyTries, 429, "Too many tries"),
    (Unauthorized, 401, "Unauthorized"),
    (UserError, 400, "Bad request"),
    (QuotaReached, 429, "Quota reached"),
    (Overloaded, 503, "Try again later"),
    (OutsideError, 502, "Something outside failed"),
)
"""The first that fits counts."""
PROBLEM = "application/problem+json"
"""RFC 9457's media type."""
_HEADERS = {503: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """What went wrong."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "message": detail}
    return Response(orjson.dumps(content), status, headers or _HEADERS.get(status), PROBLEM)


async def tried(request: Request, handler: Handler, template: str) -> Response:
    """What the handler answers, or the problem that it raised."""
    try:
        return await handler(request)
    except RequestValidationError as wrong:
        return _unreadable(wrong.errors())
    except HTTPException as wrong:
        cause = wrong.__cause__
        if isinstance(cause, UserError):  # of reading the body
            return _problem_of(cause, request, template)
        return problem(wrong.status_code, "Bad request", wrong.detail)
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception as wrong:
        return _problem_of(wrong, request, template)


def _problem_of(wrong: Exception, request: Request, template: str) -> Response:
    for kind, status, title in _STATUS:
        if isinstance(wrong, kind):
            answered = problem(status, title, str(wrong))
            if isinstance(wrong, TooManyTries | QuotaReached):
                answered.headers["Retry-After"] = str(max(1, ceil(wrong.seconds)))
            return answered
    if isinstance(wrong, StoreBroken):
        return problem(503, "The store failed", "the store failed; the daemon stops")
    _log.error("a route raised", route=template, method=request.method, exc_info=wrong)
    return problem(500, "Internal error", "this is a bug in onbeat; the daemon's log has it")


def _unreadable(errors: Sequence[Any]) -> Response:
    """What cannot be read: a body that can be read as JSON and asks for nonsense is 422, anything else 400."""
    told = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in errors[:_SHOWN]]
    told += [f"… and {len(errors) - _SHOWN} more"] if len(errors) > _SHOWN else []
    of_body = all(each["loc"][:1] == ("body",) and each["type"] != "json_invalid" for each in errors)
    return problem(422 if of_body else 400, "Cannot be read", "; ".join(told))
