"""What is answered about users, tokens, logins and the audit log."""

from typing import Any

from pydantic import Field

from onbeat.api.shapes.base import Instant, Shape
from onbeat.core.access import Kind, Permission, Role


class GrantShape(Shape):
    """A role in a namespace and below it; without one everywhere."""

    role: Role
    namespace: str | None = Field(None, examples=["company.team"])
    topics: list[str] | None = Field(None, examples=[["orders.*"]])


class ScopeShape(Shape):
    """What a token may of what its owner may."""

    permissions: list[Permission]
    namespace: str | None = Field(None, examples=["company.team"])
    topics: list[str] | None = Field(None, examples=[["orders.*"]])


class UserShape(Shape):
    """A user."""

    name: str = Field(examples=["ada@example.org"])
    email: str | None
    grants: list[GrantShape]
    disabled: bool
    has_password: bool
    created: Instant
    updated: Instant


class TokenShape(Shape):
    """A token, without its text. user: its owner; null: the admin's token. scopes: null for all that the owner may."""

    id: str = Field(examples=["0123456789abcdef"])
    name: str = Field(examples=["ci"])
    user: str | None
    scopes: list[ScopeShape] | None
    created: Instant
    expires: Instant | None
    used: Instant | None


class MadeToken(TokenShape):
    """A token that was just made. token: its text, shown this once."""

    token: str


class Me(Shape):
    """Who the caller is. namespaces: for each permission that he has, where; null is everywhere. csrfToken: of a browser's session."""

    name: str
    kind: Kind
    user: str | None
    grants: list[GrantShape]
    scopes: list[ScopeShape] | None
    namespaces: dict[Permission, list[str] | None]
    csrf_token: str | None = None


class LoginLink(Shape):
    """A link that logs a browser in, once."""

    url: str
    expires: Instant


class Configs(Shape):
    """What Kestra's clients ask of a server before all else."""

    version: str
    edition: str
    is_basic_auth_initialized: bool
    is_anonymous_usage_enabled: bool
    is_task_run_enabled: bool
    is_oauth_enabled: bool
    is_template_enabled: bool
    is_concurrency_view_enabled: bool


class AuditLine(Shape):
    """One thing that somebody did."""

    seq: int
    at: Instant
    who: str = Field(examples=["ada"])
    action: str = Field(examples=["user.change"])
    what: str = Field(examples=["user:bob"])
    before: Any
    after: Any


class AuditPage(Shape):
    """The newest first. next: `before` of the following page; null on the last one."""

    results: list[AuditLine]
    next: int | None
