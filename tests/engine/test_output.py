"""What a program prints becomes lines, outputs and metrics, within bounds and without harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.engine.output import LINE, METRICS, PROTOCOL, Lines, Output, harmless


def read(*chunks: bytes, limit: int = 10**7) -> tuple[Output, list[tuple[str, str]]]:
    lines: list[tuple[str, str]] = []
    output = Output(lambda level, message: lines.append((level, message)), limit)
    for chunk in chunks:
        output.feed("stdout", chunk)
    output.end("stdout")
    return output, lines


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"::{", b"}::", b"\xc3\xa4", b'::{"outputs":{"x":1}}::\n']), max_size=30),
    st.data(),
)
def test_where_the_pipe_cuts_makes_no_difference(parts: list[bytes], data: st.DataObject) -> None:
    """Any division into chunks gives the lines of the whole."""
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    one, one_lines = read(whole)
    many, many_lines = read(*chunks)
    assert many_lines == one_lines
    assert (many.outputs, many.counts) == (one.outputs, one.counts)


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_skipped_lines_are_counted_as_read_ones_are(chunks: list[bytes]) -> None:
    """Past the limit lines are only counted, and the count stays right."""
    read_one, _ = read(*chunks)
    full, lines = read(*chunks, limit=-1)
    assert full.counts["stdout"] == read_one.counts["stdout"]
    assert len(lines) <= 1


def test_lines_end_at_lf_cr_or_both() -> None:
    """As Kestra reads them; the last one needs no end."""
    assert [line for _, line in read(b"a\nb\rc\r\nd\n\ne")[1]] == ["a", "b", "c", "d", "", "e"]


def test_a_line_longer_than_the_bound_is_cut_with_a_mark() -> None:
    """The rest of it is not kept, the next line is whole."""
    output, lines = read(b"x" * LINE + b"y", b"y" * 100_000 + b"\nnext\n")
    assert lines == [("INFO", "x" * LINE + " … (cut: the line is longer than 64 kB)"), ("INFO", "next")]
    assert output.counts["stdout"] == 2


def test_a_line_that_just_fits_is_not_cut() -> None:
    """The bound itself is allowed."""
    assert read(b"x" * LINE + b"\n")[1] == [("INFO", "x" * LINE)]


def test_an_endless_line_is_not_held_in_memory() -> None:
    """At most the bound, however much comes."""
    lines = Lines()
    for _ in range(100):
        assert list(lines.feed(b"\0" * LINE)) == []
    assert len(lines._held) == LINE


def test_past_the_limit_one_line_says_so() -> None:
    """Both streams share the limit, and each line costs more than its text."""
    output, lines = read(b"a\n" * 1000, limit=10 * 65)
    assert lines == [("INFO", "a")] * 10 + [("WARN", "More output than 0.00062 MB in one attempt: the rest is not kept")]
    assert output.full
    output.feed("stderr", b"more\n")
    assert len(lines) == 11
    assert output.counts == {"stdout": 1000, "stderr": 1}


def test_results_are_taken_from_both_streams_and_merged() -> None:
    """A later output of the same name wins; metrics add up; log items keep their level."""
    output, lines = read(
        b'::{"outputs":{"a":1,"b":{"c":[null]}}}::\n::{"outputs":{"a":2},"metrics":[{"name":"n","type":"counter","value":1},7]}::\n',
        b'::{"logs":[{"level":"warning","message":"careful"},{"message":"plain"}]}::\n',
    )
    output.feed("stderr", b'::{"outputs":{"e":"x"}}::\r\n')
    assert output.outputs == {"a": 2, "b": {"c": [None]}, "e": "x"}
    assert output.metrics == [{"name": "n", "type": "counter", "value": 1}]
    assert lines == [("WARN", "careful"), ("INFO", "plain")]
    assert output.counts == {"stdout": 3, "stderr": 1}


@pytest.mark.parametrize(
    "line",
    [
        "::{not json}::",
        '::{"outputs":[1]}::',
        '::{"metrics":{}}::',
        '::{"other":1}::',
        '::{"outputs":{"a":NaN}}::',
        '::{"outputs":{"a":"\\u0000"}}::',
        "::{" + '"outputs":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}::",
        "::{}::",
        '::{"outputs":{}}:: ',
        ' ::{"outputs":{}}::',
    ],
)
def test_what_is_not_the_protocol_is_a_line_like_any_other(line: str) -> None:
    """It is logged and gives no results; nothing is raised."""
    output, lines = read(line.encode() + b"\n")
    assert lines == [("INFO", line)]
    assert output.outputs == {}


def test_a_result_may_be_longer_than_a_line() -> None:
    """Outputs of a megabyte are usual."""
    text = "x" * 1_000_000
    output, lines = read(b"::" + json.dumps({"outputs": {"a": text}}).encode() + b"::\n")
    assert output.outputs == {"a": text}
    assert lines == []


def test_results_are_bounded_for_the_whole_attempt() -> None:
    """A program that prints outputs for ever fills the log's bound, not the memory."""
    line = b"::" + json.dumps({"outputs": {"a": "x" * (PROTOCOL // 4)}}).encode() + b"::\n"
    output, lines = read(*[line] * 6)
    assert len(lines) == 3
    assert len(output.outputs) == 1
    many = b"::" + json.dumps({"metrics": [{"name": "n"}] * (METRICS + 5)}).encode() + b"::\n"
    assert len(read(many, many)[0].metrics) == METRICS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 漢 🙂\t·", "plain ä 漢 🙂\t·"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;ZXZpbA==\x07x", "x"),
        ("\x9b31mred\x9d0;title\x9cx", "redx"),
        ("\x1b(B\x1b=ok\x1b", "ok"),
        ("a\x00b\x07\x7f", "a␀b␇␡"),
        ("a\u202eb\u2066c\ufeff", "a\ufffdb\ufffdc\ufffd"),
    ],
)
def test_nothing_that_a_terminal_acts_on_is_left(text: str, shown: str) -> None:
    """Colours go, links and the clipboard too; other signs become visible."""
    assert harmless(text) == shown


@given(st.text())
def test_no_control_character_survives(text: str) -> None:
    """Whatever the text is; and what is harmless is left alone."""
    shown = harmless(text)
    assert not any((ord(sign) < 0x20 and sign != "\t") or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 for sign in shown)
    assert harmless(shown) == shown


def test_bytes_that_are_not_utf_8_are_shown() -> None:
    """Nothing is raised, nothing is lost silently."""
    assert read(b"a\xff\xfeb\n")[1] == [("INFO", "a\ufffd\ufffdb")]
