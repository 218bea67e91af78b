"""What a filter means; lists are tested in test_store_search.py and test_store_lines.py, for every store."""

import pytest

from onbeat.core.times import from_iso, iso
from onbeat.ports import Bucket
from onbeat.stores.memory_search import contains, is_within, start_of

HOUR = 3_600_000_000


def test_text_is_contained_in_any_case_of_ascii():
    """Letters beyond ASCII are themselves."""
    assert contains("Order-7", "oRDER")
    assert contains("größe", "ÖSS".lower()) is False
    assert contains("Ä", "ä") is False
    assert contains("anything", "")


@pytest.mark.parametrize(
    ("names", "expected"),
    [(None, True), ((), False), (("a",), True), (("a.b",), True), (("a.b.c",), False), (("b", "a"), True), (("",), False)],
)
def test_a_namespace_is_within_those_above_it(names: tuple[str, ...] | None, expected: bool):
    """None names all of them, nothing names none."""
    assert is_within("a.b", names) == expected


@pytest.mark.parametrize(
    ("by", "hours", "expected"),
    [
        ("hour", 0, "2024-02-29T23:00"),
        ("day", 1, "2024-02-29T23:00"),
        ("day", -1, "2024-02-29T01:00"),
        ("week", 0, "2024-02-26T00:00"),
        ("month", 0, "2024-02-01T00:00"),
        ("month", 1, "2024-02-29T23:00"),
    ],
)
def test_a_bucket_begins_in_the_zone_of_who_asks(by: Bucket, hours: int, expected: str):
    """Half past eleven at night on the last of February is March an hour further east."""
    assert iso(start_of(from_iso("2024-02-29T23:30:00Z"), by, hours * HOUR))[:16] == expected
