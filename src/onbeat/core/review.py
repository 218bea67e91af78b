"""Find what is legal in flows and yet can hardly be meant: calls that go in a circle, starts that lack an input, broken expressions.

Kestra loads such flows, and some of them are right: a task with a broken expression may never be reached, a circle may end by a
condition. So they are warnings, told when the files are loaded and not when the first event is lost.

Rules
1. A circle of subflows is told once, with its whole path; a flow that starts itself is an error, as in Kestra (engine/loader).
2. A start lacks an input when that is required, has no default, does not depend on others, and the start does not name it.
3. An expression of a task that does not compile is a warning: the flow loads, and the task fails when it is reached. Elsewhere (inputs,
   outputs, triggers, …) it is an error.
4. A name with a dash that is read as a subtraction is an error, as in Kestra.

Called by: engine/loader, the CLI's `check`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.expressions.expression import tags_of
from onbeat.core.flow import Flow
from onbeat.core.names import did_you_mean
from onbeat.core.plugin_defaults import KEYS
from onbeat.core.trigger import TriggerSpec, listens_to
from onbeat.core.upstream_flows import Heard
from onbeat.core.yaml12 import Document
from onbeat.errors import Problem

Path = tuple[str | int, ...]
_OF_TASKS = ("tasks", "errors", "finally", "afterExecution")
_NO_EXPRESSIONS = ("description", "displayName")
_DASHED = re.compile(r"""(?<![\w.'"\])])(inputs|outputs|vars)\.(\w+(?:-\w+)+)""")


class Call(NamedTuple):
    """A task that starts a flow whose name is known when it is loaded."""

    task: str
    namespace: str
    flow: str
    inputs: Mapping[str, Json]

    @property
    def target(self) -> str:
        """`namespace.id` of the flow it starts."""
        return f"{self.namespace}.{self.flow}"


def calls(flow: Flow) -> Iterator[Call]:
    """The flows that its tasks start: Subflow, and every other construct with `namespace` and `flowId`."""
    for task in flow.all_tasks():
        namespace, id_ = getattr(task, "namespace", None), getattr(task, "flow_id", None)
        if isinstance(namespace, str) and isinstance(id_, str) and "{{" not in namespace + id_:
            inputs = getattr(task, "inputs", None)
            yield Call(task.id, namespace, id_, inputs if isinstance(inputs, dict) else {})


def heard(flow: Flow) -> Iterator[Heard]:
    """Whose ends start this flow by one of its Flow triggers, where a trigger names a flow."""
    for raw in flow.triggers:
        with suppress(ValidationError):  # told by the loader
            trigger = TriggerSpec.model_validate(raw)
            if not trigger.disabled:
                yield from (each for each in listens_to(trigger) if each.flow is not None)


def circles(flows: Mapping[str, Flow]) -> list[tuple[str, ...]]:
    """The circles in which flows start each other, by a task or a Flow trigger, each as the names along it.

    A flow whose own task starts it is not among them: that is an error of its file.
    """
    edges: dict[str, set[str]] = {name: {call.target for call in calls(flow)} - {name} for name, flow in flows.items()}
    by_id: dict[str, list[Flow]] = {}
    for flow in flows.values():
        by_id.setdefault(flow.id, []).append(flow)
    for name, flow in flows.items():
        for each in heard(flow):
            for before in by_id.get(str(each.flow), ()):
                if each.namespace in (None, before.namespace):
                    edges[before.name].add(name)
    after = {name: sorted(targets & flows.keys()) for name, targets in edges.items()}
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in sorted(after):
        way: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            del way[depth:]
            if name in way:
                found.append((*way[way.index(name) :], name))
            elif name not in done:
                way.append(name)
                done.add(name)
                waiting.extend((each, depth + 1) for each in reversed(after[name]))
    return found


def lacking(flow: Flow, given: Collection[str]) -> list[str]:
    """The inputs that a start with these would lack."""
    roots = {name.partition(".")[0] for name in given}
    return [
        spec.id
        for spec in flow.inputs
        if spec.required
        and spec.defaults is None
        and spec.depends_on is None
        and not getattr(spec, "auto_select_first", False)
        and spec.id.partition(".")[0] not in roots
    ]


def broken_expressions(document: Document) -> tuple[list[Problem], list[Problem]]:
    """Expressions that do not compile: the errors, and the warnings (those of tasks)."""
    errors: dict[Problem, None] = {}
    warnings: dict[Problem, None] = {}
    known: dict[str, str | None] = {}  # an alias brings the same text to many places
    for path, text in _expressions(document):
        if text not in known:
            known[text] = _wrong_in(text)
        wrong = known[text]
        if wrong is not None:
            place = document.position(path)
            found = warnings if path[0] in _OF_TASKS else errors
            found[Problem(document.name, *place, f"`{'.'.join(map(str, path))}`: {wrong}")] = None
    return list(errors), list(warnings)


def _wrong_in(text: str) -> str | None:
    """Why a text does not compile; None when it does."""
    try:
        compile_value(text)
    except ExpressionError as wrong:
        return str(wrong)
    return None


def dashed_names(flow: Flow, document: Document) -> Iterator[Problem]:
    """Names with a dash that are written as `inputs.my-name`, which is `inputs.my` less `name`."""
    written: dict[str, list[tuple[str, ...]]] = {}
    known = {"inputs": {spec.id for spec in flow.inputs}, "outputs": {task.id for task in flow.all_tasks()}, "vars": set(flow.variables)}
    for path, text in _expressions(document):
        if text not in written:
            written[text] = [found.groups() for _, tag in tags_of(text) for found in _DASHED.finditer(tag)]
        for root, name in written[text]:
            if name in known[root] and name.partition("-")[0] not in known[root]:
                said = f"`{'.'.join(map(str, path))}`: write `{root}['{name}']`; `{root}.{name}` is a subtraction"
                yield Problem(document.name, *document.position(path), said)


def _expressions(document: Document) -> Iterator[tuple[Path, str]]:
    """The texts with expressions of a file, each with its place."""
    waiting: list[tuple[Path, Json]] = [((), document.data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), item) for key, item in value.items() if path or key not in KEYS)
        elif isinstance(value, list):
            waiting.extend(((*path, index), item) for index, item in enumerate(value))
        elif isinstance(value, str) and ("{{" in value or "{%" in value) and path[-1:] not in [(name,) for name in _NO_EXPRESSIONS]:
            yield path, value


def problems_of_start(who: str, target: Flow, given: Mapping[str, Json], strays: Collection[str]) -> Iterator[str]:
    """What a trigger or task that starts a flow with these inputs gets wrong, in sentences."""
    for stray in strays:
        yield f"{who} starts flow {target.name}: {stray}"
    for id_ in lacking(target, given):
        yield f"{who} starts flow {target.name} without its required input `{id_}`{did_you_mean(id_, given)}"
