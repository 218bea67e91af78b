"""Upstream: what a Flow trigger listens to, in both dialects, and what it makes of several executions."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.correlation import Fired, Kept, Rule
from onbeat.core.event import Event
from onbeat.core.states import TERMINATED, State
from onbeat.core.upstream import DependsOn, Filter, Heard, Upstream
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


def fits(entry: Any, about: dict[str, Any]) -> bool:
    """Whether an execution is what an entry names."""
    names = {**about, "trigger": {}}
    return bool(entry.fits(facts(upstream=about, **names), ANY))


@pytest.mark.parametrize(("entry", "about", "found"), [
    (A, execution(flow="shop.a"), True),
    (A, execution(flow="shop.b"), False),
    (A, execution(flow="other.a"), False),
    ({"namespace": "shop"}, execution(flow="shop.b"), True),
    (A, execution("WARNING", flow="shop.a"), True),
    (A, execution("FAILED", flow="shop.a"), False),
    ({**A, "states": ["FAILED"]}, execution("FAILED", flow="shop.a"), True),
    ({**A, "labels": {"env": "prod"}}, execution(flow="shop.a", labels={"env": "prod", "x": "1"}), True),
    ({**A, "labels": {"env": "prod"}}, execution(flow="shop.a"), False),
    ({"when": "{{ namespace | startsWith('sh') }}"}, execution(flow="shop.a"), True),
    ({"when": "{{ outputs.rows > 0 }}"}, execution(outputs={"rows": 3}), True),
    ({"when": "{{ outputs.rows > 0 }}"}, execution(outputs={"rows": 0}), False),
    ({"when": "{{ hasRetryAttempt == true }}"}, execution(hasRetryAttempt=True), True),
])  # fmt: skip
def test_an_entry_of_depends_on(entry: dict[str, Any], about: dict[str, Any], found: bool):
    """What is not named is any; states are SUCCESS and WARNING unless they are named."""
    (depends,) = upstream(dependsOn=[entry]).depends_on
    assert fits(depends, about) is found


@pytest.mark.parametrize(("filter_", "found"), [
    ({"field": "FLOW_ID", "type": "EQUAL_TO", "value": "pay"}, True),
    ({"field": "FLOW_ID", "type": "NOT_EQUAL_TO", "value": "pay"}, False),
    ({"field": "NAMESPACE", "type": "STARTS_WITH", "value": "shop."}, True),
    ({"field": "NAMESPACE", "type": "ENDS_WITH", "value": ".us"}, False),
    ({"field": "NAMESPACE", "type": "CONTAINS", "value": "op.e"}, True),
    ({"field": "NAMESPACE", "type": "REGEX", "value": "shop\\.[a-z]+"}, True),
    ({"field": "NAMESPACE", "type": "REGEX", "value": "shop"}, False),
    ({"field": "STATE", "type": "IN", "values": ["SUCCESS", "WARNING"]}, True),
    ({"field": "STATE", "type": "NOT_IN", "values": ["SUCCESS"]}, False),
    ({"field": "EXPRESSION", "type": "IS_TRUE", "value": "{{ outputs.n == 1 }}"}, True),
    ({"field": "EXPRESSION", "type": "IS_FALSE", "value": "{{ outputs.n == 1 }}"}, False),
    ({"field": "EXPRESSION", "type": "IS_NULL", "value": "{{ outputs.no ?? null }}"}, True),
    ({"field": "EXPRESSION", "type": "IS_NOT_NULL", "value": "{{ outputs.n }}"}, True),
    ({"field": "LABEL", "type": "EQUAL_TO", "value": "team:pay"}, True),
    ({"field": "LABEL", "type": "EQUAL_TO", "value": "team:ship"}, False),
    ({"field": "LABEL", "type": "IS_NOT_NULL", "value": "team"}, True),
    ({"field": "LABEL", "type": "IS_NULL", "value": "owner"}, True),
])  # fmt: skip
def test_a_filter_of_where(filter_: dict[str, Any], found: bool):
    """Kestra's fields and comparisons."""
    where = upstream(preconditions={"id": "p", "where": [{"id": "w", "filters": [filter_]}]}).entries[0]
    assert fits(where, execution(flow="shop.eu.pay", outputs={"n": 1}, labels={"team": "pay"})) is found


@pytest.mark.parametrize(("operand", "found"), [("AND", False), ("OR", True)])
def test_the_filters_of_a_where_hold_all_or_one(operand: str, found: bool):
    """As its operand says."""
    filters = [{"field": "FLOW_ID", "type": "EQUAL_TO", "value": "pay"}, {"field": "STATE", "type": "EQUAL_TO", "value": "FAILED"}]
    where = upstream(preconditions={"id": "p", "where": [{"id": "w", "operand": operand, "filters": filters}]}).entries[0]
    assert fits(where, execution(flow="shop.pay")) is found
    assert where.heard() == (Heard(None, "pay") if operand == "AND" else Heard())


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


@pytest.mark.parametrize("filter_", [
    {"field": "STATE", "type": "IN", "value": "SUCCESS"}, {"field": "STATE", "type": "EQUAL_TO"}, {"field": "LABEL", "type": "IS_NULL"},
])  # fmt: skip
def test_a_filter_has_what_it_compares_with(filter_: dict[str, Any]):
    """`values` for lists, else `value`."""
    with pytest.raises(ValidationError, match="`value"):
        Filter.model_validate(filter_)


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


def test_what_looks_at_task_runs_says_so():
    """Only for those the execution is read."""
    assert DependsOn.model_validate({"when": "{{ hasRetryAttempt }}"}).needs_runs
    assert not DependsOn.model_validate({"when": "{{ labels.x == 'y' }}"}).needs_runs
