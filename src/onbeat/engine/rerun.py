"""Run again what has ended: restart it, replay it from a task run as a new execution, say in which state it ended.

Rules
1. What is answered is the execution as it was saved for this, before it goes on: RESTARTED with what is to run, as Kestra answers.
2. What cannot be done is refused before anything is written; the core looks again when it decides.
3. A replay that needs places waits for them as any start does.

Called by: api, the CLI through it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from onbeat.core import signals as s
from onbeat.core.changes import AnyChange, Created, Moved
from onbeat.core.evolve import evolve
from onbeat.core.execution import ROOT, Execution, Head
from onbeat.core.replay import replayed, settable
from onbeat.core.restart import restartable
from onbeat.core.states import State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused, UserError


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
        failed = min((run.n for run in found.runs.values() if run.state is State.FAILED), default=ROOT)
        return await replay(node, id_, failed, revision=revision)
    await node.engine.ask(id_, s.Restart())
    return await _as_saved(node, found)


async def replay(
    node: Node, id_: str, run: int = ROOT, *, revision: int | None = None, inputs: Mapping[str, object] | None = None
) -> Execution:
    """Repeat an execution as a new one: from the start, or from a task run. Raises NotFound, Refused, Impossible."""
    found, loaded = await _found(node, id_)
    if revision is not None:
        loaded = await node.catalog.revision(found.head.namespace, found.head.flow, revision)
    if run and run not in found.runs:
        raise Impossible(f"execution {id_} has no task run {run}")
    if run and found.runs[run].task not in loaded.flow.by_id:
        raise Impossible(f"revision {loaded.flow.revision} of the flow has no task `{found.runs[run].task}`")
    missing = next((each.task for each in found.runs.values() if each.task not in loaded.flow.by_id), None)
    if run and missing is not None:
        raise Impossible(f"revision {loaded.flow.revision} of the flow has no task `{missing}`, which the execution ran")
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
        scheduled=None,
        returns=None,
        attempt=1,
        failed=None,
        replay_of=id_,
    )
    if run == ROOT:
        return await _from_start(node, head, loaded)
    changes, after = replayed(loaded.flow, found, run, head, now)
    await node.engine.begin(head, loaded, changes, after)
    return _saved((Created(at=now, head=head), *changes), None)


async def _from_start(node: Node, head: Head, loaded: LoadedFlow) -> Execution:
    await node.engine.start(head, loaded)
    return _saved((Created(at=head.created, head=head),), None)


async def set_state(node: Node, id_: str, run: int, state: State) -> Execution:
    """Say in which state a task run ended (0: the execution); what follows from it goes on. Raises NotFound, Refused, Impossible."""
    found, _ = await _found(node, id_)
    if not found.ended:
        raise Refused(f"execution {id_} is {found.state}; only a terminated one can be changed")
    why = settable(found, run, state)
    if why is not None:
        raise Impossible(why)
    after = await node.engine.ask(id_, s.SetState(state, run))
    return await _as_saved(node, found) if run else after


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
