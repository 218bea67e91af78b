"""Resolve a flow's inputs: given values and defaults, typed and checked, as the `inputs` of an execution.

All problems are told at once, because a caller who fixes one and then meets the next gives up at the third.

Rules
1. An input is typed by its declaration; a problem with any of them raises InputError with all of them, and nothing starts.
2. A missing required input without default is a problem; a missing optional one is there as null.
3. Defaults, choices and conditions are rendered, and may use any other `inputs`; each is worked out after those that it uses, and a
   circle is refused when the flow is loaded. Given values are never rendered.
4. An input whose `dependsOn` is not met is null, whatever was given.
5. Dots in an id nest; given values may come under the dotted id, or nested.
6. Values that are not declared are left out; `unknown` names them, with the input that was meant.

Called by: engine/intake for triggers, the API and the CLI for callers, Subflow and Pause.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from onbeat.core.event import Json
from onbeat.core.inputs.common import CommonInput, Render, rendered_part
from onbeat.core.inputs.kinds import InputSpec
from onbeat.core.names import did_you_mean
from onbeat.errors import UserError


@dataclass(frozen=True, slots=True)
class InputProblem:
    """What is wrong with one input."""

    id: str
    message: str

    def __str__(self) -> str:
        return f"Invalid input for `{self.id}`, {self.message}"


class InputError(UserError):
    """The inputs are not what the flow declares; `problems` holds all that is wrong, in order of declaration."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Examined(NamedTuple):
    """One input of a start. enabled: whether it is asked for. own: whether the value was given, and is no default."""

    spec: CommonInput
    value: Json = None
    enabled: bool = True
    own: bool = False
    problem: str | None = None


def resolve(specs: Sequence[CommonInput], given: Mapping[str, Json], render: Render) -> dict[str, Json]:
    """The execution's `inputs`. Raises InputError."""
    inputs, examined = _work_out(specs, given, render)
    problems = [InputProblem(each.spec.id, each.problem) for each in examined if each.problem is not None]
    if problems:
        raise InputError(problems)
    return inputs


def examine(specs: Sequence[CommonInput], given: Mapping[str, Json], render: Render) -> list[Examined]:
    """Each input as a start with these values would have it, in order of declaration: for forms."""
    return _work_out(specs, given, render)[1]


def _work_out(specs: Sequence[CommonInput], given: Mapping[str, Json], render: Render) -> tuple[dict[str, Json], list[Examined]]:
    inputs: dict[str, Json] = {}
    found: dict[str, Examined] = {}
    incomplete = False
    for spec in _in_order(specs):
        before = [found[name] for name in _needed(spec)]
        value = _given(spec.id, given)
        if any(each.problem is not None for each in before):
            found[spec.id] = Examined(spec)
            continue
        try:
            if not all(each.enabled for each in before) or not _wanted(spec, render, inputs):
                found[spec.id] = Examined(spec, enabled=False)
            else:
                found[spec.id] = Examined(spec, _value(spec, value, render, inputs, incomplete), own=not spec.is_empty(value))
        except ValueError as error:
            found[spec.id] = Examined(spec, own=not spec.is_empty(value), problem=str(error))
            incomplete = True
        _nest(inputs, spec.id, found[spec.id].value)
    roots = dict.fromkeys(spec.id.partition(".")[0] for spec in specs)
    return {root: inputs.get(root) for root in roots}, [found[spec.id] for spec in specs]


def unknown(specs: Sequence[CommonInput], given: Mapping[str, Json]) -> tuple[str, ...]:
    """One sentence for each given value that no input takes, with the input that was meant."""
    ids = [spec.id for spec in specs]
    roots = {id_.partition(".")[0] for id_ in ids}
    strays = [name for name in given if name not in ids and not (name in roots and isinstance(given[name], dict))]
    return tuple(f"`{name}` is not an input of this flow{did_you_mean(name, ids)}" for name in strays)


def _value(spec: CommonInput, value: Json, render: Render, inputs: Mapping[str, Json], incomplete: bool) -> Json:
    """The value of one input. Raises ValueError with the reason.

    `incomplete`: another input has a problem, so that a default or choices rendered from `inputs` may be wrong for that reason only.
    """
    if spec.is_empty(value):
        if incomplete and _is_rendered(spec.defaults):
            return None
        value = rendered_part("defaults", spec.defaults, render, inputs)
    if spec.is_empty(value):
        value = spec.missing(render, inputs)
    if spec.is_empty(value):
        if spec.required:
            raise ValueError("missing required input, but received `null`")
        return None
    return spec.accept(value, render, inputs)


def _wanted(spec: CommonInput, render: Render, inputs: Mapping[str, Json]) -> bool:
    condition = spec.depends_on.condition if spec.depends_on else None
    if condition is None:
        return True
    met = rendered_part("dependsOn.condition", condition, render, inputs)
    return met.strip() not in ("", "false", "0", "-0") if isinstance(met, str) else bool(met)


def _is_rendered(value: Json) -> bool:
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_rendered(item) for item in items)


def _given(id_: str, given: Mapping[str, Json]) -> Json:
    """The given value of an input, under its dotted id or nested."""
    if id_ in given:
        return given[id_]
    first, dot, rest = id_.partition(".")
    inner = given.get(first)
    return _given(rest, inner) if dot and isinstance(inner, dict) else None


def _nest(inputs: dict[str, Json], id_: str, value: Json) -> None:
    *parents, last = id_.split(".")
    for parent in parents:
        inputs = inputs.setdefault(parent, {})
    inputs[last] = value


def _needed(spec: CommonInput) -> tuple[str, ...]:
    return spec.depends_on.inputs if spec.depends_on else ()


_USED = re.compile(r"""\binputs(?:\.([a-zA-Z0-9_][\w.]*)|\[\s*['"]([^'"]+)['"]\s*\])""")


def _used(spec: CommonInput, ids: Mapping[str, object]) -> set[str]:
    """The inputs that must be worked out before this one: those it depends on, and those that its expressions name."""
    condition = spec.depends_on.condition if spec.depends_on else None
    texts = [*_expressions([spec.defaults, getattr(spec, "expression", None), condition])]
    used = set(_needed(spec))
    for name in {match[1] or match[2] for text in texts for match in _USED.finditer(text)}:
        parts = name.split(".")
        around = {".".join(parts[:end]) for end in range(1, len(parts) + 1)} & ids.keys()
        used |= around or {id_ for id_ in ids if id_.startswith(f"{name}.")}
    return used


def _expressions(values: Sequence[Json]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and _is_rendered(value):
            yield value
        elif isinstance(value, dict | list):
            yield from _expressions([*value.values()] if isinstance(value, dict) else value)


def _in_order(specs: Sequence[CommonInput]) -> Iterator[CommonInput]:
    """The inputs as declared, each after those that it uses. Raises ValueError with the path when they go in a circle."""
    by_id = {spec.id: spec for spec in specs}
    used = {spec.id: _used(spec, by_id) for spec in specs}
    done: set[str] = set()
    for spec in specs:
        way = [spec.id]
        while way:
            waits = sorted(used[way[-1]] - done)
            if not waits:
                last = way.pop()
                if last not in done:
                    done.add(last)
                    yield by_id[last]
            elif waits[0] in way:
                circle = [*way[way.index(waits[0]) :], waits[0]]
                raise ValueError(f"inputs depend on each other in a circle: {' -> '.join(f'`{id_}`' for id_ in circle)}")
            else:
                way.append(waits[0])


def _coherent(specs: tuple[CommonInput, ...]) -> tuple[CommonInput, ...]:
    """The declarations, when they fit together."""
    ids = [spec.id for spec in specs]
    for position, spec in enumerate(specs):
        if spec.id in ids[:position]:
            raise ValueError(f"input `{spec.id}` is declared more than once; ids are unique in the flow")
        inside = next((id_ for id_ in ids if id_.startswith(f"{spec.id}.")), None)
        if inside is not None:
            raise ValueError(f"input `{spec.id}` cannot be a value and hold `{inside}` too; rename one of them")
        for name in _needed(spec):
            if name not in ids:
                raise ValueError(f"input `{spec.id}` depends on `{name}`, which is not an input{did_you_mean(name, ids)}")
    for _ in _in_order(specs):
        pass  # raises when they go in a circle
    return specs


Inputs = Annotated[tuple[InputSpec, ...], AfterValidator(_coherent)]
"""The declared inputs of a flow: unique, nothing both value and map, dependencies known and without a circle."""
