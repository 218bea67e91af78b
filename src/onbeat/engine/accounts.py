"""Keep users and API tokens, and say who stands behind a name, a token or a session.

Rules
1. A user may do what his grants say at this moment: taken away, they are gone with the next request.
2. Of a token only its hash is kept; its text is shown once. It is found by a part that is no secret, and compared in constant time.
3. A token that is revoked, has expired, or whose owner is gone or disabled, is none.
4. A new password, a disabled and a removed user end what stands for him: sessions, links, and when he is removed his tokens.
5. Every change has a row in the audit log, in the same transaction, without hashes or passwords.
6. A token's last use is written down seldom.

Called by: the API's access, login and accounts.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, ClassVar

import msgspec

from onbeat.core.access import ADMIN_TOKEN, Caller, Grant, Scope
from onbeat.core.event import Json, Micros
from onbeat.engine.documents import Documents, Keepable
from onbeat.engine.logins import Logins
from onbeat.engine.passwords import Passwords, check_new
from onbeat.engine.sessions import Lifetime, Sessions
from onbeat.errors import NotFound, OutsideError, Refused, UserError
from onbeat.ports import Audit, Clock, Queries, Store

PREFIX = "onbeat_"
"""How every token begins, so that one that was committed by accident is found."""
ADMIN = "admin-token"
NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._@+-]{0,127}$"
_RESERVED = frozenset({ADMIN, "anonymous", "onbeat", "system"})
_TOKEN = re.compile(PREFIX + r"([0-9a-f]{16})_([0-9a-f]{64})")
_SELDOM: Micros = 300 * 1_000_000
_MOST_TOKENS = 100


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who logs in. id: the name as it is compared. password: its hash; None: he cannot log in with one."""

    kind: ClassVar[str] = "user"

    id: str
    name: str
    created: Micros
    updated: Micros
    email: str | None = None
    password: str | None = None
    grants: tuple[Grant, ...] = ()
    disabled: bool = False

    def shown(self) -> dict[str, Json]:
        """It as people and the audit log see it."""
        grants: Any = msgspec.to_builtins(self.grants)
        return {"name": self.name, "email": self.email, "grants": list(grants), "disabled": self.disabled}


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A program's access. user: the id of its owner, None: the admin's own. expires: None is never. digest: of the secret part."""

    kind: ClassVar[str] = "token"

    id: str
    name: str
    digest: str
    created: Micros
    user: str | None = None
    scopes: tuple[Scope, ...] | None = None
    expires: Micros | None = None
    used: Micros | None = None

    def shown(self) -> dict[str, Json]:
        """It as the audit log sees it."""
        scopes: Any = msgspec.to_builtins(self.scopes, order="deterministic")
        return {"name": self.name, "user": self.user, "scopes": scopes, "expires": self.expires}


class Accounts:
    """The users and tokens of a store; their sessions and logins beside them."""

    def __init__(
        self, store: Store, queries: Queries, clock: Clock, passwords: Passwords | None = None, lifetime: Lifetime | None = None
    ) -> None:
        self._documents = Documents(store, queries)
        self._clock = clock
        self._passwords = passwords or Passwords()
        self.sessions = Sessions(self._documents, clock, lifetime)
        self.logins = Logins(self._hash_of, self._passwords, clock)

    # ---- users -------------------------------------------------------------------------------------------------

    async def users(self) -> list[User]:
        """All users, by name."""
        return sorted((await self._documents.all(User)).values(), key=lambda user: user.id)

    async def user(self, name: str) -> User | None:
        """The user of that name or mail address."""
        held = await self._documents.all(User)
        folded = name.casefold()
        return held.get(folded) or next((user for user in held.values() if user.email and user.email.casefold() == folded), None)

    async def need_user(self, name: str) -> User:
        """The user of exactly that name. Raises NotFound."""
        found = (await self._documents.all(User)).get(name.casefold())
        if found is None:
            raise NotFound(f"there is no user `{name[:128]}`")
        return found

    async def create_user(
        self, by: str, name: str, *, email: str | None = None, password: str | None = None, grants: Sequence[Grant] = ()
    ) -> User:
        """A new user. Raises UserError, Refused when the name is taken."""
        hashed = await self._hashed(name, password)
        async with self._documents.turn:
            now = self._clock.now()
            user = User(
                id=_checked(name).casefold(), name=name, created=now, updated=now, email=email, password=hashed, grants=tuple(grants)
            )
            if user.id in _RESERVED:
                raise UserError(f"`{name}` is a name of onbeat's own; choose another")
            if user.id in await self._documents.all(User):
                raise Refused(f"there is a user `{name}` already")
            await self._refuse_taken(user)
            await self._documents.change([user], audit=[self._row(by, "user.create", f"user:{user.id}", None, user.shown())])
        return user

    async def change_user(self, by: str, name: str, **fields: Any) -> User:
        """Other email, grants or disabled. Raises NotFound, UserError, Refused."""
        async with self._documents.turn:
            before = await self.need_user(name)
            after = msgspec.structs.replace(before, updated=self._clock.now(), **fields)
            await self._refuse_taken(after)
            gone = await self.sessions.of(subject_of(after)) if after.disabled else []
            row = self._row(by, "user.change", f"user:{after.id}", before.shown(), after.shown())
            await self._documents.change([after], gone, [row])
        return after

    async def set_password(self, by: str, name: str, password: str) -> User:
        """A new password; who was logged in is not any more. Raises NotFound, UserError."""
        before = await self.need_user(name)
        hashed = await self._hashed(before.name, password)
        async with self._documents.turn:
            before = await self.need_user(name)
            after = msgspec.structs.replace(before, password=hashed, updated=self._clock.now())
            row = self._row(by, "user.password", f"user:{after.id}", None, None)
            await self._documents.change([after], await self.sessions.of(subject_of(after)), [row])
        return after

    async def delete_user(self, by: str, name: str) -> None:
        """Remove a user with his tokens and sessions. Raises NotFound."""
        async with self._documents.turn:
            user = await self.need_user(name)
            tokens = [token for token in (await self._documents.all(Token)).values() if token.user == user.id]
            gone: list[Keepable] = [user, *tokens, *await self.sessions.of(subject_of(user))]
            for token in tokens:
                gone += await self.sessions.of(subject_of(token))
            await self._documents.change(remove=gone, audit=[self._row(by, "user.delete", f"user:{user.id}", user.shown(), None)])

    async def _refuse_taken(self, user: User) -> None:
        names = {user.id, *([user.email.casefold()] if user.email else [])}
        for other in (await self._documents.all(User)).values():
            if other.id != user.id and (other.id in names or (other.email and other.email.casefold() in names)):
                raise Refused("there is a user with that name or mail address already")

    async def _hashed(self, name: str, password: str | None) -> str | None:
        return None if password is None else await self._passwords.hash(check_new(name, password))

    async def _hash_of(self, name: str) -> str | None:
        found = await self.user(name)
        return None if found is None or found.disabled else found.password

    # ---- tokens ------------------------------------------------------------------------------------------------

    async def tokens(self, user: str | None = None) -> list[Token]:
        """All tokens, or those of a user (by id), the newest first."""
        held = (await self._documents.all(Token)).values()
        return sorted((each for each in held if user is None or each.user == user), key=lambda each: (-each.created, each.id))

    async def need_token(self, id_: str) -> Token:
        """A token by the part that is no secret. Raises NotFound."""
        found = (await self._documents.all(Token)).get(id_)
        if found is None:
            raise NotFound("there is no such token")
        return found

    async def create_token(
        self, by: str, name: str, *, user: str | None, scopes: Sequence[Scope] | None = None, expires: Micros | None = None
    ) -> tuple[Token, str]:
        """A new token, and its text, which is not kept. user: the owner's id. Raises UserError, Refused."""
        _checked(name)
        now = self._clock.now()
        if expires is not None and expires <= now:
            raise UserError("a token's expiry is in the future")
        secret = secrets.token_hex(32)
        token = Token(
            id=secrets.token_hex(8),
            name=name,
            digest=_digest(secret),
            created=now,
            user=user,
            scopes=None if scopes is None else tuple(scopes),
            expires=expires,
        )
        async with self._documents.turn:
            theirs = [each for each in (await self._documents.all(Token)).values() if each.user == user]
            if any(each.name == name for each in theirs):
                raise Refused(f"there is a token `{name}` already; revoke it, or choose another name")
            if len(theirs) >= _MOST_TOKENS:
                raise Refused(f"there are {_MOST_TOKENS} tokens already; revoke some")
            await self._documents.change([token], audit=[self._row(by, "token.create", f"token:{token.id}", None, token.shown())])
        return token, f"{PREFIX}{token.id}_{secret}"

    async def delete_token(self, by: str, id_: str) -> None:
        """Revoke a token: it is none from now on, nor is a session that it opened. Raises NotFound."""
        async with self._documents.turn:
            token = await self.need_token(id_)
            gone: list[Keepable] = [token, *await self.sessions.of(subject_of(token))]
            await self._documents.change(remove=gone, audit=[self._row(by, "token.delete", f"token:{id_}", token.shown(), None)])

    async def token(self, text: str) -> Token | None:
        """The token of that text; None when there is none or it has expired."""
        match = _TOKEN.fullmatch(text)
        found = None if match is None else (await self._documents.all(Token)).get(match[1])
        if found is None or match is None or not hmac.compare_digest(_digest(match[2]), found.digest) or self._over(found):
            return None
        await self._used(found)
        return found

    def _over(self, token: Token) -> bool:
        return token.expires is not None and token.expires <= self._clock.now()

    async def _used(self, token: Token) -> None:
        now = self._clock.now()
        if token.used is not None and now - token.used <= _SELDOM:
            return
        async with self._documents.turn:
            present = (await self._documents.all(Token)).get(token.id)
            if present is not None and (present.used is None or now - present.used > _SELDOM):
                with suppress(OutsideError):  # a full disk locks nobody out
                    await self._documents.change([msgspec.structs.replace(present, used=now)])

    # ---- callers -----------------------------------------------------------------------------------------------

    async def caller(self, subject: str) -> Caller | None:
        """Who stands behind `user:ID` or `token:ID`; None when that is nobody any more."""
        kind, _, id_ = subject.partition(":")
        if kind == User.kind:
            user = (await self._documents.all(User)).get(id_)
            return None if user is None or user.disabled else Caller(user.name, "user", user.grants, user=user.id)
        token = (await self._documents.all(Token)).get(id_) if kind == Token.kind else None
        if token is None or self._over(token):
            return None
        owner = ADMIN_TOKEN if token.user is None else await self.caller(f"{User.kind}:{token.user}")
        return None if owner is None else Caller(f"{owner.name}/{token.name}", "token", owner.grants, token.scopes, token.user)

    def _row(self, who: str, action: str, what: str, before: Json, after: Json) -> Audit:
        return Audit(at=self._clock.now(), who=who, action=action, what=what, before=before, after=after)


def subject_of(account: User | Token) -> str:
    """How sessions name whom they stand for."""
    return f"{account.kind}:{account.id}"


def is_token(text: str) -> bool:
    """Whether a text is written as a token is, valid or not; a password may begin like one."""
    return _TOKEN.fullmatch(text) is not None


def _checked(name: str) -> str:
    if re.fullmatch(NAME, name) is None or name.endswith("\n"):
        raise UserError(f"`{name[:128]}` is not a name; use letters, digits, `.`, `_`, `@`, `+` and `-`, at most 128")
    return name


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
