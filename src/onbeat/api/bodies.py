"""Say what the bodies about accounts look like, and read them: what is misspelt or of another type is refused, with the name of it.

A form that another site sends cannot say that it is JSON without asking first; so a body must say so. What is refused is never repeated:
it may be a password.

Called by: login, accounts.
"""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from onbeat.api.routing import body_of
from onbeat.core.access import GRANTABLE, Grant, Permission, Role, Scope
from onbeat.core.globs import Globs
from onbeat.core.names import check_namespace
from onbeat.errors import UserError


def _namespace(name: str) -> str:
    try:
        return check_namespace(name)
    except UserError as wrong:
        raise ValueError(str(wrong)) from None


def _grantable(permission: Permission) -> Permission:
    if permission not in GRANTABLE:
        raise ValueError(f"one of {', '.join(sorted(GRANTABLE))}")
    return permission


def _patterns(topics: list[str]) -> list[str]:
    try:
        Globs(topics)
    except UserError as wrong:
        raise ValueError(str(wrong)) from None
    return topics


_Namespace = Annotated[str, AfterValidator(_namespace)]
_Topics = Annotated[list[str], Field(max_length=100), AfterValidator(_patterns)]
_Email = Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GrantBody(_Body):
    """A role in a namespace and below it. Topics are patterns; without them a grant for all namespaces covers all topics."""

    role: Role
    namespace: _Namespace | None = None
    topics: _Topics | None = None

    def as_grant(self) -> Grant:
        """As it is kept."""
        return Grant(self.role, self.namespace, None if self.topics is None else tuple(self.topics))


class ScopeBody(_Body):
    """What a token may of what its owner may."""

    permissions: list[Annotated[Permission, AfterValidator(_grantable)]] = Field(min_length=1, max_length=20)
    namespace: _Namespace | None = None
    topics: _Topics | None = None

    def as_scope(self) -> Scope:
        """As it is kept."""
        return Scope(frozenset(self.permissions), self.namespace, None if self.topics is None else tuple(self.topics))


class NewUser(_Body):
    """A user to make; without a password he has tokens only."""

    name: str
    password: str | None = Field(None, repr=False)
    email: _Email | None = None
    grants: list[GrantBody] = Field([], max_length=100)


class ChangedUser(_Body):
    """What is to be another of a user; what is left out stays."""

    password: str | None = Field(None, repr=False)
    email: _Email | None = None
    grants: list[GrantBody] = Field([], max_length=100)
    disabled: bool = False


class NewToken(_Body):
    """A token to make. scopes: null for all that the owner may; expires: an instant, a duration such as P30D, null for never; 90 days
    when left out."""

    name: str
    scopes: list[ScopeBody] | None = Field(None, max_length=100)
    expires: str | None = None
    user: str | None = None


class Credentials(_Body):
    """Who logs in."""

    username: str = Field(max_length=256)
    password: str = Field(repr=False)


class NewPassword(_Body):
    """One's own new password."""

    current: str = Field(repr=False)
    password: str = Field(repr=False)


class KestraUser(BaseModel):
    """The body of Kestra's `basicAuth`; it may hold more."""

    model_config = ConfigDict(hide_input_in_errors=True)

    username: str
    password: str = Field(repr=False)


T = TypeVar("T", bound=BaseModel)


async def read_body(request: Request, type_: type[T]) -> T:
    """The body as that type. Raises UserError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UserError("send the body as JSON, with `Content-Type: application/json`")
    try:
        return type_.model_validate_json(await body_of(request))
    except ValidationError as wrong:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in wrong.errors(include_input=False)]
        raise UserError(f"the body is not what this route takes: {'; '.join(problems[:5])}") from None
