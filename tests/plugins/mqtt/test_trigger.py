"""The options of MQTT triggers: what YAML may say, and who shares a connection."""

import inspect
import re
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.flow import RunnableTask
from onbeat.core.parse import parse_flow
from onbeat.core.trigger import TriggerSpec
from onbeat.plugins.mqtt import PROVIDES, EventTrigger, Publish, RealtimeTrigger
from onbeat.ports import SourceOptions
from onbeat.registry import Registry

SETTINGS = {"mqtt_url": "mqtt://broker", "node": "main"}


def realtime(**options: Any) -> RealtimeTrigger:
    """Options as YAML gives them."""
    return RealtimeTrigger.model_validate({"topic": "a", **options})


def test_kestras_options_are_read() -> None:
    """A Kestra user's trigger is a trigger here."""
    options = RealtimeTrigger.model_validate(
        {
            "server": "tcp://localhost:1883",
            "clientId": "kestraProducer",
            "topic": ["kestra/sensors/cpu", "kestra/sensors/mem"],
            "serdeType": "JSON",
            "mqttVersion": "V3",
            "qos": 2,
            "username": "u",
            "password": "p",
            "authMethod": "x",
            "crt": "/ca.pem",
            "httpsHostnameVerificationEnabled": True,
            "connectionTimeout": "PT5S",
        }
    )
    assert options.filters == ("kestra/sensors/cpu", "kestra/sensors/mem")
    assert (options.client_id, options.mqtt_version, options.qos, options.serde_type) == ("kestraProducer", "V3", 2, "JSON")


def test_defaults_lose_nothing() -> None:
    """QoS 1, a session of a day, a window of 100; MQTT 5."""
    options = realtime()
    assert (options.qos, options.session_expiry.days, options.receive_maximum, options.mqtt_version, options.retained) == (
        1,
        1,
        100,
        "V5",
        "first",
    )


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"topic": []}, "at least 1"),
        ({"topic": "a/#/b"}, "stands at the end"),
        ({"topic": ["a", ""]}, "not empty"),
        ({"qos": 3}, "less than or equal to 2"),
        ({"receiveMaximum": 0}, "greater than or equal to 1"),
        ({"sessionExpiry": "1 day"}, "PT30S"),
        ({"retained": "never"}, "'ignore', 'first' or 'all'"),
        ({"serdeType": "AVRO"}, "'STRING', 'JSON' or 'BINARY'"),
        ({"topics_": "a"}, "Extra inputs"),
        ({"clientId": ""}, "at least 1 character"),
    ],
)
def test_a_wrong_option_is_refused_with_its_cure(options: dict[str, Any], cure: str) -> None:
    """When the file is loaded, not when the broker answers."""
    with pytest.raises(ValidationError) as refused:
        realtime(**options)
    assert cure in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [{"topic": ["b", "c"]}, {"qos": 0}, {"serdeType": "STRING"}, {"retained": "all"}, {"sessionExpiry": "P2D"}, {"password": "x"}],
)
def test_triggers_of_one_broker_share_a_connection(options: dict[str, Any]) -> None:
    """What does not name another session does not change its name: an edit must not orphan the session at the broker."""
    assert realtime(**options).subscription("t1", SETTINGS) == realtime().subscription("t0", SETTINGS)


@pytest.mark.parametrize(
    "options", [{"server": "mqtt://other"}, {"clientId": "c"}, {"mqttVersion": "V3"}, {"username": "u"}, {"topic": "$share/g/a"}]
)
def test_another_session_has_another_name(options: dict[str, Any]) -> None:
    """Broker, client id, protocol, user and share group each make a connection of its own."""
    assert realtime(**options).subscription("t", SETTINGS) != realtime().subscription("t", SETTINGS)


def test_a_subscription_is_named_without_secrets() -> None:
    """Its name is in the store, in logs and on pages."""
    named = realtime(server="mqtts://u:geheim@broker", clientId="c").subscription("t", SETTINGS)
    assert named == "mqtt:u@broker:8883/V5/c"


def test_the_bus_is_one_subscription_beside_the_others() -> None:
    """All of its triggers share it; it is not the one of RealtimeTriggers, whose policies differ."""
    names = {EventTrigger(topic=topic).subscription("t", SETTINGS) for topic in ("a", "b")}
    assert names == {"mqtt:events/broker:1883/V5"}


def test_the_bus_keeps_no_history() -> None:
    """`from: earliest` would be a promise that MQTT cannot keep: refused when the file is loaded."""
    assert EventTrigger.model_validate({"topic": "a", "from": "latest"}).start == "latest"
    with pytest.raises(ValidationError):
        EventTrigger.model_validate({"topic": "a", "from": "earliest"})


def test_the_registry_finds_every_class() -> None:
    """Under Kestra's full names, too."""
    registry = Registry({"core.trigger.Event": "mqtt.EventTrigger"})
    assert registry.source("io.kestra.plugin.mqtt.RealtimeTrigger") is RealtimeTrigger
    assert registry.source("core.trigger.Event") is EventTrigger
    assert registry.task("io.kestra.plugin.mqtt.Publish") is Publish


@pytest.mark.parametrize("kind", PROVIDES)
def test_the_example_of_a_page_is_taken(kind: Any) -> None:
    """It parses as part of a flow, and the class has nothing against its options."""
    found = re.search(r"^Example:\n\n```yaml\n(.*?)^```$", inspect.getdoc(kind) or "", re.MULTILINE | re.DOTALL)
    assert found
    text = "id: example\nnamespace: company.team\ninputs: [{id: line, type: STRING, required: false}]\n" + found[1]
    if issubclass(kind, SourceOptions):
        text += "tasks: [{id: log, type: core.log.Log, message: hello}]\n"
    flow, _ = parse_flow(text, "example.yaml")
    for task in flow.by_id.values():
        if isinstance(task, RunnableTask) and task.type in kind.names:
            kind.model_validate(task.options)
    for trigger in flow.triggers:
        kind.model_validate(TriggerSpec.model_validate(trigger).settings)


@pytest.mark.parametrize(("topic", "place"), [("a/{{ x + y }}", 0), (["a", "{{ x + y }}/b"], 1)])
def test_a_complaint_about_a_topic_names_its_place(topic: Any, place: int) -> None:
    """As YAML has it: so the loader sees what only an expression will give, and complains of the rest with its line."""
    with pytest.raises(ValidationError) as refused:
        realtime(topic=topic)
    assert [error["loc"] for error in refused.value.errors()] == [("topic", place)]


@pytest.mark.parametrize("kind", PROVIDES)
def test_every_option_can_be_written_as_kestra_does(kind: Any) -> None:
    """camelCase, as the pages show it."""
    assert [option for option in kind.model_json_schema(by_alias=True)["properties"] if "_" in option] == []


def test_constructing_never_connects() -> None:
    """A trigger of a broker that is not there is made, named and described."""
    assert realtime(server="mqtt://nobody.invalid").subscription("t", {}) == "mqtt:nobody.invalid:1883/V5"


def test_the_bus_has_one_topic_or_several():
    """A trigger that waits for events of several topics names them all."""
    assert EventTrigger(topic="a").filters == ("a",)
    assert EventTrigger.model_validate({"topic": ["a", "b/+"]}).filters == ("a", "b/+")
