from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.expressions import ExpressionError, evaluate, truthy
from onbeat.core.expressions.operators import to_number

SCOPE: dict[str, Any] = {
    "n": 3,
    "f": 3.0,
    "text": "3",
    "yes": True,
    "no": False,
    "nothing": None,
    "price": Decimal("1.10"),
    "map": Map({"a": (1, 2)}),
    "plain": {"a": [1, 2]},
    "list": [1, "2", True, None],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n == '3'", True),
        ("'3' == n", True),
        ("n != '3'", False),
        ("n == '3.0'", False),
        ("n == f", True),
        ("f == '3.0'", True),
        ("yes == 'true'", True),
        ("yes == 'True'", False),
        ("no != 'true'", True),
        ("yes == 1", False),
        ("no == 0", False),
        ("nothing == null", True),
        ("nothing == ''", False),
        ("nothing == 'null'", False),
        ("nothing != 0", True),
        ("'a' == 'a'", True),
        ("'a' == 'A'", False),
        ("[1, 2] == (1, 2)", True),
        ("map == plain", True),
        ("map == {'a': [1, 3]}", False),
        ("map == 'a'", False),
        ("[1] == '[1]'", False),
        ("price == '1.10'", True),
        ("price == 1.1", False),
    ],
)
def test_equality_compares_the_text_of_a_number_or_boolean_with_a_text(text: str, value: bool) -> None:
    """Rule 1: what comes out of an event or a form is often text; other kinds are never equal."""
    assert evaluate("{{ " + text + " }}", SCOPE) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n < 4", True),
        ("n < '10'", True),
        ("'10' > n", True),
        ("n >= '3.0'", True),
        ("'abc' < 'abd'", True),
        ("'10' < '9'", True),
        ("'2024-01-02' > '2024-01-01'", True),
        ("nothing < 1", False),
        ("1 <= nothing", False),
        ("nothing >= nothing", False),
        ("price < 2", True),
        ("price >= '1.1'", True),
    ],
)
def test_ordering_compares_numeric_texts_with_numbers_as_numbers(text: str, value: bool) -> None:
    """Rule 2: texts among themselves by their characters, null is never before or after anything."""
    assert evaluate("{{ " + text + " }}", SCOPE) is value


@pytest.mark.parametrize("text", ["n < 'x'", "n < [1]", "map > 1", "yes < 2", "[1] < [2]", "'a' > 1"])
def test_what_has_no_order_is_refused(text: str) -> None:
    """Rule 2: an error, not an answer that means nothing."""
    with pytest.raises(ExpressionError, match="compares"):
        evaluate("{{ " + text + " }}", SCOPE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", 3),
        ("1 + 2.5", 3.5),
        ("'a' + 1", "a1"),
        ("1 + 'a'", "1a"),
        ("'a' + nothing", "a"),
        ("'n: ' + list", 'n: [1,"2",true,null]'),
        ("[1] + [2]", [1, 2]),
        ("[1] + 2", [1, 2]),
        ("'5' - 2", 3),
        ("'5' * '2'", 10),
        ("'1.5' * 2", 3.0),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("7.0 / 2", 3.5),
        ("7 % 3", 1),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("-7.5 % 2", -1.5),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("2 ** 0.5 > 1.41", True),
        ("-n", -3),
        ("+text", 3),
        ("price + 1", "2.10"),
        ("price * 2", "2.20"),
        ("price + 0.5", "1.60"),
        ("0.5 + price", "1.60"),
        ("price % 1", "0.10"),
        ("price ** 2 > 1.2", True),
    ],
)
def test_arithmetic_is_kestras(text: str, value: object) -> None:
    """Rule 3: texts join, lists grow, integers stay integers and round towards zero."""
    result = evaluate("{{ " + text + " }}", SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 + map", r"`\+` with a map"),
        ("1 + nothing", r"`\+` with null"),
        ("yes + 1", r"`\+` with a boolean"),
        ("'a' * 3", r"`\*` with a text"),
        ("[1] * 3", r"`\*` with a list"),
        ("'%s' % 1", r"`%` with a text"),
        ("-'a'", "`-` with a text"),
        ("1 / 0", "divides by zero"),
        ("1.5 // 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("0 ** -1", "divides by zero"),
        ("(0 - 8) ** 0.5", "no real number"),
        ("1e308 * 10", "finite"),
        ("10.0 ** 400", "finite"),
        ("2 ** 5000", "bits"),
    ],
)
def test_what_cannot_be_computed_is_refused(text: str, reason: str) -> None:
    """Rule 5: with a sentence; nothing becomes infinite."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)


@pytest.mark.parametrize("value", [False, None, 0, -0, 0.0, -0.0, "", "  ", "false", " false\n", "0", "-0", [], {}, (), Map()])
def test_false_values(value: object) -> None:
    """Rule 4: what Kestra's runIf calls false, and what is empty."""
    assert truthy(value) is False
    assert evaluate("{{ x ? 1 : 2 }}", {"x": value}) == 2
    assert evaluate("{% if x %}1{% else %}2{% endif %}", {"x": value}) == "2"
    assert evaluate("{{ not x }}", {"x": value}) is True
    assert evaluate("{{ x or 'other' }}", {"x": value}) == "other"


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, "true", "False", "no", "a", "0.0", "00", [0], {"a": None}, Map(a=1)])
def test_true_values(value: object) -> None:
    """Rule 4: everything else, also the text "False": Kestra compares letters."""
    assert truthy(value) is True
    assert evaluate("{{ 1 if x else 2 }}", {"x": value}) == 1
    assert evaluate("{{ x and 'other' }}", {"x": value}) == "other"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("list contains 2", True),
        ("list contains '1'", True),
        ("list contains null", True),
        ("list contains [1, true]", True),
        ("list contains [1, 9]", False),
        ("map contains 'a'", True),
        ("'text' contains 'ex'", True),
        ("'a1' contains 1", True),
        ("nothing contains 1", False),
        ("2 in list", True),
        ("'a' in map", True),
        ("3 not in [3]", False),
        ("[1, 2] isIn map", True),
        ("'a' isIn map", True),
        ("9 isIn map", False),
        ("1 in nothing", False),
    ],
)
def test_membership(text: str, value: bool) -> None:
    """Items compare as with `==`; a map is asked for its keys, by `isIn` for its values, too."""
    assert evaluate("{{ " + text + " }}", SCOPE) is value


def test_membership_in_a_number_is_refused() -> None:
    """A number holds nothing."""
    with pytest.raises(ExpressionError, match="takes a list, a map or a text"):
        evaluate("{{ 1 in 5 }}", {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b.c ?? 'd'", "d"),
        ("nothing ?? 'd'", "d"),
        ("nothing.x ?? 'd'", "d"),
        ("no ?? 'd'", False),
        ("'' ?? 'd'", ""),
        ("nothing ??? 'd'", None),
        ("a.b ??? 'd'", "d"),
        ("n ?? missing.name", 3),
        ("a ?? b ?? nothing", None),
    ],
)
def test_coalescing(text: str, value: object) -> None:
    """`??` takes its right side for what is null or missing, `???` for what is missing; only then it is evaluated."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a[b].c ?? 'd'", "d"),
        ("a[b.c][d] ?? 'd'", "d"),
        ("(a.b | upper) ?? 'd'", "d"),
        ("(a.b + 1) ?? 'd'", "d"),
        ("fromJson(a.b).c ??? 'd'", "d"),
        ("(a ~ (b ?? c)) ?? (d ?? 'e')", "e"),
        ("a[b].c is defined", False),
        ("(a | upper) is not defined", True),
        ("a | upper | default('d')", "d"),
        ("(n + 1) ?? 'd'", 4),
    ],
)
def test_a_name_that_is_missing_anywhere_in_the_left_side_counts(text: str, value: object) -> None:
    """Also inside of a key, a filter, a call or a sum."""
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_other_mistakes_in_the_left_side_are_not_hidden() -> None:
    """Only a missing name has another value in its place."""
    with pytest.raises(ExpressionError, match="zero"):
        evaluate("{{ (1 / 0) ?? 'd' }}", {})


@pytest.mark.parametrize("text", ["n ?? (1 / 0)", "yes ? n : 1 / 0", "n or 1 / 0", "no and 1 / 0", "nothing ??? (1 / 0)"])
def test_right_sides_are_lazy(text: str) -> None:
    """What is not needed is not evaluated."""
    evaluate("{{ " + text + " }}", SCOPE)


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9).filter(bool))
def test_division_and_remainder_belong_together(a: int, b: int) -> None:
    """Rule 3: quotient times divisor plus remainder is the dividend, and the remainder has the dividend's sign."""
    quotient, rest = evaluate("{{ [a / b, a % b] }}", {"a": a, "b": b})
    assert quotient * b + rest == a
    assert abs(rest) < abs(b)
    assert rest == 0 or (rest < 0) == (a < 0)


NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False, width=32)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_numbers_compare_as_numbers_whether_they_are_text_or_not(a: float, b: float) -> None:
    """Rule 2: the text of a number on one side changes nothing."""
    direct = evaluate("{{ [a < b, a <= b, a > b, a >= b] }}", {"a": a, "b": b})
    assert evaluate("{{ [a < b, a <= b, a > b, a >= b] }}", {"a": str(a), "b": b}) == direct
    assert evaluate("{{ [a < b, a <= b, a > b, a >= b] }}", {"a": a, "b": str(b)}) == direct
    assert direct == [a < b, a <= b, a > b, a >= b]


@settings(deadline=None)
@given(st.text())
def test_reading_a_number_never_fails(text: str) -> None:
    """Any text says a number or none."""
    found = to_number(text)
    assert found is None or isinstance(found, int | float)


@pytest.mark.parametrize("text", ["1_000", "0x1f", "nan", "inf", "１", "1e", ".", "", "--1", "1 2", "9" * 2000])
def test_what_only_python_reads_as_a_number_is_none(text: str) -> None:
    """A text is a number when JSON's reader would agree."""
    assert to_number(text) is None
