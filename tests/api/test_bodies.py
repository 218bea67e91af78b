"""Bodies about accounts: their secrets are not shown by accident."""

from onbeat.api.bodies import Credentials, GrantBody, NewPassword, NewUser, ScopeBody
from onbeat.core.access import Grant, Permission, Role, Scope


def test_no_body_prints_a_password() -> None:
    """Whoever logs it."""
    made = [
        NewUser(name="ada", password="hush-hush"),
        Credentials(username="ada", password="hush-hush"),
        NewPassword(current="hush-hush", password="hush-hush"),
    ]
    assert "hush" not in str(made) + repr(made)


def test_grants_and_scopes_are_kept_as_they_are_written() -> None:
    """Left out is None: all namespaces, and topics by the namespace."""
    assert GrantBody(role=Role.VIEWER).as_grant() == Grant(Role.VIEWER)
    assert GrantBody(role=Role.VIEWER, namespace="a", topics=["t"]).as_grant() == Grant(Role.VIEWER, "a", ("t",))
    assert ScopeBody(permissions=[Permission.READ]).as_scope() == Scope(frozenset({Permission.READ}))
    assert ScopeBody(permissions=[Permission.READ], topics=[]).as_scope() == Scope(frozenset({Permission.READ}), None, ())
