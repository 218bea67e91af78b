"""Keep who is logged in with a browser, and the links that log somebody in once.

Rules
1. What the browser holds is random and 256 bits; kept is its hash: who reads the store or a backup is not logged in by that.
2. A session ends when nobody used it for a while, when it is old, and with whatever it stands for (its user, its token).
3. Its last use is written down seldom: a page that asks ten times a second is no reason for ten commits.
4. A link works once, for five minutes.
5. A form that another site sends does not know the CSRF token, which is derived from what only the browser holds.

Called by: accounts; the API's access and login.
"""

import hmac
import secrets
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from typing import ClassVar, NamedTuple

import msgspec

from onbeat.core.event import Micros
from onbeat.engine.documents import Documents
from onbeat.errors import OutsideError
from onbeat.ports import Audit, Clock

_SECOND: Micros = 1_000_000
LINK = 300
"""Seconds that a link works."""
_SELDOM: Micros = 300 * _SECOND
_MOST = 100
"""Sessions, and links, of one subject; the oldest make place."""


class Lifetime(NamedTuple):
    """idle: seconds without use after which a session ends; longest: after which it ends anyway. The settings have them."""

    idle: float = 12 * 3_600
    longest: float = 7 * 24 * 3_600

    def over(self, session: "Session", now: Micros) -> bool:
        """Whether it has ended."""
        return now - session.seen > self.idle * _SECOND or now - session.created > self.longest * _SECOND


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in. id: the hash of what the browser holds; subject: whom it stands for."""

    kind: ClassVar[str] = "session"

    id: str
    subject: str
    created: Micros
    seen: Micros


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A login that waits to be used. id: the hash of what the link holds."""

    kind: ClassVar[str] = "login"

    id: str
    subject: str
    created: Micros


class Sessions:
    """The sessions and links of a store."""

    def __init__(self, documents: Documents, clock: Clock, lifetime: Lifetime | None = None) -> None:
        self.lifetime = lifetime or Lifetime()
        self._documents = documents
        self._clock = clock

    async def open(self, subject: str, audit: Iterable[Audit] = ()) -> str:
        """Log somebody in; what his browser is to hold."""
        async with self._documents.turn:
            return await self._open(subject, (), audit)

    async def find(self, secret: str) -> Session | None:
        """The session of a browser; None when there is none or it has ended."""
        now = self._clock.now()
        found = (await self._documents.all(Session)).get(_hash(secret))
        if found is None or self.lifetime.over(found, now):
            return None
        if now - found.seen > _SELDOM:
            async with self._documents.turn:
                held = await self._documents.all(Session)
                if found.id in held and now - held[found.id].seen > _SELDOM:
                    with suppress(OutsideError):  # a full disk locks nobody out
                        await self._documents.change([msgspec.structs.replace(held[found.id], seen=now)])
        return found

    async def close(self, secret: str, audit: Iterable[Audit] = ()) -> None:
        """Log out."""
        async with self._documents.turn:
            found = (await self._documents.all(Session)).get(_hash(secret))
            if found is not None:
                await self._documents.change(remove=[found], audit=tuple(audit))

    async def of(self, subject: str) -> list[Session | Link]:
        """All that stands for somebody, for whoever takes his account away."""
        held: list[Session | Link] = [each for each in (await self._documents.all(Session)).values() if each.subject == subject]
        return held + [each for each in (await self._documents.all(Link)).values() if each.subject == subject]

    async def make_link(self, subject: str, audit: Iterable[Audit] = ()) -> str:
        """The secret of a link that logs somebody in."""
        async with self._documents.turn:
            now, secret = self._clock.now(), secrets.token_urlsafe(32)
            links = (await self._documents.all(Link)).values()
            gone = [each for each in links if now - each.created > LINK * _SECOND]
            gone += sorted((each for each in links if each.subject == subject), key=lambda each: each.created)[: 1 - _MOST]
            await self._documents.change([Link(id=_hash(secret), subject=subject, created=now)], gone, tuple(audit))
        return secret

    async def peek(self, secret: str) -> str | None:
        """Whom a link would log in; None when it does not work. The link is not used up."""
        found = (await self._documents.all(Link)).get(_hash(secret))
        return None if found is None or self._clock.now() - found.created > LINK * _SECOND else found.subject

    async def redeem(self, secret: str, audit: Iterable[Audit] = ()) -> str | None:
        """Use a link: what the browser is to hold, None when it does not work any more."""
        async with self._documents.turn:
            subject = await self.peek(secret)
            if subject is None:
                return None
            return await self._open(subject, [(await self._documents.all(Link))[_hash(secret)]], audit)

    async def _open(self, subject: str, used: Iterable[Link], audit: Iterable[Audit]) -> str:
        now, secret = self._clock.now(), secrets.token_urlsafe(32)
        held = (await self._documents.all(Session)).values()
        gone = [each for each in held if self.lifetime.over(each, now)]
        gone += sorted((each for each in held if each.subject == subject), key=lambda each: each.seen)[: 1 - _MOST]
        session = Session(id=_hash(secret), subject=subject, created=now, seen=now)
        await self._documents.change([session], [*used, *gone], tuple(audit))
        return secret


def csrf_token(secret: str) -> str:
    """What the page of a session sends with every change."""
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"csrf", "sha256").hexdigest()


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
