from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.values import DEPTH, LARGEST, SMALLEST, normalise
from onbeat.errors import UserError


class Colour(StrEnum):
    RED = "red"


class Size(Enum):
    LARGE = 3


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = st.none() | st.booleans() | st.integers(SMALLEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
PLAIN = st.recursive(SCALARS, lambda inside: st.lists(inside) | st.dictionaries(TEXTS, inside), max_leaves=20)
OTHER = (
    st.decimals(allow_nan=False, allow_infinity=False) | st.integers() | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.timedeltas()
)
ANY = st.recursive(
    SCALARS | OTHER,
    lambda inside: (
        st.lists(inside)
        | st.tuples(inside, inside)
        | st.dictionaries(TEXTS, inside)
        | st.dictionaries(TEXTS, inside).map(Map)
        | st.dictionaries(st.integers(), inside)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(PLAIN)
def test_what_is_plain_is_returned_as_it_is(value: Any) -> None:
    """Rule 5: a plain value costs a look, not a copy."""
    assert normalise(value) is value


@settings(deadline=None)
@given(ANY)
def test_what_is_normalised_stays_the_same_and_survives_json(value: Any) -> None:
    """What memory holds equals what a reload gives; doing it twice changes nothing."""
    plain = normalise(value)
    assert normalise(plain) is plain
    assert orjson.loads(orjson.dumps(plain)) == plain


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
        (datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))), "2024-01-02T03:04:05.000006+02:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=90), "PT1H30M"),
    ],
)
def test_times_become_iso_8601_text(value: object, plain: str) -> None:
    """Rule 1."""
    assert normalise({"at": value}) == {"at": plain}


def test_a_time_without_an_offset_is_refused() -> None:
    """Rule 1: it could be any of twenty-four hours; the message names the place."""
    with pytest.raises(UserError, match=r"^`runs\[1\]\.at` is a time without an offset"):
        normalise({"runs": [{}, {"at": datetime(2024, 1, 2)}]})  # noqa: DTZ001  what is refused


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (LARGEST, LARGEST),
        (SMALLEST, SMALLEST),
        (LARGEST + 1, "9223372036854775808"),
        (SMALLEST - 1, "-9223372036854775809"),
        (10**60, "1" + "0" * 60),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.000001"), "-0.000001"),
        (Decimal("1E+1000"), "1E+1000"),
    ],
)
def test_large_integers_and_decimals_become_their_exact_text(value: object, plain: object) -> None:
    """Rule 2: a float would round them."""
    assert normalise([value]) == [plain]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("Infinity")])
def test_what_is_not_finite_is_refused(value: object) -> None:
    """Rule 2: JSON has no word for it."""
    with pytest.raises(UserError, match=r"^`a\.b` is not a finite number$"):
        normalise({"a": {"b": value}})


def test_an_integer_too_long_to_be_written_is_refused() -> None:
    """Rule 2: Python refuses to write it, so it must not come further."""
    with pytest.raises(UserError, match="3,900 digits"):
        normalise(10**5000)


def test_keys_become_text() -> None:
    """Rule 3: numbers and booleans are written as in JSON; keys that are text already keep their order."""
    assert normalise({2: "a", False: "b", 2.5: "c", "d": "e", Colour.RED: "f"}) == {
        "2": "a",
        "false": "b",
        "2.5": "c",
        "d": "e",
        "red": "f",
    }


def test_two_keys_that_become_one_are_refused() -> None:
    """Rule 3: one of the two values would be lost."""
    with pytest.raises(UserError, match=r"^`a` has two keys that are both written `2`$"):
        normalise({"a": {2: "x", "2": "y"}})


@pytest.mark.parametrize("key", [None, (1, 2), b"x"])
def test_other_keys_are_refused(key: object) -> None:
    """Rule 3."""
    with pytest.raises(UserError, match="has a key that is not text"):
        normalise({key: 1})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        ({"a\0": 1}, "NUL"),
        (b"bytes", "bytes"),
        (bytearray(b"x"), "bytes"),
        ({1, 2}, "Python `set`"),
        (object(), "Python `object`"),
        (iter([]), "not JSON"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(value: object, reason: str) -> None:
    """Rule 4: the place is named, the value never."""
    with pytest.raises(UserError, match=reason) as raised:
        normalise({"somewhere": [value]})
    assert str(raised.value).startswith("`somewhere[0]")
    assert "bytes(" not in str(raised.value)


def test_depth_is_limited() -> None:
    """Rule 4: 64 levels are taken, 65 are not, a million do not break the stack."""
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    assert normalise(value) is value
    with pytest.raises(UserError, match="more than 64 levels"):
        normalise([value])
    for _ in range(1_000_000):
        value = {"a": value}
    with pytest.raises(UserError, match="more than 64 levels"):
        normalise(value)


def test_what_only_looks_small_is_refused() -> None:
    """Rule 4: forty lists that hold each other twice are a million million values when they are written."""
    value: Any = [1]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(UserError, match="more than 100,000 values"):
        normalise(value, limit=100_000)


def test_the_root_is_named_too() -> None:
    """A wrong value that is not inside of anything has no path."""
    with pytest.raises(UserError, match=r"^the value is not a finite number$"):
        normalise(float("nan"))


def test_a_long_path_is_cut() -> None:
    """A message stays readable whatever the keys are."""
    with pytest.raises(UserError) as raised:
        normalise({"k" * 500: {"k" * 500: {"k" * 500: {"k" * 500: {"k" * 500: {"k" * 500: float("nan")}}}}}})
    assert len(str(raised.value)) < 300


def test_other_mappings_sequences_and_subclasses_become_plain() -> None:
    """What prints the same but is another type would not equal what a reload gives."""

    class Text(str):
        __slots__ = ()

    plain = normalise(
        {"a": Map({"b": (1, 2)}), "c": OrderedDict(d=1), "e": MappingProxyType({"f": Size.LARGE}), "g": Text("h"), "i": Colour.RED}
    )
    assert plain == {"a": {"b": [1, 2]}, "c": {"d": 1}, "e": {"f": 3}, "g": "h", "i": "red"}
    assert type(plain["g"]) is str
    assert type(plain["i"]) is str
    assert type(plain["c"]) is dict


def test_subclasses_of_numbers_become_numbers() -> None:
    """A library's number that prints like one is one."""

    class Whole(int):
        __slots__ = ()

    class Real(float):
        __slots__ = ()

    assert [type(number) for number in normalise([Whole(1), Real(1.5)])] == [int, float]
    with pytest.raises(UserError, match="not a finite number"):
        normalise([Real("nan")])


def test_only_what_changes_is_copied() -> None:
    """Rule 5: the caller's map is never changed, and what did not change is shared."""
    same = {"x": [1]}
    value = {"same": same, "other": (1,)}
    plain = normalise(value)
    assert plain == {"same": {"x": [1]}, "other": [1]}
    assert plain["same"] is same
    assert value["other"] == (1,)


def test_other_values_can_be_asked_about() -> None:
    """A caller says what stands for values that are not JSON."""
    assert normalise({"a": [{1}]}, lambda value: "a set") == {"a": ["a set"]}
