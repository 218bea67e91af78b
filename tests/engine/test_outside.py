"""Functions that look at files, values and logs: brought when they are asked for, only where the flow may look."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.states import State
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.namespace_files import KeptFiles
from onbeat.engine.outside import Asked
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.engine.values import KeptValues
from onbeat.errors import NotFound, UserError
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

ID = "5Xkz6sVY0AFVuPuRMG3OQh"
OTHER = "5Xkz6sVY0AFVuPuRMG3OQi"
OWN = f"kestra:///t/f/executions/{ID}/a.txt"


class Counting(LocalStorage):
    """Counts how often a file is read."""

    reads = 0

    async def get(self, uri: str) -> bytes:
        self.reads += 1
        return await super().get(uri)


async def render(tmp_path: Path, text: str, storage: LocalStorage | None = None) -> object:
    """The value of a text in an execution of t.f."""
    storage = storage or LocalStorage(tmp_path)
    await storage.put(f"t/f/executions/{ID}/a.txt", b"hello")
    await storage.put(f"t/f/executions/{ID}/none.txt", b"")
    await storage.put(f"t/other/executions/{OTHER}/a.txt", b"not yours")
    await storage.put(f"t/f/executions/{ID}/raw", b"\xff")
    await KeptFiles(storage).write("t", "d/x.sql", b"select")
    await KeptFiles(storage).write("u", "y.sql", b"theirs")
    return await rendered(text, storage, Asked("t", "f", ID))


async def rendered(text: str, storage: LocalStorage, asked: Asked, **seams: Any) -> object:
    """The value of a text."""
    found = Evaluator(ManualClock(), Payloads(storage), lambda bits: 0, {}, **seams)
    return await found.render_names(compile_value(text), {**found.outside, "uri": OWN}, asked)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ read(uri) }}", "hello"),
        ("{{ read(uri) | upper }}{{ fileSize(uri) }}", "HELLO5"),
        ("{{ fileSize(uri) }}", 5),
        ("{{ fileExists(uri) }}", True),
        (f"{{{{ fileExists('kestra:///t/f/executions/{ID}/nothing') }}}}", False),
        ("{{ fileEmpty(uri) }}", False),
        (f"{{{{ isFileEmpty('kestra:///t/f/executions/{ID}/none.txt') }}}}", True),
        ("{{ read('nsfile:///d/x.sql') }}{{ read('d/x.sql') }}{{ read('/d/x.sql') }}", "selectselectselect"),
        ("{{ read('nsfile://u/y.sql') }}{{ read('y.sql', 'u') }}{{ read(path='y.sql', namespace='u') }}", "theirstheirstheirs"),
        ("{{ fileURI('d/x.sql') }}", "kestra:///t/_files/d/x.sql"),
        ("{{ fileURI('/y.sql', namespace='a.b') }}", "kestra:///a/b/_files/y.sql"),
        ("{{ read(fileURI('d/x.sql')) }}{{ fileSize('nsfile:///d/x.sql') }}", "select6"),
        ("{{ fileExists('d/x.sql') and not fileExists('d/y.sql') and not fileEmpty('d/x.sql') }}", True),
        ("{{ errorLogs() }}", []),
    ],
)
async def test_files_are_looked_at(tmp_path: Path, text: str, value: object) -> None:
    """Their text, size, and whether they are there or empty; keeping the type."""
    assert await render(tmp_path, text) == value


@pytest.mark.parametrize(
    "uri",
    [
        f"kestra:///t/other/executions/{OTHER}/a.txt",
        f"kestra:///t/f/../other/executions/{OTHER}/a.txt",
        f"kestra:///t/f/x/executions/{OTHER}/a.txt",
        "kestra:///t/fake/a",
        "kestra:///t/f",
        "kestra:///t/f//a",
        "file:///etc/passwd",
        "https://example.com/x",
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
        await render(tmp_path, f"{{{{ read('kestra:///t/f/executions/{ID}/nothing') }}}}")
    with pytest.raises(NotFound, match="nothing at"):
        await render(tmp_path, "{{ read('nothing.sql') }}")
    with pytest.raises(ExpressionError, match="not UTF-8"):
        await render(tmp_path, f"{{{{ read('kestra:///t/f/executions/{ID}/raw') }}}}")
    storage = LocalStorage(tmp_path)
    await storage.put(f"t/f/executions/{ID}/large", b"x" * 1_000_001)
    with pytest.raises(ExpressionError, match="in a task"):
        await render(tmp_path, f"{{{{ read('kestra:///t/f/executions/{ID}/large') }}}}")
    with pytest.raises(ExpressionError, match="`kv` is not available"):
        await render(tmp_path, "{{ kv('x') }}")


@pytest.mark.parametrize(
    "text", ["{{ read() }}", "{{ read(5) }}", "{{ read('a', 'b', 'c') }}", "{{ read('a', other='b') }}", "{{ read('a', 5) }}"]
)
async def test_what_a_function_takes_is_told(tmp_path: Path, text: str) -> None:
    """Too few, too many, another name, another type."""
    with pytest.raises(ExpressionError, match="`read` takes"):
        await render(tmp_path, text)


@pytest.mark.parametrize("path", ["../x", "d/../../x", "nsfile:///../x", "nsfile://u/../../x", "nsfile://U/x"])
async def test_no_path_leads_out_of_a_namespace(tmp_path: Path, path: str) -> None:
    """Whatever an event says."""
    with pytest.raises(UserError, match="is not a"):
        await render(tmp_path, f"{{{{ read('{path}') }}}}")


async def test_a_file_is_read_once(tmp_path: Path) -> None:
    """However often the expression names it; a branch that is not taken reads nothing."""
    storage = Counting(tmp_path)
    assert await render(tmp_path, "{{ read(uri) }}{{ read(uri) }}{{ false ? read('nothing') : '' }}", storage) == "hellohello"
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


async def test_values_are_found_in_the_namespace_and_above(tmp_path: Path) -> None:
    """The nearest first; where a namespace is named, there only. Keeping the type."""
    store = MemoryStore()
    await store.open()
    values = KeptValues(store, ManualClock())
    for namespace, key, value in (("a", "k", 1), ("a.b", "k", {"field": [2]}), ("a", "top", 3), ("x", "k", 4)):
        await values.put(namespace, key, value)
    storage, asked = LocalStorage(tmp_path), Asked("a.b", "f", ID)
    for text, value in (
        ("{{ kv('k') }}", {"field": [2]}),
        ("{{ kv('k').field[0] + 1 }}", 3),
        ("{{ kv('top') }}", 3),
        ("{{ kv('k', 'a') }}{{ kv('k', namespace='x') }}{{ kv(key='k', namespace='a') }}", "141"),
        ("{{ kv('top', 'a.b') }}", 3),
        ("{{ kv('none', errorOnMissing=false) ?? 'else' }}", "else"),
        ("{{ kv('none', 'a', false) }}", None),
    ):
        assert await rendered(text, storage, asked, values=values) == value, text
    for text in ("{{ kv('none') ?? 'else' }}", "{{ kv('none', 'x') }}", "{{ kv('none', 'x', 'true') }}"):
        with pytest.raises(ExpressionError, match="no value `none` in namespace"):
            await rendered(text, storage, asked, values=values)
    with pytest.raises(UserError, match="not a key"):
        await rendered("{{ kv('a b') }}", storage, asked, values=values)


FAMILY = {
    "child.yaml": """
id: child
namespace: t.sub
inputs: [{id: file, type: STRING}]
tasks: [{id: look, type: core.debug.Return, format: "{{ read(inputs.file) }}"}]
outputs: [{id: file, type: STRING, value: "{{ inputs.file }}"}]
""",
    "middle.yaml": """
id: middle
namespace: t
inputs: [{id: file, type: STRING}]
tasks: [{id: call, type: core.flow.Subflow, namespace: t.sub, flowId: child, inputs: {file: "{{ inputs.file }}"}}]
""",
    "parent.yaml": """
id: parent
namespace: t
tasks:
  - {id: write, type: core.storage.Write, content: of the family}
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: middle, inputs: {file: "{{ outputs.write.uri }}"}}
""",
    "stranger.yaml": """
id: stranger
namespace: t
inputs: [{id: file, type: STRING}]
tasks: [{id: look, type: core.debug.Return, format: "{{ read(inputs.file) }}"}]
""",
}


async def test_relatives_files_are_read_and_strangers_are_not(tmp_path: Path) -> None:
    """A subflow's subflow reads what it was given by its grandparent; an execution that has nothing to do with it does not."""
    async with node_with(MemoryStore(), FAMILY, tmp_path, sources=False) as node:
        parent = await node.engine.ended((await node.start("t", "parent")).id)
        assert parent.state is State.SUCCESS
        (child,) = await node.queries.executions(ExecutionFilter(flow="child"))
        assert (await node.engine.load(child.id)).runs[1].outputs == {"value": "of the family"}
        uri = (parent.runs[1].outputs or {})["uri"]
        for file in (uri, uri.replace("/parent/", "/stranger/")):
            stranger = await node.engine.ended((await node.start("t", "stranger", {"file": file})).id)
            assert stranger.state is State.FAILED
