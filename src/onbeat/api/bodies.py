"""Say what the bodies about accounts look like: what is misspelt or of another type is refused, with the name of it.

What is refused is never repeated: it may be a password.

Called by: login, accounts.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from onbeat.api.parameters import NamespaceName
from onbeat.core.access import GRANTABLE, Grant, Permission, Role, Scope
from onbeat.core.globs import Globs
from onbeat.core.names import check_namespace
from onbeat.engine.accounts import NAME
from onbeat.engine.passwords import LONGEST, SHORTEST
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


_Namespace = Annotated[NamespaceName, AfterValidator(_namespace)]
_Name = Annotated[str, Field(json_schema_extra={"pattern": NAME})]
_Password = Annotated[str, Field(json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST})]
_Granted = Annotated[Permission, AfterValidator(_grantable), WithJsonSchema({"type": "string", "enum": sorted(GRANTABLE)})]
_EXPIRY = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": "^P[0-9]{1,4}D$"}, {"type": "null"}]}
_Topics = Annotated[list[str], Field(max_length=100), AfterValidator(_patterns)]
_Email = Annotated[str, Field(pattern=r"^[^@ \t\r\n]{1,64}@[^@ \t\r\n]{1,190}$")]


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

    permissions: list[_Granted] = Field(min_length=1, max_length=20)
    namespace: _Namespace | None = None
    topics: _Topics | None = None

    def as_scope(self) -> Scope:
        """As it is kept."""
        return Scope(frozenset(self.permissions), self.namespace, None if self.topics is None else tuple(self.topics))


class NewUser(_Body):
    """A user to make; without a password he has tokens only."""

    name: _Name
    password: _Password | None = Field(None, repr=False)
    email: _Email | None = None
    grants: list[GrantBody] = Field([], max_length=100)


class ChangedUser(_Body):
    """What is to be another of a user; what is left out stays."""

    password: _Password | None = Field(None, repr=False)
    email: _Email | None = None
    grants: list[GrantBody] = Field([], max_length=100)
    disabled: bool = False


class NewToken(_Body):
    """A token to make. scopes: null for all that the owner may; expires: an instant, a duration such as P30D, null for never; 90 days
    when left out."""

    name: _Name
    scopes: list[ScopeBody] | None = Field(None, max_length=100)
    expires: Annotated[str | None, WithJsonSchema(_EXPIRY)] = None
    user: str | None = None


class Credentials(_Body):
    """Who logs in."""

    username: str = Field(max_length=256)
    password: str = Field(repr=False)


class NewPassword(_Body):
    """One's own new password."""

    current: str = Field(repr=False)
    password: _Password = Field(repr=False)


class KestraUser(BaseModel):
    """The body of Kestra's `basicAuth`; it may hold more."""

    model_config = ConfigDict(hide_input_in_errors=True)

    username: _Name
    password: _Password = Field(repr=False)
