"""Functions that look at files and logs: brought when they are asked for, from the flow's own place only."""

from pathlib import Path

import pytest

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.states import State
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.outside import Asked
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.errors import NotFound
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

OWN = "kestra:///t/f/executions/e/a.txt"


class Counting(LocalStorage):
    """Counts how often a file is read."""

    reads = 0

    async def get(self, uri: str) -> bytes:
        self.reads += 1
        return await super().get(uri)


async def render(tmp_path: Path, text: str, storage: LocalStorage | None = None) -> object:
    """The value of a text in an execution of t.f."""
    storage = storage or LocalStorage(tmp_path)
    await storage.put("t/f/executions/e/a.txt", b"hello")
    await storage.put("t/f/executions/e/none.txt", b"")
    await storage.put("t/other/executions/x/a.txt", b"not yours")
    await storage.put("t/f/executions/e/raw", b"\xff")
    found = Evaluator(ManualClock(), Payloads(storage), lambda bits: 0, {})
    return await found.render_names(compile_value(text), {**found.outside, "uri": OWN}, Asked("t", "f", "e"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ read(uri) }}", "hello"),
        ("{{ read(uri) | upper }}{{ fileSize(uri) }}", "HELLO5"),
        ("{{ fileSize(uri) }}", 5),
        ("{{ fileExists(uri) }}", True),
        ("{{ fileExists('kestra:///t/f/nothing') }}", False),
        ("{{ fileEmpty(uri) }}", False),
        ("{{ isFileEmpty('kestra:///t/f/executions/e/none.txt') }}", True),
        ("{{ errorLogs() }}", []),
    ],
)
async def test_files_are_looked_at(tmp_path: Path, text: str, value: object) -> None:
    """Their text, size, and whether they are there or empty; keeping the type."""
    assert await render(tmp_path, text) == value


@pytest.mark.parametrize(
    "uri",
    [
        "kestra:///t/other/executions/x/a.txt",
        "kestra:///t/f/../other/executions/x/a.txt",
        "kestra:///t/fake/a",
        "kestra:///t/f",
        "kestra:///t/f//a",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
    ],
)
@pytest.mark.parametrize("function", ["read", "fileSize", "fileExists", "fileEmpty"])
async def test_nobody_elses_files_are(tmp_path: Path, function: str, uri: str) -> None:
    """Another flow's, one that only begins like it, a way around, anything that is no address in storage."""
    with pytest.raises(ExpressionError, match=rf"`{function}` (may look at|takes an address)"):
        await render(tmp_path, f"{{{{ {function}('{uri}') }}}}")


async def test_what_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    """With the address; a file that is too large is for a task."""
    with pytest.raises(NotFound, match="nothing at"):
        await render(tmp_path, "{{ read('kestra:///t/f/nothing') }}")
    with pytest.raises(ExpressionError, match="not UTF-8"):
        await render(tmp_path, "{{ read('kestra:///t/f/executions/e/raw') }}")
    storage = LocalStorage(tmp_path)
    await storage.put("t/f/large", b"x" * 1_000_001)
    with pytest.raises(ExpressionError, match="in a task"):
        await render(tmp_path, "{{ read('kestra:///t/f/large') }}")
    with pytest.raises(ExpressionError, match="`kv` is not available"):
        await render(tmp_path, "{{ kv('x') }}")


async def test_a_file_is_read_once(tmp_path: Path) -> None:
    """However often the expression names it; a branch that is not taken reads nothing."""
    storage = Counting(tmp_path)
    assert await render(tmp_path, "{{ read(uri) }}{{ read(uri) }}{{ false ? read('kestra:///t/f/nothing') : '' }}", storage) == "hellohello"
    assert storage.reads == 1


async def test_an_errors_block_sees_what_went_wrong(tmp_path: Path) -> None:
    """`errorLogs()` of the execution, with task and message."""
    flow = """
id: f
namespace: t
tasks: [{id: bad, type: core.execution.Fail, errorMessage: it broke}]
errors: [{id: tell, type: core.debug.Return, format: "{{ errorLogs()[0].taskId }}: {{ errorLogs()[0].message }}"}]
"""
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert ended.state is State.FAILED
        assert ended.runs[2].outputs == {"value": "bad: it broke"}
