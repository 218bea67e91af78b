"""What the shell answers, done without one: the values of expressions, the targets of subflows, the batches of a ForEachItem.

The core asks, the shell looks, and what it found comes back as a signal. Stories (world.py) and random lives (life.py) are answered here.
"""

from collections.abc import Mapping
from typing import Any

from onbeat.core import commands as cmd
from onbeat.core import context
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.endings import end_specs, optional_outputs
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Execution, TaskRun
from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.flow import Flow
from onbeat.core.plan.for_each_item import Items
from onbeat.core.plan.subflow import Subflow
from onbeat.core.refs import taken_apart

MOST_AT_ONCE = 3
"""So many executions of a ForEachItem are chosen with one answer."""


def answered(flow: Flow, execution: Execution, command: cmd.Evaluate, now: Micros, outside: Mapping[str, Any]) -> s.AnySignal:
    """The answer to what a task run, or the flow, asks for. outside: what is there, by name; of what it has no answer to, the usual."""
    n, ask = command.run, command.ask
    names = context.variables(flow, execution, n, now) | outside
    if ask.startswith("@") and ask not in outside:
        kind = ask.partition(" ")[0]
        if kind == "@children":
            return s.ChildrenChosen(n, ask, tuple(_children(flow, execution, n)))
        try:
            return s.Evaluated(n, ask, _usual(kind, flow, execution, n, names))
        except Exception as problem:
            return s.Evaluated(n, ask, None, str(problem))
    if ask.startswith("@"):
        value = outside[ask]
        return s.Evaluated(n, ask, None, str(value)) if isinstance(value, Exception) else s.Evaluated(n, ask, value)
    expression: Json = _given(flow, execution, ask, now, names) if n == ROOT else getattr(flow.by_id[execution.runs[n].task], ask)
    try:
        return s.Evaluated(n, ask, compile_value(expression).render(make_scope(names)))
    except Exception as problem:
        return s.Evaluated(n, ask, None, str(problem))


def _given(flow: Flow, execution: Execution, ask: str, now: Micros, names: dict[str, Any]) -> dict[str, Json]:
    """What is rendered at the end, without those that need not be there and cannot be had."""
    draft = Draft(flow, execution, now)
    specs = end_specs(draft, ask)
    for name in optional_outputs(draft, ask):
        try:
            compile_value(specs[name]).render(make_scope(names))
        except Exception:
            specs.pop(name)
    return specs


def _usual(kind: str, flow: Flow, execution: Execution, n: int, names: dict[str, Any]) -> Json:
    match kind:
        case "@items":
            spec = flow.by_id[execution.runs[n].task]
            assert isinstance(spec, Items)
            return compile_value(spec.splits).render(make_scope(names))
        case "@around":
            return taken_apart(context.outputs(execution))[0]
        case "@values":
            return [1, 2]
        case "@stored":
            return {"uri": f"kestra:///{execution.run_id(n)}/outputs.jsonl"}
        case "@results":
            return {"subflowOutputs": f"kestra:///{execution.run_id(n)}/outputs.jsonl"}
    return None


def _children(flow: Flow, execution: Execution, n: int) -> list[s.Chosen]:
    """The next executions of a ForEachItem, as many as there is room for; each has its batch as input."""
    spec, block = flow.by_id[execution.runs[n].task], execution.blocks[n]
    assert isinstance(spec, Items)
    room = spec.limit - block.open if spec.limit else MOST_AT_ONCE
    lanes = range(block.begun, min(block.lanes, block.begun + min(room, MOST_AT_ONCE)))
    return [s.Chosen("tests", str(spec.flow_id), 1, inputs={"batch": block.values[lane]}, labels=spec.labels) for lane in lanes]


def chosen(flow: Flow, run: TaskRun) -> s.ChildChosen:
    """The target of a subflow."""
    spec = flow.by_id[run.task]
    assert isinstance(spec, Subflow)
    return s.ChildChosen(
        run.n, run.attempt, "tests", str(spec.flow_id), 1, inputs=spec.inputs, wait=spec.wait, transmit=spec.transmit_failed
    )
