"""Serve what loops ask of the shell: a Loop's values in a file, the outputs around it, the batches of a ForEachItem, what came of them.

Rules
1. The outputs that iterations see are kept once, not in each iteration's first row.
2. Batches are found in chunks: a file of many is not all in memory at once, nor its executions in one transaction. Between two chunks
   others have their turn.
3. What the executions of a ForEachItem gave is one file of JSON lines, in the order of the batches; what the iterations of a Loop gave
   that keeps it is a file of JSON each.
4. The values of a Loop that are in a file are its lines, JSON or Ion; a file of more than MOST_READ bytes is for ForEachItem. It may
   be one that the flow's expressions may read, and no other: an event may name it.

Called by: answering; built by daemon.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from onbeat.core.addresses import task_folder, value_folder
from onbeat.core.context import outputs as outputs_around
from onbeat.core.context import taskrun
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.expressions.ion_text import read_ion
from onbeat.core.fans import AT_ONCE, MORE
from onbeat.core.plan.for_each_item import Items
from onbeat.core.plan.loop import STORED, VALUES, Loop
from onbeat.core.refs import replace_refs, taken_apart
from onbeat.core.sealed import is_secret
from onbeat.core.signals import Chosen
from onbeat.core.values import normalise
from onbeat.engine.answering import Ask
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.masking import Hidden
from onbeat.engine.outside import MOST_READ
from onbeat.engine.payloads import Payloads
from onbeat.engine.targets import Targets
from onbeat.errors import UserError
from onbeat.ports import Clock, Storage

_BEHIND, _PATIENCE = 0.004, 1.0
"""Seconds that a turn of the loop takes when it has more to do than it should; seconds for which a fan lets others go first."""
_SIZE, _READ = compile_value("{{ fileSize(file) }}"), compile_value("{{ read(file) }}")
_INLINE = 4_096
"""Bytes of outputs around a loop that may be in each iteration's first row."""


class Batches:
    """What serves them."""

    def __init__(self, evaluator: Evaluator, payloads: Payloads, storage: Storage, targets: Targets, clock: Clock) -> None:
        self._evaluator = evaluator
        self._clock = clock
        self._payloads = payloads
        self._storage = storage
        self._targets = targets

    @property
    def asks(self) -> Mapping[str, Ask]:
        """By the names of what is asked."""
        return {
            "@around": self._around,
            "@items": self._items,
            "@children": self._children,
            "@results": self._results,
            MORE: self._more,
            VALUES: self._values,
            STORED: self._stored,
        }

    async def _around(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Keep the outputs that iterations see; the answer says where each task's are."""
        around = dict(outputs_around(execution))
        refs: dict[str, Json] = {}
        hidden = Hidden(self._evaluator.mask_of(execution.head))
        for kept in taken_apart(around)[1]:
            if is_secret(kept.ref.uri):
                refs[kept.ref.uri], secret = await self._payloads.open_secret(kept.ref.uri)
                hidden.taint.note(list(secret or ()))
            else:
                refs[kept.ref.uri] = await self._payloads.bring(kept.ref.uri)
        plain: dict[str, Any] = taken_apart({name: replace_refs(value, refs) for name, value in around.items()})[0]
        head = execution.head
        where = f"{value_folder(head.namespace, head.flow, head.id)}/around/{n}"
        return await self._payloads.keep(plain, where, _INLINE, hidden())

    async def _values(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """The values that are in a file."""
        spec, run = loaded.flow.by_id[execution.runs[n].task], execution.runs[n]
        assert isinstance(spec, Loop), "only these have values in a file"
        named = run.answers.get("values") or await self._evaluator.render(compile_value(spec.values), loaded.flow, execution, n)
        file: dict[str, Json] = {"file": str(named).strip()}
        size = await self._evaluator.render(_SIZE, loaded.flow, execution, n, file)
        if int(str(size)) > MOST_READ:
            raise UserError(f"the file of its values has more than {MOST_READ:,} bytes; work through it with ForEachItem")
        return [*_values_of(str(await self._evaluator.render(_READ, loaded.flow, execution, n, file)))]

    async def _stored(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Keep what each iteration gave back as a file of its own."""
        spec, block, head, run = loaded.flow.by_id[execution.runs[n].task], execution.blocks[n], execution.head, execution.runs[n]
        assert isinstance(spec, Loop), "only these have iterations"
        assert block.fan is not None, "a fan"
        folder = task_folder(head.namespace, head.flow, head.id, run.task, execution.run_id(n))
        shown: list[Json] = []
        for lane, outputs in sorted(block.fan.results.items()):
            uri = await self._storage.put(f"{folder}/{lane}.json", orjson.dumps(outputs))
            shown.append({"item": spec.item(block, lane, None), "outputs": {"uri": uri}})
        return {"outputs": shown}

    async def _more(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Its turn to begin more: when what began before keeps nobody waiting, or when it has waited long enough itself."""
        begun = now = self._clock.monotonic()
        while now - begun < _PATIENCE:
            await self._clock.sleep(0)
            before, now = now, self._clock.monotonic()
            if now - before < _BEHIND:
                break
        return None

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
        if block.begun:
            await self._more(loaded, execution, n)
        room = spec.limit - block.open if spec.limit else AT_ONCE
        options = compile_value({"namespace": spec.namespace, "flowId": spec.flow_id, "inputs": spec.inputs, "labels": dict(spec.labels)})
        facts = taskrun(execution, execution.runs[n])
        found = []
        for lane in range(block.begun, min(block.lanes, block.begun + min(room, AT_ONCE))):
            beside: dict[str, Json] = {"taskrun": {**facts, "items": block.values[lane], "iteration": lane}}
            hidden = Hidden(self._evaluator.mask_of(execution.head))
            given: dict[str, Any] = await self._evaluator.render(options, loaded.flow, execution, n, beside, hidden.taint)
            found.append(
                await self._targets.choose(
                    execution,
                    str(given["namespace"]),
                    str(given["flowId"]),
                    spec.revision,
                    given["inputs"],
                    given["labels"],
                    spec.inherit_labels,
                    f"children/{n}/{lane}",
                    hidden(),
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


def _values_of(text: str) -> Iterator[Json]:
    """The values of a file's text, a line each. Raises UserError."""
    for number, line in enumerate(text.split("\n"), 1):  # a text in JSON may hold what splitlines takes for an end
        if not line.strip():
            continue
        try:
            yield normalise(orjson.loads(line))
        except ValueError:
            try:
                yield from (normalise(value) for value in read_ion(line))
            except (ExpressionError, ValueError):
                raise UserError(f"line {number} of the file of its values is neither JSON nor Ion") from None
