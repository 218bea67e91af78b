"""The schemas: what an editor knows of flows and triggers."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from onbeat.cli.init import examples
from onbeat.core import yaml12
from onbeat.core.plan import FLOWABLES
from onbeat.engine.schema import document
from onbeat.engine.schema_models import referred
from onbeat.registry import Registry

FLOW = document("flow")
TRIGGER = document("trigger")
FLOWS = jsonschema_rs.validator_for(FLOW)
TRIGGERS = jsonschema_rs.validator_for(TRIGGER)
FILES = [path for path in sorted(examples("flows").rglob("*.yaml")) if not path.name.endswith(".test.yaml")]


def read(path: Path) -> Any:
    """A file's data."""
    return yaml12.parse(path.read_text(), str(path)).data


def flow(**task: Any) -> dict[str, Any]:
    """A flow of one task."""
    return {"id": "f", "namespace": "n", "tasks": [{"id": "a", **task}]}


@pytest.mark.parametrize("schema", [FLOW, TRIGGER], ids=["flow", "trigger"])
def test_it_is_a_schema_of_the_present_draft(schema: dict[str, Any]):
    """And whole: nothing refers to what is not there."""
    assert jsonschema_rs.meta.is_valid(schema)
    assert {*referred(schema)} == {*schema["$defs"]}


@pytest.mark.parametrize("schema", [FLOW, TRIGGER], ids=["flow", "trigger"])
def test_every_key_says_what_it_is(schema: dict[str, Any]):
    """An editor shows it while it is written, the UI beside it; links of the reference pages lead nowhere there."""

    def said(key: dict[str, Any]) -> str:
        return key.get("description") or ("$ref" in key and said(schema["$defs"][key["$ref"].rpartition("/")[2]])) or ""

    keys = {f"{name}.{key}": said(each) for name, made in schema["$defs"].items() for key, each in made.get("properties", {}).items()}
    assert [key for key, text in keys.items() if not text and not key.endswith(".type")] == []
    assert [key for key, text in keys.items() if "](" in text] == []


def test_a_construct_says_what_it_does_to_who_writes_flows_with_an_example():
    """Not what its module says to who works on it."""
    made = FLOW["$defs"]["core.flow.If"]
    assert made["description"].startswith("Runs one of two branches.")
    assert made["examples"][0]["condition"] == "{{ trigger.data.total >= 100 }}"
    assert FLOW["$defs"]["task.retry"]["description"] == "Try again when it fails; see retry."


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_is_taken(path: Path):
    """Rule 1."""
    assert not [error.message for error in FLOWS.iter_errors(read(path))]


@pytest.mark.parametrize("path", sorted(examples("triggers").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_trigger_is_taken(path: Path):
    """Rule 1; a trigger alone says what it starts."""
    data = read(path)
    assert TRIGGERS.is_valid(data)
    assert not TRIGGERS.is_valid({key: value for key, value in data.items() if key not in ("flow", "flows")})


def misspelt(data: Any) -> Iterator[Any]:
    """The flow again and again, each time with one key of a task or of the flow misspelt."""

    def maps(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, dict) and (not path or ("type" in value and "id" in value and "." in str(value["type"]))):
            yield path
        for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
            yield from maps(item, (*path, key))

    for path in maps(data, ()):
        changed = copy.deepcopy(data)
        at = changed
        for part in path:
            at = at[part]
        for key in list(at):
            at[f"{key}x"] = at.pop(key)
            yield changed
            at[key] = at.pop(f"{key}x")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_misspelt_key_is_refused(path: Path):
    """Rule 1: at any depth, of flows, tasks and triggers."""
    assert not [each for each in misspelt(read(path)) if FLOWS.is_valid(each)]


@pytest.mark.parametrize("type_", ["core.log.Log", "io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log"])
def test_a_type_has_all_its_names(type_: str):
    """Rule 2: and the keys follow from it."""
    assert FLOWS.is_valid(flow(type=type_, message="hi"))
    assert not FLOWS.is_valid(flow(type=type_, mesage="hi"))
    assert not FLOWS.is_valid(flow(type=type_ + "g", message="hi"))


def test_every_type_is_known():
    """Each with a sentence, and those of tasks with an example that is of that type."""
    tasks, sources = Registry().names()
    known = set(FLOW["$defs"])
    assert {*tasks, *sources, *FLOWABLES} <= known
    told = {name: FLOW["$defs"][name] for name in tasks}
    assert not [name for name, each in told.items() if not each.get("description")]
    shown = [example for each in told.values() for example in each.get("examples", ())]
    assert not [example for example in shown if not FLOWS.is_valid(flow(**example))]
    assert sum("examples" in each for each in told.values()) > len(tasks) // 2


@pytest.mark.parametrize(
    ("task", "right"),
    [
        ({"type": "core.http.Request", "uri": "x", "options": {"followRedirects": False}}, True),
        ({"type": "core.http.Request", "uri": "x", "options": {"followRedirects": "{{ inputs.f }}"}}, True),
        ({"type": "core.http.Request", "uri": "x", "options": {"followRedirects": 3}}, False),
        ({"type": "core.http.Request", "uri": "x", "options": {"folowRedirects": True}}, False),
        ({"type": "core.http.Request", "uri": "x", "options": "{{ vars.options }}"}, True),
        ({"type": "core.http.Request"}, False),
        ({"type": "core.log.Log", "message": "x", "level": "LOUD"}, False),
        ({"type": "core.log.Log", "message": "x", "level": "warn"}, True),
        ({"type": "core.log.Log", "message": "x", "disabled": "{{ true }}"}, False),
        ({"type": "core.log.Log", "message": "x", "retry": {"type": "constant", "interval": "PT1S", "maxAttempt": 3}}, True),
        ({"type": "core.log.Log", "message": "x", "retry": {"type": "never"}}, False),
        ({"type": "core.log.Log", "message": "x", "runIf": "{{ true }}"}, True),
        ({"type": "core.flow.ForEach", "value": [1], "tasks": [{"id": "b", "type": "core.log.Log", "message": "x"}]}, True),
        ({"type": "core.flow.ForEach", "tasks": [{"id": "b", "type": "core.log.Log", "message": "x"}]}, False),
        ({"type": "core.flow.Switch", "value": "v", "cases": {"a": [{"id": "b", "type": "core.log.Log", "mesage": "x"}]}}, False),
        ({"type": "core.flow.Dag", "tasks": [{"task": {"id": "b", "type": "core.log.Log"}}]}, False),
        ({"type": "core.flow.Pause", "onResume": [{"id": "i", "type": "STRNG"}]}, False),
        ({"type": "core.flow.Pause", "onResume": [{"id": "i", "type": "SELECT", "values": ["a", 1, {"value": "b"}]}]}, True),
    ],
)  # fmt: skip
def test_values_are_what_the_models_say(task: dict[str, Any], right: bool):
    """Options may be expressions, at any depth; a flow's own properties may not; what is inside of constructs is seen."""
    assert FLOWS.is_valid(flow(**task)) is right


def test_defaults_may_give_what_is_required():
    """Rule 3: at any depth; a misspelt key stays one."""
    inside = {"type": "core.flow.Dag", "tasks": [{"task": {"id": "b", "type": "core.log.Log"}}]}
    given = {"pluginDefaults": [{"type": "core.log.Log", "values": {"message": "x"}}]}
    assert not FLOWS.is_valid(flow(**inside))
    assert FLOWS.is_valid({**flow(**inside), **given})
    assert not FLOWS.is_valid({**flow(type="core.log.Log", mesage="x"), **given})


@pytest.mark.parametrize(
    ("trigger", "right"),
    [
        ({"type": "core.trigger.Event", "topic": "x"}, True),
        ({"type": "core.trigger.Event", "topik": "x"}, False),
        ({"type": "core.trigger.Event"}, False),
        ({"type": "io.kestra.plugin.core.trigger.Schedule", "cron": "* * * * *"}, True),
        ({"type": "core.trigger.Schedule", "cron": "* * * * *", "conditions": [{"type": "core.condition.Weekend"}]}, True),
        ({"type": "core.trigger.Schedule", "cron": "* * * * *", "conditions": [{"type": "core.condition.Weekendd"}]}, False),
        ({"type": "core.trigger.Schedule", "cron": "* * * * *", "conditions": [{"type": "core.condition.Weekend", "dat": 1}]}, False),
    ],
)
def test_triggers_of_flows_are_known(trigger: dict[str, Any], right: bool):
    """Their source's settings and their conditions."""
    assert FLOWS.is_valid({**flow(type="core.log.Log", message="x"), "triggers": [{"id": "t", **trigger}]}) is right
