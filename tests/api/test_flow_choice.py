"""What a query means of flows is what is chosen, and never more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request

from onbeat.api.access import Permission
from onbeat.api.flow_choice import ChangeQuery, chosen_flows, conditions_of, flows_to_change
from onbeat.core.access import ADMIN_TOKEN, Caller, Grant, Role
from onbeat.errors import UserError
from tests.api.client import FLOWS, Client, api


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of FLOWS and two that are in `t.below` and `system.x`, one of them disabled."""
    async with api(tmp_path, sources=False) as made:
        for namespace in ("t.below", "system.x"):
            text = f"{{id: one, namespace: {namespace}, disabled: {'true' if namespace == 't.below' else 'false'}, labels: {{team: Blue}}, "
            (tmp_path / "flows" / f"{namespace}.yaml").write_text(text + "tasks: [{id: a, type: core.debug.Return}]}")
        await made.node.loader.load_all()
        yield made


def asked(call: Client, query: str, caller: Caller = ADMIN_TOKEN) -> Request:
    """A request with that query."""
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": [], "app": call.app}
    request = Request(scope)
    request.state.caller, request.state.permission = caller, Permission.WRITE
    return request


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("namespace=t.below", ["t.below.one"]),
        ("filters[namespace][EQUALS]=t&flowId=one", []),
        ("namespace=t&flowId=one", ["t.below.one"]),
        ("labels=team:Blue&labels=team:Red", []),
        ("filters[labels][CONTAINS][team]=blu&namespace=t", ["t.below.one"]),
        ("filters[disabled][EQUALS]=true", ["t.below.one"]),
        ("scope=SYSTEM", ["system.x.one"]),
        ("filters[scope][EQUALS]=USER,SYSTEM&flowId=one", ["system.x.one", "t.below.one"]),
        ("filters[q][NOT_EQUALS]=t.", ["system.x.one"]),
        ("filters[and][0][flowId][EQUALS]=one&filters[and][1][namespace][STARTS_WITH]=sys", ["system.x.one"]),
    ],
)
async def test_all_that_is_given_must_hold(call: Client, query: str, names: list[str]) -> None:
    """Kestra's filters and its flat parameters."""
    assert [loaded.flow.name for loaded in await chosen_flows(asked(call, query))] == names


async def test_only_ones_own_are_chosen(call: Client) -> None:
    """By what the route asks for."""
    grants = (Grant(Role.EDITOR, "t.below"), Grant(Role.VIEWER))
    assert [loaded.flow.name for loaded in await chosen_flows(asked(call, "", Caller("ada", "user", grants)))] == ["t.below.one"]


async def test_a_change_needs_a_condition(call: Client) -> None:
    """Or `all=true`, which is all of one's own; a parameter that is no condition is none."""
    for query in ("", "dryRun=true"):
        with pytest.raises(UserError, match="say which flows are meant"):
            await flows_to_change(asked(call, query), ChangeQuery())
    for name, query in (("q", "q="), ("namespace", "namespace="), ("namespace", "flowId=one&namespace="), ("labels", "flowId=one&labels=")):
        with pytest.raises(UserError, match=f"`{name}` is empty"):
            await flows_to_change(asked(call, query), ChangeQuery())
    assert len(await flows_to_change(asked(call, "all=true"), ChangeQuery(all=True))) == len(FLOWS) + 2
    assert len(await flows_to_change(asked(call, "q=one"), ChangeQuery())) == 2
    with pytest.raises(UserError, match="unknown parameter `size`"):
        await flows_to_change(asked(call, "size=1&q=one"), ChangeQuery())


def test_a_parameter_of_the_routes_own_is_no_condition(call: Client) -> None:
    """Though it has the name of one."""
    assert conditions_of(asked(call, "q=x&size=1"), ("q", "size")) == []


async def test_a_scope_is_read_before_any_flow_is_looked_at(call: Client) -> None:
    """Another condition that no flow fulfils would hide what is wrong with it."""
    with pytest.raises(UserError, match="USER or SYSTEM"):
        await chosen_flows(asked(call, "scope=ALL&flowId=none"))
