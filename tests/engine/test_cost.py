"""What a step costs follows what it touches, not how much is open: counted in lines that run, not in time."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import onbeat
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

HERE = str(Path(onbeat.__file__).parent)
OURS = tuple(f"{HERE}/{part}" for part in ("core", "engine"))
FAN = """
id: fan
namespace: t
inputs: [{id: count, type: INT}]
tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{ range(1, inputs.count) }}"
    concurrencyLimit: 0
    tasks: [{id: a, type: core.debug.Return, format: x, timeout: PT1H}]
"""


class Lines:
    """Counts the lines of core and engine that run, each turn of a loop too."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "Lines":
        sys.settrace(self._enter)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.count += 1
        return self._line


async def cost(node: Node, count: int) -> float:
    """Lines for each of so many task runs that are open at once."""
    with Lines() as lines:
        execution = await node.start("t", "fan", {"count": count})
        ended = await node.engine.ended(execution.id)
    assert ended.state is State.SUCCESS
    assert len(ended.runs) == count + 1
    return lines.count / count


async def test_a_task_run_costs_the_same_among_many(tmp_path: Path) -> None:
    """A loop over 5,000 values that are all worked on at once: each costs what it costs among 500."""
    async with node_with(MemoryStore(), {"fan.yaml": FAN}, tmp_path, sources=False, max_tasks=20) as node:
        await cost(node, 50)
        few, many = await cost(node, 500), await cost(node, 5_000)
        assert many < few * 1.25, f"{few:.0f} lines each among 500, {many:.0f} among 5,000"
