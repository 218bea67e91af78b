"""Things for people."""

import pytest

from onbeat.cli import show


def test_control_characters_are_shown_and_not_sent():
    """Rule 2: a message from outside cannot move the cursor or ring."""
    assert show.plain("a\x1b[2Jb\x07\r\n\tc") == "a\\x1b[2Jb\\x07\\x0d\n\tc"


@pytest.mark.parametrize(("value", "text"), [(0.0021, "2 ms"), (1.26, "1.3 s"), (61, "1 min 1 s"), (3_725, "1 h 2 min")])
def test_durations_are_said_as_people_say_them(value: float, text: str):
    """From milliseconds to hours."""
    assert show.seconds(value) == text


def test_a_span_is_empty_until_the_end():
    """What runs has no duration yet."""
    begun = {"startDate": "2026-01-01T00:00:00.000000Z"}
    assert show.span(begun) == ""
    assert show.span({**begun, "endDate": "2026-01-01T00:00:01.500000Z"}) == "1.5 s"


def test_values_are_cut_where_they_grow_too_long():
    """With a sign that there was more."""
    assert show.compact({"a": "ä"}) == '{"a": "ä"}'
    assert show.compact("x" * 100, 10) == '"xxxxxxxx…'


def test_columns_line_up(capsys: pytest.CaptureFixture[str]):
    """Each as wide as its widest cell, without spaces at the ends of lines."""
    show.table(("STATE", "NAME"), [("SUCCESS", "a"), ("X", "long")], "none")
    assert capsys.readouterr().out == "STATE    NAME\nSUCCESS  a\nX        long\n"


def test_an_empty_list_is_said_on_stderr(capsys: pytest.CaptureFixture[str]):
    """A program that reads stdout reads nothing."""
    show.table(("A",), [], "no rows")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "no rows\n")


def test_json_is_one_line_of_utf8(capfdbinary: pytest.CaptureFixture[bytes]):
    """Whatever the terminal's encoding is."""
    show.put_json({"name": "Zoë"})
    assert capfdbinary.readouterr().out == '{"name":"Zoë"}\n'.encode()


def test_no_time_is_empty():
    """Lists hold what has not happened yet."""
    assert (show.clock(None), show.when(None)) == ("", "")
    assert show.clock("2026-01-01T10:11:12.345678Z").endswith(":11:12.345")
