"""Upstream: what a Flow trigger listens to, in both dialects, and what it makes of several executions."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.correlation import Fired, Kept, Rule
from onbeat.core.event import Event
from onbeat.core.states import TERMINATED, State
from onbeat.core.upstream import Upstream
from onbeat.core.windows import DAY, Every, Length
from tests.core.conditions.facts import execution, facts

A = {"namespace": "shop", "flowId": "a"}
B = {"namespace": "shop", "flowId": "b"}
OF_SHOPS = {"field": "NAMESPACE", "type": "STARTS_WITH", "value": "shop"}
SLIDING = {"type": "SLIDING_WINDOW", "window": "PT1H"}
ANY = Event(id="1", source="s", type="t", time=0, key="1")


def upstream(**said: Any) -> Upstream:
    """As YAML has it."""
    return Upstream.model_validate(said)


@pytest.mark.parametrize(("said", "why"), [
    ({"dependsOn": [A], "preconditions": {"id": "p", "flows": [A]}}, "write `dependsOn` or `preconditions`"),
    ({"mode": "ANY"}, "`mode`: only with `dependsOn`"),
    ({"window": {"every": "PT1H"}, "onMiss": {}}, "`window` and `onMiss`: only with `dependsOn`"),
    ({"dependsOn": [A], "mode": "AT_LEAST"}, "go together"),
    ({"dependsOn": [A], "minSatisfied": 1}, "go together"),
    ({"dependsOn": [A], "mode": "AT_LEAST", "minSatisfied": 2}, "more than the 1 of `dependsOn`"),
    ({"dependsOn": [A], "onMiss": {"behavior": "FAIL"}}, "`onMiss` needs a window that ends"),
    ({"dependsOn": [A], "window": {"lookback": "PT1H"}, "onMiss": {}}, "`onMiss` needs a window that ends"),
    ({"preconditions": {"id": "p"}}, "`flows` or `where`"),
    ({"dependsOn": [{"flow": "a"}]}, "flow"),
    ({"states": ["GREAT"]}, "states"),
])  # fmt: skip
def test_what_means_nothing_is_told(said: dict[str, Any], why: str):
    """When the file is read."""
    with pytest.raises(ValidationError, match=why):
        upstream(**said)


@pytest.mark.parametrize(("said", "states"), [
    ({}, TERMINATED),
    ({"states": ["RUNNING"]}, {State.RUNNING}),
    ({"states": []}, TERMINATED),
    ({"dependsOn": [A, {**B, "states": ["PAUSED"]}]}, {State.SUCCESS, State.WARNING, State.PAUSED}),
    ({"dependsOn": [A], "states": ["SUCCESS"]}, {State.SUCCESS}),
    ({"preconditions": {"id": "p", "flows": [A, {**B, "states": ["PAUSED"]}]}}, TERMINATED | {State.PAUSED}),
    ({"preconditions": {"id": "p", "where": [{"id": "w", "filters": [{"field": "STATE", "type": "EQUAL_TO", "value": "PAUSED"}]}]}},
     TERMINATED | {State.PAUSED}),
])  # fmt: skip
def test_the_states_that_can_matter(said: dict[str, Any], states: Any):
    """Those of ended executions, and those that are named; PAUSED only then."""
    assert upstream(**said).listened == states


@pytest.mark.parametrize(("said", "about", "concerned"), [
    ({}, ("any", "flow", "SUCCESS"), True),
    ({}, ("any", "flow", "RUNNING"), False),
    ({"dependsOn": [A, B]}, ("shop", "b", "SUCCESS"), True),
    ({"dependsOn": [A, B]}, ("shop", "c", "SUCCESS"), False),
    ({"dependsOn": [{"namespace": "shop"}]}, ("shop", "c", "SUCCESS"), True),
    ({"preconditions": {"id": "p", "where": [{"id": "w", "filters": [OF_SHOPS]}]}}, ("shop.eu", "c", "SUCCESS"), True),
    ({"preconditions": {"id": "p", "where": [{"id": "w", "filters": [OF_SHOPS]}]}}, ("other", "c", "SUCCESS"), False),
])  # fmt: skip
def test_what_cannot_matter_is_known_without_looking(said: dict[str, Any], about: Any, concerned: bool):
    """Most of what happens to executions concerns no trigger."""
    assert upstream(**said).concerns(*about) is concerned


def test_its_own_executions_count_only_when_they_are_named():
    """Else a flow that listens to its namespace would start itself for ever."""
    own, about = ("shop", "a"), facts(upstream=execution(flow="shop.a"))
    assert not upstream().admits(about, own, named=False)
    assert not upstream(dependsOn=[{"namespace": "shop"}]).admits(about, own, named=False)
    assert upstream(dependsOn=[A]).admits(about, own, named=False)
    assert upstream().admits(about, own, named=True)
    assert upstream().admits(about, ("shop", "b"), named=False)
    assert not upstream().admits(facts(upstream=execution("RUNNING", flow="shop.b")), own, named=False)


@pytest.mark.parametrize(("said", "least", "window", "again", "missed"), [
    ({"dependsOn": [A, B]}, 2, Every(DAY), "anew", False),
    ({"dependsOn": [A, B], "mode": "AT_LEAST", "minSatisfied": 2, "window": {"lookback": "PT1H"}}, 2, Length(DAY // 24), "anew", False),
    ({"dependsOn": [A, B], "mode": "ANY", "window": {"every": "PT1H", "fireOnce": True}}, 1, Every(DAY // 24), "once", False),
    ({"dependsOn": [A], "window": {"every": "P1D"}, "onMiss": {}}, 1, Every(DAY), "anew", True),
    ({"dependsOn": [A, A]}, 1, Every(DAY), "anew", False),
    ({"preconditions": {"id": "p", "flows": [A, B]}}, 2, Every(DAY), "anew", False),
    ({"preconditions": {"id": "p", "flows": [A, B], "resetOnSuccess": False}}, 2, Every(DAY), "keep", False),
    ({"preconditions": {"id": "p", "flows": [A], "timeWindow": SLIDING}}, 1, Length(DAY // 24), "anew", False),
])  # fmt: skip
def test_several_executions_are_a_correlation(said: dict[str, Any], least: int, window: Any, again: Any, missed: bool):
    """With the rules that all correlations have."""
    found = upstream(**said).correlation(None)
    assert found is not None
    assert found.rule == Rule(kind="join", window=window, terms=found.rule.terms, least=least, again=again, missed=missed)


@pytest.mark.parametrize("said", [
    {}, {"dependsOn": [A]}, {"dependsOn": [A, B], "mode": "ANY"}, {"preconditions": {"id": "p", "flows": [A]}},
])  # fmt: skip
def test_one_execution_at_a_time_needs_no_memory(said: dict[str, Any]):
    """Nothing is written for it."""
    assert upstream(**said).correlation(None) is None


def test_the_order_of_depends_on_does_not_matter():
    """An entry's id is what it says, so moving it gives up nothing."""
    one, other = (upstream(dependsOn=entries).correlation(None) for entries in ([A, B], [B, A]))
    assert one is not None
    assert other is not None
    assert set(one.rule.terms) == set(other.rule.terms)


def _kept(n: int, flow: str, outputs: dict[str, Any]) -> Kept:
    variables = {"executionId": f"x{n}", "flowId": flow, "outputs": outputs}
    return Kept(n, 0, Event(id=f"x{n}/2", source="s", type="t", time=0, key=f"x{n}/2", variables=variables))


def test_outputs_of_several_are_by_flow_and_by_name():
    """`trigger.outputs.FLOW.KEY`, and `trigger.outputs.KEY` as preconditions have it."""
    events = (_kept(1, "a", {"n": 1}), _kept(2, "b", {"n": 2, "m": 3}))
    fired = Fired(key="", start=0, end=1, count=2, events=events, by="x2/2")
    assert upstream(dependsOn=[A, B]).variables(fired) == {"outputs": {"n": 2, "m": 3, "a": {"n": 1}, "b": {"n": 2, "m": 3}}}


def test_outputs_of_one_are_both():
    """The shorthand stays."""
    event = Event(id="1", source="s", type="t", time=0, key="1", variables={"flowId": "a", "outputs": {"n": 1}})
    assert upstream(dependsOn=[A]).shown(event).variables["outputs"] == {"n": 1, "a": {"n": 1}}
    assert upstream().shown(event) is event
