"""Trigger: which events it wants, of which source, and what does not go together."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.trigger import TriggerSpec, listens_to
from onbeat.core.upstream_flows import Heard

TARGET = {"namespace": "shop", "id": "pay"}


def trigger(**facts: Any) -> TriggerSpec:
    """A trigger of one flow."""
    return TriggerSpec.model_validate({"id": "orders", "type": "kafka.RealtimeTrigger", "flow": TARGET} | facts)


def test_flow_or_flows_and_not_both():
    """One way to say it."""
    with pytest.raises(ValidationError, match="write `flow:` or `flows:`, not both"):
        trigger(flows=[TARGET])


def test_other_keys_are_the_sources_settings():
    """As the YAML has them; the type's old names are read."""
    spec = trigger(type="io.kestra.core.models.triggers.types.Schedule", cron="* * * * *", more={"x": "{{ y }}"})

    assert spec.type == "core.trigger.Schedule"
    assert spec.settings == {"cron": "* * * * *", "more": {"x": "{{ y }}"}}
    assert trigger().settings == {}


def test_expressions_are_compiled_once():
    """Matching an event compiles nothing."""
    spec = trigger(when="{{ trigger.value }}")

    assert spec.compiled is spec.compiled


A, B = {"namespace": "shop", "flowId": "a"}, {"namespace": "shop", "flowId": "b"}
FLOW_A = {"type": "core.condition.ExecutionFlow", **A}
BOTH = {"type": "core.condition.MultipleCondition", "id": "both", "conditions": {"a": FLOW_A, "b": {**FLOW_A, "flowId": "b"}}}
RETRIED = {"type": "core.condition.HasRetryAttempt"}
OF_SHOP = {"type": "core.condition.ExecutionNamespace", "namespace": "shop", "comparison": "PREFIX"}
OF_X = {"field": "NAMESPACE", "type": "STARTS_WITH", "value": "x"}
CORRELATE = {"count": 3, "window": "PT1M"}


def test_conditions_are_read_by_both_names():
    """`scheduleConditions` is what Kestra called a schedule's."""
    weekend = {"type": "io.kestra.core.models.conditions.types.WeekendCondition"}
    for key in ("conditions", "scheduleConditions"):
        assert [each.name for each in trigger(**{key: [weekend]}).conditions] == ["Weekend"]


@pytest.mark.parametrize(("said", "why"), [
    ({"conditions": [FLOW_A]}, "ExecutionFlow is about executions"),
    ({"conditions": [{"type": "core.condition.Not", "conditions": [RETRIED]}]}, "HasRetryAttempt is about executions"),
    ({"conditions": [BOTH]}, "use `correlate`"),
    ({"type": "core.trigger.Flow", "conditions": [BOTH, {**BOTH, "id": "again"}]}, "one MultipleCondition at most"),
    ({"type": "core.trigger.Flow", "conditions": [{"type": "core.condition.Or", "conditions": [BOTH]}]}, "one MultipleCondition at most"),
    ({"type": "core.trigger.Flow", "conditions": [BOTH], "dependsOn": [A]}, "`dependsOn` and MultipleCondition: write one of them"),
    ({"type": "core.trigger.Flow", "correlate": CORRELATE, "preconditions": {}}, "`preconditions` and `correlate`: write one"),
    ({"conditions": [{"type": "core.condition.Weakend"}]}, "did you mean `core.condition.Weekend`"),
])  # fmt: skip
def test_what_does_not_go_together_is_told(said: dict[str, Any], why: str):
    """When the file is read."""
    with pytest.raises(ValidationError, match=why):
        trigger(**said)


@pytest.mark.parametrize(("said", "settings"), [
    ({"correlate": {**CORRELATE, "any": [{"id": "a", "topic": "x"}, {"id": "b", "topic": "y"}]}}, {"topic": ["x", "y"]}),
    ({"correlate": {**CORRELATE, "any": [{"id": "a", "topic": "x"}]}}, {"topic": "x"}),
    ({"correlate": {**CORRELATE, "any": [{"id": "a", "topic": "x"}]}, "topic": "z"}, {"topic": "z"}),
    ({"correlate": CORRELATE}, {}),
])  # fmt: skip
def test_the_topics_of_a_correlation_are_listened_to(said: dict[str, Any], settings: Any):
    """Unless the trigger says its own."""
    assert trigger(**said).settings == settings


def test_what_waits_for_several_is_known():
    """`correlate`, a MultipleCondition, and several upstream flows; nothing else."""
    flow = {"type": "core.trigger.Flow"}
    assert trigger(correlate=CORRELATE).correlation is not None
    assert trigger(**flow, conditions=[BOTH]).correlation is not None
    assert trigger(**flow, dependsOn=[A, B]).correlation is not None
    assert trigger(**flow, dependsOn=[A]).correlation is None
    assert trigger().correlation is None


@pytest.mark.parametrize(("said", "needs"), [
    ({"conditions": [RETRIED]}, True),
    ({"when": "{{ outputs.task.value == 1 }}"}, True),
    ({"inputs": {"x": "{{ outputs.task.value }}"}}, True),
    ({"inputs": {"x": "{{ trigger.outputs.x }}"}}, False),
    ({"dependsOn": [{**A, "when": "{{ hasRetryAttempt }}"}]}, True),
    ({"conditions": [{"type": "core.condition.Expression", "expression": "{{ outputs.a.value }}"}]}, True),
    ({"conditions": [FLOW_A]}, False),
])  # fmt: skip
def test_only_who_looks_at_task_runs_needs_the_execution(said: dict[str, Any], needs: bool):
    """Reading it costs."""
    assert trigger(type="core.trigger.Flow", **said).needs_runs is needs


def test_other_triggers_never_need_an_execution():
    """`outputs` is nothing to them."""
    assert not trigger(when="{{ outputs.x }}").needs_runs


@pytest.mark.parametrize(("said", "heard"), [
    ({}, [Heard()]),
    ({"dependsOn": [A, B]}, [Heard("shop", "a"), Heard("shop", "b")]),
    ({"dependsOn": [{"when": "{{ true }}"}]}, [Heard()]),
    ({"preconditions": {"id": "p", "flows": [A], "where": [{"id": "w", "filters": [OF_X]}]}},
     [Heard("shop", "a"), Heard("x", None, "PREFIX")]),
    ({"conditions": [FLOW_A]}, [Heard("shop", "a")]),
    ({"conditions": [OF_SHOP]}, [Heard("shop", None, "PREFIX")]),
    ({"conditions": [BOTH]}, [Heard("shop", "a"), Heard("shop", "b")]),
])  # fmt: skip
def test_whose_executions_it_listens_to(said: dict[str, Any], heard: list[Heard]):
    """As far as the file tells: what a look for cycles needs."""
    assert list(listens_to(trigger(type="core.trigger.Flow", **said))) == heard


def test_no_other_trigger_listens_to_flows():
    """Whatever it says."""
    assert listens_to(trigger()) == ()


def test_the_ordering_key_does_not_hide_what_it_listens_to():
    """`key` and other settings of triggers are none of the Flow trigger's own."""
    spec = trigger(type="core.trigger.Flow", dependsOn=[A], key="{{ trigger.executionId }}")
    assert spec.upstream is not None
    assert len(spec.upstream.depends_on) == 1
