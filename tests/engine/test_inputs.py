"""Inputs of a start: defaults may be expressions over the inputs so far and the flow."""

from pathlib import Path

import pytest

from onbeat.core.inputs import InputError, resolve
from onbeat.core.parse import parse_flow
from onbeat.engine.inputs import Given, Upload, renderer
from onbeat.engine.storage import LocalStorage

FLOW = """
id: f
namespace: t
variables: {greeting: Hello}
inputs:
  - {id: name, type: STRING}
  - {id: text, type: STRING, defaults: "{{ vars.greeting }}, {{ inputs.name }} of {{ flow.id }}"}
tasks: [{id: a, type: core.debug.Return, format: x}]
"""


def test_defaults_are_rendered_and_given_values_are_not() -> None:
    """A value that looks like an expression is data."""
    flow, _ = parse_flow(FLOW, "f.yaml")
    assert resolve(flow.inputs, {"name": "{{ 1 + 1 }}"}, renderer(flow))["text"] == "Hello, {{ 1 + 1 }} of f"
    with pytest.raises(InputError, match="name"):
        resolve(flow.inputs, {}, renderer(flow))


FILES = """
id: f
namespace: t
inputs:
  - {id: file, type: FILE, extension: csv}
  - {id: json, type: JSON, required: false}
tasks: [{id: a, type: core.debug.Return, format: x}]
"""


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (None, "file.csv"),
        ("", "file.csv"),
        ("report.txt", "report.txt"),
        ("my report (1).txt", "my_report__1_.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a.txt", "a.txt"),
        ("..", "file"),
        ("x" * 300 + ".txt", "x" * 96 + ".txt"),
    ],
)
async def test_a_file_is_called_what_its_sender_called_it(tmp_path: Path, name: str | None, kept: str) -> None:
    """Rule 3: as far as an address can have it, and never elsewhere."""
    flow, _ = parse_flow(FILES, "f.yaml")
    (tmp_path / "sent").write_text("content")
    given = Given(flow.inputs, {}, {"file": Upload(tmp_path / "sent", name)}, "t/f/executions/e/inputs")
    address = str((await given.resolve(flow))["file"])
    assert address == f"kestra:///t/f/executions/e/inputs/file/{kept}"
    storage = LocalStorage(tmp_path / "storage")
    assert await storage.files("t") == []
    await given.keep_files(storage)
    assert await storage.get(address) == b"content"


async def test_a_file_for_another_type_is_its_text(tmp_path: Path) -> None:
    """Rule 2: bounded, and UTF-8."""
    flow, _ = parse_flow(FILES, "f.yaml")
    sent = tmp_path / "sent"
    for content, said in ((b"\xff", "not UTF-8"), (b"1" * 2_000_000, "more than 1,048,576 bytes")):
        sent.write_bytes(content)
        with pytest.raises(InputError, match=said):
            await Given(flow.inputs, {"file": "kestra:///x"}, {"json": Upload(sent)}, "w").resolve(flow)
    sent.write_bytes(b"[1]")
    assert (await Given(flow.inputs, {"file": "kestra:///x"}, {"json": Upload(sent)}, "w").resolve(flow))["json"] == [1]
