"""Matching: would this event start that flow, and with what."""

from typing import Any

import pytest

from onbeat.core.correlate import CORRELATED
from onbeat.core.correlation import Fired
from onbeat.core.event import Event
from onbeat.core.expressions import ExpressionError
from onbeat.core.matching import Beside, complete, facts_of, fit, match, starts, why_not
from onbeat.core.times import from_iso
from onbeat.core.trigger import FlowRef, TriggerSpec
from tests.core.conditions.facts import execution

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


def test_event_data_is_never_evaluated():
    """Text that looks like an expression stays text, in inputs, keys and conditions."""
    (start,) = match(trigger(inputs={"text": "{{ trigger.value }}"}, dedupe="{{ trigger.value }}", when="{{ trigger.value }}"),
                     event(value="{{ 1 + 1 }}"))  # fmt: skip

    assert (start.inputs, start.key) == ({"text": "{{ 1 + 1 }}"}, "{{ 1 + 1 }}")


def test_more_names_may_be_given():
    """The environment, the server's globals."""
    (start,) = match(trigger(inputs={"x": "{{ envs.region }}"}), event(), {"envs": {"region": "eu"}})

    assert start.inputs == {"x": "eu"}


NOW = from_iso("2026-11-21T12:00:00Z")
WEEKEND = {"type": "core.condition.Weekend"}
WORKING = {"type": "core.condition.Not", "conditions": [WEEKEND]}
BODY = {"type": "core.condition.Expression", "expression": "{{ trigger.value > 3 }}"}


@pytest.mark.parametrize(("conditions", "when", "starts_it"), [
    ([WEEKEND, BODY], True, 1),
    ([WEEKEND, BODY], "{{ trigger.value > 10 }}", 0),
    ([WEEKEND, WORKING], True, 0),
    ([BODY, WORKING], True, 0),
    ([], True, 1),
])  # fmt: skip
def test_when_and_all_conditions_must_hold(conditions: list[Any], when: Any, starts_it: int):
    """As of now: a Saturday."""
    assert len(match(trigger(conditions=conditions, when=when), event(value=5), now=NOW)) == starts_it


def test_a_condition_that_cannot_be_evaluated_raises():
    """As `when` does."""
    with pytest.raises(ExpressionError, match=r"trigger\.value"):
        match(trigger(conditions=[BODY]), event())


def test_the_time_and_the_flow_are_seen():
    """`now()`, and `flow.id`."""
    (start,) = match(trigger(inputs={"at": "{{ now() }}", "flow": "{{ flow.id }}"}), event(), now=NOW)
    assert start.inputs["flow"] == "pay"
    assert str(start.inputs["at"]).startswith("2026-11-21T12:00:00")


@pytest.mark.parametrize(("said", "why"), [
    ({"disabled": True}, "the trigger says `disabled: true`"),
    ({"conditions": [BODY, WORKING]}, "Not: these hold: Weekend"),
    ({"conditions": [{**BODY, "expression": "{{ trigger.value>9 }}"}]}, 'Expression: `{{ trigger.value>9 }}` is false with {"value":5}'),
    ({"when": "{{ trigger.value > 10 }}"}, '`{{ trigger.value > 10 }}` with {"value":5}'),
    ({}, None),
])  # fmt: skip
def test_it_says_which_condition_was_false(said: dict[str, Any], why: str | None):
    """The first one, with what it compared."""
    spec = trigger(**said)
    assert why_not(spec, event(value=5), facts_of(spec, event(value=5), None, NOW)) == why


def test_labels_may_be_expressions():
    """As text, null as none of it; one that cannot be worked out is left out and stops no start."""
    spec = trigger(labels={"v": "{{ trigger.value }}", "none": "{{ null }}", "gone": "{{ trigger.nope }}", "list": "{{ [1, 2] }}"})
    (start,) = match(spec, event(value=7))
    assert start.labels == {"v": "7", "none": "", "list": "[1,2]"}


def test_what_is_given_beside_goes_before():
    """A backfill's inputs, which may be expressions, and its labels."""
    spec = trigger(inputs={"a": 1, "b": 2}, labels={"x": "1", "y": "2"})
    (start,) = starts(spec, event(value=5), "k", beside=Beside({"b": "{{ trigger.value }}"}, {"y": "3"}))
    assert (start.inputs, start.labels, start.key) == ({"a": 1, "b": 5}, {"x": "1", "y": "3"}, "k")


# ---- several events ------------------------------------------------------------------------------------------------

CORRELATE = {"window": "PT1M", "all": [{"id": "a", "topic": "orders"}, {"id": "b", "topic": "payments"}]}


def test_an_event_is_one_of_those_that_are_waited_for():
    """By itself it starts nothing; what it is one of, its group and its identity are told."""
    spec = trigger(correlate={**CORRELATE, "key": "{{ trigger.value }}"}, dedupe="{{ trigger.id }}")
    found = fit(spec, event(value=5, id="x"))
    assert found is not None
    assert (found.terms, found.group, found.identity) == (("a",), "5", "x")
    assert match(spec, event(value=5, id="x")) == ()


def test_an_event_that_is_none_of_them_is_nothing():
    """Nor one whose condition is false."""
    other = Event(id="7", source="s", type="order", time=5, key="7", topic="other")
    assert fit(trigger(correlate=CORRELATE), other) is None
    assert fit(trigger(correlate=CORRELATE, when=False), event()) is None


def test_an_event_without_a_key_is_an_error():
    """It would belong to everybody."""
    with pytest.raises(ExpressionError, match=r"`correlate\.key` is null"):
        fit(trigger(correlate={**CORRELATE, "key": "{{ trigger.value }}"}), event(value=None))


def test_what_is_complete_is_an_event_of_its_own():
    """With the trigger's name, and what `trigger.*` shows of the group."""
    fired = Fired(key="", start=0, end=1, count=0, events=(), by=None)
    assert complete(trigger(correlate=CORRELATE), fired).type == CORRELATED
    flow = trigger(type="core.trigger.Flow", dependsOn=[{"flowId": "a"}, {"flowId": "b"}])
    assert complete(flow, fired).variables == {"outputs": {}}


# ---- executions of other flows -------------------------------------------------------------------------------------


def happened(state: str = "SUCCESS", flow: str = "shop.other", **about: Any) -> Event:
    """What happened to an execution."""
    data = {"inputs": {}, "execution": {"id": "x", "state": state}, "hasRetryAttempt": False, **execution(state, flow, **about)}
    variables = {"executionId": "x", "flowId": data["flowId"], "state": state, "outputs": data["outputs"]}
    return Event(id="x/2", source="s", type="t", time=0, key="x/2", data=data, variables=variables)


def listening(**said: Any) -> TriggerSpec:
    """A Flow trigger."""
    return trigger(type="io.kestra.plugin.core.trigger.Flow", **said)


OF_OTHER = {"type": "core.condition.ExecutionFlow", "namespace": "shop", "flowId": "other"}
OF_SHOP = {"type": "core.condition.ExecutionNamespace", "namespace": "shop"}
OF_OWN = {"type": "core.condition.ExecutionFlow", "namespace": "shop", "flowId": "pay"}


@pytest.mark.parametrize(("said", "given", "starts_it"), [
    ({}, happened(), 1),
    ({}, happened("RUNNING"), 0),
    ({"states": ["RUNNING"]}, happened("RUNNING"), 1),
    ({}, happened("PAUSED"), 0),
    ({"conditions": [OF_OTHER]}, happened(), 1),
    ({"conditions": [OF_OTHER]}, happened(flow="shop.more"), 0),
    ({"conditions": [OF_SHOP]}, happened(flow="shop.pay"), 0),
    ({"conditions": [OF_OWN]}, happened(flow="shop.pay"), 1),
    ({"when": "{{ labels.env == 'prod' }}"}, happened(labels={"env": "prod"}), 1),
    ({"when": "{{ labels.env == 'prod' }}"}, happened(), 0),
    ({"when": "{{ labels.source ??? labels.source == 'x' }}"}, happened(), 0),
    ({"when": "{{ trigger.flowId == 'other' and state == 'SUCCESS' and namespace == 'shop' }}"}, happened(), 1),
    ({"when": "{{ execution.state == 'SUCCESS' and outputs.n > 1 }}"}, happened(outputs={"n": 2}), 1),
    ({"dependsOn": [{"flowId": "other"}, {"flowId": "more"}], "mode": "ANY"}, happened(flow="shop.more"), 1),
    ({"dependsOn": [{"flowId": "other", "namespace": "shop"}]}, happened(flow="x.other"), 0),
    ({"preconditions": {"id": "p", "flows": [{"flowId": "other", "namespace": "shop"}]}}, happened("FAILED"), 1),
])  # fmt: skip
def test_a_flow_after_a_flow(said: dict[str, Any], given: Event, starts_it: int):
    """States, conditions and entries; not its own executions unless named; what cannot be evaluated of an execution is false."""
    assert len(match(listening(**said), given)) == starts_it


def test_it_says_why_an_execution_started_nothing():
    """Whatever it was: another state, another flow, a label that is not there."""

    def why(given: Event, **said: Any) -> str | None:
        spec = listening(**said)
        return why_not(spec, given, facts_of(spec, given, None, NOW))

    assert why(happened("RUNNING")) == "the execution is shop.other in state RUNNING"
    assert why(happened(), dependsOn=[{"flowId": "x"}]) == "it is none of: *.x in SUCCESS, WARNING"
    no_labels = [{"type": "core.condition.Expression", "expression": "{{ labels.env }}"}]
    assert "labels.env" in str(why(happened(), conditions=no_labels))
