"""Put a task that does nothing of its own in the place of one that cannot be mocked by its class.

A flowable (Subflow, ForEach, Pause …) has no class that runs; a task with files of its own would have them looked for after its mock; and a
fixture in Kestra's own format says that nothing of the task is looked at. For these the flow is served with another task under the same
id. A task of a plugin that is not installed is an Unknown one.

Rules
1. What the flow does with the task stays: its id, condition, retry, timeout, allowFailure and such.
2. The options of a task are rendered, and checked by the class they are for; a Subflow's inputs by the flow it names, when that is there.

Called by: bench.py when it serves a flow; mocks.py knows the class.
"""

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from onbeat.core.event import Json
from onbeat.core.flow import Flow, RunnableTask, TaskSpec
from onbeat.core.parse import task_paths
from onbeat.core.yaml12 import Document
from onbeat.errors import UserError
from onbeat.ports import Outcome, TaskContext, TaskOptions

TYPE = "core.test.StandIn"
_CALL = ("namespace", "flowId", "inputs")


class StandIn(TaskOptions):
    """Takes whatever it is given and does nothing: its mock says what happens. of: the type it stands for."""

    model_config = ConfigDict(frozen=True, extra="allow")
    names: ClassVar[tuple[str, ...]] = (TYPE,)

    of: str | None = None
    options: dict[str, Json] = Field({})

    async def run(self, context: TaskContext) -> Outcome:
        """Say what is missing."""
        raise UserError(f"task `{context.task}` has no mock for this attempt")


class Unknown(TaskOptions):
    """A task whose plugin is not installed: its options cannot be checked."""

    model_config = ConfigDict(frozen=True, extra="allow")

    async def run(self, context: TaskContext) -> Outcome:
        """Say what is missing."""
        raise UserError(f"the plugin of task `{context.task}` is not installed; give it a mock")


def with_stand_ins(flow: Flow, document: Document, tasks: Iterable[str], *, bare: bool = False) -> str:
    """The source of a flow with these tasks replaced. bare: without any of their options."""
    data = deepcopy(document.data)
    paths = task_paths(flow, document)
    for id_ in tasks:
        path = paths[id_]
        at: Any = data
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = _replaced(flow.by_id[id_], at[path[-1]], bare)
    return json.dumps(data)


def _replaced(spec: TaskSpec, task: dict[str, Any], bare: bool) -> dict[str, Any]:
    common = {key: value for key, value in task.items() if key in _COMMON}
    if bare:
        options = {}
    elif isinstance(spec, RunnableTask):
        options = spec.options
    else:
        options = {key: task[key] for key in _CALL if key in task}
    return {**common, "type": TYPE, "of": None if bare else spec.type, "options": options}


def _common() -> frozenset[str]:
    """The keys that every task has."""
    keys: set[str] = set()
    for name, info in TaskSpec.model_fields.items():
        alias = info.validation_alias or info.alias or name
        keys.update([alias] if isinstance(alias, str) else map(str, getattr(alias, "choices", ())))
    return frozenset(keys)


_COMMON = _common()
