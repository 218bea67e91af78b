"""Trigger: would this event start that flow, and with what."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.event import Event
from onbeat.core.expressions import ExpressionError
from onbeat.core.matching import match
from onbeat.core.trigger import FlowRef, TriggerSpec

TARGET = {"namespace": "shop", "id": "pay"}


def trigger(**facts: Any) -> TriggerSpec:
    """A trigger of one flow."""
    return TriggerSpec.model_validate({"id": "orders", "type": "kafka.RealtimeTrigger", "flow": TARGET} | facts)


def event(**variables: Any) -> Event:
    """An event that shows these variables."""
    return Event(id="7", source="s", type="order", time=5, key="p0/7", topic="orders", variables=variables)


def test_an_event_starts_its_flow():
    """Once for (trigger, flow, key): the key is the event's."""
    (start,) = match(trigger(inputs={"amount": "{{ trigger.value.amount }}", "fixed": [1]}, labels={"a": 1}), event(value={"amount": 5}))

    assert (start.namespace, start.flow, start.key, start.order) == ("shop", "pay", "p0/7", None)
    assert (start.trigger, start.trigger_id, start.trigger_type) == ("shop.pay.orders", "orders", "kafka.RealtimeTrigger")
    assert (start.inputs, start.labels) == ({"amount": 5, "fixed": [1]}, {"a": "1"})
    assert start.event.id == "7"


@pytest.mark.parametrize(("when", "starts"), [
    (True, 1),
    (False, 0),
    ("{{ trigger.value > 10 }}", 0),
    ("{{ trigger.value == 5 and event.topic == 'orders' and event.type == 'order' and event.id == '7' }}", 1),
    ("", 0),
])  # fmt: skip
def test_a_condition_that_is_false_starts_nothing(when: Any, starts: int):
    """It sees `trigger.*` and the event."""
    assert len(match(trigger(when=when), event(value=5))) == starts


@pytest.mark.parametrize("where", ["when", "inputs", "dedupe", "orderingKey"])
def test_what_cannot_be_evaluated_raises(where: str):
    """The event becomes a dead event: it is not silently left."""
    wrong = "{{ trigger.nowhere }}"
    with pytest.raises(ExpressionError, match=r"trigger\.nowhere"):
        match(trigger(**{where: {"x": wrong} if where == "inputs" else wrong}), event(value=5))


def test_a_disabled_trigger_starts_nothing():
    """Whatever its condition says."""
    assert match(trigger(disabled=True, when="{{ trigger.nowhere }}"), event()) == ()


def test_dedupe_says_what_makes_an_event_once():
    """In place of the event's own identity, as text."""
    (start,) = match(trigger(dedupe="{{ trigger.value }}"), event(value=5))

    assert start.key == "5"
    assert match(trigger(dedupe="{{ null }}"), event())[0].key == "p0/7"


def test_the_ordering_key_is_text():
    """Executions of one key run one after another."""
    (start,) = match(trigger(orderingKey="{{ trigger.value }}"), event(value=5))

    assert start.order == "5"


def test_several_flows_start_together():
    """Each with the same key: they are different flows."""
    spec = TriggerSpec.model_validate({"id": "t", "type": "k", "namespace": "shop", "flows": [TARGET, {"namespace": "b", "id": "c"}]})

    assert [(start.namespace, start.flow, start.trigger) for start in match(spec, event())] == [
        ("shop", "pay", "shop.t"),
        ("b", "c", "shop.t"),
    ]
    assert spec.targets == (FlowRef(namespace="shop", id="pay"), FlowRef(namespace="b", id="c"))


def test_a_trigger_without_a_flow_starts_nothing():
    """One inside a flow's file is given its flow when the file is read."""
    spec = TriggerSpec.model_validate({"id": "t", "type": "k"})

    assert (spec.name, spec.targets, match(spec, event())) == ("main.t", (), ())


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


def test_event_data_is_never_evaluated():
    """Text that looks like an expression stays text, in inputs, keys and conditions."""
    (start,) = match(trigger(inputs={"text": "{{ trigger.value }}"}, dedupe="{{ trigger.value }}", when="{{ trigger.value }}"),
                     event(value="{{ 1 + 1 }}"))  # fmt: skip

    assert (start.inputs, start.key) == ({"text": "{{ 1 + 1 }}"}, "{{ 1 + 1 }}")


def test_more_names_may_be_given():
    """The environment, the server's globals."""
    (start,) = match(trigger(inputs={"x": "{{ envs.region }}"}), event(), {"envs": {"region": "eu"}})

    assert start.inputs == {"x": "eu"}


def test_expressions_are_compiled_once():
    """Matching an event compiles nothing."""
    spec = trigger(when="{{ trigger.value }}")

    assert spec.compiled is spec.compiled
