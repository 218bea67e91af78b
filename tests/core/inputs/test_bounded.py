"""Bounded: no pattern and no schema keeps the daemon waiting."""

import subprocess
import sys

import pytest

from onbeat.core.inputs.bounded import check_pattern, check_schema, matches, misfits

BOMBS = [
    r"(a+)+$",
    r"(a+)+b",
    r"([a-zA-Z]+)*b",
    r"(a|aa)+b",
    r"(a|a?)+b",
    r"(.*a){20}b",
    r"(x+x+)+y",
    r"(?=(a+)+b)a+b",
    r"((a*)*)*(?!c)b",
    r"(a+)+\1b",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(a?){50}a{50}b",
]


@pytest.mark.parametrize("pattern", BOMBS)
@pytest.mark.parametrize("text", ["a" * 10_000, "x" * 10_000, "a" * 9_999 + "!"], ids=["a", "x", "a!"])
def test_the_classic_bombs_come_to_an_end(pattern: str, text: str) -> None:
    """Rule 2: with an answer, or an error that says so. Python's own matcher would be at it for longer than the universe is old."""
    check_pattern(pattern)
    told = ""
    try:
        matches(pattern, text)
    except ValueError as error:
        told = str(error)
    assert not told or "takes too long" in told


def test_a_pattern_that_takes_too_long_says_so() -> None:
    """Rule 2: it is no mismatch, which would blame the value."""
    with pytest.raises(ValueError, match="takes too long"):
        matches(r"((a*)*)*(?!c)b", "a" * 10_000)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"A\d+", "A123", True),
        (r"A\d+", "A123x", False),
        (r"A\d+", "xA123", False),
        (r"A\d+", "A123\n", False),
        (r"\d+", "\u0663", False),
        (r"\w+", "é", False),
        (r"\p{L}+", "é", True),
        (r"a|b", "ab", False),
        (r"(?i)abc", "ABC", True),
        (r"(?<year>\d{4})-(?P<month>\d\d)", "2026-01", True),
        (r"(?<!a)b", "b", True),
        (r"\(?<x>", "(<x>", True),
        (r"[\w.+\-]+@[\w\-]+\.\w+", "ada@example.org", True),
        (r"(?=.*\d)(?=.*[a-z]).{8,}", "passw0rd", True),
        (r"^foo$", "foo", True),
        ("", "", True),
    ],
)
def test_a_pattern_means_what_it_means_in_kestra(pattern: str, text: str, fits: bool) -> None:
    """Rule 1: the whole text, ASCII classes, groups with names."""
    assert matches(check_pattern(pattern), text) is fits


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a)|(b", r"\\"[:1], "(a{1,1000}){1,1000}", "a{1000000}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """Rule 2: huge ones too."""
    with pytest.raises(ValueError, match="is not a regular expression"):
        check_pattern(pattern)


def test_what_does_not_fit_a_schema_is_told_with_its_place() -> None:
    """The first few."""
    schema = {"type": "object", "properties": {"n": {"type": "array", "items": {"type": "integer"}}}, "required": ["x"]}
    assert misfits(schema, {"n": [1], "x": 0}) == []
    assert sorted(misfits(schema, {"n": ["a"]})) == ['"x" is a required property', '/n/0: "a" is not of type "integer"']
    assert len(misfits({"items": {"type": "integer"}}, ["a"] * 10)) == 3


@pytest.mark.parametrize("schema", [{"type": "strin"}, {"$ref": "http://example.org/x"}, {"$ref": "file:///etc/passwd"}, {"pattern": "("}])
def test_what_is_no_schema_is_refused(schema: dict[str, str]) -> None:
    """Rule 3: nor one that refers to something elsewhere; it is said when the flow is loaded."""
    with pytest.raises(ValueError, match="not a JSON Schema"):
        check_schema(schema)


def test_a_schema_that_goes_round_comes_to_an_end() -> None:
    """A reference to itself, and patterns inside of it."""
    assert misfits({"$ref": "#"}, {"a": 1}) == []
    assert misfits({"properties": {"a": {"$ref": "#"}}, "maxProperties": 1}, {"a": {"a": {}}}) == []
    assert misfits({"pattern": "(a+)+b"}, "a" * 10_000) != []


def test_the_library_is_loaded_with_the_first_pattern() -> None:
    """Rule 4: flows without patterns and schemas do not pay for it."""
    script = (
        "import sys; from onbeat.core.parse import parse_flow as p\n"
        "text = 'id: f\\nnamespace: n\\ntasks: [{id: a, type: t}]\\ninputs: [{id: i, type: STRING%s}]'\n"
        "p(text % '', 'f'); assert 'jsonschema_rs' not in sys.modules\n"
        "p(text % ', validator: a', 'f'); assert 'jsonschema_rs' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr == ""
