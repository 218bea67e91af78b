"""A flow is drawn as a graph: each task once, every way leads to the end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.flow import Flow
from onbeat.core.graph import Graph, Inner, flow_graph
from onbeat.core.parse import CONTEXT

LOG = "core.log.Log"


def log(id_: str) -> dict[str, Any]:
    """A task."""
    return {"id": id_, "type": LOG, "message": "x"}


def block(id_: str, kind: str, **more: Any) -> dict[str, Any]:
    """A task that arranges others."""
    return {"id": id_, "type": f"core.flow.{kind}", **more}


def drawn(*tasks: dict[str, Any], **more: Any) -> Graph:
    """The graph of a flow."""
    return flow_graph(Flow.model_validate({"id": "f", "namespace": "t", "tasks": tasks, **more}, context=CONTEXT))


def edges(graph: Graph) -> set[tuple[str, str, str | None, str | None]]:
    """Source, target, how, and the value, without the cluster around them."""
    return {(short(e["source"]), short(e["target"]), e["relation"].get("relationType"), e["relation"].get("value")) for e in graph.edges}


def short(uid: str) -> str:
    """The last part of a node's name."""
    return uid.rpartition(".")[2]


def test_one_after_the_other() -> None:
    """From the root to the end; what a trigger starts begins there."""
    graph = drawn(log("a"), log("b"), triggers=[{"id": "hook", "type": "core.trigger.Webhook", "key": "k"}])
    assert [(node["uid"], node["type"].rpartition(".")[2]) for node in graph.nodes] == [
        ("root:root", "GraphClusterRoot"),
        ("root:Triggers:root", "GraphClusterRoot"),
        ("root:Triggers.hook", "GraphTrigger"),
        ("root:Triggers:end", "GraphClusterEnd"),
        ("root.a", "GraphTask"),
        ("root.b", "GraphTask"),
        ("root:end", "GraphClusterEnd"),
    ]
    assert edges(graph) == {
        ("root:Triggers:root", "hook", None, None),
        ("hook", "root:Triggers:end", None, None),
        ("root:Triggers:end", "root:root", None, None),
        ("root:root", "a", "SEQUENTIAL", None),
        ("a", "b", "SEQUENTIAL", None),
        ("b", "root:end", None, None),
    }
    assert graph.nodes[4]["task"] == {"id": "a", "type": "io.kestra.plugin.core.log.Log", "description": None, "disabled": False}
    assert (graph.flowables, [each["cluster"]["uid"] for each in graph.clusters]) == ([], ["root:Triggers"])


def test_what_comes_after_a_failure_and_at_last() -> None:
    """Errors lead to `finally` as the tasks do, and that to `afterExecution`."""
    graph = drawn(log("a"), errors=[log("e")], **{"finally": [log("f")], "afterExecution": [log("z")]})
    assert edges(graph) == {
        ("root:root", "a", "SEQUENTIAL", None),
        ("root:root", "e", "ERROR", None),
        ("a", "root:finally", None, None),
        ("e", "root:finally", None, None),
        ("root:finally", "f", "FINALLY", None),
        ("f", "root:afterExecution", None, None),
        ("root:afterExecution", "z", "AFTER_EXECUTION", None),
        ("z", "root:end", None, None),
    }
    assert {short(node["uid"]): node.get("branchType") for node in graph.nodes if "branchType" in node} == {
        "e": "ERROR",
        "f": "FINALLY",
        "z": "AFTER_EXECUTION",
        "root:finally": "FINALLY",
        "root:afterExecution": "AFTER_EXECUTION",
    }


@pytest.mark.parametrize(
    ("task", "inner"),
    [
        (block("x", "Sequential", tasks=[log("a"), log("b")]), {("x", "a", "SEQUENTIAL", None), ("a", "b", "SEQUENTIAL", None)}),
        (block("x", "Parallel", tasks=[log("a"), log("b")]), {("x", "a", "PARALLEL", None), ("x", "b", "PARALLEL", None)}),
        (
            block("x", "If", condition="{{ true }}", then=[log("a")], **{"else": [log("b")]}),
            {("x", "a", "CHOICE", "then"), ("x", "b", "CHOICE", "else")},
        ),
        (
            block("x", "Switch", value="{{ 1 }}", cases={"one": [log("a")]}, defaults=[log("b")]),
            {("x", "a", "CHOICE", "one"), ("x", "b", "CHOICE", "defaults")},
        ),
        (block("x", "ForEach", values=[1], tasks=[log("a"), log("b")]), {("x", "a", "DYNAMIC", None), ("a", "b", "DYNAMIC", None)}),
        (block("x", "Loop", values=[1], tasks=[log("a")]), {("x", "a", "DYNAMIC", None)}),
        (block("x", "WorkingDirectory", tasks=[log("a")]), {("x", "a", "SEQUENTIAL", None)}),
        (block("x", "Pause", onPause=log("a"), tasks=[log("b")]), {("x", "a", "SEQUENTIAL", None), ("a", "b", "SEQUENTIAL", None)}),
        (
            block("x", "Approval", onWait=[log("w")], onApprove=[log("a")], onDeny=[log("d")]),
            {("x", "w", "SEQUENTIAL", None), ("x", "a", "CHOICE", "approve"), ("x", "d", "CHOICE", "deny")},
        ),
        (
            block("x", "Dag", tasks=[{"task": log("a")}, {"task": log("b"), "dependsOn": ["a"]}], errors=[log("e")]),
            {("x", "a", "PARALLEL", None), ("a", "b", "SEQUENTIAL", None), ("x", "e", "ERROR", None)},
        ),
        (block("x", "Sequential", tasks=[log("a")], **{"finally": [log("f")]}), {("x", "a", "SEQUENTIAL", None)}),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_what_arranges_others_is_a_cluster(task: dict[str, Any], inner: set[tuple[str, str, str | None, str | None]]) -> None:
    """With its own node first, and an end to which every way in it leads."""
    graph = drawn(task, log("after"))
    assert inner <= edges(graph)
    (cluster,) = graph.clusters
    assert (cluster["cluster"]["uid"], cluster["start"], cluster["end"]) == ("cluster_root.x", "root.x:root", "root.x:end")
    assert cluster["cluster"]["taskNode"]["task"]["id"] == "x"
    assert ("root:root", "x:root", "SEQUENTIAL", None) in edges(graph)
    assert ("x:end", "after", "SEQUENTIAL", None) in edges(graph)
    assert graph.flowables == ["x"]
    whole(graph)


def test_clusters_know_what_is_around_them() -> None:
    """From the outside in; a subflow says which flow it starts."""
    call = {"id": "c", "type": "core.flow.Subflow", "namespace": "t", "flowId": "g"}
    graph = drawn(block("x", "Sequential", tasks=[block("y", "Parallel", tasks=[log("a"), call])]))
    assert {each["cluster"]["uid"]: each["parents"] for each in graph.clusters} == {
        "cluster_root.x": [],
        "cluster_root.x.y": ["cluster_root.x"],
    }
    node = next(each for each in graph.nodes if each["uid"] == "root.x.y.c")
    assert node["type"].endswith("SubflowGraphTask")
    assert (node["task"]["namespace"], node["task"]["flowId"]) == ("t", "g")


def test_items_are_split_worked_on_and_merged() -> None:
    """The subflow in the middle says which flow it starts."""
    graph = drawn(block("x", "ForEachItem", items="{{ 1 }}", namespace="t", flowId="g"))
    assert {("x", "x_split", "SEQUENTIAL", None), ("x_split", "x_items", "SEQUENTIAL", None)} <= edges(graph)
    node = next(each for each in graph.nodes if each["uid"] == "root.x.x_items")
    assert (node["type"].endswith("SubflowGraphTask"), node["task"]["flowId"]) == (True, "g")
    whole(graph)


def test_nodes_say_what_they_are_told_to() -> None:
    """Such as the task run."""
    flow = Flow.model_validate({"id": "f", "namespace": "t", "tasks": [log("a")]}, context=CONTEXT)
    graph = flow_graph(flow, lambda task: {"taskRun": {"taskId": task.id}})
    assert [node["taskRun"]["taskId"] for node in graph.nodes if "taskRun" in node] == ["a"]


def test_a_hundred_and_forty_levels_are_drawn() -> None:
    """As deep as a flow may be, and no larger than its tasks."""
    task = log("deepest")
    for level in range(140):
        task = block(f"b{level}", "Sequential", tasks=[task])
    graph = drawn(task)
    assert len(graph.clusters) == 140
    whole(graph)


_names = st.integers(0, 10**9).map(lambda n: f"t{n}")
_tasks = st.recursive(
    _names.map(log),
    lambda inner: st.builds(
        lambda kind, id_, tasks: block(
            id_,
            kind,
            tasks=[{"task": each} for each in tasks] if kind == "Dag" else tasks,
            **({"values": [1]} if kind == "ForEach" else {}),
        ),
        st.sampled_from(["Sequential", "Parallel", "ForEach", "Dag"]),
        _names,
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@given(st.lists(_tasks, min_size=1, max_size=3))
def test_every_flow_is_drawn_whole(tasks: list[dict[str, Any]]) -> None:
    """Whatever is in it."""
    ids: list[str] = []

    def number(task: dict[str, Any]) -> None:
        ids.append(task["id"])
        task["id"] = f"n{len(ids)}"
        for each in task.get("tasks", ()):
            number(each.get("task", each))

    for each in tasks:
        number(each)
    graph = drawn(*tasks)
    assert sum(node["type"].endswith("GraphTask") for node in graph.nodes) == len(ids)
    whole(graph)


def whole(graph: Graph) -> None:
    """Nodes are there once; each is reached from the root, and reaches the end."""
    names = [node["uid"] for node in graph.nodes]
    assert len(set(names)) == len(names)
    assert {edge[side] for edge in graph.edges for side in ("source", "target")} == set(names)
    for first, one, other in (("root:root", "source", "target"), ("root:end", "target", "source")):
        seen, waiting = {first}, [first]
        while waiting:
            at = waiting.pop()
            more = {edge[other] for edge in graph.edges if edge[one] == at} - seen
            seen |= more
            waiting.extend(more)
        assert seen >= {name for name in names if "Triggers" not in name}
    for cluster in graph.clusters:
        assert {cluster["start"], cluster["end"]} <= set(cluster["nodes"]) <= set(names)


def test_a_subflow_is_drawn_within_where_it_is_asked_for() -> None:
    """Its tasks stand in a cluster whose head is the task that starts it, with facts of their own; a flow that starts itself, too."""
    call = {"id": "call", "type": "core.flow.Subflow", "namespace": "t", "flowId": "f", "revision": 3}
    flow = Flow.model_validate(
        {"id": "f", "namespace": "t", "tasks": [log("a"), call], "errors": [log("sorry")], "finally": [log("last")]}, context=CONTEXT
    )
    alone, own = flow_graph(flow), ("a", "call", "sorry", "last")
    assert list(alone.starting()) == [("root.call", next(node["task"] for node in alone.nodes if node["uid"] == "root.call"))]
    assert dict(alone.starting())["root.call"]["revision"] == 3
    within = {"root.call": Inner(flow, lambda task: {"values": [task.id]}), "root.call.call": Inner(flow), "root.none": Inner(flow)}
    graph = flow_graph(flow, None, within)
    kinds = {node["uid"]: node["type"].rpartition(".")[2] for node in graph.nodes if "task" in node}
    assert kinds["root.call"] == kinds["root.call.call"] == kinds["root.call.call.call"] == "SubflowGraphTask"
    assert {uid for uid in kinds if uid.startswith("root.call.call.")} == {f"root.call.call.{each}" for each in own}
    clusters = {each["cluster"]["uid"]: each for each in graph.clusters}
    assert clusters["cluster_root.call"]["cluster"]["type"].endswith(".SubflowGraphCluster")
    assert clusters["cluster_root.call.call"]["parents"] == ["cluster_root.call"]
    assert {node["uid"] for node in graph.nodes if "values" in node} == {f"root.call.{each}" for each in own}
    assert {each["source"] for each in graph.edges if each["target"] == "root:finally"} == {"root.call:end", "root.sorry"}
