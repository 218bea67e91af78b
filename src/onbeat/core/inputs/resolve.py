"""Resolve a flow's inputs: given values and defaults, typed and checked, as the `inputs` of an execution.

All problems are told at once, because a caller who fixes one and then meets the next gives up at the third.

Rules
1. An input is typed by its declaration; a problem with any of them raises InputError with all of them, and nothing starts.
2. A missing required input without default is a problem; a missing optional one is there as null.
3. Defaults are rendered, and may use `inputs` declared before them or named in `dependsOn`. Given values are never rendered.
4. An input whose `dependsOn` is not met is null, whatever was given.
5. Dots in an id nest; given values may come under the dotted id, or nested.
6. Values that are not declared are left out; `unknown` names them, with the input that was meant.

Called by: engine/intake for triggers, the API and the CLI for callers, Subflow and Pause.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from onbeat.core.event import Json
from onbeat.core.inputs.kinds import CommonInput, InputSpec, Render, rendered_part
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


def resolve(specs: Sequence[CommonInput], given: Mapping[str, Json], render: Render) -> dict[str, Json]:
    """The execution's `inputs`. Raises InputError."""
    inputs: dict[str, Json] = {}
    problems: dict[str, InputProblem] = {}
    off: set[str] = set()
    for spec in _in_order(specs):
        needed = _needed(spec)
        if any(name in problems for name in needed):
            continue
        value = None
        try:
            if any(name in off for name in needed) or not _wanted(spec, render, inputs):
                off.add(spec.id)
            else:
                value = _value(spec, _given(spec.id, given), render, inputs, bool(problems))
        except ValueError as error:
            problems[spec.id] = InputProblem(spec.id, str(error))
        _nest(inputs, spec.id, value)
    if problems:
        raise InputError([problems[spec.id] for spec in specs if spec.id in problems])
    return {spec.id.partition(".")[0]: inputs[spec.id.partition(".")[0]] for spec in specs}


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


def _in_order(specs: Sequence[CommonInput]) -> Iterator[CommonInput]:
    """The inputs as declared, each after those that it depends on. Raises ValueError when they go in a circle."""
    waiting = {spec.id: spec for spec in specs}
    while waiting:
        ready = next((spec for spec in waiting.values() if not any(name in waiting for name in _needed(spec))), None)
        if ready is None:
            raise ValueError(f"inputs {', '.join(f'`{id_}`' for id_ in waiting)} depend on each other; remove one `dependsOn`")
        del waiting[ready.id]
        yield ready


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
