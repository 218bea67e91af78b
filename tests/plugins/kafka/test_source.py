"""The triggers' YAML: what it accepts, and who shares a consumer with whom."""

import re

import pytest
import yaml
from pydantic import ValidationError

from onbeat.plugins.kafka import PROVIDES, EventTrigger, RealtimeTrigger
from onbeat.plugins.kafka.position import EARLIEST, LATEST, Wish

SETTINGS = {"kafka_bootstrap_servers": "broker:9092", "kafka_group": "mine"}


@pytest.mark.parametrize("kind", PROVIDES)
def test_the_example_in_each_docstring_is_valid(kind):
    """A page whose example is refused is worse than none."""
    (example,) = re.findall(r"```yaml\n(.*?)```", kind.__doc__, re.DOTALL)
    content = yaml.safe_load(example)
    assert content.pop("type") in kind.names
    known = {name for field, info in kind.model_fields.items() for name in (field, info.alias)}
    assert kind.model_validate({name: value for name, value in content.items() if name in known})
    assert set(content) - known <= {"id", "when"}


def test_kestra_s_trigger_is_read_as_it_is():
    """A flow from Kestra, with a list of topics, Java properties and serde settings."""
    trigger = RealtimeTrigger.model_validate(
        {
            "topic": ["a", "b"],
            "groupId": "kestraConsumer",
            "properties": {"bootstrap.servers": "localhost:9092", "auto.offset.reset": "earliest", "session.timeout.ms": 6000},
            "serdeProperties": {"schema.registry.url": "http://x"},
            "keyDeserializer": "STRING",
            "valueDeserializer": "json",
            "onSerdeError": {"type": "SKIPPED"},
        }
    )
    assert trigger.topics == ("a", "b")
    assert trigger.value_deserializer == "JSON"
    assert trigger.wish == Wish(EARLIEST)
    assert trigger.group("t", {}) == "kestraConsumer"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name a `topic`"),
        ({"topic": "with space"}, "is not a Kafka topic"),
        ({"topic": "t", "valueDeserializer": "AVRO"}, "AVRO is not offered; use BINARY"),
        ({"topic": "t", "valueDeserializer": "YAML"}, "'YAML' is not known; use one of STRING, JSON"),
        ({"topic": "t", "groupType": "SHARE"}, "CONSUMER"),
        ({"topicPattern": "("}, "is not a regular expression"),
        ({"topic": "t", "from": "yesterday"}, "latest"),
        ({"topic": "t", "since": "2026-01-01T00:00:00"}, "timezone"),
        ({"topic": "t", "topci": "u"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_refused_when_the_flow_is_read(options, message):
    """With the cure where there is one."""
    with pytest.raises(ValidationError, match=message):
        RealtimeTrigger.model_validate(options)


def name(trigger: str = "t", settings: object = SETTINGS, **options: object) -> str:
    """The subscription of a trigger."""
    return RealtimeTrigger.model_validate({"topic": "a", **options}).subscription(trigger, settings)


def test_one_group_is_one_consumer_whatever_the_topics():
    """Two members of a group with different topics take the shared ones from each other."""
    assert name("t0") == name("t1", topic="b") == EventTrigger(topic="c").subscription("t2", SETTINGS) == "kafka:broker:9092/mine"
    assert name("t0", groupId="x") == name("t1", groupId="x", topicPattern=".*")


def test_another_group_broker_or_user_is_another_consumer():
    """None of them can share a connection."""
    jaas = 'x username="{}" password="p";'
    names = {
        name(),
        name(groupId="x"),
        name(brokers="other:1"),
        name(properties={"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": jaas.format("a")}),
        name(properties={"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": jaas.format("b")}),
    }
    assert len(names) == 5


def test_who_wants_the_past_and_names_no_group_gets_one_of_its_own():
    """A group has one position: the past for one would be the past for all. A named group is taken as it is."""
    past = {"from": "earliest"}
    assert name("t0", **past) != name("t1", **past) != name("t1")
    assert name("t0", **past).endswith("/mine.t0")
    assert name("t0", groupId="x", **past) == name("t1", groupId="x")


def test_from_wins_over_the_property():
    """Ours is said on purpose."""
    assert RealtimeTrigger.model_validate({"topic": "a", "from": LATEST, "properties": {"auto.offset.reset": "earliest"}}).wish == Wish()


def test_since_is_milliseconds_for_the_broker():
    """As Kafka's timestamps are."""
    assert RealtimeTrigger.model_validate({"topic": "a", "since": "1970-01-01T01:00:05+01:00"}).wish == Wish(LATEST, 5000)


def test_a_pattern_must_match_the_whole_name():
    """As Java's does."""
    trigger = RealtimeTrigger.model_validate({"topicPattern": "a[0-9]"})
    assert trigger.reads("a1")
    assert not trigger.reads("a10")
    assert not trigger.reads("ba1")


def test_the_bus_has_one_topic_or_several():
    """A trigger that waits for events of several topics names them all."""
    assert EventTrigger(topic="a").topics == ("a",)
    assert EventTrigger.model_validate({"topic": ["a", "b"]}).topics == ("a", "b")
