import random
import re
import uuid
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, NeedsOutside, date_filters, evaluate
from onbeat.core.expressions.functions import FUNCTIONS, OUTSIDE_NAMES

SCOPE: dict[str, Any] = {
    "inputs": {"x": 5},
    "vars": {
        "a": "{{ vars.b }}!",
        "b": "{{ inputs.x }}",
        "map": {"k": ["{{ inputs.x }}"]},
        "loop": "{{ render(vars.loop) }}",
        "n": 3,
        "ping": "{{ vars.pong }}",
        "pong": "{{ vars.ping }}",
    },
    "tasks": {"one": {"state": "FAILED"}, "two": {"x": {"state": "FAILED"}, "y": {"state": "SUCCESS"}}, "three": {"state": "SUCCESS"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("max(1, 3, 2)", 3),
        ("max([1, '10', 2])", "10"),
        ("min(4, 3.5)", 3.5),
        ("range(0, 2)", [0, 1, 2]),
        ("dict(a=1, b='c')", {"a": 1, "b": "c"}),
        ("namespace(a=1).a", 1),
        ("fromJson('{\"a\": [1, null]}').a", [1, None]),
        ("json('[1.5]')[0]", 1.5),
        ("fromJson(null)", None),
        ("yaml('a: [1, on]\\nb: {c: 010}')", {"a": [1, "on"], "b": {"c": 10}}),
        ('printContext() contains \'"inputs":{"x":5}\'', True),
        ("tasksWithState('failed')", [{"taskId": "one", "state": "FAILED"}, {"taskId": "two", "state": "FAILED", "value": "x"}]),
        ("render(vars.a)", "5!"),
        ("renderOnce(vars.a)", "{{ inputs.x }}!"),
        ("render(vars.a, recursive=false)", "{{ inputs.x }}!"),
        ("render(vars.map)", {"k": [5]}),
        ("render(vars.n)", 3),
        ("render('plain')", "plain"),
    ],
)
def test_functions(text: str, value: object) -> None:
    """Each function does what its manual says."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_large_numbers_in_json_stay_exact() -> None:
    """An integer beyond 64 bits becomes its exact text, as everywhere; texts and decimals stay what they are."""
    text = (
        '{"n": 12345678901234567890123, "s": "12345678901234567890123, \\" 12345678901234567890123",'
        ' "f": 12345678901234567890.5, "k": [-9223372036854775808]}'
    )
    assert evaluate("{{ fromJson(text) }}", {"text": text}) == {
        "n": "12345678901234567890123",
        "s": '12345678901234567890123, " 12345678901234567890123',
        "f": 12345678901234567890.5,
        "k": [-9223372036854775808],
    }


def test_a_block_can_be_given_twice() -> None:
    """`block('name')` gives what the block gives."""
    assert evaluate("{% block a %}x{% endblock %}-{{ block('a') }}", {}) == "x-x"
    with pytest.raises(ExpressionError, match="there is no block"):
        evaluate("{{ block('b') }}", {})


def test_the_output_of_the_present_iteration() -> None:
    """currentEachOutput goes down by the values of all loops around, from the outermost to the innermost."""
    outputs = {"a": {"x": {"value": "ax"}, "y": {"value": "ay"}}, "b": {"x": {"value": "bx"}}}
    scope = {"outputs": {"inner": outputs}, "taskrun": {"value": "x"}, "parents": [{"taskrun": {"value": "b"}}, {"outputs": {}}]}
    assert evaluate("{{ currentEachOutput(outputs.inner).value }}", scope) == "bx"
    scope["taskrun"] = {"value": "y"}
    assert evaluate("{{ currentEachOutput(outputs.inner).value ?? 'none' }}", scope) == "none"
    one = {"outputs": {"t": {"a": {"value": 1}}}, "taskrun": {"value": "a"}, "parents": []}
    assert evaluate("{{ currentEachOutput(outputs.t).value }}", one) == 1


def test_the_output_of_the_present_iteration_inside_an_if() -> None:
    """A flowable between the loop and the task has the loop's value; it counts once."""
    scope = {"outputs": {"t": {"a": {"value": 1}}}, "taskrun": {"value": "a"}, "parents": [{"taskrun": {"value": "a"}}]}
    assert evaluate("{{ currentEachOutput(outputs.t).value }}", scope) == 1


def test_randomness_comes_from_the_scope() -> None:
    """Rule 2: the core draws no lots; the same source gives the same values."""
    text = "{{ [uuid(), id(), randomInt(5, 10), randomPort()] }}"
    drawn = evaluate(text, {"__random__": random.Random(7).getrandbits})
    assert drawn == evaluate(text, {"__random__": random.Random(7).getrandbits})
    assert drawn != evaluate(text, {"__random__": random.Random(8).getrandbits})
    made, identifier, number, port = drawn
    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 4
    assert re.fullmatch(r"[0-9A-Za-z]{22}", identifier)
    assert 5 <= number < 10
    assert 49_152 <= port < 65_536
    with pytest.raises(ExpressionError, match="needs randomness"):
        evaluate(text, {})


@pytest.mark.parametrize("name", sorted(OUTSIDE_NAMES))
def test_functions_from_outside_are_known_by_name(name: str) -> None:
    """Rule 1: each is asked of the caller, with its arguments as plain JSON."""
    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ " + name + "(inputs, 'a') }}", SCOPE)
    assert (raised.value.name, raised.value.arguments) == (name, ({"x": 5}, "a"))
    assert evaluate("{{ " + name + "(1) }}", {"__outside__": {name: lambda number: (number, {"k": 2})}}) == [1, {"k": 2}]


def test_every_function_has_a_test() -> None:
    """A function without an example is one that nobody knows; those on dates are tested with their filters."""
    here = {
        *("block", "currentEachOutput", "dict", "fromJson", "id", "json", "max", "min", "namespace", "printContext", "randomInt"),
        *("randomPort", "range", "render", "renderOnce", "tasksWithState", "uuid", "yaml"),
    }
    assert set(FUNCTIONS) == {*here, *OUTSIDE_NAMES, *date_filters.FUNCTIONS}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("max()", "the function `max` cannot work with these arguments"),
        ("max(1, 'x')", "compares"),
        ("fromJson('{')", "not JSON, see its line 1, column 2"),
        ("fromJson(5)", "takes a text, not a number"),
        ("fromJson()", r"the function `fromJson` takes \(json\)"),
        ("fromJson('[' ~ '1' ~ ', NaN]')", "not JSON"),
        ("yaml('a: [')", "not YAML that can be read here"),
        ("yaml(1)", "takes a text, not a number"),
        ("randomInt(5, 1)", "the second not below the first"),
        ("render(vars.loop)", "more than 30 deep"),
        ("render(vars.ping)", "more than 100 times"),
        ("render('{{ 1', true)", "expected token|unexpected"),
        ("render('{{ nope }}')", "Unable to find `nope` used in the expression `{{ nope }}` at line 1"),
        ("range()", r"takes \(start, end\?, increment\?\)"),
        ("currentEachOutput()", r"takes \(outputs\)"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The function is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {**SCOPE, "__random__": random.Random(7).getrandbits})


def test_a_function_is_a_function_whatever_the_variables_are_called() -> None:
    """As in Kestra: a name before `(` is a function, any other a variable."""
    assert evaluate("{{ max }}{{ max(1, 2) }}{{ id }}", {"max": "a", "id": "b"}) == "a2b"
    assert evaluate("{% macro max(a) %}own{% endmacro %}{{ max(1) }}", {}) == "own"
