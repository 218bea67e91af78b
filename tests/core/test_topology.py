"""Which flows start which."""

from typing import Any

from onbeat.core.flow import Flow
from onbeat.core.parse import CONTEXT
from onbeat.core.topology import BY_TASK, BY_TRIGGER, Dependency, Name, dependencies, reached


def flow(id_: str, *starts: str, hears: str | None = None, namespace: str = "t") -> Flow:
    """A flow that starts others and hears one."""
    tasks: list[dict[str, Any]] = [{"id": "x", "type": "core.log.Log", "message": "x"}]
    tasks += [{"id": f"s{n}", "type": "core.flow.Subflow", "namespace": "t", "flowId": each} for n, each in enumerate(starts)]
    trigger = {"id": "on", "type": "core.trigger.Flow", "preconditions": {"id": "p", "flows": [{"namespace": "t", "flowId": hears}]}}
    given = {"id": id_, "namespace": namespace, "tasks": tasks, "triggers": [trigger] if hears else []}
    return Flow.model_validate(given, context=CONTEXT)


def edge(source: str, target: str, relation: str = BY_TASK) -> Dependency:
    """An edge within `t`."""
    return Dependency(Name("t", source), Name("t", target), relation)


def test_tasks_and_triggers_make_edges() -> None:
    """From what is first to what it starts, each once; also to a flow that is not there."""
    flows = [flow("a", "b", "b", "gone"), flow("b"), flow("c", hears="a")]
    assert dependencies(flows) == [edge("a", "b"), edge("a", "gone"), edge("a", "c", BY_TRIGGER)]


def test_what_is_reached() -> None:
    """Next to a flow in both directions or one; or the whole of it, circles and all."""
    known = [edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("x", "a"), edge("y", "z")]
    start = {Name("t", "a")}
    assert reached(known, start) == [edge("a", "b"), edge("x", "a")]
    assert reached(known, start, onwards=True) == [edge("a", "b")]
    assert reached(known, start, onwards=True, whole=True) == [edge("a", "b"), edge("b", "c"), edge("c", "b")]
    assert reached(known, start, whole=True) == [edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("x", "a")]
    assert reached(known, set()) == []
