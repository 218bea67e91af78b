"""Events come in as the world would send them."""

from pathlib import Path

from tests.testing.play import failures, passed, play

FLOW = """
id: heard
namespace: shop
inputs:
  - id: seen
    type: {kind}
    defaults: null
    required: false
tasks:
  - {id: say, type: core.log.Log, message: "{{ inputs.seen }}"}
triggers:
"""


def heard(trigger: str, seen: str, kind: str = "JSON") -> dict[str, str]:
    """A flow with that trigger, which is given what it saw."""
    return {"heard.yaml": FLOW.replace("{kind}", kind) + f"  - {{id: it, {trigger}, inputs: {{seen: {seen}}}}}\n"}


def test_a_webhook_is_a_request(tmp_path: Path):
    """Its key is nobody's business here; method, body, condition, Idempotency-Key are as ever."""
    files = heard(
        "type: core.trigger.Webhook, key: secret, invalidJson: refuse, methods: [POST], when: '{{ trigger.body.n > 1 }}'",
        "'{{ trigger.body }}'",
    )
    tests = """
flow: heard.yaml
tests:
  - {id: taken, event: {webhook: it, body: {n: 2}}, expect: {inputs: {seen: {n: 2}}}}
  - {id: only_one, event: {webhook: true, body: '{"n": 3}', headers: {Content-Type: application/json}}, expect: {inputs: {seen: {n: 3}}}}
  - {id: condition, event: {webhook: it, body: {n: 1}}, expect: {started: 0}}
  - {id: method, event: {webhook: it, method: PUT, body: {n: 2}}}
  - {id: json, event: {webhook: it, body: '{', headers: {content-type: application/json}}}
  - id: again
    events:
      - {webhook: it, body: {n: 2}, headers: {Idempotency-Key: a}}
      - {webhook: it, body: {n: 2}, headers: {Idempotency-Key: a}}
      - {webhook: it, body: {n: 3}, headers: {Idempotency-Key: a}}
    expect: {started: 1}
  - {id: misspelt, event: {webhook: itt, body: {n: 2}}}
"""
    found = failures(play(tmp_path, files, tests))
    assert "the webhook does not take PUT" in found.pop("method")[0]
    assert "the webhook refuses it: body is not JSON" in found.pop("json")[0]
    assert "there is no webhook trigger `itt`; did you mean `it`?" in found.pop("misspelt")[0]
    assert found == {name: [] for name in found}


def test_a_record_of_kafka_is_decoded_by_its_trigger(tmp_path: Path):
    """As bytes, by the trigger's deserializer; topic and partition count; nothing connects."""
    trigger = "type: kafka.RealtimeTrigger, topic: [orders, more], valueDeserializer: JSON, partitions: [0, 1], brokers: 'nowhere:1'"
    files = heard(trigger, "'{{ trigger.value }}'")
    tests = """
flow: heard.yaml
tests:
  - {id: taken, event: {kafka: orders, key: 7, value: {n: 2}, headers: {a: b}}, expect: {inputs: {seen: {n: 2}}}}
  - {id: topic, event: {kafka: other, value: {n: 2}}, expect: {started: 0}}
  - {id: partition, event: {kafka: orders, partition: 3, value: {n: 2}}, expect: {started: 0}}
  - {id: bad, event: {kafka: more, value: "{"}, expect: {started: 0, dead: [{contains: is not JSON}]}}
  - id: again
    events: [{kafka: orders, offset: 5, value: 1}, {kafka: orders, offset: 5, value: 1}, {kafka: orders, offset: 6, value: 1}]
    expect: {started: 2}
"""
    passed(play(tmp_path, files, tests))


def test_a_message_of_mqtt_is_decoded_by_its_trigger(tmp_path: Path):
    """Filters, payloads, user properties."""
    files = heard("type: mqtt.RealtimeTrigger, server: 'mqtt://nowhere:1883', topic: plant/+/temperature", "'{{ trigger.payload }}'")
    tests = """
flow: heard.yaml
tests:
  - {id: taken, event: {mqtt: plant/1/temperature, payload: {celsius: 95}}, expect: {inputs: {seen: {celsius: 95}}}}
  - {id: topic, event: {mqtt: plant/1/humidity, payload: {}}, expect: {started: 0}}
  - {id: bad, event: {mqtt: plant/1/temperature, payload: hot}, expect: {started: 0, dead: 1}}
  - {id: user, event: {mqtt: plant/2/temperature, payload: 5, qos: 0, retain: true, headers: {a: b}}, expect: {inputs: {seen: 5}}}
"""
    passed(play(tmp_path, files, tests))


def test_a_file_is_told_as_it_would_be(tmp_path: Path):
    """Its name, and its content where the trigger reads it."""
    tests = """
flow: heard.yaml
tests:
  - {id: named, event: {file: /in/a.csv, content: "1,2"}, expect: {inputs: {seen: a.csv 3}}}
"""
    seen = "'{{ trigger.name }} {{ trigger.size }}'"
    passed(play(tmp_path, heard("type: files.Watch, directory: /in", seen, "STRING"), tests))
    read = heard("type: files.Watch, directory: /in, read: json", "'{{ trigger.content }}'")
    passed(play(tmp_path, read, tests.replace('"1,2"', "'{\"n\": 1}'").replace("a.csv 3", "{n: 1}")))
    assert "no trigger watches files" in failures(play(tmp_path, heard("type: core.trigger.Event, topic: a", "1"), tests))["named"][0]


def test_a_state_event_starts_who_listens_to_it(tmp_path: Path):
    """One that is made up, and a flow that really ends so."""
    trigger = "type: core.trigger.Event, topic: onbeat.executions, when: \"{{ trigger.data.state == 'FAILED' }}\""
    files = heard(trigger, "'{{ trigger.data.flowId }}'", "STRING")
    fails = "id: fails\nnamespace: shop\ntasks: [{id: fail, type: core.execution.Fail}]\n"
    tests = """
flow: heard.yaml
flows: [fails.yaml]
tests:
  - {id: made_up, event: {topic: onbeat.executions, data: {state: FAILED, flowId: other}}, expect: {inputs: {seen: other}}}
  - {id: good, event: {topic: onbeat.executions, data: {state: SUCCESS, flowId: other}}, expect: {started: 0}}
  - id: real
    event: {flow: shop.fails}
    expect: {started: 1, inputs: {seen: fails}, executions: [{flow: fails, state: FAILED}]}
"""
    passed(play(tmp_path, {**files, "fails.yaml": fails}, tests))


def test_any_trigger_can_be_told_what_it_saw(tmp_path: Path):
    """For sources that have no form of their own here."""
    files = heard("type: core.trigger.Event, topic: a, when: '{{ trigger.n > 1 }}'", "'{{ trigger.n }}'")
    tests = """
flow: heard.yaml
tests:
  - {id: said, event: {trigger: it, variables: {n: 2}}, expect: {inputs: {seen: 2}}}
  - {id: condition, event: {trigger: it, variables: {n: 1}}, expect: {started: 0}}
  - {id: gone, event: {trigger: that, variables: {n: 2}}}
  - {id: wrong, event: {trigger: it, variables: {}}, expect: {started: 0, dead: [{contains: trigger.n}]}}
"""
    found = failures(play(tmp_path, files, tests))
    assert "there is no trigger trigger `that`" in found.pop("gone")[0]
    assert found == {name: [] for name in found}


def test_a_disabled_trigger_is_told_and_can_be_enabled(tmp_path: Path):
    """A broker's example is shipped disabled; a test of it is not."""
    files = heard("type: kafka.RealtimeTrigger, topic: t, brokers: 'b:1', disabled: true", "'{{ trigger.value }}'", "STRING")
    tests = """
flow: heard.yaml
tests:
  - {id: disabled, event: {kafka: t, value: a}}
  - {id: enabled, enable: [it], event: {kafka: t, value: a}, expect: {inputs: {seen: a}}}
"""
    found = failures(play(tmp_path, files, tests))
    assert "trigger `it` is disabled; `enable: [it]` lets it listen in a test" in found["disabled"][0]
    assert found["enabled"] == []


def test_triggers_in_files_of_their_own_are_matched(tmp_path: Path):
    """Those that the test names; one that starts none of its flows is a mistake."""
    trigger = "id: alone\ntype: core.trigger.Event\ntopic: far\nflow: {namespace: shop, id: heard}\ninputs: {seen: '{{ trigger.data }}'}\n"
    files = {**heard("type: core.trigger.Event, topic: a", "1"), "triggers/alone.yaml": trigger}
    tests = """
flow: heard.yaml
triggers: [triggers/alone.yaml]
tests:
  - {id: alone, event: {topic: far, data: 5}, expect: {inputs: {seen: 5}}}
"""
    passed(play(tmp_path, files, tests))
    other = {**files, "triggers/alone.yaml": trigger.replace("heard", "other")}
    assert "this trigger starts none of the flows of the test" in failures(play(tmp_path, other, tests))["alone"][0]
    assert "there is no file" in failures(play(tmp_path, files, tests.replace("alone.yaml", "gone.yaml")))["alone"][0]


def test_the_same_id_twice_is_a_duplicate(tmp_path: Path):
    """On the bus, whatever its data."""
    tests = """
flow: heard.yaml
tests:
  - {id: twice, events: [{topic: a, id: one, data: 1}, {topic: a, id: one, data: 2}], expect: {started: 1, inputs: {seen: 1}}}
"""
    passed(play(tmp_path, heard("type: core.trigger.Event, topic: a", "'{{ trigger.data }}'"), tests))
