import json
from typing import Any

import jq as libjq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.expressions import ExpressionError, NeedsOutside, evaluate
from onbeat.core.refs import Ref

SCOPE: dict[str, Any] = {
    "vars": {"second": {"string": "string", "int": 1, "float": 1.123, "list": ["string", 1, 1.123], "bool": True, "null": None}},
    "text": '{"key": "my-complex", "value": {"sub": 1, "bool": true}}',
    "nothing": None,
    "outputs": Map({"b": 2, "a": Map({"x": 1})}),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2, 3] | jq('.[0]') | first", 1),
        ("[1, 2, 3] | jq('.')", [[1, 2, 3]]),
        ("vars | jq('.second.string')", ["string"]),
        ("vars | jq('.second.int') | first | className", "java.lang.Integer"),
        ("vars | jq('.second.list[]')", ["string", 1, 1.123]),
        ("vars | jq('.second.null') | first | className", None),
        ("vars | jq('.second.nope.deeper')", [None]),
        ("vars | jq(expression='.second | .list | .[-1]')", [1.123]),
        ("vars | jq('.[\"second\"].list[1:3]')", [[1, 1.123]]),
        ("vars | jq('.\"second\".bool')", [True]),
        ("vars | jq('.second.string.nope?')", []),
        ("vars | jq('.second.string[]?')", []),
        ("vars.second.list | jq('.[]') | join('-')", "string-1-1.123"),
        ("text | jq('.key')", ["my-complex"]),
        ("text | jq('.value')", [{"sub": 1, "bool": True}]),
        ("nothing | jq('.a')", None),
        ("outputs | jq('.[]')", [{"x": 1}, 2]),
        ("outputs | jq('.a.x')", [1]),
    ],
)
def test_paths_are_worked_out_here(text: str, value: object) -> None:
    """Rules 1 and 2: a list of all that the path gives, types kept, a text read as JSON; a persistent map goes by its sorted keys."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_the_list_prints_as_json() -> None:
    """As in Kestra: a flow that forgets `first` sees brackets."""
    assert evaluate("json > {{ text | jq('.key') }} > {{ text | jq('.value') }}", SCOPE) == (
        'json > ["my-complex"] > [{"sub":1,"bool":true}]'
    )


@pytest.mark.parametrize(
    "program",
    [
        "map(.a)",
        ".a, .b",
        "..",
        ".a + 1",
        '.["a\\u0062"]',
        ".a | length",
        "def f: f; f",
        "repeat(.)",
        "env",
        ".a # comment",
        ".a??",
        ".[:]",
        ".a.",
        "",
        "a",
        ".[-]",
        '.["a|b"]',
        ".a as $x | $x",
        ".[1.5]",
        ". a",
        "(.a)",
    ],
)
def test_every_other_program_is_asked_of_the_caller(program: str) -> None:
    """Rule 3: no program of another language runs in this process, whatever its size; what comes back is the filter's result."""
    scope = {"x": {"a": [1]}, "program": program}
    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ x | jq(program) }}", scope)
    assert (raised.value.name, raised.value.arguments) == ("jq", (program, {"a": [1]}))
    assert evaluate("{{ x | jq(program) | first }}", {**scope, "__outside__": {"jq": lambda given, value: [given, value]}}) == program


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'value 1' | jq('.')", "the text is not JSON"),
        ("5 | jq('.a')", "the filter `jq` cannot look for a name in a number"),
        ("{'a': 'x'} | jq('.a[0]')", "cannot look for an index in a text"),
        ("true | jq('.[1:2]')", "cannot look for a part in a boolean"),
        ("null | jq('.[]') ~ 5 | jq('.[]')", "cannot go over a number"),
        ("[1] | jq(5)", "takes a program"),
        ("[1] | jq('.' ~ program)", "at most 10,000"),
        ("[1] | jq", r"the filter `jq` takes \(expression\)"),
        ("nope | jq('.')", "Unable to find `nope`"),
        ("large | jq('.[]|.[]|.[]|.[]')", "too many steps|more than"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """With the filter's name, and never with a value."""
    large: Any = [0] * 20
    for _ in range(3):
        large = [large] * 20
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {"program": "x" * 10_000, "large": large})


def test_a_value_in_storage_is_brought_only_when_it_is_touched() -> None:
    """A path that goes elsewhere does not read it."""
    scope = {"x": {"large": Ref("kestra:///a", 1), "small": 1}}
    assert evaluate("{{ x | jq('.small') }}", scope) == [1]
    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ x | jq('.large.a') }}", scope)
    assert raised.value.uri == "kestra:///a"


NAMES = st.sampled_from(["a", "b", "_c1", "and"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([1.5, -0.25]) | st.text("abü", max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
BOUNDS = st.integers(-4, 4).map(str) | st.just("")
STEPS = st.one_of(
    NAMES.map(lambda name: f".{name}"),
    NAMES.map(lambda name: f'."{name}"'),
    NAMES.map(lambda name: f'.["{name}"]'),
    NAMES.map(lambda name: f'[ "{name}" ]'),
    st.integers(-4, 4).map(lambda index: f"[{index}]"),
    st.tuples(BOUNDS, BOUNDS).filter(any).map(lambda bounds: f"[{bounds[0]}:{bounds[1]}]"),
    st.just("[]"),
    st.just(" | ."),
    st.just(" | .[]"),
)
PROGRAMS = st.lists(st.tuples(STEPS, st.sampled_from(["", "", "?"])), max_size=5).map(
    _program := lambda steps: "." + "".join(a + b for a, b in steps)
)


@given(VALUES, PROGRAMS)
def test_a_path_gives_what_jq_gives(value: Any, program: str) -> None:
    """Whatever path and value: the same results as the library, or both fail; or the path is left to the library."""
    program = program.replace("..", ".").replace(".?", ".")
    try:
        expected: Any = libjq.compile(program).input_text(json.dumps(value)).all()
    except ValueError:
        expected = None
    try:
        found = evaluate("{{ x | jq(program) }}", {"x": [value], "program": f".[0] | {program}"})
    except NeedsOutside:
        return
    except ExpressionError:
        found = None
    assert found == expected
