"""Run again what has ended: restart it, replay it from a task run as a new execution, say in which state it ended.

Rules
1. What is answered is the execution as it was saved for this, before it goes on: RESTARTED with what is to run, as Kestra answers.
2. What cannot be done is refused before anything is written; the core looks again when it decides. Of two who change an execution at
   the same time one is refused; who restart it at the same time have both what they wanted.
3. A replay that needs places waits for them as any start does.

Called by: api, the CLI through it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from onbeat.core import signals as s
from onbeat.core import slots
from onbeat.core.addresses import execution_folder, value_folder
from onbeat.core.changes import AnyChange, Created, Moved, RunSet
from onbeat.core.event import Json
from onbeat.core.evolve import evolve
from onbeat.core.execution import ROOT, Execution, Head, Phase
from onbeat.core.inputs import unknown
from onbeat.core.replay import replayable, replayed, settable
from onbeat.core.restart import children_of, restartable
from onbeat.core.states import FAILING, State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.checks import checked
from onbeat.engine.inputs import Given, Upload
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Overloaded, Refused, UserError


class Impossible(UserError):
    """The request is understood, and there is nothing that it could be done to."""


async def restart(node: Node, id_: str, revision: int | None = None) -> Execution:
    """Run a terminated execution again from its failed tasks. revision: as a new execution, with the flow as it is in that revision.

    Raises NotFound, Refused, Impossible.
    """
    found, loaded = await _found(node, id_)
    if not found.ended:
        raise Refused(f"execution {id_} is {found.state}; only a terminated one can be restarted")
    why = restartable(loaded.flow, found)
    if why is not None:
        raise Impossible(why)
    if revision is not None and revision != found.head.revision:
        return await replay(node, id_, _failed(found), revision=revision)
    await node.engine.ask(id_, s.Restart())
    return await _as_saved(node, found)


class Inputs(NamedTuple):
    """Other inputs for a replay than the execution had, with their files."""

    values: Mapping[str, Json]
    files: Mapping[str, Upload]


async def replay(node: Node, id_: str, run: int = ROOT, *, revision: int | None = None, given: Inputs | None = None) -> Execution:
    """Repeat an execution as a new one: from the start, or from a task run. given: its inputs; None: those that it had.

    Raises NotFound, Refused, Impossible, InputError, Blocked, Overloaded.
    """
    found, loaded = await _found(node, id_)
    if revision is not None:
        loaded = await node.catalog.revision(found.head.namespace, found.head.flow, revision)
    if run:
        why = _unlike(found, run, loaded) or replayable(loaded.flow, found, run)
        if why is not None:
            raise Impossible(why)
        if not found.ended:
            raise Refused(f"execution {id_} is {found.state}; only a terminated one can be replayed from one of its task runs")
    if not node.ready or node.engine.full():
        raise Overloaded("no further execution is taken now; try again later")
    now = node.clock.now()
    head = msgspec.structs.replace(
        found.head,
        id=node.identity.new(now),
        revision=loaded.flow.revision,
        created=now,
        labels={**found.labels, "system.replay": "true"},
        correlation_id=found.head.correlation_id,
        causation_id=id_,
        parent=None,
        parent_run=None,
        original=found.head.original or id_,
        depth=0,
        scheduled=None,
        returns=None,
        attempt=1,
        first=None,
        failed=None,
        replay_of=id_,
    )
    if given is not None:
        head = await _with_inputs(node, loaded, head, given)
    try:
        begins = replayed(loaded.flow, found, run, head, now) if run else None
        slots.claims(loaded.flow, head)
    except UserError as wrong:
        raise Impossible(str(wrong)) from None
    await node.engine.start(head, loaded, begins)
    return _saved((Created(at=now, head=head), *(begins[0] if begins is not None else ())), None)


async def _with_inputs(node: Node, loaded: LoadedFlow, head: Head, given: Inputs) -> Head:
    """The execution that is to begin, with these inputs."""
    flow = loaded.flow
    strays = unknown(flow.inputs, {**given.values, **given.files})
    if strays:
        raise Impossible("\n".join(strays))
    asked = Given(flow.inputs, given.values, given.files, f"{execution_folder(head.namespace, head.flow, head.id)}/inputs")
    head = msgspec.structs.replace(head, inputs=node.payloads.seal(flow, await asked.resolve(flow, node.evaluator)))
    head = await checked(node.evaluator, flow, head)
    await asked.keep_files(node.storage)
    where = f"{value_folder(head.namespace, head.flow, head.id)}/inputs"
    kept = await node.payloads.keep_inputs(flow, head.inputs, where, node.evaluator.mask_of(head))
    return msgspec.structs.replace(head, inputs=kept)


def _unlike(execution: Execution, run: int, loaded: LoadedFlow) -> str | None:
    """Why an execution cannot go on from a task run with the flow as it is in a revision; None when it can."""
    if run not in execution.runs:
        return f"execution {execution.id} has no task run {run}"
    missing = next((each.task for each in execution.runs.values() if each.task not in loaded.flow.by_id), None)
    if missing is None:
        return None
    also = "" if missing == execution.runs[run].task else ", which the execution ran"
    return f"revision {loaded.flow.revision} of the flow has no task `{missing}`{also}"


async def set_state(node: Node, id_: str, run: int, state: State) -> Execution:
    """Say in which state a task run ended (0: the execution); what follows from it goes on. Raises NotFound, Refused, Impossible."""
    found, loaded = await _found(node, id_)
    if not found.ended:
        raise Refused(f"execution {id_} is {found.state}; only a terminated one can be changed")
    why = settable(loaded.flow, found, run, state)
    if why is not None:
        raise Impossible(why)
    after = await node.engine.ask(id_, s.SetState(state, run))
    changes = [row.change for row in await node.queries.changes(id_, found.version)]
    done = (
        any(isinstance(change, RunSet) and (change.n, change.state) == (run, state) for change in changes) if run else after.state is state
    )
    if not done:
        raise Refused(f"execution {id_} was changed by somebody else at the same time; look at it again")
    return _saved(changes, found) if run else after


async def set_labels(node: Node, id_: str, labels: Mapping[str, str]) -> Execution:
    """Give an execution these labels besides those that it has. Raises NotFound, Impossible for those that only onbeat sets."""
    reserved = [key for key in labels if key.startswith("system.")]
    if reserved:
        raise Impossible(f"label `{reserved[0]}`: those that begin with `system.` are set by onbeat")
    found = await node.engine.load(id_)
    return await node.engine.ask(id_, s.SetLabels({**found.labels, **labels}))


def run_number(execution: Execution, run_id: str) -> int:
    """The number of a task run in its id. Raises Impossible when it is none of the execution's."""
    id_, _, number = run_id.rpartition("-")
    if id_ != execution.id or not number.isascii() or not number.isdigit() or int(number) not in execution.runs:
        raise Impossible(f"execution {execution.id} has no task run {run_id[:60]}")
    return int(number)


def _failed(execution: Execution) -> int:
    """The task run from which on all that failed runs again: what failed, or the flowable around all that did; ROOT for the start."""
    children = children_of(execution)
    ways = [
        _way_to(execution, run.n)
        for run in execution.runs.values()
        if run.state in FAILING and run.phase is Phase.TASKS and not any(inner.state in FAILING for inner in children[run.n])
    ]
    common = [runs[0] for runs in zip(*ways, strict=False) if len(set(runs)) == 1]
    return common[-1] if common else ROOT


def _way_to(execution: Execution, n: int) -> list[int]:
    """The flowables around a task run, the outermost first, and the task run."""
    way = []
    while n != ROOT:
        way.append(n)
        n = execution.runs[n].parent
    return way[::-1]


async def _found(node: Node, id_: str) -> tuple[Execution, LoadedFlow]:
    found = await node.engine.load(id_)
    head = found.head
    if head.scope is not None:
        raise Refused(f"execution {id_} is an iteration of a loop; restart or replay {head.scope.origin}, which it is part of")
    return found, await node.catalog.revision(head.namespace, head.flow, head.revision)


async def _as_saved(node: Node, before: Execution) -> Execution:
    """The execution as the rows after this state first gave it, up to where it goes on."""
    rows = await node.queries.changes(before.id, before.version)
    if not rows:
        raise NotFound(f"there is no execution {before.id}")
    return _saved((row.change for row in rows), before)


def _saved(changes: Iterable[AnyChange], execution: Execution | None) -> Execution:
    for change in changes:
        if isinstance(change, Moved) and change.before is State.RESTARTED:
            break
        execution = evolve(execution, change)
    assert execution is not None, "there is at least the first row"
    return execution
