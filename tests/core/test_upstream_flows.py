"""Upstream flows: the executions that one entry waits for, in both dialects."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.event import Event
from onbeat.core.upstream import Upstream
from onbeat.core.upstream_flows import DependsOn, Filter, Heard
from tests.core.conditions.facts import execution, facts

A = {"namespace": "shop", "flowId": "a"}
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


@pytest.mark.parametrize("filter_", [
    {"field": "STATE", "type": "IN", "value": "SUCCESS"}, {"field": "STATE", "type": "EQUAL_TO"}, {"field": "LABEL", "type": "IS_NULL"},
])  # fmt: skip
def test_a_filter_has_what_it_compares_with(filter_: dict[str, Any]):
    """`values` for lists, else `value`."""
    with pytest.raises(ValidationError, match="`value"):
        Filter.model_validate(filter_)


def test_what_looks_at_task_runs_says_so():
    """Only for those the execution is read."""
    assert DependsOn.model_validate({"when": "{{ hasRetryAttempt }}"}).needs_runs
    assert not DependsOn.model_validate({"when": "{{ labels.x == 'y' }}"}).needs_runs


@pytest.mark.parametrize(("heard", "flow", "fits"), [
    (Heard(), ("x", "y"), True),
    (Heard("shop"), ("shop", "y"), True),
    (Heard("shop"), ("shop.eu", "y"), False),
    (Heard("shop", None, "PREFIX"), ("shop.eu", "y"), True),
    (Heard(".eu", None, "SUFFIX"), ("shop.eu", "y"), True),
    (Heard("shop", "a"), ("shop", "b"), False),
    (Heard(None, "a"), ("other", "a"), True),
])  # fmt: skip
def test_whose_executions_it_may_be_about(heard: Heard, flow: Any, fits: bool):
    """What is not named is any."""
    assert heard.fits(*flow) is fits
