"""Draw a flow as a graph: its tasks as nodes, what follows what as edges, what holds tasks as clusters; in Kestra's words.

A flow of thirty tasks is understood when it is seen. The drawing is made from the flow alone, so that a text that is not saved, a flow
and an execution of it are drawn by one function.

Rules
1. Every task is one node; one that arranges others is a cluster with its own node first, then its tasks, then an end.
2. Edges say how: one after the other, side by side, a choice with its value, for each value, after a failure, at last.
3. A cluster without `finally` or `afterExecution` has no node for them; every way through it leads to its end.
4. Names of nodes are made of the tasks' ids and are the same each time.
5. A task that starts a flow is one node; asked for by its name, it is a cluster with that flow's tasks, whose names begin with its own.

Called by: the API's graphs of flows and executions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from onbeat.core.flow import Flow, FlowableSpec, TaskSpec
from onbeat.core.plan.approval import Approval
from onbeat.core.plan.dag import Dag
from onbeat.core.plan.for_each import ForEach
from onbeat.core.plan.for_each_item import Items
from onbeat.core.plan.if_ import If
from onbeat.core.plan.loop import Loop
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.plan.parallel import Parallel
from onbeat.core.plan.subflow import Subflow
from onbeat.core.plan.switch import Switch
from onbeat.core.type_names import long_type

_KINDS: Final = "io.kestra.core.models.hierarchies."
_STARTS: Final = "SubflowGraphTask"
SEQUENTIAL, PARALLEL, CHOICE, DYNAMIC = "SEQUENTIAL", "PARALLEL", "CHOICE", "DYNAMIC"
ERROR, FINALLY, AFTER = "ERROR", "FINALLY", "AFTER_EXECUTION"
Facts = Callable[[TaskSpec], Mapping[str, Any]]
"""What else a task's node says, such as its task run."""


class Inner(msgspec.Struct, frozen=True):
    """A flow that is drawn within the one that starts it. facts: of its own tasks."""

    flow: Flow
    facts: Facts | None = None


class Graph(msgspec.Struct, frozen=True):
    """A drawing, as plain JSON. flowables: the ids of the tasks that arrange others."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    clusters: list[dict[str, Any]]
    flowables: list[str]

    def as_json(self) -> dict[str, Any]:
        """Kestra's FlowGraph."""
        return {"nodes": self.nodes, "edges": self.edges, "clusters": self.clusters, "flowables": self.flowables}

    def starting(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The nodes of tasks that start flows, with what is shown of the task."""
        yield from ((node["uid"], node["task"]) for node in self.nodes if node["type"] == _KINDS + _STARTS)


class _Lane(msgspec.Struct, frozen=True):
    """Tasks one after another. relation, value: of the edge to the first one; inside: of those between."""

    tasks: Sequence[TaskSpec]
    relation: str
    value: str | None = None


def flow_graph(flow: Flow, facts: Facts | None = None, within: Mapping[str, Inner] = MappingProxyType({})) -> Graph:
    """The graph of a flow. facts: what the nodes of its tasks say besides. within: the flows to draw in the nodes that start them."""
    drawing = _Drawing(facts, within)
    drawing.flow(flow)
    return drawing.made


class _Drawing:
    def __init__(self, facts: Facts | None, within: Mapping[str, Inner]) -> None:
        self.made = Graph([], [], [], [])
        self._facts = facts
        self._within = within

    def flow(self, flow: Flow) -> None:
        root = self._node("root:root", "GraphClusterRoot")
        end = "root:end"
        if flow.triggers:
            self._edge(self._triggers(flow.triggers), root)
        lanes = [_Lane(flow.tasks, SEQUENTIAL), _Lane(flow.errors, ERROR)]
        self._fill("root", (), root, end, lanes, flow.finally_, flow.after_execution, SEQUENTIAL)
        self._node(end, "GraphClusterEnd")

    def _triggers(self, triggers: Sequence[Mapping[str, Any]]) -> str:
        """The cluster of the triggers; its end."""
        uid = "root:Triggers"
        start, end = self._node(f"{uid}:root", "GraphClusterRoot"), f"{uid}:end"
        inside = [start]
        for raw in triggers:
            id_, type_ = str(raw.get("id")), str(raw.get("type"))
            shown = {"id": id_, "type": long_type(type_), "disabled": raw.get("disabled") is True}
            node = self._node(f"{uid}.{id_}", "GraphTrigger", trigger=shown, triggerDeclaration=shown)
            inside.append(node)
            self._edge(start, node)
            self._edge(node, end)
        self._node(end, "GraphClusterEnd")
        self._cluster(uid, (), [*inside, end], start, end, None)
        return end

    def _fill(
        self,
        uid: str,
        parents: tuple[str, ...],
        start: str,
        end: str,
        lanes: Sequence[_Lane],
        last: Sequence[TaskSpec],
        after: Sequence[TaskSpec],
        within: str,
    ) -> list[str]:
        """Draw lanes from a node to the end, by what comes last; the nodes that were made."""
        inside: list[str] = []
        closing = self._node(f"{uid}:afterExecution", "GraphClusterAfterExecution", branch=AFTER) if after else end
        ending = self._node(f"{uid}:finally", "GraphClusterFinally", branch=FINALLY) if last else closing
        branches = [each for each in lanes if each.tasks]
        for lane in branches:
            inside += self._lane(uid, parents, start, ending, lane, within)
        if not any(lane.relation != ERROR for lane in branches):
            self._edge(start, ending)
        for node, tasks, to, relation in ((ending, last, closing, FINALLY), (closing, after, end, AFTER)):
            if tasks:
                inside += [node, *self._lane(uid, parents, node, to, _Lane(tasks, relation), within)]
        return inside

    def _lane(self, uid: str, parents: tuple[str, ...], start: str, end: str, lane: _Lane, within: str) -> list[str]:
        """Draw tasks one after another; the nodes that were made."""
        inside: list[str] = []
        before = start
        for number, task in enumerate(lane.tasks):
            nodes, first, last = self._task(uid, parents, task, lane.relation)
            inside += nodes
            follows = lane.relation if number == 0 or lane.relation in (ERROR, FINALLY, AFTER, DYNAMIC) else within
            self._edge(before, first, follows, lane.value if number == 0 else None)
            before = last
        self._edge(before, end)
        return inside

    def _task(self, uid: str, parents: tuple[str, ...], task: TaskSpec, relation: str) -> tuple[list[str], str, str]:
        """Draw one task: the nodes that are in the cluster around it, the one it begins with, the one it ends with."""
        branch = relation if relation in (ERROR, FINALLY, AFTER) else None
        shown: dict[str, Any] = {"id": task.id, "type": long_type(task.type), "description": task.description, "disabled": task.disabled}
        inner, kind = f"{uid}.{task.id}", "GraphTask"
        if isinstance(task, Subflow | Items):
            kind = _STARTS
            shown |= {"namespace": task.namespace, "flowId": task.flow_id}
            if task.revision is not None:
                shown["revision"] = task.revision
        within = self._within.get(inner)
        arranges = isinstance(task, FlowableSpec) and not isinstance(task, Items)
        if within is None and not arranges:
            node = self._node(inner, kind, branch=branch, task=shown, relationType=relation, **self._said(task))
            return [node], node, node
        cluster = f"cluster_{inner}"
        start, end = self._node(f"{inner}:root", "GraphClusterRoot", branch=branch), f"{inner}:end"
        node = self._node(inner, kind, branch=branch, task=shown, relationType=relation, **self._said(task))
        self._edge(start, node)
        around = (*parents, cluster)
        if within is not None:
            inside = self._subflow(inner, around, node, end, within)
        else:
            self.made.flowables.append(task.id)
            inside = self._arranged(inner, around, node, end, task)
        self._node(end, "GraphClusterEnd", branch=branch)
        self._cluster(cluster, parents, [start, node, *inside, end], start, end, shown, kind)
        return [], start, end

    def _arranged(self, uid: str, parents: tuple[str, ...], start: str, end: str, task: TaskSpec) -> list[str]:
        """Draw what a construct arranges."""
        assert isinstance(task, FlowableSpec)
        if isinstance(task, Dag):
            return self._dag(uid, parents, start, end, task)
        lanes = [*_lanes(task), _Lane(task.errors, ERROR)]
        return self._fill(uid, parents, start, end, lanes, task.finally_, (), SEQUENTIAL)

    def _subflow(self, uid: str, parents: tuple[str, ...], start: str, end: str, within: Inner) -> list[str]:
        """Draw the flow that a task starts."""
        flow, outside, self._facts = within.flow, self._facts, within.facts
        lanes = [_Lane(flow.tasks, SEQUENTIAL), _Lane(flow.errors, ERROR)]
        inside = self._fill(uid, parents, start, end, lanes, flow.finally_, flow.after_execution, SEQUENTIAL)
        self._facts = outside
        return inside

    def _dag(self, uid: str, parents: tuple[str, ...], start: str, end: str, dag: Dag) -> list[str]:
        """Draw what depends on what."""
        inside: list[str] = []
        ending = self._node(f"{uid}:finally", "GraphClusterFinally", branch=FINALLY) if dag.finally_ else end
        ends: list[tuple[str, str]] = []
        for each in dag.tasks:
            nodes, first, last = self._task(uid, parents, each.task, SEQUENTIAL)
            inside += nodes
            ends.append((first, last))
        for lane, needed in enumerate(dag.needs):
            for other in needed:
                self._edge(ends[other][1], ends[lane][0], SEQUENTIAL)
            if not needed:
                self._edge(start, ends[lane][0], PARALLEL)
            if not dag.dependents[lane]:
                self._edge(ends[lane][1], ending)
        if dag.errors:
            inside += self._lane(uid, parents, start, ending, _Lane(dag.errors, ERROR), SEQUENTIAL)
        if dag.finally_:
            inside += [ending, *self._lane(uid, parents, ending, end, _Lane(dag.finally_, FINALLY), SEQUENTIAL)]
        return inside

    def _said(self, task: TaskSpec) -> Mapping[str, Any]:
        return {} if self._facts is None else self._facts(task)

    def _node(self, uid: str, kind: str, branch: str | None = None, **more: Any) -> str:
        self.made.nodes.append({"uid": uid, "type": _KINDS + kind, **({"branchType": branch} if branch else {}), **more})
        return uid

    def _edge(self, source: str, target: str, relation: str | None = None, value: str | None = None) -> None:
        said = {name: each for name, each in (("relationType", relation), ("value", value)) if each is not None}
        self.made.edges.append({"source": source, "target": target, "relation": said})

    def _cluster(
        self,
        uid: str,
        parents: tuple[str, ...],
        nodes: list[str],
        start: str,
        end: str,
        task: Mapping[str, Any] | None,
        kind: str = "GraphTask",
    ) -> None:
        cluster: dict[str, Any] = {"uid": uid, "type": _KINDS + ("SubflowGraphCluster" if kind == _STARTS else "GraphCluster")}
        if task is not None:
            cluster["taskNode"] = {"uid": uid.removeprefix("cluster_"), "type": _KINDS + kind, "task": task}
        self.made.clusters.append({"cluster": cluster, "nodes": nodes, "parents": [*parents], "start": start, "end": end})


def _lanes(task: FlowableSpec) -> Iterator[_Lane]:
    """What a construct arranges, without its errors and what comes last."""
    match task:
        case Parallel():
            yield from (_Lane((each,), PARALLEL) for each in task.tasks)
        case If():
            yield _Lane(task.then, CHOICE, "then")
            yield _Lane(task.else_, CHOICE, "else")
        case Switch():
            yield from (_Lane(tasks, CHOICE, case) for case, tasks in task.cases.items())
            yield _Lane(task.defaults, CHOICE, "defaults")
        case Approval():
            yield _Lane(task.before, SEQUENTIAL)
            yield _Lane(task.on_approve, CHOICE, "approve")
            yield _Lane(task.on_deny, CHOICE, "deny")
        case ForEach() | Loop() | LoopUntil():
            yield _Lane(next(task.branches()), DYNAMIC)
        case _:
            *inside, _, _ = task.branches()  # the last two are its errors and what comes last
            yield _Lane([each for tasks in inside for each in tasks], SEQUENTIAL)
