"""Texts are looked at before they are saved."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/flows/validate"
YAML = {"content_type": "application/x-yaml"}
GOOD = "id: a\nnamespace: t\ntasks: [{id: x, type: core.debug.Return}]\n"


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client whose answers are held to their shapes."""
    async with api(tmp_path) as made:
        yield Shaped(made.node)


async def test_every_flow_of_a_text_is_told_of(call: Client) -> None:
    """By its index, with all that is wrong; nothing is saved."""
    before = call.node.catalog.names()
    wrong = "id: b\nnamespace: t\ntaks: []\ntasks: [{id: x, type: core.log.Log, mesage: y}]\n"
    tasks = "[{id: x, type: core.log.Log, message: '{{ a b }}'}, {id: y, type: core.flow.Subflow, namespace: t, flowId: hello}]"
    odd = f"id: c\nnamespace: t\ntasks: {tasks}\n"
    found = (await call("POST", BASE, f"{GOOD}---\n{wrong}---\n{odd}---\nid: [".encode(), **YAML)).json
    assert [each["index"] for each in found] == [0, 1, 2, 3]
    assert [each.get("flow") for each in found] == ["a", "b", "c", None]
    assert ["constraints" in each for each in found] == [False, True, False, True]
    assert found[1]["constraints"].splitlines()[0] == "3:1: unknown key `taks`; did you mean `tasks`?"
    assert "unknown key `mesage`; did you mean `message`?" in found[1]["constraints"]
    assert found[2]["warnings"][0].startswith("3:")
    assert found[2]["infos"] == ["task `y` starts flow t.hello"]
    assert call.node.catalog.names() == before
    (empty,) = (await call("POST", BASE, b"", **YAML)).json
    assert "constraints" in empty


async def test_an_older_revision_is_outdated(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is told to who may see the flow."""
    old = f"revision: 0\n{GOOD.replace('id: a', 'id: sleep')}".encode()
    (found,) = (await call("POST", BASE, old, **YAML)).json
    assert (found["outdated"], "constraints" in found) == (True, False)
    await as_caller(call, monkeypatch, Grant(Role.VIEWER, "other"))
    (found,) = (await call("POST", BASE, old, **YAML)).json
    assert found["outdated"] is False


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/task", {"id": "x", "type": "core.log.Log", "message": "y"}, None),
        ("/task?section=TASKS", {"id": "x", "type": "core.log.Log", "mesage": "y"}, "did you mean `message`"),
        ("/task?section=TRIGGERS", {"id": "x", "type": "core.trigger.Schedule", "cron": "0 9 * * *"}, None),
        ("/task?section=TRIGGERS", {"id": "x", "type": "core.trigger.Schedule", "cron": "x"}, "cron"),
        ("/trigger", {"id": "x", "type": "core.trigger.Nothing"}, "there is no trigger type"),
        ("/trigger", b"id: x\ntype: core.trigger.Webhook\nkey: abc\n", None),
        ("/task", b"id: [", "close the list"),
        ("/task", [], "a task is a map"),
        ("/trigger", b'{"id": "x", "type": "core.trigger.Webhook", "key": 1000000000000000000000000000000}', "key"),
    ],
)
async def test_a_part_is_told_of(call: Client, path: str, body: Any, words: str | None) -> None:
    """A task or a trigger alone."""
    found = (await call("POST", f"{BASE}{path}", body, content_type="application/json")).json
    assert (found.get("constraints") is None) is (words is None), found
    assert words is None or words in found["constraints"]


async def test_a_section_is_one(call: Client) -> None:
    """Of two."""
    assert (await call("POST", f"{BASE}/task?section=FLOWS", {})).status == 400


async def test_what_expressions_can_name(call: Client) -> None:
    """But for what a task itself will give."""
    text = """
id: a
namespace: t
labels: {team: x, a.b: y}
inputs: [{id: n, type: INT}, {id: my-n, type: STRING}]
variables: {v: 1}
tasks: [{id: x, type: core.debug.Return}, {id: y, type: core.debug.Return}]
"""
    path = f"{BASE.removesuffix('validate')}expressions"
    found = (await call("POST", f"{path}?taskId=y", text.encode(), **YAML)).json
    assert [each["expression"].strip("{ }") for each in found] == [
        "inputs.n", "inputs['my-n']", "vars.v", "labels.team", "labels['a.b']", "outputs.x"
    ]  # fmt: skip
    assert (await call("POST", f"{path}?taskId=z", text.encode(), **YAML)).status == 400
    assert (await call("POST", path, b"id: [", **YAML)).status == 422
    assert (await call("POST", path, b"", **YAML)).status == 400
