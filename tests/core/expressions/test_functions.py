from typing import Any

import pytest

from onbeat.core.expressions import (
    ExpressionError,
    NeedsOutside,
    compile_text,
    date_filters,
    evaluate,
    outside,
    random_functions,
    run_functions,
)
from onbeat.core.expressions.functions import FUNCTIONS

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
    "envs": {"api_url_prod": "https://prod", "empty": ""},
    "__hidden__": 1,
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
        ("fromIon('{a: symbol}').a", "symbol"),
        ("printContext().inputs", {"x": 5}),
        ("fetchContext() | keys", ["inputs", "vars", "envs"]),
        ("'' ~ printContext() contains '\"inputs\":{\"x\":5}'", True),
        ("env('API_URL_' ~ 'prod')", "https://prod"),
        ("env('nope', 'localhost') ~ env('empty', 'x')", "localhostx"),
        ("env('nope')", None),
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


def test_the_environment_is_not_what_an_execution_holds() -> None:
    """Rule 1: the core says so before it evaluates; without the variables the caller is asked."""
    assert compile_text("{{ env('x') }}").reaches == {"env"}
    with pytest.raises(NeedsOutside):
        evaluate("{{ env('x') }}", {})


def test_every_function_has_a_test() -> None:
    """A function without an example is one that nobody knows; other groups have their own tests."""
    here = {
        *("block", "dict", "env", "fetchContext", "fromIon", "fromJson", "json", "max", "min", "namespace", "printContext", "range"),
        *("render", "renderOnce", "yaml"),
    }
    elsewhere = {*date_filters.FUNCTIONS, *random_functions.FUNCTIONS, *run_functions.FUNCTIONS, *outside.FUNCTIONS}
    assert set(FUNCTIONS) == {*here, *elsewhere}


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
        ("fromIon(1)", "takes a text, not a number"),
        ("fromIon('{')", "not Ion, see its line 1, column 2"),
        ("render(vars.loop)", "more than 30 deep"),
        ("render(vars.ping)", "more than 100 times"),
        ("render('{{ 1', true)", "expected token|unexpected"),
        ("render('{{ nope }}')", "Unable to find `nope` used in the expression `{{ nope }}` at line 1"),
        ("range()", r"takes \(start, end\?, increment\?\)"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The function is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)


def test_a_function_is_a_function_whatever_the_variables_are_called() -> None:
    """As in Kestra: a name before `(` is a function, any other a variable."""
    assert evaluate("{{ max }}{{ max(1, 2) }}{{ id }}", {"max": "a", "id": "b"}) == "a2b"
    assert evaluate("{% macro max(a) %}own{% endmacro %}{{ max(1) }}", {}) == "own"
