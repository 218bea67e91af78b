"""Executions: conditions about the execution that a Flow trigger's event is about."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.core.conditions.facts import condition, execution, facts

OWN = ("shop", "listen")


@pytest.mark.parametrize(("type_", "properties", "about", "holds"), [
    ("ExecutionFlow", {"namespace": "shop", "flowId": "pay"}, {}, True),
    ("ExecutionFlow", {"namespace": "shop", "flowId": "ship"}, {}, False),
    ("ExecutionFlow", {"namespace": "other", "flowId": "pay"}, {}, False),
    ("ExecutionNamespace", {"namespace": "shop.eu"}, {"flow": "shop.eu.pay"}, True),
    ("ExecutionNamespace", {"namespace": "shop"}, {"flow": "shop.eu.pay"}, False),
    ("ExecutionNamespace", {"namespace": "shop", "comparison": "PREFIX"}, {"flow": "shop.eu.pay"}, True),
    ("ExecutionNamespace", {"namespace": "shop", "prefix": True}, {"flow": "shop.eu.pay"}, True),
    ("ExecutionNamespace", {"namespace": "shop", "prefix": True, "comparison": "EQUALS"}, {"flow": "shop.eu.pay"}, False),
    ("ExecutionNamespace", {"namespace": ".eu", "comparison": "SUFFIX"}, {"flow": "shop.eu.pay"}, True),
    ("ExecutionStatus", {"in": ["SUCCESS", "WARNING"]}, {}, True),
    ("ExecutionStatus", {"in": ["FAILED"]}, {}, False),
    ("ExecutionStatus", {"notIn": ["FAILED"]}, {}, True),
    ("ExecutionStatus", {"in": ["SUCCESS"], "notIn": ["SUCCESS"]}, {}, False),
    ("ExecutionStatus", {}, {}, True),
    ("HasRetryAttempt", {"in": ["FAILED"]}, {"retried": ["FAILED", "SUCCESS"]}, True),
    ("HasRetryAttempt", {"in": ["KILLED"]}, {"retried": ["FAILED", "SUCCESS"]}, False),
    ("HasRetryAttempt", {"notIn": ["FAILED", "SUCCESS"]}, {"retried": ["FAILED", "SUCCESS"]}, False),
    ("HasRetryAttempt", {}, {"retried": ["FAILED", "SUCCESS"]}, True),
    ("HasRetryAttempt", {}, {"retried": []}, False),
    ("HasRetryAttempt", {}, {}, False),
    ("ExecutionLabels", {"labels": {"a": "1"}}, {"labels": {"a": "1", "b": "2"}}, True),
    ("ExecutionLabels", {"labels": [{"key": "a", "value": 1}]}, {"labels": {"a": "1"}}, True),
    ("ExecutionLabels", {"labels": {"a": "1", "c": "3"}}, {"labels": {"a": "1", "b": "2"}}, False),
    ("ExecutionOutputs", {"expression": "{{ trigger.outputs.n > 1 }}"}, {"outputs": {"n": 5}}, True),
    ("ExecutionOutputs", {"expression": "{{ trigger.outputs.n > 10 }}"}, {"outputs": {"n": 5}}, False),
    ("ExecutionOutputs", {"expression": "{{ trigger.outputs.n > 10 }}"}, {"outputs": {}}, False),
    ("FlowCondition", {"namespace": "shop", "flowId": "listen"}, {}, True),
    ("FlowCondition", {"namespace": "shop", "flowId": "pay"}, {}, False),
    ("FlowNamespaceCondition", {"namespace": "shop"}, {}, True),
    ("FlowNamespaceCondition", {"namespace": "sho", "prefix": True}, {}, True),
    ("FlowNamespaceCondition", {"namespace": "pay"}, {}, False),
])  # fmt: skip
def test_conditions_about_an_execution(type_: str, properties: dict[str, Any], about: dict[str, Any], holds: bool):
    """Each with what it compares; what it saw can always be said."""
    upstream = execution(**about)
    found = condition(type_, **properties)
    seen = facts(upstream=upstream, flow=OWN, trigger={"outputs": upstream["outputs"]})
    assert found.holds(seen) is holds
    assert found.saw(seen)


@pytest.mark.parametrize(("type_", "properties"), [
    ("ExecutionFlow", {"namespace": "shop"}),
    ("ExecutionNamespace", {"namespace": "shop", "comparison": "LIKE"}),
    ("ExecutionStatus", {"in": ["GREAT"]}),
    ("ExecutionLabels", {"labels": {}}),
    ("ExecutionOutputs", {}),
])  # fmt: skip
def test_what_is_incomplete_is_found_when_the_file_is_loaded(type_: str, properties: dict[str, Any]):
    """Not with the first event."""
    with pytest.raises(ValidationError):
        condition(type_, **properties)


def test_only_retries_need_the_task_runs():
    """For the others the event is enough."""
    assert condition("HasRetryAttempt").needs_runs
    assert not condition("ExecutionStatus").needs_runs


def test_what_it_saw_is_said_with_the_values():
    """So that nobody has to guess."""
    seen = facts(upstream=execution(state="FAILED", labels={"a": "2"}))
    assert condition("ExecutionStatus", **{"in": ["SUCCESS"]}).saw(seen) == "the state is FAILED, wanted in SUCCESS"
    assert condition("ExecutionLabels", labels={"a": "1"}).saw(seen) == 'the labels are {"a":"2"}, wanted {"a":"1"}'
