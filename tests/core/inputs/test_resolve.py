from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from onbeat.core.event import Json
from onbeat.core.inputs import Examined, InputError, InputProblem, Inputs, examine, resolve, unknown
from onbeat.core.inputs.common import CommonInput
from onbeat.errors import UserError

ADAPTER: TypeAdapter[tuple[CommonInput, ...]] = TypeAdapter(Inputs)


def declare(*specs: dict[str, Any]) -> tuple[CommonInput, ...]:
    """The inputs of a flow."""
    return ADAPTER.validate_python(specs)


def render_fake(value: Json, variables: Mapping[str, Json]) -> Json:
    """An expression engine that knows `{{ inputs.a }}`: follows the path or says that it is not there."""
    if isinstance(value, dict):
        return {key: render_fake(item, variables) for key, item in value.items()}
    if not isinstance(value, str) or "{{" not in value:
        return value
    found: Any = variables
    for step in value.strip("{} ").split("."):
        if not isinstance(found, dict) or step not in found:
            raise UserError(f"`{value.strip('{} ')}` is not there")
        found = found[step]
    return found


def run(specs: tuple[CommonInput, ...], given: dict[str, Json]) -> dict[str, Json]:
    """The resolved inputs."""
    return resolve(specs, given, render_fake)


def problems(specs: tuple[CommonInput, ...], given: dict[str, Json]) -> list[str]:
    """The lines of the error."""
    with pytest.raises(InputError) as error:
        run(specs, given)
    assert isinstance(error.value, UserError)
    return str(error.value).splitlines()


def test_all_problems_are_told_at_once_in_order_of_declaration() -> None:
    """A caller fixes them in one go."""
    specs = declare(
        {"id": "string", "type": "STRING"},
        {"id": "validatedInt", "type": "INT", "min": 10, "max": 20},
        {"id": "fine", "type": "INT"},
        {"id": "uri", "type": "URI", "required": False},
    )
    assert problems(specs, {"validatedInt": "9", "fine": 1, "uri": "bla"}) == [
        "Invalid input for `string`, missing required input, but received `null`",
        "Invalid input for `validatedInt`, it must be more than `10`, but received `9`",
        "Invalid input for `uri`, Expected `URI` but received `bla`; write it with its scheme, like `https://example.org/path`",
    ]


def test_an_error_holds_its_problems_as_data() -> None:
    """The API answers with them, one by one."""
    error = InputError([InputProblem("x", "it is wrong")])
    assert error.problems == (InputProblem("x", "it is wrong"),)
    assert str(error) == "Invalid input for `x`, it is wrong"


def test_a_missing_required_input_is_a_problem_and_a_missing_optional_one_is_null() -> None:
    """`inputs.optional` is there in either case, so an expression need not guard it."""
    specs = declare(
        {"id": "a", "type": "STRING"}, {"id": "b", "type": "INT", "required": False}, {"id": "n.c", "type": "BOOL", "required": False}
    )
    assert run(specs, {"a": ""}) == {"a": "", "b": None, "n": {"c": None}}
    assert (
        problems(specs, {"b": 1}) == problems(specs, {"a": None}) == ["Invalid input for `a`, missing required input, but received `null`"]
    )


def test_an_empty_form_field_is_a_missing_value_except_for_text() -> None:
    """A form sends "" for what was left empty; for text that is a value."""
    specs = declare(
        {"id": "i", "type": "INT", "required": False},
        {"id": "s", "type": "STRING"},
        {"id": "d", "type": "DATE", "defaults": "2023-01-01"},
        {"id": "e", "type": "ENUM", "values": ["A"], "required": False},
    )
    assert run(specs, {"i": "", "s": "", "d": "", "e": ""}) == {"i": None, "s": "", "d": "2023-01-01", "e": None}


def test_defaults_are_typed_as_given_values_are() -> None:
    """An empty text, false and 0 are defaults too; null given means the default."""
    specs = declare(
        {"id": "empty", "type": "STRING", "defaults": "", "required": True},
        {"id": "off", "type": "BOOL", "defaults": False},
        {"id": "zero", "type": "INT", "defaults": "0"},
        {"id": "yaml", "type": "YAML", "defaults": {"list": [{"key": "k"}]}},
        {"id": "bad", "type": "INT", "defaults": 1, "required": False},
    )
    assert run(specs, {"bad": None}) == {"empty": "", "off": False, "zero": 0, "yaml": {"list": [{"key": "k"}]}, "bad": 1}
    assert problems(declare({"id": "x", "type": "INT", "defaults": "abc"}), {}) == [
        "Invalid input for `x`, Expected `INT` but received `abc`"
    ]


def test_a_prefill_is_for_forms_only() -> None:
    """A caller that sends nothing gets nothing."""
    assert run(declare({"id": "x", "type": "STRING", "prefill": "p", "required": False}), {}) == {"x": None}


def test_defaults_may_use_inputs_declared_before_them() -> None:
    """They see the typed values, nested as expressions name them."""
    specs = declare(
        {"id": "nested.a", "type": "INT"},
        {"id": "b", "type": "INT", "defaults": "{{ inputs.nested.a }}"},
        {"id": "c", "type": "JSON", "defaults": {"v": "{{ inputs.b }}"}},
    )
    assert run(specs, {"nested.a": "3"}) == {"nested": {"a": 3}, "b": 3, "c": {"v": 3}}


def test_a_default_that_cannot_be_rendered_is_a_problem() -> None:
    """The message names the default, for the caller did not write it."""
    specs = declare({"id": "b", "type": "INT", "defaults": "{{ inputs.nope }}"})
    assert problems(specs, {}) == ["Invalid input for `b`, its `defaults` cannot be rendered: `inputs.nope` is not there"]


def test_a_problem_does_not_bring_forth_another() -> None:
    """A default that needs a wrong input, or one that depends on it, is not a second mistake of the caller."""
    specs = declare(
        {"id": "a", "type": "INT"},
        {"id": "b", "type": "INT", "defaults": "{{ inputs.a }}"},
        {"id": "c", "type": "INT", "dependsOn": {"inputs": ["a"], "condition": "{{ inputs.a }}"}},
        {"id": "d", "type": "JSON", "defaults": [{"x": "{{ inputs.a }}"}]},
    )
    assert problems(specs, {"a": "x"}) == ["Invalid input for `a`, Expected `INT` but received `x`"]


def test_given_values_are_never_rendered() -> None:
    """Who may start a flow may not read its variables and secrets by sending an expression."""
    specs = declare({"id": "a", "type": "STRING"}, {"id": "b", "type": "JSON"})
    given = {"a": "{{ inputs.b }}", "b": {"x": "{{ inputs.a }}"}}
    assert run(specs, given) == given


@pytest.mark.parametrize(
    ("met", "value"), [(True, 1), ("true", 1), ("yes", 1), (False, None), ("false", None), ("", None), ("0", None), (" ", None), (0, None)]
)
def test_an_input_whose_condition_is_not_met_is_null(met: Json, value: Json) -> None:
    """It is not asked for: neither required nor checked, whatever was given; what depends on it is not asked for either."""
    specs = declare(
        {"id": "a", "type": "JSON"},
        {"id": "b", "type": "INT", "dependsOn": {"inputs": ["a"], "condition": "{{ inputs.a.met }}"}},
        {"id": "c", "type": "INT", "defaults": 1, "dependsOn": {"inputs": ["b"]}},
    )
    assert run(specs, {"a": {"met": met}, "b": 1 if value else "wrong"}) == {"a": {"met": met}, "b": value, "c": value}


def test_a_condition_that_cannot_be_rendered_is_a_problem() -> None:
    """Nobody can tell whether the input is wanted."""
    specs = declare({"id": "b", "type": "INT", "dependsOn": {"condition": "{{ inputs.nope }}"}})
    assert problems(specs, {"b": 1}) == ["Invalid input for `b`, its `dependsOn.condition` cannot be rendered: `inputs.nope` is not there"]


def test_dependencies_are_resolved_first_and_the_result_is_in_order_of_declaration() -> None:
    """An input may depend on one that is declared after it."""
    specs = declare(
        {"id": "a", "type": "INT", "defaults": "{{ inputs.b }}", "dependsOn": {"inputs": ["b"]}},
        {"id": "b", "type": "INT", "defaults": "{{ inputs.c }}", "dependsOn": {"inputs": ["c"]}},
        {"id": "c", "type": "INT"},
    )
    result = run(specs, {"c": 5})
    assert result == {"a": 5, "b": 5, "c": 5}
    assert list(result) == ["a", "b", "c"]


def test_dots_nest_and_given_values_may_be_nested_too() -> None:
    """Forms send `nested.more.int`, JSON callers send maps in maps."""
    specs = declare(
        {"id": "nested.string", "type": "STRING"},
        {"id": "nested.more.int", "type": "INT"},
        {"id": "nested.bool", "type": "BOOLEAN", "required": False},
    )
    expected = {"nested": {"string": "s", "more": {"int": 123}, "bool": None}}
    assert run(specs, {"nested.string": "s", "nested.more.int": "123"}) == expected
    assert run(specs, {"nested": {"string": "s", "more": {"int": 123}}}) == expected
    assert run(specs, {"nested": {"string": "s"}, "nested.more.int": 123}) == expected
    assert len(problems(specs, {"nested": "x"})) == 2


def test_the_first_value_is_selected_where_the_flow_says_so() -> None:
    """autoSelectFirst is a default that follows the values."""
    specs = declare(
        {"id": "s", "type": "SELECT", "values": ["A", "B"], "autoSelectFirst": True},
        {"id": "e", "type": "SELECT", "expression": "{{ inputs.m.list }}", "autoSelectFirst": True, "dependsOn": {"inputs": ["m"]}},
        {"id": "l", "type": "MULTISELECT", "values": [3, 4], "itemType": "INT", "autoSelectFirst": True},
        {"id": "m", "type": "JSON"},
    )
    assert run(specs, {"m": {"list": ["x", "y"]}}) == {"s": "A", "e": "x", "l": [3], "m": {"list": ["x", "y"]}}
    assert problems(specs, {"m": {"list": []}}) == ["Invalid input for `e`, missing required input, but received `null`"]


def test_values_that_are_not_declared_are_left_out_and_named() -> None:
    """As in Kestra they are no error, but the caller can be told which input was meant."""
    specs = declare({"id": "name", "type": "STRING"}, {"id": "a.b", "type": "STRING", "required": False})
    assert run(specs, {"name": "x", "nmae": "y"}) == {"name": "x", "a": {"b": None}}
    assert unknown(specs, {"name": "x", "nmae": "y", "zzz": 1, "a": {"b": "1"}}) == (
        "`nmae` is not an input of this flow; did you mean `name`?",
        "`zzz` is not an input of this flow",
    )


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([{"id": "a"}, {"id": "a"}], "input `a` is declared more than once"),
        ([{"id": "a"}, {"id": "a.b"}], "input `a` cannot be a value and hold `a.b` too"),
        ([{"id": "a.b.c"}, {"id": "a.b"}], "input `a.b` cannot be a value and hold `a.b.c` too"),
        (
            [{"id": "name"}, {"id": "b", "dependsOn": {"inputs": ["nmae"]}}],
            "depends on `nmae`, which is not an input; did you mean `name`?",
        ),
        ([{"id": "a", "dependsOn": {"inputs": ["a"]}}], "in a circle: `a` -> `a`"),
        ([{"id": "a", "defaults": "{{ inputs.b }}"}, {"id": "b", "defaults": "{{ inputs['a'] }}"}], "in a circle: `a` -> `b` -> `a`"),
        ([{"id": "a.b", "defaults": "{{ inputs.c }}"}, {"id": "c", "defaults": ["{{ inputs.a.b }}"]}], "circle: `a.b` -> `c` -> `a.b`"),
        (
            [
                {"id": "x"},
                {"id": "a", "dependsOn": {"inputs": ["x"], "condition": "{{ inputs.b }}"}},
                {"id": "b", "defaults": "{{ inputs.a }}"},
            ],
            "in a circle: `a` -> `b` -> `a`",
        ),
        (
            [{"id": "x"}, {"id": "a", "dependsOn": {"inputs": ["b"]}}, {"id": "b", "dependsOn": {"inputs": ["a", "x"]}}],
            "in a circle: `a` -> `b` -> `a`",
        ),
    ],
)
def test_declarations_that_do_not_fit_together_are_refused(specs: list[dict[str, Any]], message: str) -> None:
    """Found when the flow is loaded, not when it is started."""
    with pytest.raises(ValidationError, match=message):
        declare(*({"type": "STRING", **spec} for spec in specs))


def test_an_input_may_use_one_that_is_declared_after_it() -> None:
    """Each is worked out after those that its defaults name, whatever the order of declaration; the result has that order."""
    specs = declare(
        {"id": "copy", "type": "STRING", "defaults": "{{ inputs.nested.a }}"},
        {"id": "whole", "type": "JSON", "defaults": "{{ inputs.nested }}"},
        {"id": "nested.a", "type": "STRING", "defaults": "{{ inputs.last }}"},
        {"id": "last", "type": "STRING"},
    )
    assert run(specs, {"last": "x"}) == {"copy": "x", "whole": {"a": "x"}, "nested": {"a": "x"}, "last": "x"}


def test_a_chain_of_a_thousand_inputs_is_no_trouble() -> None:
    """Nothing recurses on the declarations."""
    specs = declare(
        *({"id": f"i{n}", "type": "STRING", "defaults": f"{{{{ inputs.i{n + 1} }}}}"} for n in range(1_000)),
        {"id": "i1000", "type": "STRING"},
    )
    assert run(specs, {"i1000": "x"})["i0"] == "x"


def test_each_input_is_examined_for_a_form() -> None:
    """Value, whether it is asked for, whether it is the caller's, and what is wrong with it; nothing is raised."""
    specs = declare(
        {"id": "a", "type": "BOOL"},
        {"id": "b", "type": "INT", "dependsOn": {"inputs": ["a"], "condition": "{{ inputs.a }}"}},
        {"id": "c", "type": "INT", "defaults": 3},
        {"id": "d", "type": "INT"},
        {"id": "e", "type": "STRING", "dependsOn": {"inputs": ["d"]}},
    )
    assert examine(specs, {"a": "false", "d": "x"}, render_fake) == [
        Examined(specs[0], False, own=True),
        Examined(specs[1], enabled=False),
        Examined(specs[2], 3),
        Examined(specs[3], own=True, problem="Expected `INT` but received `x`"),
        Examined(specs[4]),
    ]
