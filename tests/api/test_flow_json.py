"""Flows are shown as their texts say, whatever is in them."""

import pytest

from onbeat.api.flow_json import flow_json, task_json
from onbeat.ports import StoredFlow


def stored(source: str) -> StoredFlow:
    """A revision of a flow."""
    return StoredFlow(namespace="t", id="f", revision=3, source=source, hash="h", created=1_000_000, path=None)


def test_what_lists_lean_on_is_always_there() -> None:
    """Also of a text that says nothing."""
    assert flow_json(stored("id: f"), "f.yaml") == {
        "id": "f",
        "namespace": "t",
        "revision": 3,
        "updated": "1970-01-01T00:00:01.000000Z",
        "disabled": False,
        "draft": False,
        "deleted": False,
        "labels": [],
        "inputs": [],
        "triggers": [],
        "file": "f.yaml",
        "tasks": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        "tasks: [",
        "[1]",
        "",
        "- a",
        "tasks: x\nlabels: 1\ninputs: {a: 1}\ntriggers: [1]\n",
        "schedule: {value: x}\ntriggers: [{id: schedule}]",
    ],
)
def test_a_text_that_is_no_flow_is_shown(text: str) -> None:
    """It was one for an older release."""
    made = flow_json(stored(text), None, source=True)
    assert (made["id"], made["source"], made["inputs"]) == ("f", text, [])
    assert task_json(stored(text), "x") is None


def test_names_of_the_text_do_not_change_whose_it_is() -> None:
    """Neither the revision nor the id that is written there."""
    made = flow_json(stored("id: other\nnamespace: other\nrevision: 99\ndeleted: true\ndraft: true\nsource: x\n"), None)
    assert (made["id"], made["namespace"], made["revision"], made["deleted"], made["draft"]) == ("f", "t", 3, False, False)
    assert "source" not in made


def test_showing_a_flow_does_not_change_it() -> None:
    """What is read once is shown often."""
    text = "tasks: [{id: a, type: x}]\ninputs: [{name: n}]\ntaskDefaults: [{type: y}]\n"
    first = flow_json(stored(text), None)
    first["tasks"].append("spoilt")
    first["inputs"][0]["id"] = "spoilt"
    again = flow_json(stored(text), None)
    assert (again["tasks"], again["inputs"]) == ([{"id": "a", "type": "x"}], [{"id": "n", "required": True, "name": "n"}])
    assert again["pluginDefaults"] == [{"type": "y"}]


def test_large_texts_are_shown_too() -> None:
    """They are read each time."""
    text = f"description: {'x' * 100_000}\n"
    assert len(flow_json(stored(text), None)["description"]) == 100_000
