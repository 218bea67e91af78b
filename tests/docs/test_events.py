"""State events are what docs/ publishes of them: JSON Schema, AsyncAPI, CloudEvents.

A schema that nobody checks is a wish. So a node runs flows into every state that there is a way to, and what comes out is held to the
schema with everything closed that a reader must leave open, and read by the CloudEvents SDK, which knows nothing of us.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator, FormatChecker

from onbeat.core.projection import DATASCHEMA, LARGEST_OUTPUTS, state_event
from onbeat.core.states import EXECUTION, TERMINATED, State
from onbeat.engine import rerun
from onbeat.engine.node import Node
from onbeat.plugins.kafka.outgoing import binary_headers, to_json, without_outputs
from onbeat.plugins.mqtt.publish import cloud_event
from onbeat.ports import Record
from onbeat.stores.memory import MemoryStore
from tests.api.client import Client
from tests.docs.generate import DOCS
from tests.engine.harness import node_with

SCHEMA: dict[str, Any] = json.loads((DOCS / "events.schema.json").read_text())
ASYNCAPI: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
PAGE = (DOCS / "reference" / "events.md").read_text()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

FLOWS = {
    "good.yaml": """
id: good
namespace: t.u
labels: {team: blue}
tasks: [{id: a, type: core.debug.Return, format: x}]
outputs: [{id: text, type: STRING, value: "{{ outputs.a.value }}"}]
triggers: [{id: hook, type: core.trigger.Webhook, key: abc}]
""",
    "large.yaml": f"""
id: large
namespace: t
tasks: [{{id: a, type: core.debug.Return, format: {"x" * LARGEST_OUTPUTS}}}]
outputs: [{{id: text, type: STRING, value: "{{{{ outputs.a.value }}}}"}}]
""",
    "fails.yaml": """
id: fails
namespace: t
tasks: [{id: bad, type: core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}", errorMessage: too bad}]
""",
    "warns.yaml": "{id: warns, namespace: t, tasks: [{id: bad, type: core.execution.Fail, allowFailure: true}]}",
    "parent.yaml": "{id: parent, namespace: t, tasks: [{id: call, type: core.flow.Subflow, namespace: t.u, flowId: good}]}",
    "waits.yaml": "{id: waits, namespace: t, concurrency: {limit: 1}, tasks: [{id: wait, type: core.flow.Pause}]}",
    "single.yaml": """
id: single
namespace: t
concurrency: {limit: 1, behavior: CANCEL}
tasks: [{id: wait, type: core.flow.Pause}]
""",
    "reacts.yaml": """
id: reacts
namespace: t
tasks: [{id: a, type: core.debug.Return, format: x}]
triggers: [{id: on, type: core.trigger.Event, topic: things}]
""",
}


def closed(schema: Any) -> Any:
    """The schema with every open object closed: a field that it does not name is a mistake of ours."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {name: closed(part) for name, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        shut["additionalProperties"] = False
    return shut


CHECK = Draft202012Validator(closed(SCHEMA), format_checker=FormatChecker())


async def live(node: Node) -> None:
    """Bring executions into every state that there is a way to."""
    call = Client(node)
    hooked = await call("POST", "/api/v1/main/executions/webhook/t.u/good/abc", {}, token=None, traceparent=TRACE)
    await node.engine.ended(hooked.json["id"])
    for name in ("large", "warns", "parent"):
        await node.engine.ended((await node.start("t", name)).id)
    failed = await node.engine.ended((await node.start("t", "fails")).id)
    await rerun.restart(node, failed.id)
    await node.engine.ended(failed.id)
    published = await node.publish("things", {"a": 1})
    await node.engine.ended((published.executions or ())[0])
    first, second = await node.start("t", "waits"), await node.start("t", "waits")
    await reach(node, first.id, State.PAUSED)
    await node.resume(first.id)
    await reach(node, second.id, State.PAUSED)
    await node.kill(second.id)
    await node.engine.ended(second.id)
    only = await node.start("t", "single")
    await reach(node, only.id, State.PAUSED)
    await node.engine.ended((await node.start("t", "single")).id)
    await node.kill(only.id)
    await node.engine.ended(only.id)


async def reach(node: Node, execution: str, state: State) -> None:
    """Returns when the execution is in that state."""
    while True:
        end = await node.store.journal_end()
        if (await node.engine.load(execution)).state is state:
            return
        await node.store.wait_journal(end)


async def events_of(node: Node) -> list[dict[str, Any]]:
    """All state events there are, as a sink gets them."""
    rows = await node.store.journal(0, 10_000)
    events = [state_event(row.head, row.change) for row in rows]
    return [json.loads(orjson.dumps(event)) for event in events if event is not None]


@pytest.fixture
async def node(tmp_path: Path) -> Any:
    """A node with those flows."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        yield node


# ---- the schema --------------------------------------------------------------------------------------------------------


def test_the_schema_is_one() -> None:
    """JSON Schema 2020-12, and it is the one that events name."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == SCHEMA["properties"]["dataschema"]["const"] == DATASCHEMA
    assert f"{LARGEST_OUTPUTS:,} bytes" in SCHEMA["$defs"]["data"]["properties"]["outputs"]["description"]
    assert f"{LARGEST_OUTPUTS:,} bytes" in PAGE


def test_the_schema_names_exactly_the_states_there_are() -> None:
    """A state that is added must be published."""
    assert set(SCHEMA["$defs"]["state"]["enum"]) == {state.value for state in EXECUTION}
    assert set(SCHEMA["$defs"]["ended"]["enum"]) == {state.value for state in EXECUTION if state in TERMINATED}
    assert SCHEMA["properties"]["type"]["enum"] == [f"io.onbeat.execution.{name.lower()}" for name in SCHEMA["$defs"]["state"]["enum"]]


async def test_events_of_a_real_run_are_what_the_schema_says(node: Node) -> None:
    """Each is valid with everything closed; together they show every field that the schema has."""
    await live(node)
    events = await events_of(node)
    assert [(event["id"], error.message) for event in events for error in CHECK.iter_errors(event)] == []
    assert {name for event in events for name in event} == SCHEMA["properties"].keys()
    assert {name for event in events for name in event["data"]} == SCHEMA["$defs"]["data"]["properties"].keys()
    seen = {event["data"]["state"] for event in events}
    assert seen >= {"CREATED", "QUEUED", "RUNNING", "PAUSED", "RESTARTED", "KILLING", "SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"}
    assert all(event["type"] == f"io.onbeat.execution.{event['data']['state'].lower()}" for event in events)
    assert all(event["time"] == event["data"]["at"] for event in events)


async def test_what_kafka_shortens_is_what_the_schema_says(node: Node) -> None:
    """An event that goes without its outputs is valid, too."""
    await live(node)
    short = [json.loads(body) for event in await events_of(node) if (body := without_outputs(orjson.dumps(event))) is not None]
    assert short
    assert [error.message for event in short for error in CHECK.iter_errors(event)] == []


SPOILS: dict[str, Any] = {
    "a first event with a state before it": lambda event: event["data"].update(state="CREATED"),
    "a later event without the state before it": lambda event: event["data"].update(before=None),
    "an end without its duration": lambda event: event["data"].pop("durationMs"),
    "outputs before the end": lambda event: event["data"].update(state="RUNNING"),
    "a state that there is not": lambda event: event["data"].update(state="DONE"),
    "a type that there is not": lambda event: event.update(type="io.onbeat.execution.done"),
    "an id that is not execution and sequence": lambda event: event.update(id="7"),
    "a sequence that is a number": lambda event: event.update(sequence=3),
    "a time without its zone": lambda event: event.update(time="2026-11-21T13:45:40"),
    "labels that are not text": lambda event: event["data"].update(labels={"a": 1}),
    "no data": lambda event: event.pop("data"),
    "outputs that are left out and there": lambda event: event["data"].update(truncated=True),
    "a field that nobody knows": lambda event: event["data"].update(extra=1),
    "an attribute that nobody knows": lambda event: event.update(extra="1"),
}


def example() -> dict[str, Any]:
    """The event on the page."""
    found: dict[str, Any] = json.loads(PAGE.split("```json\n")[1].split("```")[0])
    return found


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_the_schema_refuses(spoil: Any) -> None:
    """A schema that takes everything proves nothing."""
    event = copy.deepcopy(example())
    CHECK.validate(event)
    spoil(event)
    assert not CHECK.is_valid(event)


def test_a_reader_may_leave_alone_what_it_does_not_know() -> None:
    """The published schema is open: a field that is added within a version breaks nobody."""
    event = example()
    event["data"]["added"] = event["added"] = "later"
    Draft202012Validator(SCHEMA).validate(event)


def test_the_page_names_every_attribute_and_field() -> None:
    """What is in the schema is on the page."""
    known = {"specversion", "source", "time", "datacontenttype", "dataschema", "data"}
    names = (SCHEMA["properties"].keys() - known) | SCHEMA["$defs"]["data"]["properties"].keys()
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []


# ---- CloudEvents -------------------------------------------------------------------------------------------------------


async def test_the_cloudevents_sdk_reads_every_state_event(node: Node) -> None:
    """An independent reader finds a CloudEvent 1.0 with our attributes and our data."""
    await live(node)
    events = await events_of(node)
    for event in events:
        read = JSONFormat().read(CloudEvent, orjson.dumps(event))
        assert (read.get_id(), read.get_source(), read.get_type()) == (event["id"], "onbeat", event["type"])
        assert read.get_subject() == event["subject"]
        assert read.get_dataschema() == DATASCHEMA
        moment = read.get_time()
        assert moment is not None
        assert moment.utcoffset() is not None
        assert read.get_extension("sequence") == event["sequence"]
        assert read.get_extension("onbeathops") == event["onbeathops"]
        assert read.get_data() == event["data"]
    assert any(event.get("traceparent") == TRACE for event in events)


RECORD = Record(
    topic="orders", id="o-7", data={"id": 7}, time=1_767_225_600_000_000, key="7", headers={"x-team": "blue"}, hops=1,
    correlation_id="c", causation_id="d", traceparent=TRACE,
)  # fmt: skip


def test_the_cloudevents_sdk_reads_events_of_users_as_kafka_has_them() -> None:
    """In binary form: attributes as headers, the data as the value."""
    message = KafkaMessage(headers=dict(binary_headers(RECORD)), key=b"7", value=to_json(RECORD.data))
    read = from_binary(message, JSONFormat(), CloudEvent)
    assert (read.get_id(), read.get_source(), read.get_type()) == ("o-7", "onbeat", "io.onbeat.event")
    assert read.get_data() == {"id": 7}
    assert read.get_extension("correlationid") == "c"


def test_the_cloudevents_sdk_reads_events_of_users_as_mqtt_has_them() -> None:
    """In structured form."""
    read = JSONFormat().read(CloudEvent, json.dumps(cloud_event(RECORD)))
    assert (read.get_id(), read.get_source(), read.get_type()) == ("o-7", "onbeat", "io.onbeat.event")
    assert read.get_extension("partitionkey") == "7"
    assert read.get_data() == {"id": 7}


# ---- AsyncAPI ----------------------------------------------------------------------------------------------------------

REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}, "additionalProperties": False}
SHAPE = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "defaultContentType": {"type": "string"},
        "info": {"type": "object", "required": ["title", "version"]},
        "servers": {"additionalProperties": {"required": ["host", "protocol"], "properties": {"protocol": {"enum": ["kafka", "mqtt"]}}}},
        "channels": {
            "minProperties": 1,
            "additionalProperties": {
                "required": ["address", "messages"],
                "properties": {
                    "address": {"type": "string"},
                    "messages": {"minProperties": 1, "additionalProperties": REFERENCE},
                    "parameters": {"type": "object"},
                },
            },
        },
        "operations": {
            "minProperties": 1,
            "additionalProperties": {
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "messages": {"type": "array", "minItems": 1, "items": REFERENCE},
                },
            },
        },
        "components": {
            "required": ["messages", "schemas"],
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "required": ["contentType", "payload"],
                        "properties": {
                            "contentType": {"const": "application/cloudevents+json"},
                            "payload": {
                                "type": "object",
                                "required": ["schemaFormat", "schema"],
                                "properties": {
                                    "schemaFormat": {"const": "application/schema+json;version=draft-2020-12"},
                                    "schema": REFERENCE,
                                },
                                "additionalProperties": False,
                            },
                        },
                    }
                }
            },
        },
    },
}


def references(part: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def resolved(reference: str) -> Any:
    """What a reference in asyncapi.yaml leads to. Raises KeyError, FileNotFoundError."""
    if not reference.startswith("#/"):
        return json.loads((DOCS / reference).read_text())
    at: Any = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        at = at[part]
    return at


def test_the_asyncapi_document_has_the_shape_of_one() -> None:
    """AsyncAPI 3.0: channels with messages, operations on channels, payloads that say their format."""
    Draft202012Validator(SHAPE).validate(ASYNCAPI)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """An operation's messages are those of its channel, as AsyncAPI 3 asks."""
    found = list(references(ASYNCAPI))
    assert found
    assert all(isinstance(resolved(reference), dict) for reference in found)
    for operation in ASYNCAPI["operations"].values():
        assert all(message["$ref"].startswith(f"{operation['channel']['$ref']}/messages/") for message in operation["messages"])


def test_parameters_are_those_in_the_address() -> None:
    """`{topic}` is described."""
    for channel in ASYNCAPI["channels"].values():
        named = {part.partition("}")[0] for part in channel["address"].split("{")[1:]}
        assert named == set(channel.get("parameters", {}))


def test_the_payload_of_state_events_is_the_same_file() -> None:
    """There is one schema, not two that drift apart; and the topic is the one that they are on."""
    assert resolved(ASYNCAPI["components"]["messages"]["executionState"]["payload"]["schema"]["$ref"]) == SCHEMA
    assert ASYNCAPI["channels"]["executions"]["address"] == "onbeat.executions"


async def test_events_of_users_are_what_the_asyncapi_document_says(node: Node) -> None:
    """As the embedded bus shows them and as MQTT carries them."""
    schema = ASYNCAPI["components"]["schemas"]["event"]
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(closed(schema), format_checker=FormatChecker())
    await node.publish("things", {"a": 1}, key="k")
    async with Client(node).stream("/api/v1/main/events/things/tail?from=earliest") as frames:
        _, _, event = await anext(frames)
    assert event["data"] == {"a": 1}
    check.validate(event)
    check.validate(cloud_event(RECORD))
    assert {*event, *cloud_event(RECORD)} == schema["properties"].keys()
    assert not check.is_valid({**event, "id": ""})
