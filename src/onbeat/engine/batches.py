"""Serve what loops ask of the shell: where the outputs around a Loop are kept, the batches of a ForEachItem, what became of them.

Rules
1. The outputs that iterations see are kept once, not in each iteration's first row.
2. Batches are found in chunks: a file of many is not all in memory at once, nor its executions in one transaction.
3. What the executions of a ForEachItem gave is one file of JSON lines, in the order of the batches.

Called by: answering; built by daemon.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from onbeat.core.addresses import task_folder, value_folder
from onbeat.core.context import outputs as outputs_around
from onbeat.core.context import taskrun
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.expressions import compile_value
from onbeat.core.plan.for_each_item import Items
from onbeat.core.refs import taken_apart
from onbeat.core.signals import Chosen
from onbeat.core.values import normalise
from onbeat.engine.answering import Ask
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.payloads import Payloads, replace_refs
from onbeat.engine.targets import Targets
from onbeat.errors import UserError
from onbeat.ports import Storage

_CHUNK = 50
"""Batches whose executions are created in one transaction."""
_INLINE = 4_096
"""Bytes of outputs around a loop that may be in each iteration's first row."""


class Batches:
    """What serves them."""

    def __init__(self, evaluator: Evaluator, payloads: Payloads, storage: Storage, targets: Targets) -> None:
        self._evaluator = evaluator
        self._payloads = payloads
        self._storage = storage
        self._targets = targets

    @property
    def asks(self) -> Mapping[str, Ask]:
        """By the names of what is asked."""
        return {"@around": self._around, "@items": self._items, "@children": self._children, "@results": self._results}

    async def _around(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Keep the outputs that iterations see; the answer says where each task's are."""
        around = dict(outputs_around(execution))
        refs: dict[str, Json] = {}
        for kept in taken_apart(around)[1]:
            refs[kept.ref.uri] = await self._payloads.bring(kept.ref.uri)
        plain: dict[str, Any] = taken_apart({name: replace_refs(value, refs) for name, value in around.items()})[0]
        head = execution.head
        where = f"{value_folder(head.namespace, head.flow, head.id)}/around/{n}"
        return await self._payloads.keep(plain, where, _INLINE)

    async def _items(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """The addresses of the batches."""
        spec = loaded.flow.by_id[execution.runs[n].task]
        assert isinstance(spec, Items), "only these have batches"
        found = normalise(await self._evaluator.render(compile_value(spec.splits), loaded.flow, execution, n))
        if not isinstance(found, list):
            raise UserError("its items were not split into a list of files")
        return found

    async def _children(self, loaded: LoadedFlow, execution: Execution, n: int) -> tuple[Chosen, ...]:
        """The next executions, with their inputs."""
        spec, block = loaded.flow.by_id[execution.runs[n].task], execution.blocks[n]
        assert isinstance(spec, Items), "only these have batches"
        room = spec.limit - block.open if spec.limit else _CHUNK
        options = compile_value({"namespace": spec.namespace, "flowId": spec.flow_id, "inputs": spec.inputs, "labels": dict(spec.labels)})
        facts = taskrun(execution, execution.runs[n])
        found = []
        for lane in range(block.begun, min(block.lanes, block.begun + min(room, _CHUNK))):
            beside: dict[str, Json] = {"taskrun": {**facts, "items": block.values[lane], "iteration": lane}}
            given: dict[str, Any] = await self._evaluator.render(options, loaded.flow, execution, n, beside)
            found.append(
                await self._targets.choose(
                    execution,
                    str(given["namespace"]),
                    str(given["flowId"]),
                    spec.revision,
                    given["inputs"],
                    given["labels"],
                    spec.inherit_labels,
                )
            )
        return tuple(found)

    async def _results(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Keep what the executions gave as one file."""
        fan, head, run = execution.blocks[n].fan, execution.head, execution.runs[n]
        if fan is None or not fan.results:
            return {}
        lines = b"".join(orjson.dumps(outputs) + b"\n" for _, outputs in sorted(fan.results.items()))
        folder = task_folder(head.namespace, head.flow, head.id, run.task, execution.run_id(n))
        return {"subflowOutputs": await self._storage.put(f"{folder}/outputs.jsonl", lines)}
