"""Make YAML documents, most of them wrong: flows and triggers from the grammar, with known and unknown keys and values of every kind,
written in every style of YAML, then bent by mutations. Some are bent copies of the examples.

Called by: cases.py.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import yaml

from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.plan import FLOWABLES
from onbeat.core.trigger import TriggerSpec
from tests.docs.models import key_of
from tests.fuzz.expressions import expression
from tests.fuzz.mutations import mutated

_FOLDER = Path(__file__).parent.parent.parent
EXAMPLES = [path.read_text() for folder in ("flows", "triggers") for path in sorted((_FOLDER / folder).glob("**/*.yaml"))]
_FLOW = [key_of(name, field) for name, field in Flow.model_fields.items()]
_TASK = [key_of(name, field) for name, field in TaskSpec.model_fields.items()]
_TRIGGER = [key_of(name, field) for name, field in TriggerSpec.model_fields.items()]
_FLOWABLE = {name: [key_of(field, model.model_fields[field]) for field in model.model_fields] for name, model in FLOWABLES.items()}
_TASKS = [
    *("core.log.Log", "core.debug.Return", "core.http.Request", "io.kestra.plugin.core.log.Log", "scripts.python.Script"),
    *("core.log.log", "nope.Nope"),
]
_TRIGGERS = ["core.trigger.Schedule", "core.trigger.Webhook", "core.trigger.Flow", "core.trigger.Event", "kafka.RealtimeTrigger", "nope"]
_LISTS = ("tasks", "errors", "finally", "afterExecution", "then", "else", "defaults")
_SCALARS: list[Any] = [
    *"a é on 010 12:30:45 2026-13-45 1e3 ~ PT1S P1Y2M -PT1S null a.b-c ../x {{".split(),
    *("", "*/5 * * * *", "{{ x }}", "x" * 300),
    *(0, 1, -1, 10**30, 2.5, 1e308, True, False, None, [], {}, [[]], [None], {"a": {"b": []}}, [{"id": "a"}], {"": 1}),
]
_TOKENS = [
    *"| > [ ] { } , # ' \" \\ @ ` ~ = 0x .inf .nan !t !!binary !!set !!python/object/apply:os.system tasks: *nope".split(),
    *(
        "- ",
        ": ",
        "? ",
        "&a ",
        "*a",
        "<<: *a",
        "<<: [*a, *a]",
        "&a [*a]",
        "|+2\n",
        "%TAG ! x",
        "---\n",
        "...\n",
        "- - - ",
        "a: a: a",
        "id: ",
    ),
    *("\t", "\n", "\n  ", "\n      ", "\ufeff", "\x00", "\x85", "\u2028", "\ud800", "\U0001f600", "{{ ", " }}", "{% ", "on: no", "1: 1"),
]


def document(choose: Random) -> str:
    """The text of a flow or a trigger, or of something else."""
    kind = choose.random()
    if kind < 0.3:
        text = choose.choice(EXAMPLES)
    elif kind < 0.35:
        text = "".join(choose.choice(_TOKENS) for _ in range(choose.randint(1, 60)))
    elif kind < 0.42:
        text = _aliased(choose)
    else:
        text = _written(choose, _flow(choose) if choose.random() < 0.85 else _trigger(choose))
    return mutated(choose, text, _TOKENS) if choose.random() < 0.85 else text


def _aliased(choose: Random) -> str:
    """A flow whose variables are aliases of aliases."""
    lines = ["id: f", "namespace: n", "tasks: [{id: a, type: core.log.Log, message: x}]", "variables:"]
    lines.append(f"  a0: &a0 {json.dumps(choose.choice([_scalar(choose), {'k': _text(choose)}, {f'k{n}': [n] for n in range(50)}]))}")
    for number in range(1, choose.randint(2, 12)):
        many = ", ".join(f"*a{choose.randrange(number)}" for _ in range(choose.choice([1, 2, 9, 100])))
        lines.append(f"  a{number}: &a{number} " + choose.choice([f"[{many}]", f"{{<<: [{many}]}}", f"{{x: [{many}], <<: *a0}}"]))
    return "\n".join(lines)


def _written(choose: Random, data: Any) -> str:
    match choose.randrange(4):
        case 0:
            return json.dumps(data, ensure_ascii=choose.random() < 0.5, indent=choose.choice([None, 2]))
        case 1:
            text: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=choose.choice([None, True]))
            return text
        case _:
            return yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=choose.choice([20, 140]))  # type: ignore[no-any-return]  # a text


def _flow(choose: Random) -> Any:
    flow: dict[str, Any] = {"id": "f", "namespace": "n", "tasks": _tasks(choose, 3)}
    for key in _some(choose, _FLOW, 3):
        flow[key] = _at(choose, key, 2)
    if choose.random() < 0.2:
        flow["triggers"] = [_trigger(choose) for _ in range(choose.randint(0, 2))]
    if choose.random() < 0.2:
        flow["inputs"] = [_input(choose) for _ in range(choose.randint(0, 3))]
    return flow


def _trigger(choose: Random) -> Any:
    trigger = {"id": "t", "type": choose.choice(_TRIGGERS), "flow": {"namespace": "n", "id": "f"}}
    for key in _some(choose, [*_TRIGGER, "cron", "key", "topic", "conditions", "nope"], 3):
        trigger[key] = _scalar(choose)
    return trigger


def _input(choose: Random) -> Any:
    kinds = ["STRING", "INT", "FLOAT", "BOOLEAN", "SELECT", "MULTISELECT", "ARRAY", "JSON", "DATETIME", "DURATION", "FILE", "NOPE", 5]
    found: dict[str, Any] = {"id": choose.choice(["a", "b", "a.b", ""]), "type": choose.choice(kinds)}
    for key in _some(
        choose, ["defaults", "required", "validator", "min", "max", "values", "dependsOn", "itemType", "expression", "nope"], 2
    ):
        found[key] = _scalar(choose)
    return found


def _tasks(choose: Random, depth: int) -> list[Any]:
    return [_task(choose, depth - 1, number) for number in range(choose.choice([1, 1, 1, 2, 3]))]


def _task(choose: Random, depth: int, number: int) -> Any:
    if choose.random() < 0.03:
        return _scalar(choose)
    id_ = choose.choice([f"t{depth}_{number}", f"t{depth}_{number}", f"t{depth}_{number}", "t", "", 5])
    if depth > 0 and choose.random() < 0.5:
        type_ = choose.choice(list(_FLOWABLE))
        task: dict[str, Any] = {"id": id_, "type": type_}
        for key in _some(choose, _FLOWABLE[type_], 5):
            if key not in task:
                task[key] = _at(choose, key, depth)
        return task
    task = {"id": id_, "type": choose.choice(_TASKS), "message": _text(choose)}
    for key in _some(choose, [*_TASK, "format", "uri", "script", "nope"], 2):
        task[key] = _scalar(choose)
    return task


def _at(choose: Random, key: str, depth: int) -> Any:
    if key in _LISTS and choose.random() < 0.8:
        return _tasks(choose, depth)
    if key == "cases" and choose.random() < 0.8:
        return {"a": _tasks(choose, depth), "b": _tasks(choose, depth)}
    return _scalar(choose)


def _scalar(choose: Random) -> Any:
    if choose.random() < 0.25:
        return _text(choose)
    if choose.random() < 0.1:
        return [_scalar(choose) for _ in range(2)]
    return choose.choice(_SCALARS)


def _text(choose: Random) -> str:
    """An expression as any writer of YAML can write it."""
    return expression(choose).encode("utf-8", "replace").decode()


def _some(choose: Random, keys: Sequence[str], most: int) -> list[str]:
    return choose.sample(list(keys), min(len(keys), choose.randint(0, most)))
