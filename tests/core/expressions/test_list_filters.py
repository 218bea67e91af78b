from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.list_filters import FILTERS

SCOPE: dict[str, Any] = {
    "list": [3, 1, 2],
    "names": [{"n": "b", "of": {"x": 1}}, {"n": "a", "of": {"x": 2}}, {"n": "b"}],
    "map": {"b": 1, "a": 2},
    "nothing": None,
    "blank": "  ",
}
CASES = [
    ("default", "nope.x | default('d')", "d"),
    ("default", "nothing | default('d')", "d"),
    ("default", "blank | default('d')", "d"),
    ("default", "[] | default('d')", "d"),
    ("default", "0 | default('d')", 0),
    ("default", "false | default('d')", False),
    ("d", "nope | d(1)", 1),
    ("first", "list | first", 3),
    ("first", "'abc' | first", "a"),
    ("first", "[] | first", None),
    ("last", "list | last", 2),
    ("last", "'abc' | last", "c"),
    ("length", "list | length", 3),
    ("length", "'abc' | length", 3),
    ("length", "map | length", 2),
    ("length", "nothing | length", 0),
    ("length", "5 | length", 0),
    ("count", "list | count", 3),
    ("join", "list | join(', ')", "3, 1, 2"),
    ("join", "['a', null, true] | join", "atrue"),
    ("join", "names | join('-', attribute='n')", "b-a-b"),
    ("keys", "map | keys", ["b", "a"]),
    ("keys", "list | keys", [0, 1, 2]),
    ("values", "map | values", [1, 2]),
    ("items", "map | items", [["b", 1], ["a", 2]]),
    ("dictsort", "map | dictsort", [["a", 2], ["b", 1]]),
    ("chunk", "[1, 2, 3, 4, 5] | chunk(2)", [[1, 2], [3, 4], [5]]),
    ("batch", "[1, 2, 3] | batch(2)", [[1, 2], [3]]),
    ("flatten", "[1, [2, [3]], []] | flatten", [1, 2, [3]]),
    ("distinct", "['a', 'b', 'a', 1, true, 1.0, {'x': 1}, {'x': 1}, [1]] | distinct", ["a", "b", 1, True, {"x": 1}, [1]]),
    ("unique", "[2, 1, 2] | unique", [2, 1]),
    ("uniq", "[2, 1, 2] | uniq", [2, 1]),
    ("merge", "map | merge({'a': 9, 'c': 3})", {"b": 1, "a": 9, "c": 3}),
    ("merge", "map | merge(['x'])", {"b": 1, "a": 2, "x": "x"}),
    ("merge", "[1] | merge([2, 3])", [1, 2, 3]),
    ("merge", "[1] | merge(map)", [1, ["b", 1], ["a", 2]]),
    ("merge", "nothing | merge([1])", [1]),
    ("merge", "[1] | merge(nothing)", [1]),
    ("reverse", "list | reverse", [2, 1, 3]),
    ("reverse", "'abc' | reverse", "cba"),
    ("slice", "[1, 2, 3] | slice(1, 2)", [2]),
    ("slice", "'Mitchell' | slice(1, 3)", "it"),
    ("slice", "'abc' | slice(fromIndex=1)", "bc"),
    ("sort", "list | sort", [1, 2, 3]),
    ("sort", "['b', 'a'] | sort", ["a", "b"]),
    ("sort", "[2, '10', null, 1.5] | sort", [None, 1.5, 2, "10"]),
    ("sort", "[true, false] | sort", [False, True]),
    ("sort", "list | sort(reverse=true)", [3, 2, 1]),
    ("sort", "names | sort(attribute='of.x') | map(attribute='n')", ["b", "b", "a"]),
    ("rsort", "list | rsort", [3, 2, 1]),
    ("map", "['a', 'b'] | map('upper')", ["A", "B"]),
    ("map", "names | map(attribute='of.x', default=0)", [1, 2, 0]),
    ("select", "[1, 2, 3, 4] | select('even')", [2, 4]),
    ("select", "[0, 1, '', 'a'] | select", [1, "a"]),
    ("reject", "[1, 2, 3, 4] | reject('divisibleby', 3)", [1, 2, 4]),
    ("selectattr", "names | selectattr('n', 'eq', 'a') | length", 1),
    ("rejectattr", "names | rejectattr('of.x', 'defined') | length", 1),
    ("groupby", "[{'k': 1, 'v': 'a'}, {'k': 2, 'v': 'b'}, {'k': 1, 'v': 'c'}] | groupby('k') | map('last') | map('length')", [2, 1]),
    ("sum", "list | sum", 6),
    ("sum", "names[:2] | sum(attribute='of.x', start=10)", 13),
    ("max", "list | max", 3),
    ("min", "list | min", 1),
    ("min", "[] | min", None),
    ("list", "'ab' | list", ["a", "b"]),
    ("list", "map | list", ["b", "a"]),
]


@pytest.mark.parametrize(("name", "text", "value"), CASES)
def test_filters_on_lists_and_maps(name: str, text: str, value: object) -> None:
    """Each filter does what its manual says."""
    assert f"| {name}" in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_every_filter_on_lists_is_tested_above() -> None:
    """A filter without an example is one that nobody knows."""
    assert set(FILTERS) == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'a' | join", "the filter `join` takes a list, not a text"),
        ("5 | first", "the filter `first` takes a list, not a number"),
        ("list | values", "the filter `values` takes a map, not a list"),
        ("list | chunk(0)", "1 or more"),
        ("nothing | merge(nothing)", "null twice"),
        ("list | slice(2, 9)", "inside of the text or list"),
        ("list | map('nope')", "the name of a filter"),
        ("list | select('nope')", "the name of a test"),
        ("[1, {}] | sort", "compares a number with a map|compares a map with a number"),
        ("list | groupby", r"the filter `groupby` takes \(attribute\)"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The filter is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)


@settings(deadline=None)
@given(st.lists(st.integers(-100, 100) | st.floats(-100, 100)))
def test_sorting_is_pythons_for_numbers(values: list[float]) -> None:
    """Sorted, and in the opposite order."""
    assert evaluate("{{ x | sort }}", {"x": values}) == sorted(values)
    assert evaluate("{{ x | rsort }}", {"x": values}) == sorted(values, reverse=True)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=1) | st.booleans()))
def test_distinct_keeps_the_first_of_each(values: list[Any]) -> None:
    """Nothing is lost, nothing is there twice, and true is not 1."""
    found = evaluate("{{ x | distinct }}", {"x": values})
    marks = [(type(value), value) for value in found]
    assert len(set(marks)) == len(marks)
    assert set(marks) == {(type(value), value) for value in values}
