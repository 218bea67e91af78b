"""What graphs look like: Kestra's."""

from pydantic import Field

from onbeat.api.shapes.base import Free, Shape


class Relation(Shape):
    """How the one node follows the other. value: the case, or the branch, that leads there."""

    relation_type: str | None = Field(None, examples=["SEQUENTIAL"])
    value: str | None = None


class Edge(Shape):
    """That one node follows another."""

    source: str = Field(examples=["root:root"])
    target: str = Field(examples=["root.hello"])
    relation: Relation


class Node(Shape):
    """A task, a trigger, or where a cluster begins and ends."""

    uid: str = Field(examples=["root.hello"])
    type: str = Field(examples=["io.kestra.core.models.hierarchies.GraphTask"])
    branch_type: str | None = None
    relation_type: str | None = None
    task: Free | None = None
    task_run: Free | None = None
    values: list[str] | None = None
    trigger: Free | None = None
    trigger_declaration: Free | None = None


class ClusterHead(Shape):
    """Which cluster."""

    uid: str
    type: str
    task_node: Free | None = None


class Cluster(Shape):
    """Nodes that belong together, and the clusters around them."""

    cluster: ClusterHead
    nodes: list[str]
    parents: list[str]
    start: str
    end: str


class FlowGraph(Shape):
    """A flow, drawn."""

    nodes: list[Node]
    edges: list[Edge]
    clusters: list[Cluster]
    flowables: list[str]


class FlowNode(Shape):
    """A flow."""

    uid: str = Field(examples=["main_company.team_hello"])
    namespace: str
    id: str


class FlowEdge(Shape):
    """That one flow starts another."""

    source: str
    target: str
    relation: str = Field(examples=["FLOW_TASK"])


class FlowTopologyGraph(Shape):
    """Which flows start which."""

    nodes: list[FlowNode]
    edges: list[FlowEdge]
