"""Flows whose tasks work in directories, and what tests ask of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.engine.node import Node
from onbeat.ports import Outcome, TaskContext

Deeds = dict[str, Callable[[TaskContext], Any]]


def flow(tasks: str) -> dict[str, str]:
    """A flow `f` of namespace `a.b` with these tasks."""
    return {"f.yaml": "id: f\nnamespace: a.b\ninputs: [{id: x, type: STRING, defaults: x}]\n" + tasks}


SHARED = """
tasks:
  - id: wd
    type: core.flow.WorkingDirectory
    inputFiles: {first: "{{ inputs.x }}"}
    outputFiles: [out/*]
    tasks:
      - {id: one, type: test.Told, what: one}
      - {id: two, type: test.Told, what: two}
"""


async def go(node: Node, **inputs: Json) -> Execution:
    """Run the flow to its end."""
    return await node.engine.ended((await node.start("a.b", "f", inputs)).id)


def left(folder: Path) -> list[str]:
    """What is in the folder of directories."""
    work = folder / "data" / "work"
    return sorted(path.name for path in work.iterdir()) if work.exists() else []


def sees(found: list[dict[str, str]], write: str | None = None) -> Callable[[TaskContext], Any]:
    """A deed that notes what is in its directory, and leaves a file there."""

    async def deed(context: TaskContext) -> Outcome:
        folder = context.directory
        assert folder is not None
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        found.append({path.relative_to(folder).as_posix(): path.read_text() for path in paths})
        if write is not None:
            (folder / write).parent.mkdir(exist_ok=True)
            (folder / write).write_text(context.task)
        return Outcome()

    return deed
