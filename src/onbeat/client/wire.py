"""Say what is sent to a daemon and what its answers mean; how bytes travel is another's matter.

A client for threads and one for asyncio differ in how they wait, and in nothing else. What both must get right is here, once.

Rules
1. What the daemon says is wrong is said on: its sentence has the cure.
2. An answer that is none of a daemon's is told from one.
3. What is sent twice is what may be: reading, what carries a key, and what certainly was not begun.
4. `Retry-After` is obeyed; between tries the pause grows, and is not the same for all who wait.

Called by: aio, sync.
"""

import json
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from onbeat.client.form import Form
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, Refused, Unauthorized, UserError

API = "/api/v1/main"
PATIENCE = 60.0
"""Seconds in which an answer must begin, and go on."""
SILENCE = 40.0
"""Seconds without a byte after which a stream is taken for dead; the daemon sends a comment every 15."""
IDLE = 4.0
"""Seconds for which an unused connection is kept; the daemon closes its end after 5."""
NOT_TAKEN = "Try again later"
"""The title of the daemon's refusal when it is full: nothing was begun."""
_LONGEST_PAUSE = 60.0
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
_PASSING = frozenset({429, 502, 503, 504})
"""Answers that may be better soon."""
_WORDS: dict[int, type[OnbeatError]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Refused,
    421: Refused,
    429: Overloaded,
    503: Overloaded,
}


class Lost(Exception):
    """The connection broke, or was never there. sent: the daemon may have got the request."""

    def __init__(self, why: str, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Request(msgspec.Struct, frozen=True):
    """What is sent. content: bytes, or a form that is read as it goes. again: it may be done twice, for it is the same as once."""

    method: str
    path: str
    query: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    content: bytes | Form | None = None
    again: bool = False

    @property
    def target(self) -> str:
        """Path and query. What is None or empty is left out; lists are repeated; true and false are as JSON has them."""
        given = {name: _said(value) for name, value in self.query.items() if value is not None and value != []}
        return self.path + (f"?{urlencode(given, doseq=True)}" if given else "")


class Reply(msgspec.Struct, frozen=True):
    """What came back. headers: names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def part(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


def request(
    method: str,
    path: str,
    body: Any = None,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str | None] | None = None,
    again: bool | None = None,
) -> Request:
    """A request. body: a Form, bytes, or what is sent as JSON. Headers that are None are not sent. again: by default what only reads.

    Raises UserError.
    """
    content = body if body is None or isinstance(body, Form | bytes) else json.dumps(body, allow_nan=False).encode()
    given = {name: value for name, value in (headers or {}).items() if value is not None}
    for name, value in given.items():
        if not (value.isascii() and value.isprintable()):
            raise UserError(f"{name} is sent as a header: only letters, digits and signs of ASCII can be in it")
    if isinstance(content, Form):
        given = {"Content-Type": content.content_type, "Content-Length": str(content.length), **given}
    elif content is not None:
        given = {"Content-Type": "application/json", **given}
    return Request(method, path, query or {}, given, content, method == "GET" if again is None else again)


def authorization(token: str | None) -> dict[str, str]:
    """The header that says who we are."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def content_of(reply: Reply, asked: Request) -> Any:
    """The answer as plain data. Raises OnbeatError: which one says who must act."""
    refuse(reply, asked)
    if not reply.body:
        return None
    try:
        return json.loads(reply.body)
    except ValueError:
        raise OutsideError(f"{asked.method} {asked.path} answered {reply.status} without JSON: is this an onbeat daemon?") from None


def refuse(reply: Reply, asked: Request) -> None:
    """Raises what an answer that is no success means."""
    if reply.status < 400:
        return
    said = _problem(reply).get("detail") or f"{asked.method} {asked.path} answered {reply.status}: is this an onbeat daemon?"
    if reply.status == 401:
        said = "the daemon does not know our token: set ONBEAT_TOKEN, or run this where its DATA/admin-token is (--data)"
    raise _WORDS.get(reply.status, UserError if reply.status < 500 else OnbeatError)(str(said))


def check_kind(kind: str | None, asked: Request) -> None:
    """Raises OutsideError when a stream's answer is something else: a page of another server."""
    if kind is not None and not kind.startswith("text/event-stream"):
        raise OutsideError(f"{asked.method} {asked.path} answered {kind[:60]} instead of a stream: is this an onbeat daemon?")


def unreachable(url: str, lost: Lost) -> OutsideError:
    """What is said when there is no answer."""
    return OutsideError(f"cannot reach onbeat at {url} ({lost}): start it with `onbeat serve`")


def pause_of_stream(tries: int) -> float:
    """Seconds before a stream is asked for again, that so many times gave nothing."""
    return _PAUSES[min(tries, len(_PAUSES) - 1)]


def pause_after(outcome: Reply | Lost, asked: Request, tries: int) -> float | None:
    """Seconds to wait before it is sent again, after so many tries; None: it is not sent again."""
    usual = _PAUSES[min(tries - 1, len(_PAUSES) - 1)] * (0.5 + random.random())
    if isinstance(outcome, Lost):
        return usual if asked.again or not outcome.sent else None
    if outcome.status not in _PASSING or not (asked.again or _not_begun(outcome)):
        return None
    told = outcome.headers.get("retry-after", "")
    if not (told.isascii() and told.isdigit()):
        return usual
    return max(usual, float(told)) if float(told) <= _LONGEST_PAUSE else None


def _not_begun(reply: Reply) -> bool:
    return reply.status == 429 or _problem(reply).get("title") == NOT_TAKEN


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
