"""Inputs of a start: defaults may be expressions over the inputs so far and the flow."""

from pathlib import Path

import pytest

from onbeat.core.expressions import ExpressionError
from onbeat.core.inputs import InputError, resolve
from onbeat.core.parse import parse_flow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.inputs import Given, Upload, renderer
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    return Evaluator(ManualClock(), Payloads(LocalStorage(tmp_path / "storage")), lambda bits: 0, {})


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
async def test_a_file_is_called_what_its_sender_called_it(tmp_path: Path, evaluator: Evaluator, name: str | None, kept: str) -> None:
    """Rule 3: as far as an address can have it, and never elsewhere."""
    flow, _ = parse_flow(FILES, "f.yaml")
    (tmp_path / "sent").write_text("content")
    given = Given(flow.inputs, {}, {"file": Upload(tmp_path / "sent", name)}, "t/f/executions/e/inputs")
    address = str((await given.resolve(flow, evaluator))["file"])
    assert address == f"kestra:///t/f/executions/e/inputs/file/{kept}"
    storage = LocalStorage(tmp_path / "storage")
    assert await storage.files("t") == []
    await given.keep_files(storage)
    assert await storage.get(address) == b"content"


async def test_a_file_for_another_type_is_its_text(tmp_path: Path, evaluator: Evaluator) -> None:
    """Rule 2: bounded, and UTF-8."""
    flow, _ = parse_flow(FILES, "f.yaml")
    sent = tmp_path / "sent"
    for content, said in ((b"\xff", "not UTF-8"), (b"1" * 2_000_000, "more than 1,048,576 bytes")):
        sent.write_bytes(content)
        with pytest.raises(InputError, match=said):
            await Given(flow.inputs, {"file": "kestra:///x"}, {"json": Upload(sent)}, "w").resolve(flow, evaluator)
    sent.write_bytes(b"[1]")
    assert (await Given(flow.inputs, {"file": "kestra:///x"}, {"json": Upload(sent)}, "w").resolve(flow, evaluator))["json"] == [1]


OUTSIDE = {
    "f.yaml": """
id: f
namespace: t
inputs:
  - {id: city, type: SELECT, expression: "{{ kv('cities') }}", defaults: "{{ kv('cities')[0] }}"}
  - {id: query, type: STRING, defaults: "{{ read('q.sql') }}"}
  - {id: year, type: INT, defaults: "{{ now() | date('yyyy') }}"}
tasks: [{id: a, type: core.debug.Return, format: "{{ inputs.city }} {{ inputs.query }}"}]
""",
    "p.yaml": """
id: p
namespace: t
tasks: [{id: sub, type: core.flow.Subflow, namespace: t, flowId: f, inputs: {city: Rome}}]
""",
    "s.yaml": """
id: s
namespace: t
inputs: [{id: x, type: STRING, defaults: "{{ secret('X') }}"}]
tasks: [{id: a, type: core.debug.Return, format: x}]
""",
}


async def test_defaults_and_choices_may_come_from_outside(tmp_path: Path) -> None:
    """Values and files of the namespace, and the time: for a start, a look before it, and a subflow. Secrets may not: inputs are kept."""
    async with node_with(MemoryStore(), OUTSIDE, tmp_path, sources=False) as node:
        with pytest.raises(ExpressionError, match="no value `cities`"):
            await node.start("t", "f")
        await node.values.put("t", "cities", ["Oslo", "Rome"])
        await node.files.write("t", "q.sql", b"select 1")
        inputs = (await node.start("t", "f")).head.inputs
        assert (inputs["city"], inputs["query"]) == ("Oslo", "select 1")
        assert inputs["year"] > 2_000
        with pytest.raises(InputError, match="Oslo, Rome"):
            await node.start("t", "f", {"city": "Bonn"})
        examined, _ = await node.examine(await node.find_flow("t", "f"), {"city": "Rome"}, {})
        assert [each.value for each in examined][:2] == ["Rome", "select 1"]
        parent = await node.engine.ended((await node.start("t", "p")).id)
        assert parent.runs[1].child is not None
        assert (await node.engine.load(parent.runs[1].child)).head.inputs["city"] == "Rome"
        with pytest.raises(ExpressionError, match="`secret` is not available"):
            await node.start("t", "s")
