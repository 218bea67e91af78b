"""Which places an execution needs."""

import pytest

from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head, Scope, Trigger
from onbeat.core.expressions import ExpressionError
from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.core.slots import SlotClaim, claims, needed, waits
from onbeat.core.states import State
from onbeat.errors import UserError

TASKS = "id: f\nnamespace: n\ntasks: [{id: a, type: core.log.Log, message: x}]\n"


def flow(concurrency: str = "") -> Flow:
    """A flow with this limit."""
    return parse_flow(TASKS + (f"concurrency: {concurrency}\n" if concurrency else ""), "f.yaml")[0]


def head(**facts: object) -> Head:
    """The head of an execution of it."""
    given = {"id": "e", "namespace": "n", "flow": "f", "revision": 1, "created": 0, "correlation_id": "e", **facts}
    return Head(**given)  # type: ignore[arg-type]  # plain facts


def test_without_a_key_or_a_limit_none_is_needed() -> None:
    """It begins at once."""
    assert claims(flow(), head()) == ()
    assert not needed(flow(), head())


def test_a_key_has_one_place_and_is_asked_for_first() -> None:
    """Then the limit, with the flow's own behaviour."""
    limited = flow("{limit: 3, behavior: CANCEL}")
    assert claims(limited, head(key="k")) == (SlotClaim("n.f order k", 1, "QUEUE"), SlotClaim("n.f", 3, "CANCEL"))
    assert claims(flow(), head(key="k")) == (SlotClaim("n.f order k", 1, "QUEUE"),)
    assert needed(flow(), head(key="k"))
    assert needed(limited, head())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("{{ inputs.team }}", "red"),
        ("{{ labels.kind }}-{{ trigger.n }}", "x-7"),
        ("{{ vars.v }}", "1"),
        ("{{ inputs }}", '{"team":"red"}'),
        ("fixed", "fixed"),
        ("5", "5"),
    ],
)
def test_a_limits_key_sees_what_the_execution_began_with(key: str, value: str) -> None:
    """Its value as text is part of the scope; two flows never share one, whatever their keys say."""
    one = head(inputs={"team": "red"}, labels={"kind": "x"}, variables={"v": 1}, trigger=Trigger(id="t", type="t", variables={"n": 7}))
    assert claims(flow(f"{{limit: 2, key: '{key}'}}"), one) == (SlotClaim(f"n.f limit {value}", 2, "QUEUE"),)


@pytest.mark.parametrize("key", ["{{ inputs.nothing }}", "{{ secret('x') }}", "{{ envs.a }}", "{{ kv('a') }}"])
def test_a_key_that_cannot_be_told_is_an_error(key: str) -> None:
    """What is missing, and what lies outside and may be another value when it is asked again."""
    with pytest.raises((ExpressionError, UserError)):
        claims(flow(f'{{limit: 1, key: "{key}"}}'), head())


def test_a_large_value_is_no_key() -> None:
    """It is kept in storage and would have to be fetched."""
    kept = {"team": {"onbeat:ref": "kestra:///x", "size": 100_000}}
    with pytest.raises(UserError, match="64 kB"):
        claims(flow('{limit: 1, key: "{{ inputs.team }}"}'), head(inputs=kept))


def test_an_iteration_of_a_loop_needs_none() -> None:
    """It runs inside the execution that has them."""
    inside = head(key="k", scope=Scope(task="each", origin="e", item={}))
    assert claims(flow("{limit: 1}"), inside) == ()
    assert not needed(flow("{limit: 1}"), inside)


def test_who_waits_for_places_is_new_and_due_or_restarted() -> None:
    """Not what is scheduled for later, runs or has ended."""
    assert waits(create(head()))
    assert not waits(create(head(scheduled=5)))
    for state in State:
        execution = Execution(head=head(), state=state, history=((state, 0),))
        assert waits(execution) == (state in (State.CREATED, State.RESTARTED))
