"""Say who may do what: permissions, roles, grants for namespaces and topics, and how far a token reaches.

Who may what is data and arithmetic. Were it spread over the handlers, each would have its own idea of what a namespace covers, and one
that is wrong opens a neighbour's flows.

Rules
1. A role is a set of permissions; the table below is all there is to know of it.
2. A grant for a namespace holds there and below it: `a` covers `a.b`, and neither `ab` nor anything beside it.
3. ADMIN is for the whole server or not at all: an admin of a namespace may do there whatever is done to flows, and manages no users.
4. A grant for all namespaces covers all topics, one for a namespace covers none, unless it names them.
5. A token may do what its owner may and one of its scopes allows: never more than either.
6. What a list is filtered by (`namespaces`) and what one object is asked for (`may`) always agree.

Called by: api/access makes callers of requests; routing and the handlers ask them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Literal

import msgspec

from onbeat.core.globs import Globs

Kind = Literal["admin-token", "user", "token", "anonymous"]


class Permission(StrEnum):
    """What a route asks of its caller. PUBLIC: nothing; KEY: the route checks a key of its own; SELF: to be known, whatever one may."""

    PUBLIC = "public"
    KEY = "key"
    SELF = "self"
    READ = "read"
    RUN = "run"
    PUBLISH = "publish"
    WRITE = "write"
    EVALUATE = "evaluate"
    ADMIN = "admin"


class Role(StrEnum):
    """What a grant is for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"


_OPERATOR = frozenset({Permission.READ, Permission.RUN, Permission.PUBLISH})
_EDITOR = _OPERATOR | {Permission.WRITE, Permission.EVALUATE}
ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: _OPERATOR,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _EDITOR | {Permission.ADMIN},
}
GRANTABLE = ROLES[Role.ADMIN]
"""What can be granted; the others are about routes that decide for themselves."""


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role in a namespace and below it. namespace: None for all. topics: patterns; None is all of them where the namespace is None."""

    role: Role
    namespace: str | None = None
    topics: tuple[str, ...] | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it allows."""
        return ROLES[self.role]


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of what its owner may that a token may, too. namespace and topics as in a grant."""

    permissions: frozenset[Permission]
    namespace: str | None = None
    topics: tuple[str, ...] | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who asks. name: for people and the audit log. scopes: None when nothing is cut. user: whose account it is, if it is one's."""

    name: str
    kind: Kind
    grants: tuple[Grant, ...] = ()
    scopes: tuple[Scope, ...] | None = None
    user: str | None = None

    def may(self, permission: Permission, namespace: str | None = None) -> bool:
        """Whether it may do that in a namespace; without one: everywhere."""
        if permission not in GRANTABLE:
            return True
        return _reaches(self.grants, permission, namespace) and (self.scopes is None or _reaches(self.scopes, permission, namespace))

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether there is anything at all to which it may do that: the first question of a route, never the last one."""
        return permission not in GRANTABLE or self.namespaces(permission) != () or bool(self._topics(permission))

    def namespaces(self, permission: Permission) -> tuple[str, ...] | None:
        """Where it may do that, each with all below it; None: everywhere, (): nowhere."""
        if permission not in GRANTABLE:
            return None
        granted = _places(self.grants, permission)
        if self.scopes is None:
            return granted
        return _both(granted, _places(self.scopes, permission))

    def may_topic(self, permission: Permission, topic: str) -> bool:
        """Whether it may do that (READ, PUBLISH) to a topic."""
        if permission not in GRANTABLE:
            return True
        return _covers_topic(self.grants, permission, topic) and (self.scopes is None or _covers_topic(self.scopes, permission, topic))

    def _topics(self, permission: Permission) -> bool:
        """Whether it may do that to topics; a pattern may still fit none that is there."""
        return _any_topic(self.grants, permission) and (self.scopes is None or _any_topic(self.scopes, permission))


ANYBODY = Caller("anonymous", "anonymous", (Grant(Role.ADMIN),))
"""Everybody, where access is off."""
ADMIN_TOKEN = Caller("admin-token", "admin-token", (Grant(Role.ADMIN),))
"""Who holds DATA/admin-token."""

_Reach = Grant | Scope


def covers(outer: str | None, inner: str) -> bool:
    """Whether what holds for a namespace (None: for all) holds for another."""
    return outer is None or inner == outer or inner.startswith(f"{outer}.")


def _reaches(reaches: Iterable[_Reach], permission: Permission, namespace: str | None) -> bool:
    for each in reaches:
        if permission not in each.permissions:
            continue
        if each.namespace is None or (namespace is not None and permission is not Permission.ADMIN and covers(each.namespace, namespace)):
            return True
    return False


def _places(reaches: Iterable[_Reach], permission: Permission) -> tuple[str, ...] | None:
    found: set[str] = set()
    for each in reaches:
        if permission not in each.permissions:
            continue
        if each.namespace is None:
            return None
        if permission is not Permission.ADMIN:
            found.add(each.namespace)
    return _outermost(found)


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What is in both: of two namespaces of which one covers the other, the inner one."""
    if one is None:
        return other
    if other is None:
        return one
    inner = {b for a in one for b in other if covers(a, b)} | {a for a in one for b in other if covers(b, a)}
    return _outermost(inner)


def _outermost(namespaces: set[str]) -> tuple[str, ...]:
    """Without those that another one covers."""
    return tuple(sorted(each for each in namespaces if not any(other != each and covers(other, each) for other in namespaces)))


def _any_topic(reaches: Iterable[_Reach], permission: Permission) -> bool:
    return any(permission in each.permissions and (each.topics or (each.topics is None and each.namespace is None)) for each in reaches)


def _covers_topic(reaches: Iterable[_Reach], permission: Permission, topic: str) -> bool:
    for each in reaches:
        if permission not in each.permissions:
            continue
        if each.namespace is None if each.topics is None else _compiled(each.topics)(topic):
            return True
    return False


@lru_cache(1_000)
def _compiled(patterns: tuple[str, ...]) -> Globs:
    return Globs(patterns)
