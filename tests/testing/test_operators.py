"""Values are compared, and what differs is told where it differs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.testing.operators import ALIASES, MISSING, OPERATORS, check, compare, equal, operators_of, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def told(actual: Any, expected: Any, loose: bool = False) -> list[str]:
    """The messages of a comparison."""
    return [failure.message for failure in compare(actual, expected, (), "value", loose)]


@given(JSON)
def test_a_value_is_equal_to_itself(value: Any):
    """Whatever it is."""
    assert equal(value, value)
    assert equal(value, value, loose=True)


@given(JSON)
def test_equal_to_says_that_it_is_all(value: Any):
    """And only the same value is it."""
    assert told(value, {"equalTo": value}) == []
    assert told({"more": value}, {"equalTo": {}}) != []


@pytest.mark.parametrize(("left", "right"), [(True, 1), (1, "1"), (None, 0), ("", None), ([1], [True]), ({"a": 1}, {"a": "1"})])
def test_values_of_two_kinds_are_two(left: Any, right: Any):
    """Rule 2: true is not 1, "1" is not 1."""
    assert not equal(left, right)
    assert not equal(right, left)


def test_kestras_assertions_compare_texts():
    """Rule 2: a number or boolean equals its text."""
    assert equal(200, "200", loose=True)
    assert equal("true", True, loose=True)
    assert not equal("True!", True, loose=True)
    assert not equal(None, "null", loose=True)
    assert not equal([1], "[1]", loose=True)


def test_a_map_names_keys():
    """Rule 1: at every depth; the others are free. Lists are compared one by one."""
    actual = {"a": {"b": 1, "c": 2}, "list": [{"x": 1, "y": 2}, 3]}
    assert told(actual, {"a": {"b": 1}, "list": [{"x": 1}, 3]}) == []
    assert told(actual, {"a": {"b": 2}}) == ["value.a.b: expected 2, got 1"]
    assert told(actual, {"list": [{"x": 1}, 4]}) == ["value.list[1]: expected 4, got 3"]
    assert told(actual, {"list": [{"x": 1}]})[0].startswith("value.list: expected")
    assert [failure.path for failure in compare(actual, {"list": [{"x": 9}, 9]}, ("e",), "v")] == [("e", "list", 0, "x"), ("e", "list", 1)]


def test_what_is_not_there_is_told_from_null():
    """Rule 3."""
    assert told({}, {"a": None}) == ["value.a: expected null, got nothing"]
    assert told({}, {"a": {"isNull": True}}) == []
    assert told({"a": 1}, {"a": {"isNull": True}}) == ["value.a: expected null, got 1"]
    assert told({}, {"a": {"isNotNull": True}}) == ["value.a: expected something, got nothing"]
    assert shown(MISSING) == "nothing"
    assert repr(MISSING) == "nothing"


GOOD = {
    "equalTo": [(1, 1), ({"a": [1]}, {"a": [1]})],
    "notEqualTo": [(1, 2), ("a", "b")],
    "contains": [("orange", "ran"), ([1, "a"], "a"), ({"key": 1}, "key"), ("a1", 1)],
    "notContains": [("orange", "x"), ([1], 2), (None, "x")],
    "startsWith": [("orange", "or")],
    "endsWith": [("orange", "ge"), ("a1", 1)],
    "matches": [("order-17", r"^order-\d+$")],
    "greaterThan": [(2, 1), ("2.5", 2)],
    "greaterThanOrEqualTo": [(2, 2)],
    "lessThan": [(1, 2), ("1", "2")],
    "lessThanOrEqualTo": [(2, 2.0)],
    "in": [(1, [1, 2])],
    "notIn": [(3, [1, 2])],
    "hasSize": [([1, 2], 2), ("abc", 3), ({"a": 1}, 1)],
    "isNull": [(None, True), (1, False)],
    "isNotNull": [(0, True), (None, False)],
}
BAD = {
    "equalTo": (1, 2),
    "notEqualTo": (1, 1),
    "contains": (None, "x"),
    "notContains": ("orange", "ran"),
    "startsWith": (5, "5"),
    "endsWith": ("orange", "x"),
    "matches": ("order", r"\d"),
    "greaterThan": ("many", 2),
    "greaterThanOrEqualTo": (True, 0),
    "lessThan": (None, 2),
    "lessThanOrEqualTo": (3, 2),
    "in": (3, [1]),
    "notIn": (1, [1]),
    "hasSize": (5, 5),
    "isNull": (1, True),
    "isNotNull": (None, True),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_each_operator_holds_and_does_not(name: str):
    """And says what it expected."""
    for actual, operand in GOOD[name]:
        assert list(check(name, actual, operand, (), "it")) == []
    (failure,) = check(name, *BAD[name], ("here",), "it")
    assert failure.path == ("here",)
    assert failure.message.startswith("it: expected ")


@pytest.mark.parametrize("name", ALIASES)
def test_the_other_spelling_means_the_same(name: str):
    """Kestra's documentation has both."""
    assert operators_of({name: 1}) == {name: 1}
    assert bool(list(check(name, 1, 1, (), "it"))) is (ALIASES[name] == "notEqualTo")


def test_a_map_of_other_keys_is_no_operators():
    """Rule 1: also when one of them is an operator's name."""
    assert operators_of({"contains": 1, "other": 2}) is None
    assert operators_of({}) is None
    assert told({"contains": 1, "other": 2}, {"contains": 1, "other": 2}) == []


def test_what_cannot_be_asked_is_told():
    """A pattern that is none, a list that is none."""
    assert "cannot be asked of" in told("a", {"matches": "("})[0]
    assert "cannot be asked of" in told("a", {"in": 5})[0]


def test_large_values_are_compared_line_by_line():
    """Nobody compares two long texts by eye."""
    (message,) = told("one\ntwo\nthree", "one\n2\nthree")
    assert message.splitlines()[-4:] == ["     one", "    -2", "    +two", "     three"]
    (message,) = told({"a": 1, "b": 2}, {"equalTo": {"a": 1, "b": 3}})
    assert '    -  "b": 3' in message.splitlines()
    assert len(shown("x" * 1000)) == 160
