import pytest
import yaml

from onbeat.core.yaml12 import parse
from onbeat.core.yaml_errors import YamlError, explain
from onbeat.errors import Problem, UserError

QUOTED = "must be quoted"


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("\ta: 1", (1, 1), "tabs cannot indent; use spaces"),
        ("a:\n\t- b", (2, 1), "tabs cannot indent; use spaces"),
        ("a: 1\n\tb: 2", (2, 1), "tabs cannot indent; use spaces"),
        ('a: "{{ b }}" c', (1, 14), QUOTED),
        ("a: 'x {{ b }}'\nc: '{{ d }}'e: 1", (2, 13), QUOTED),
        ("a: [{{ b }, c]", (1, 6), QUOTED),
        ("a: @x", (1, 4), "quote the value"),
        ("a: `x`", (1, 4), "quote the value"),
        ("a: %x", (1, 4), "quote the value"),
        ("a: b: c", (1, 5), "quote the value"),
        ("a: 1\n b: 2", (2, 3), "check how this line is indented"),
        ("a:\n  - b\n c: 1", (3, 2), "does not fit the map around it; check its indentation and quotes (it begins at line 1)"),
        ("- a\n - b: c\n  d", (2, 5), "check how this line is indented"),
        ("- a\nb", (2, 1), "this line has no `:`; write `key: value`"),
        ("a: 1\nb\nc: 2", (2, 1), "this line has no `:`"),
        ("a: [1, 2\nb: 3", (2, 2), "a `,` or `]` is missing in this list (it begins at line 1)"),
        ("a: {b: 1 \n c: 2}", (2, 3), "a `,` or `}` is missing in this map (it begins at line 1)"),
        ("a: {", (2, 1), "a value is missing here"),
        ("a: 'x", (1, 6), "a quote is never closed; close it"),
        ('a: "x\nb: 1\n', (3, 1), "a quote is never closed; close it (it begins at line 1)"),
        ('a: "\\q"', (1, 5), "use single quotes to keep backslashes"),
        ('a: "\\xzz"', (1, 7), "use single quotes to keep backslashes"),
        ('a: "\\ud83d\\ude00"', (1, 7), "write the character itself"),
        ("a: - b", (1, 4), "put `- ` on a line of its own"),
        ("a: *", (1, 5), QUOTED),
        ("a: &", (1, 5), QUOTED),
        ("a: !e!x y", (1, 4), "a value that begins with `!` must be quoted"),
        ("a: 1\n...\nb: 2", (3, 1), "separate documents with `---`"),
        ("%YAML 3.0\n---\na: 1", (1, 1), "remove this `%YAML` line"),
        ("%WHAT\n---\na: 1", (1, 6), "found unknown directive name"),
    ],
)
def test_what_libyaml_says_is_said_with_its_cure(text: str, place: tuple[int, int], sentence: str) -> None:
    """The real cause is named, at its line and column, with what to write."""
    with pytest.raises(YamlError) as error:
        parse(text, "flows/f.yaml")
    assert sentence in error.value.sentence
    assert (error.value.line, error.value.column) == place


def test_an_error_is_one_line_of_a_list_of_problems() -> None:
    """It prints as compilers do, so that editors jump to it, and it is the user who must act."""
    error = YamlError("f.yaml", 3, 7, "use spaces")
    assert str(error) == "f.yaml:3:7: use spaces"
    assert error.problem == Problem("f.yaml", 3, 7, "use spaces")
    assert isinstance(error, UserError)


def test_a_line_of_a_mebibyte_is_explained_as_fast_as_a_short_one() -> None:
    """The search for the cause looks at the beginning of the line only: its cost grows faster than the line."""
    with pytest.raises(YamlError, match="quoted as a whole"):
        parse("a: '{{ " + "}} '{{" * 100_000, "f.yaml")


def test_what_has_no_place_is_told_at_the_beginning() -> None:
    """Were libyaml to refuse something without saying where, it would still be the user's error, not a bug."""
    assert explain(yaml.YAMLError("odd"), "a: 1") == ((1, 1), "this is not YAML: odd")
