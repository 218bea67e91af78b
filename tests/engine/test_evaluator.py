"""The evaluator: expressions with what lies outside an execution."""

import base64
import threading
from pathlib import Path

import pytest

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.refs import Ref
from onbeat.core.states import State
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.errors import UserError
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with


def evaluator(tmp_path: Path, **environment: str) -> Evaluator:
    """One with this environment."""
    return Evaluator(ManualClock(), Payloads(LocalStorage(tmp_path)), lambda bits: 0, environment, "ENV_", {"region": "north"})


async def render(found: Evaluator, text: str, **names: object) -> object:
    """The value of a text."""
    return await found.render_names(compile_value(text), {**found.outside, **names})


async def test_environment_globals_and_secrets(tmp_path: Path) -> None:
    """`envs` are those with the prefix, lower case and no others; a secret is base64 in SECRET_NAME."""
    found = evaluator(tmp_path, ENV_HOME_TOWN="Ulm", PATH="/bin", SECRET_KEY=base64.b64encode(b"s3cret").decode())
    assert await render(found, "{{ envs.home_town }}/{{ globals.region }}/{{ secret('key') }}") == "Ulm/north/s3cret"
    with pytest.raises(ExpressionError, match="path"):
        await render(found, "{{ envs.path }}")


async def test_a_missing_secret_says_how_to_set_it(tmp_path: Path) -> None:
    """The name of the variable, never a value."""
    with pytest.raises(UserError, match="SECRET_NOPE"):
        await render(evaluator(tmp_path), "{{ secret('nope') }}")
    with pytest.raises(UserError, match="not base64"):
        await render(evaluator(tmp_path, SECRET_BAD="%%%"), "{{ secret('bad') }}")


async def test_a_value_in_storage_is_brought_when_it_is_touched(tmp_path: Path) -> None:
    """And only then: an expression that does not touch it does not read it."""
    found = evaluator(tmp_path)
    storage = LocalStorage(tmp_path)
    uri = await storage.put("v.json", b'{"a": [1, 2, 3]}')
    assert await render(found, "{{ inputs.v.a[2] }}", inputs={"v": Ref(uri, 16)}) == 3
    assert await render(found, "{{ inputs.w }}", inputs={"w": 5, "v": Ref("kestra:///not/there", 1)}) == 5


async def test_a_large_output_is_used_by_the_next_task(tmp_path: Path) -> None:
    """A megabyte goes through storage, also into a condition that the core cannot evaluate by itself."""
    flow = """
id: f
namespace: t
tasks:
  - {id: big, type: core.debug.Return, format: "{% for i in range(1, 2000) %}0123456789abcdef0123456789abcdef0123456789{% endfor %}"}
  - {id: size, type: core.debug.Return, format: "{{ outputs.big.value | length }}"}
  - {id: if, type: core.flow.If, condition: "{{ outputs.big.value | length > 5 }}", then: [{id: yes, type: core.log.Log, message: yes}]}
"""
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert ended.state is State.SUCCESS, ended.error
        assert int(ended.runs[2].outputs["value"]) > 65_536
        assert ended.runs[4].task == "yes"
        rows = await node.queries.changes(ended.id)
        assert max(len(str(row.change)) for row in rows) < 5_000


async def test_large_values_are_evaluated_off_the_loop(tmp_path: Path) -> None:
    """Whatever an expression does with a megabyte, other executions go on; small ones stay on the loop."""
    found = evaluator(tmp_path)
    uri = await LocalStorage(tmp_path).put("v.json", b'{"a": 1}')
    threads: list[bool] = []

    def note(bits: int) -> int:
        threads.append(threading.current_thread() is threading.main_thread())
        return 0

    for value in ({"a": 1}, Ref(uri, 8)):
        await render(found, "{{ v.a }}{{ randomInt(0, 5) }}", v=value, __random__=note)
    assert threads == [True, False]
