"""Who may do what: nothing reaches a neighbour, and a token never reaches further than its owner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.access import ADMIN_TOKEN, ANYBODY, GRANTABLE, ROLES, Caller, Grant, Permission, Role, Scope, covers

NAMES = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3).map(".".join)
PLACES = st.none() | NAMES
TOPICS = st.none() | st.lists(st.sampled_from(["orders", "orders.*", "*", "a?"]), max_size=2).map(tuple)
GRANTS = st.lists(st.builds(Grant, st.sampled_from(Role), PLACES, TOPICS), max_size=3).map(tuple)
SCOPES = st.none() | st.lists(st.builds(Scope, st.frozensets(st.sampled_from(sorted(GRANTABLE))), PLACES, TOPICS), max_size=3).map(tuple)
CALLERS = st.builds(Caller, st.just("ada"), st.just("user"), GRANTS, SCOPES)
PERMISSIONS = st.sampled_from(sorted(GRANTABLE))


def user(*grants: Grant, scopes: tuple[Scope, ...] | None = None) -> Caller:
    """A caller with these grants."""
    return Caller("ada", "user", grants, scopes)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {"read"}),
        (Role.OPERATOR, {"read", "run", "publish"}),
        (Role.EDITOR, {"read", "run", "publish", "write", "evaluate"}),
        (Role.ADMIN, {"read", "run", "publish", "write", "evaluate", "admin"}),
    ],
)
def test_a_role_is_a_set_of_permissions(role: Role, allowed: set[str]) -> None:
    """The whole table; each role has what the one before it has."""
    assert ROLES[role] == allowed
    assert {permission for permission in GRANTABLE if user(Grant(role)).may(permission)} == allowed


@pytest.mark.parametrize(
    ("outer", "inner", "held"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a", "a.b.c", True),
        (None, "a", True),
        ("a", "ab", False),
        ("a", "b", False),
        ("a.b", "a", False),
        ("a.b", "a.bc", False),
        ("a.b", "a.c", False),
        ("a", "", False),
        ("a", "A", False),
    ],
)
def test_a_grant_for_a_namespace_holds_there_and_below(outer: str | None, inner: str, held: bool) -> None:
    """`a` covers `a.b`, not `ab`."""
    assert covers(outer, inner) is held
    assert user(Grant(Role.VIEWER, outer)).may(Permission.READ, inner) is held


@given(NAMES, st.sampled_from(Role), PERMISSIONS)
def test_a_namespaces_grant_never_reaches_a_sibling(name: str, role: Role, permission: Permission) -> None:
    """Nor its parent, nor a name that begins alike, nor everything."""
    caller = user(Grant(role, name))
    for other in (f"{name}x", f"x{name}", name.rpartition(".")[0] + ".x", "x", None):
        assert not caller.may(permission, other)


def test_an_admin_of_a_namespace_is_not_the_servers() -> None:
    """He may do all to its flows; users, tokens and settings belong to no namespace."""
    caller = user(Grant(Role.ADMIN, "a"))
    assert caller.may(Permission.WRITE, "a.b")
    assert not caller.may(Permission.ADMIN)
    assert not caller.may(Permission.ADMIN, "a")
    assert not caller.may_somewhere(Permission.ADMIN)
    assert caller.namespaces(Permission.ADMIN) == ()


@pytest.mark.parametrize(
    ("grant", "topic", "held"),
    [
        (Grant(Role.OPERATOR), "orders", True),
        (Grant(Role.OPERATOR, topics=("orders.*",)), "orders.paid", True),
        (Grant(Role.OPERATOR, topics=("orders.*",)), "orders", False),
        (Grant(Role.OPERATOR, topics=()), "orders", False),
        (Grant(Role.OPERATOR, "shop"), "orders", False),
        (Grant(Role.OPERATOR, "shop", ("orders",)), "orders", True),
        (Grant(Role.OPERATOR, "shop", ("orders",)), "ORDERS", False),
        (Grant(Role.OPERATOR, "shop", ("plant/**",)), "plant/1/heat", True),
        (Grant(Role.OPERATOR, "shop", ("plant/*",)), "plant/1/heat", False),
        (Grant(Role.VIEWER), "orders", False),
    ],
)
def test_topics_are_all_or_those_named(grant: Grant, topic: str, held: bool) -> None:
    """All for all namespaces, none for one, unless the grant names them; to publish asks for a role that may."""
    assert user(grant).may_topic(Permission.PUBLISH, topic) is held


def test_a_viewer_reads_topics() -> None:
    """And does not publish."""
    caller = user(Grant(Role.VIEWER, "shop", ("orders",)))
    assert caller.may_topic(Permission.READ, "orders")
    assert not caller.may_topic(Permission.PUBLISH, "orders")
    assert caller.may_somewhere(Permission.READ)
    assert not caller.may_somewhere(Permission.PUBLISH)


@given(CALLERS, PERMISSIONS, NAMES)
def test_a_token_may_at_most_what_its_owner_may(caller: Caller, permission: Permission, name: str) -> None:
    """For namespaces, for everything, for topics."""
    owner = Caller("ada", "user", caller.grants)
    for place in (name, None):
        assert not caller.may(permission, place) or owner.may(permission, place)
    assert not caller.may_topic(permission, name) or owner.may_topic(permission, name)
    assert not caller.may_somewhere(permission) or owner.may_somewhere(permission)


@given(CALLERS, PERMISSIONS, NAMES)
def test_a_token_may_at_most_what_its_scopes_say(caller: Caller, permission: Permission, name: str) -> None:
    """Each single scope is asked."""
    scopes = caller.scopes or ()
    allowed = caller.scopes is None or any(permission in scope.permissions and covers(scope.namespace, name) for scope in scopes)
    assert allowed or not caller.may(permission, name)


def test_a_token_without_a_scope_that_fits_may_nothing() -> None:
    """No scopes is none at all, not all."""
    caller = user(Grant(Role.ADMIN), scopes=())
    assert not any(caller.may_somewhere(permission) for permission in GRANTABLE)


@given(CALLERS, PERMISSIONS, NAMES)
def test_a_lists_filter_and_one_objects_check_agree(caller: Caller, permission: Permission, name: str) -> None:
    """What a list shows can be opened, and the other way round."""
    places = caller.namespaces(permission)
    listed = places is None or any(covers(place, name) for place in places)
    assert caller.may(permission, name) is listed
    assert caller.may(permission) is (places is None)


@given(CALLERS, PERMISSIONS)
def test_a_filter_names_nothing_twice(caller: Caller, permission: Permission) -> None:
    """No namespace in it covers another one: a query asks for each row once."""
    places = caller.namespaces(permission) or ()
    assert not [(a, b) for a in places for b in places if a != b and covers(a, b)]
    assert list(places) == sorted(set(places))


def test_scopes_and_grants_meet_in_the_inner_namespace() -> None:
    """An owner of `a` with a token for `a.b` and `c` may be in `a.b` only; the other way round, too."""
    read = frozenset({Permission.READ})
    token = user(Grant(Role.VIEWER, "a"), scopes=(Scope(read, "a.b"), Scope(read, "c")))
    assert token.namespaces(Permission.READ) == ("a.b",)
    assert user(Grant(Role.VIEWER, "a.b"), scopes=(Scope(read, "a"),)).namespaces(Permission.READ) == ("a.b",)
    assert user(Grant(Role.VIEWER), scopes=(Scope(read, "a"),)).namespaces(Permission.READ) == ("a",)
    assert user(Grant(Role.VIEWER, "a")).namespaces(Permission.READ) == ("a",)
    assert user().namespaces(Permission.READ) == ()


def test_somebody_known_may_always_ask_about_himself() -> None:
    """Whatever his grants and scopes: routes with a permission that nobody is granted decide for themselves."""
    for permission in (Permission.SELF, Permission.KEY, Permission.PUBLIC):
        assert user(scopes=()).may(permission)
        assert user(scopes=()).may_somewhere(permission)
        assert user(scopes=()).namespaces(permission) is None


@pytest.mark.parametrize("caller", [ANYBODY, ADMIN_TOKEN])
def test_the_admin_may_everything(caller: Caller) -> None:
    """The holder of the admin's token, and everybody where access is off."""
    for permission in Permission:
        assert caller.may(permission)
        assert caller.may(permission, "a.b")
        assert caller.may_topic(permission, "orders")
        assert caller.namespaces(permission) is None
