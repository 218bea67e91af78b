"""Review: what is legal in flows and can hardly be meant."""

import pytest

from onbeat.core.flow import Flow
from onbeat.core.parse import CONTEXT, parse_flow
from onbeat.core.review import broken_expressions, calls, circles, dashed_names, heard, lacking, problems_of_start

A_TASK = {"id": "a", "type": "t"}


def flow(id_: str, *targets: str, **more: object) -> Flow:
    """A flow in namespace n that starts these of the same namespace."""
    tasks = [{"id": f"t{i}", "type": "core.flow.Subflow", "namespace": "n", "flowId": target} for i, target in enumerate(targets)]
    return Flow.model_validate({"id": id_, "namespace": "n", "tasks": tasks or [A_TASK], **more}, context=CONTEXT)


def named(*flows: Flow) -> dict[str, Flow]:
    """The flows by name."""
    return {each.name: each for each in flows}


def test_calls_are_found_at_any_depth():
    """Those whose name is an expression are not known yet."""
    inner = {"id": "s", "type": "core.flow.Subflow", "namespace": "n", "flowId": "{{ inputs.which }}"}
    known = {"id": "k", "type": "core.flow.Subflow", "namespace": "n", "flowId": "g", "inputs": {"x": 1}}
    found = flow("f", tasks=[{"id": "p", "type": "core.flow.Parallel", "tasks": [inner, known]}])
    assert [(call.task, call.target, call.inputs) for call in calls(found)] == [("k", "n.g", {"x": 1})]


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ({"a": "b", "b": ""}, []),
        ({"a": "b", "b": "a"}, [("n.a", "n.b", "n.a")]),
        ({"a": "b", "b": "c", "c": "b"}, [("n.b", "n.c", "n.b")]),
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, []),
        ({"a": "a"}, []),
        ({"a": "x"}, []),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, [("n.a", "n.b", "n.a"), ("n.c", "n.d", "n.c")]),
    ],
    ids=["line", "two", "tail", "diamond", "itself", "unknown", "two circles"],
)
def test_a_circle_is_told_once_with_its_path(graph: dict[str, str], said: list[tuple[str, ...]]):
    """Rule 1."""
    assert circles(named(*(flow(name, *targets) for name, targets in graph.items()))) == said


def test_a_long_chain_is_no_trouble():
    """Nothing recurses on the flows."""
    flows = [flow(f"f{i}", f"f{i + 1}") for i in range(5_000)]
    assert circles(named(*flows)) == []
    assert len(circles(named(*flows, flow("f5000", "f0")))[0]) == 5_002


@pytest.mark.parametrize(
    "listening",
    [
        {"conditions": [{"type": "io.kestra.plugin.core.condition.ExecutionFlow", "namespace": "n", "flowId": "a"}]},
        {
            "conditions": [
                {
                    "type": "core.condition.MultipleCondition",
                    "id": "m",
                    "conditions": {"x": {"type": "core.condition.ExecutionFlow", "namespace": "n", "flowId": "a"}},
                }
            ]
        },
        {"preconditions": {"id": "p", "flows": [{"namespace": "n", "flowId": "a"}]}},
        {"dependsOn": [{"namespace": "n", "flowId": "a"}]},
    ],
    ids=["condition", "several", "preconditions", "dependsOn"],
)
def test_a_flow_trigger_is_part_of_a_circle(listening: dict[str, object]):
    """b starts when a ends, and starts a; a flow that listens to itself, too."""
    trigger = {"id": "t", "type": "io.kestra.plugin.core.trigger.Flow", **listening}
    assert circles(named(flow("a"), flow("b", "a", triggers=[trigger]))) == [("n.a", "n.b", "n.a")]
    assert circles(named(flow("a", triggers=[trigger]))) == [("n.a", "n.a")]


def test_a_flow_trigger_that_leaves_a_flow_out_does_not_listen_to_it():
    """`Not` around a condition; a whole namespace; a disabled one; one that is wrong, or no Flow trigger."""
    one = {"type": "core.condition.ExecutionFlow", "namespace": "n", "flowId": "a"}
    triggers = [
        {"id": "t", "type": "core.trigger.Flow", "conditions": [{"type": "core.condition.Not", "conditions": [one]}]},
        {"id": "n", "type": "core.trigger.Flow", "conditions": [{"type": "core.condition.ExecutionNamespace", "namespace": "n"}]},
        {"id": "s", "type": "core.trigger.Schedule"},
        {"id": "d", "type": "core.trigger.Flow", "disabled": True, "conditions": [one]},
        {"id": "e", "type": "core.trigger.Flow", "conditions": None},
    ]
    assert list(heard(flow("b", triggers=triggers))) == []


INPUTS = [
    {"id": "must", "type": "STRING"},
    {"id": "may", "type": "STRING", "required": False},
    {"id": "has", "type": "INT", "defaults": 3},
    {"id": "in.side", "type": "STRING"},
    {"id": "first", "type": "SELECT", "values": ["a"], "autoSelectFirst": True},
    {"id": "depends", "type": "STRING", "dependsOn": {"inputs": ["may"]}},
]


def test_a_start_lacks_what_is_required():
    """Rule 2."""
    found = flow("f", inputs=INPUTS)
    assert lacking(found, []) == ["must", "in.side"]
    assert lacking(found, ["must", "in.side"]) == []
    assert lacking(found, ["must", "in"]) == []


def test_what_a_start_gets_wrong_is_told_in_sentences():
    """With the nearest of the names it gave."""
    found = flow("f", inputs=INPUTS[:1])
    assert list(problems_of_start("task `t`", found, {"mst": 1}, ["`mst` is not an input"])) == [
        "task `t` starts flow n.f: `mst` is not an input",
        "task `t` starts flow n.f without its required input `must`; did you mean `mst`?",
    ]


DASHED = """\
id: f
namespace: n
inputs: [{id: my-name, type: STRING}, {id: a, type: INT}, {id: a-b, type: INT}]
variables: {b: 1}
tasks:
  - {id: make-it, type: t, x: "{{ inputs.my-name }}"}
  - {id: c, type: t, x: "{{ inputs.a-b }} {{ inputs['my-name'] }} {{ 'inputs.my-name' }} inputs.my-name"}
outputs: [{id: o, type: STRING, value: "{{ outputs.make-it.value }}"}]
"""


def test_a_name_with_a_dash_that_is_read_as_a_subtraction_is_told():
    """Rule 4: where the whole name is known and its first part is not; in expressions only."""
    flow, document = parse_flow(DASHED, "f.yaml")
    assert sorted((each.line, each.message) for each in dashed_names(flow, document)) == [
        (6, "`tasks.0.x`: write `inputs['my-name']`; `inputs.my-name` is a subtraction"),
        (8, "`outputs.0.value`: write `outputs['make-it']`; `outputs.make-it` is a subtraction"),
    ]


BROKEN = """\
id: f
namespace: n
description: "not an expression: {{ 1 + }}"
pluginDefaults: [{type: t, values: {x: "{{ 1 + }}"}}]
tasks:
  - {id: a, type: t}
  - {id: b, type: t}
errors: [{id: c, type: u, list: ["{{ ) }}"]}]
outputs: [{id: o, type: STRING, value: "{% if %}"}]
"""


def test_broken_expressions_are_warnings_in_tasks_and_errors_elsewhere():
    """Rule 3: each once for each place in the file that is wrong for a task, and never in a description."""
    errors, warnings = broken_expressions(parse_flow(BROKEN, "f.yaml")[1])
    assert [(each.line, each.message.split(":")[0]) for each in errors] == [(9, "`outputs.0.value`")]
    assert sorted((each.line, each.message.split(":")[0]) for each in warnings) == [
        (4, "`tasks.0.x`"),
        (4, "`tasks.1.x`"),
        (8, "`errors.0.list.0`"),
    ]
