from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from onbeat.core.durations import LONGEST, Duration, format_duration, parse_duration
from onbeat.errors import UserError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("P1W", timedelta(weeks=1)),
        ("P1W2D", timedelta(days=9)),
        ("PT60S", timedelta(minutes=1)),
        ("PT0.250S", timedelta(milliseconds=250)),
        ("PT0,5S", timedelta(milliseconds=500)),
        ("PT0.000001S", timedelta(microseconds=1)),
        ("PT0.000001000S", timedelta(microseconds=1)),
        ("PT0S", timedelta()),
        ("P0D", timedelta()),
        ("pt5m6s", timedelta(minutes=5, seconds=6)),
        ("PT48H", timedelta(days=2)),
        ("P36525D", LONGEST),
    ],
)
def test_a_duration_is_exact(text: str, duration: timedelta) -> None:
    """Kestra's spellings mean what they say, to the microsecond."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2M", "P1M2DT3H", "p2y"])
def test_years_and_months_are_refused(text: str) -> None:
    """A month has no length: guessing 30 days would be wrong in most of them."""
    with pytest.raises(UserError, match="no fixed length; write days"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "cure"), [("30", "PT30S"), ("1.5", r"PT1\.5S")])
def test_a_bare_number_is_refused_with_its_spelling(text: str, cure: str) -> None:
    """30 of what? The message says how to write 30 seconds."""
    with pytest.raises(UserError, match=f"no unit; for seconds write `{cure}`"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["-PT5S", "PT-5S", "+PT5S", "-5"])
def test_a_negative_duration_is_refused(text: str) -> None:
    """Nothing waits for less than nothing."""
    with pytest.raises(UserError, match="sign"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P36525DT1S", "PT99999999999999H", "P99999999999999999999W"])
def test_more_than_a_hundred_years_is_refused(text: str) -> None:
    """Added to an instant it would overflow the calendar, far from the line that is wrong."""
    with pytest.raises(UserError, match="longer than 100 years"):
        parse_duration(text)


def test_finer_than_a_microsecond_is_refused() -> None:
    """Exact means exact: digits that we cannot keep are not dropped."""
    with pytest.raises(UserError, match="microsecond"):
        parse_duration("PT0.0000001S")


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1", "PT1", "P1DT", "1h", "5m", "PT1.5H", "PT1S1M", "PT1H PT2H", "PT5S\n", "PT٣S", "P1H", "x" * 100_000]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """The message is short whatever was given, and shows the spelling."""
    with pytest.raises(UserError, match="not a duration; write it like `PT30S`") as error:
        parse_duration(text)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(seconds=90), "PT1M30S"),
        (timedelta(days=1), "P1D"),
        (timedelta(days=1, hours=2), "P1DT2H"),
        (timedelta(weeks=1), "P7D"),
        (timedelta(microseconds=1), "PT0.000001S"),
        (timedelta(seconds=1, milliseconds=500), "PT1.5S"),
        (timedelta(seconds=-5), "-PT5S"),
    ],
)
def test_a_duration_is_written_in_its_shortest_form(duration: timedelta, text: str) -> None:
    """One duration has one spelling, so that it can be compared as text."""
    assert format_duration(duration) == text


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(), max_value=LONGEST))
def test_what_is_written_reads_back_the_same(duration: timedelta) -> None:
    """parse(format(d)) is d for every duration there is."""
    assert parse_duration(format_duration(duration)) == duration


@settings(deadline=None)
@given(st.text(alphabet="PTpt0123456789.,-+WDHMSYwdhms", max_size=20))
def test_every_text_is_read_or_refused(text: str) -> None:
    """Nothing but a UserError comes out for a text that is not a duration."""
    try:
        duration = parse_duration(text)
    except UserError:
        return
    assert timedelta() <= duration <= LONGEST


class Model(BaseModel):
    timeout: Duration = timedelta(seconds=1)


def test_a_model_reads_text_and_writes_it_back() -> None:
    """YAML and JSON hold the text, Python the timedelta."""
    model = Model.model_validate({"timeout": "PT90S"})
    assert model.timeout == timedelta(seconds=90)
    assert model.model_dump(mode="json") == model.model_dump() == {"timeout": "PT1M30S"}
    assert Model(timeout=timedelta(seconds=2)).timeout == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("value", "message"), [(30, "write `PT30S`"), (True, "is text; write it like"), ("P1M", "write days"), ([], "is text; write it like")]
)
def test_a_model_refuses_with_the_same_cure(value: object, message: str) -> None:
    """The message of the model's error is the sentence with the cure; a YAML number is refused as the text would be."""
    with pytest.raises(ValidationError, match=message):
        Model.model_validate({"timeout": value})


def test_the_schema_says_duration() -> None:
    """Editors and the UI's forms know the format."""
    assert Model.model_json_schema()["properties"]["timeout"]["format"] == "duration"
