import random
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.random_functions import FUNCTIONS

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CASES = {
    "uuid": ("uuid()", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "id": ("id()", r"[0-9A-Za-z]{22}"),
    "ksuid": ("ksuid()", r"[0-9A-Za-z]{27}"),
    "nanoId": ("nanoId() ~ ' ' ~ nanoId(length=5, alphabet='ab')", r"[0-9A-Za-z_-]{21} [ab]{5}"),
    "randomInt": ("randomInt(5, 10)", r"[5-9]"),
    "randomPort": ("randomPort()", r"49[1-9]\d\d|5\d{4}|6[0-5]\d{3}"),
}


def scope(seed: int, **names: Any) -> dict[str, Any]:
    """A scope with lots of that seed."""
    return {"__random__": random.Random(seed).getrandbits, "__now__": NOW, **names}


@pytest.mark.parametrize("name", CASES)
def test_what_is_drawn_has_its_form(name: str) -> None:
    """As Kestra's: whatever the lots."""
    text, form = CASES[name]
    for seed in range(50):
        assert re.fullmatch(form, str(evaluate("{{ " + text + " }}", scope(seed))))


@pytest.mark.parametrize("name", CASES)
def test_randomness_comes_from_the_scope(name: str) -> None:
    """Rule 1: the core draws no lots; the same source gives the same values, none is an error."""
    text = "{{ " + CASES[name][0] + " }}{{ id() }}"
    assert evaluate(text, scope(7)) == evaluate(text, scope(7))
    assert evaluate(text, scope(7)) != evaluate(text, scope(8))
    with pytest.raises(ExpressionError, match="needs randomness"):
        evaluate(text, {"__now__": NOW})


def test_every_function_that_draws_is_tested_above() -> None:
    """A function without an example is one that nobody knows."""
    assert set(FUNCTIONS) == set(CASES)


def test_a_uuid_is_one() -> None:
    """Version 4, as the library reads it."""
    made = evaluate("{{ uuid() }}", scope(1))
    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 4


def test_ksuids_are_in_order_of_time() -> None:
    """A later second comes after, whatever the lots; two of a second differ."""
    made = [evaluate("{{ ksuid() }}", scope(seed, __now__=NOW + timedelta(seconds=seed))) for seed in range(20)]
    assert made == sorted(made)
    assert evaluate("{{ ksuid() }}", scope(1)) != evaluate("{{ ksuid() }}", scope(2))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("randomInt(5, 1)", "the second not below the first"),
        ("randomInt('1', 5)", "two whole numbers"),
        ("nanoId(0)", "a length of 1 to 1,000"),
        ("nanoId(1001)", "a length of 1 to 1,000"),
        ("nanoId(5, '')", "letters to choose from"),
        ("uuid(1)", r"the function `uuid` takes \(\)"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The function is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", scope(1))
