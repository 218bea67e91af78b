"""Times: instants as text and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from onbeat.core.times import Instant, from_datetime, from_iso, iso, named_zone, to_datetime

INSTANTS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
"""The years 1 to 9999."""


def test_an_instant_is_written_in_utc_with_six_digits():
    """So that texts sort as instants do."""
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert iso(1_795_262_400_123_456) == "2026-11-21T12:00:00.123456Z"


@given(at=INSTANTS)
def test_what_is_written_reads_back(at: int):
    """To the microsecond, as text and as datetime."""
    assert from_iso(iso(at)) == at
    assert from_datetime(to_datetime(at)) == at


@given(one=INSTANTS, other=INSTANTS)
def test_texts_sort_as_instants(one: int, other: int):
    """Years have four digits."""
    assert (iso(one) < iso(other)) == (one < other)


def test_other_offsets_are_read():
    """They name the same instant."""
    assert from_iso("2026-11-21T13:00:00+01:00") == from_iso("2026-11-21T12:00:00Z")
    assert from_datetime(datetime(2026, 11, 21, 13, tzinfo=timezone(timedelta(hours=1)))) == from_iso("2026-11-21T12:00:00Z")
    assert to_datetime(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_text_without_an_offset_is_refused():
    """With what to write."""
    with pytest.raises(ValueError, match="`2026-11-21T12:00:00` has no offset; write it as 2026-11-21T12:00:00Z"):
        from_iso("2026-11-21T12:00:00")


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00Z", "2026-11-21T13:00:00+01:00", "2026-11-21T12:00:00.000000Z"])
def test_an_option_may_be_an_instant(text: str):
    """In any zone, as microseconds."""
    assert TypeAdapter(Instant).validate_python(text) == from_iso("2026-11-21T12:00:00Z")


@pytest.mark.parametrize("value", ["2026-11-21", "2026-11-21T12:00:00", "soon", "", 5, None, True])
def test_what_is_no_instant_is_refused_as_an_option(value: object):
    """With the spelling to use, and without the value."""
    with pytest.raises(ValidationError, match="such as `2026-11-21T12:00:00Z`"):
        TypeAdapter(Instant).validate_python(value)


def test_a_zone_has_a_name():
    """Those of the database, and none else."""
    assert named_zone("Europe/Paris").key == "Europe/Paris"
    assert named_zone("America/Argentina/Buenos_Aires").key == "America/Argentina/Buenos_Aires"
    assert named_zone("Etc/GMT+2").key == "Etc/GMT+2"


@pytest.mark.parametrize("name", ["Nope/Nowhere", "Europe", "", "../etc/passwd", "a" * 50_000, "a/" * 20_000 + "b", "Europe/Paris\0", "é"])
def test_what_is_no_zone_is_refused(name: str):
    """Whatever it is, with an error that its callers know."""
    with pytest.raises((KeyError, ValueError, OSError)):
        named_zone(name)
