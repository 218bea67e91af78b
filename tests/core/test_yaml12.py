import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core import yaml12
from onbeat.core.yaml12 import Document, parse, parse_all
from onbeat.core.yaml_errors import YamlError

FLOW = """\
id: hello   # a comment
namespace: io.kestra.tests
tasks:
  - id: a
    type: core.log.Log
    message: "{{ inputs.x }}"
  - {id: b, retry: {type: constant, interval: PT1S}}
on: [1, no]
"""


def refuse(text: str | bytes) -> YamlError:
    """The error that the text gives."""
    with pytest.raises(YamlError) as error:
        parse(text, "f.yaml")
    return error.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("on", "off", "yes", "no", "y", "n", "Yes", "NO", "tRUE", "nULL", "none", "None")),
        *(
            (word, word)
            for word in ("12:30", "12:30:45", "2026-01-01", "2026-13-45", "2001-12-14t21:59:43.10-05:00", "1_000", "0b1", "1,5")
        ),
        *((word, word) for word in ("=", "0x", "0o8", "+", ".", "e3", "1e", "1.2.3", "0x1.8", "+0x1F", "٣", "1٣", "_1")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("~", "null", "Null", "NULL")),
        ("0", 0),
        ("-0", 0),
        ("010", 10),
        ("-3", -3),
        ("+3", 3),
        ("0o10", 8),
        ("0x1F", 31),
        ("18446744073709551616", 2**64),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("1.5E-3", 0.0015),
        ('"1"', "1"),
        ("'on'", "on"),
        ('""', ""),
        ('"\\u00e9"', "é"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
    ],
)
def test_only_true_false_null_and_numbers_are_not_text(text: str, value: object) -> None:
    """YAML 1.2's core schema: what YAML 1.1 turned into booleans, base 60 and dates stays what was written."""
    read = parse(f"a: {text}", "f.yaml").data["a"]
    assert (read, type(read)) == (value, type(value))


def test_a_key_is_text_as_it_is_written() -> None:
    """The keys of a Switch's cases, and `on:`, are what the author typed."""
    text = "{on: 1, true: 2, 12: 3, 010: 4, 1.50: 5, ~: 6, null: 7, '': 8, 2026-01-01: 9, '<<': 10}"
    assert parse(text, "f.yaml").data == {
        "on": 1,
        "true": 2,
        "12": 3,
        "010": 4,
        "1.50": 5,
        "~": 6,
        "null": 7,
        "": 8,
        "2026-01-01": 9,
        "<<": 10,
    }


def test_a_flow_is_read() -> None:
    """Block and flow style, comments and quotes give plain data."""
    assert parse(FLOW, "f.yaml").data == {
        "id": "hello",
        "namespace": "io.kestra.tests",
        "tasks": [
            {"id": "a", "type": "core.log.Log", "message": "{{ inputs.x }}"},
            {"id": "b", "retry": {"type": "constant", "interval": "PT1S"}},
        ],
        "on": [1, "no"],
    }


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("id",), (1, 5), (1, 1)),
        (("tasks",), (4, 3), (3, 1)),
        (("tasks", 0), (4, 5), (4, 5)),
        (("tasks", 0, "message"), (6, 14), (6, 5)),
        (("tasks", 1, "retry", "interval"), (7, 47), (7, 37)),
        (("on", 1), (8, 9), (8, 9)),
        (("tasks", 0, "timeout", "x"), (4, 5), (4, 5)),
        (("tasks", 7), (4, 3), (4, 3)),
        (("tasks", -1), (4, 3), (4, 3)),
        (("tasks", "id"), (4, 3), (4, 3)),
        (("id", 0), (1, 5), (1, 5)),
        ((0,), (1, 1), (1, 1)),
    ],
)
def test_every_value_and_key_has_a_position(path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]) -> None:
    """An error about a part of a flow points at it; where the path ends too early, at the nearest value around it."""
    document = parse(FLOW, "f.yaml")
    assert document.position(path) == value
    assert document.key_position(path) == key


def test_columns_count_characters() -> None:
    """Letters outside ASCII and a byte order mark do not shift what the editor shows."""
    assert parse("\ufeffé: {ü: ñ}".encode(), "f.yaml").position(("é", "ü")) == (1, 8)


def test_a_list_or_map_as_a_key_is_refused() -> None:
    """It nearly always is an expression that was not quoted; the message says so."""
    assert str(refuse("a: 1\nb: {{ inputs.x }}")) == 'f.yaml:2:5: a value that begins with `{{` must be quoted: "{{ … }}"'
    assert "must be quoted" in refuse("- {{ inputs.x }} and more").sentence
    assert "cannot be a key" in refuse("? [a, b]\n: c").sentence
    assert "cannot be a key" in refuse("? {a: b}\n: c").sentence


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("tasks: 1\nb: 2\ntasks: 3", (3, 1), "duplicate key `tasks` (first at line 1)"),
        ("a:\n  b: 1\n  'b': 2", (3, 3), "duplicate key `b` (first at line 2)"),
        ("{1: a, '1': b}", (1, 8), "duplicate key `1`"),
        ("{: a}", (1, 2), "a value is missing here"),
        ("? \n: a", (1, 2), "a key is missing"),
        ("a: !secret x", (1, 4), "the tag `!secret` is not taken; remove it"),
        ("a: !!python/object:os.system x", (1, 4), "the tag `!!python/object:os.system` is not taken"),
        ("a: !!timestamp 2026-01-01", (1, 4), "the tag `!!timestamp` is not taken"),
        ("a: !x {b: c}", (1, 4), "the tag `!x` is not taken"),
        ("a: !!map [b]", (1, 4), "the tag `!!map` is not taken"),
        ("!!int 1: a", (1, 1), "the tag `!!int` is not taken"),
        ("a: !!int x", (1, 4), "not what its tag `!!int` says"),
        ("a: !!int 'true'", (1, 4), "not what its tag `!!int` says"),
        ("a: &x [*x]", (1, 8), "data cannot contain itself"),
        ("a: &x\n  b: {c: *x}", (2, 10), "`*x` stands inside `&x` itself"),
        ("a: *x", (1, 4), "there is no anchor `&x` above"),
        ("a: &x 1\n---\nb: *x", (3, 4), "there is no anchor `&x` above"),
        ("a: &x {b: 1}\n*x : 2", (2, 1), "a key must be text"),
        ('a: "\\0"', (1, 4), "NUL (`\\0`) cannot be stored; remove it"),
        ("a: x\0", (1, 5), "U+0000 cannot stand in YAML"),
        ("a: 1\nb: \ud800", (2, 4), "U+D800 cannot stand in YAML"),
        ('a: "\\ud800"', (1, 7), "half of a character"),
        (b"a: 1\nb: \xff", (2, 4), "not UTF-8; save the file as UTF-8"),
        ("a: .nan", (1, 4), "`.nan` is not a value that JSON can hold; quote it"),
        ("a: -.INF", (1, 4), "`-.INF` is not a value that JSON can hold; quote it"),
        ("a: 1e999", (1, 4), "too large for a number; quote it"),
        ("a: " + "9" * 5000, (1, 4), "an integer has at most 500 digits; quote it"),
        ("a: 0x" + "f" * 5000, (1, 4), "an integer has at most 500 digits; quote it"),
        ("a: {<<: 1}", (1, 9), "`<<` merges maps"),
        ("a: {<<: [{b: 1}, 2]}", (1, 9), "`<<` merges maps"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", (1, 17), "merge several maps with `<<: [*first, *second]`"),
        ("a: 1\n---\nb: 2", (3, 1), "this is a second document"),
    ],
)
def test_what_would_mislead_is_refused_with_its_place_and_cure(text: str | bytes, place: tuple[int, int], sentence: str) -> None:
    """Silent surprises of YAML are errors here, each with line, column and what to do."""
    error = refuse(text)
    assert (error.line, error.column) == place
    assert sentence in error.sentence


def test_an_alias_is_a_copy() -> None:
    """Changing one place of the data must not change another."""
    data = parse("a: &x {b: [1]}\nc: *x\nd: [*x, *x]", "f.yaml").data
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}, {"b": [1]}]}
    data["c"]["b"].append(2)
    data["d"][0]["b"].append(3)
    assert (data["a"], data["d"][1]) == ({"b": [1]}, {"b": [1]})


def test_an_anchor_may_stand_on_anything_and_be_set_again() -> None:
    """Scalars, keys and lists take anchors; an alias means the last one above it."""
    assert parse("&k key: &v value\n*v : *k\nx: [&v 1, *v]\ny: &n\nz: *n", "f.yaml").data == {
        "key": "value",
        "value": "key",
        "x": [1, 1],
        "y": None,
        "z": None,
    }


def test_an_alias_stands_where_it_is_written_and_its_parts_where_they_are() -> None:
    """The error about an aliased value points at the alias, the one about a part of it at the part."""
    document = parse("a: &x\n  b: 1\nc: *x", "f.yaml")
    assert document.position(("c",)) == (3, 4)
    assert document.position(("c", "b")) == (2, 6)
    assert document.key_position(("c", "b")) == (2, 3)


def test_merge_keys_bring_what_is_not_there_yet() -> None:
    """Own keys win over merged ones, earlier maps over later ones, wherever `<<` stands; merged values are copies."""
    text = """
base: &base {type: constant, interval: PT1S, deep: {a: 1}}
other: &other {interval: PT9S, maxAttempt: 3}
one: {<<: *base, interval: PT2S}
two: {interval: PT2S, <<: [*base, *other]}
three: {<<: {x: 1}}
"""
    document = parse(text, "f.yaml")
    assert document.data["one"] == {"interval": "PT2S", "type": "constant", "deep": {"a": 1}}
    assert document.data["two"] == {"interval": "PT2S", "type": "constant", "deep": {"a": 1}, "maxAttempt": 3}
    assert document.data["three"] == {"x": 1}
    document.data["one"]["deep"]["a"] = 2
    assert document.data["base"]["deep"] == document.data["two"]["deep"] == {"a": 1}
    assert document.key_position(("two", "maxAttempt")) == (3, 32)


@pytest.mark.parametrize("text", ["[" * 200_000, "[" * 30_000 + "]" * 30_000, "{a: " * 200_000, "- " * 200_000, "[{a: " * 50_000])
def test_depth_is_counted_before_building(text: str) -> None:
    """60 kB of brackets ended the process inside the C loader; here they are refused at the 321st."""
    error = refuse(text)
    assert "more than 320 deep" in error.sentence
    assert error.line == 1


def test_depth_counts_through_aliases_and_merges() -> None:
    """An alias deep down that brings depth of its own is as deep as the two together."""
    inner = "[" * 220 + "]" * 220
    assert parse(f"a: &x {inner}\nb: " + "[" * 90 + "*x" + "]" * 90, "f.yaml").data
    assert "more than 320 deep" in refuse(f"a: &x {inner}\nb: " + "[" * 110 + "*x" + "]" * 110).sentence
    assert "more than 320 deep" in refuse(f"a: &x {{k: {inner}}}\nb: " + "[" * 110 + "{<<: *x}" + "]" * 110).sentence


def test_three_hundred_and_twenty_levels_are_taken() -> None:
    """The limit is the limit, not less."""
    data = parse("[" * 320 + "]" * 320, "f.yaml").data
    assert json.dumps(data) == "[" * 320 + "]" * 320


def test_nodes_are_counted_with_aliases_expanded() -> None:
    """Three hundred bytes that mean gigabytes are refused in a moment, and before the memory is taken."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 9) + "]" for level in range(1, 10)]
    error = refuse("\n".join(lines))
    assert "aliases bring more than 10,000 values" in error.sentence
    assert error.line == 5
    assert "more than 200,000 values" in refuse("[" + "a," * 200_001 + "]").sentence


def test_a_merge_bomb_costs_what_it_holds() -> None:
    """`<<: [*a, *a]`, doubled twenty times, took seconds; merged keys that are there already cost nothing."""
    lines = ["a0: &a0 {x: 1}", *(f"a{level}: &a{level} {{<<: [*a{level - 1}, *a{level - 1}]}}" for level in range(1, 21))]
    assert parse("\n".join(lines), "f.yaml").data["a20"] == {"x": 1}


def test_aliases_are_counted() -> None:
    """A thousand aliases are a mistake or an attack."""
    assert len(parse("[&a x" + ", *a" * 1000 + "]", "f.yaml").data) == 1001
    assert "more than 1,000 aliases" in refuse("[&a x" + ", *a" * 1001 + "]").sentence


@pytest.mark.parametrize("text", ["a" * 1_048_577, b"a" * 1_048_577, "é" * 600_000, "é".encode() * 600_000])
def test_size_is_limited_in_bytes(text: str | bytes) -> None:
    """One MiB of UTF-8 is the most, as text and as bytes."""
    assert "larger than 1,048,576 bytes" in refuse(text).sentence


def test_many_tag_directives_are_refused() -> None:
    """libyaml takes seconds for them; nobody needs them, since tags are refused."""
    assert "%TAG" in refuse("".join(f"%TAG !a{number}! x\n" for number in range(1000)) + "--- a").sentence


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "--- \n...\n", "\ufeff"])
def test_an_empty_text_has_no_data(text: str) -> None:
    """An empty file is no error of YAML; who reads a flow says what is missing."""
    document = parse(text, "f.yaml")
    assert document.data is None
    assert document.position(("id",)) == document.key_position(()) == (1, 1)
    assert parse_all(text, "f.yaml") == []


def test_a_file_of_several_documents() -> None:
    """Each has its own data and positions in the file; those without content are left out; anchors end with their document."""
    documents = parse_all("---\na: &x 1\n---\n# nothing\n---\nb: &x 2\nc: *x\n---\n~\n", "f.yaml")
    assert [document.data for document in documents] == [{"a": 1}, {"b": 2, "c": 2}, None]
    assert documents[1].position(("c",)) == (7, 4)
    assert all(isinstance(document, Document) and document.name == "f.yaml" for document in documents)


def test_limits_hold_over_all_documents_of_a_file() -> None:
    """Splitting a bomb by `---` does not defuse the limit."""
    document = "---\n[" + "a," * 60_000 + "]\n"
    assert len(parse_all(document * 3, "f.yaml")) == 3
    with pytest.raises(YamlError, match="more than 200,000 values"):
        parse_all(document * 4, "f.yaml")


NUMBER_OF_12 = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+|0o[0-7]+")
"""`1e3` is text in YAML 1.1, so its writers do not quote it."""
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(lambda text: not NUMBER_OF_12.fullmatch(text)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé1~ -:#{<", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_what_a_yaml_writer_writes_is_read_back(data: Any) -> None:
    """PyYAML's own writer, in both styles, is understood: what it quotes stays text, what it does not is what it was."""
    for flow_style in (True, False):
        text = yaml.safe_dump(data, default_flow_style=flow_style, allow_unicode=False)
        assert parse(text, "f.yaml").data == data


@settings(deadline=None)
@given(JSON)
def test_json_is_yaml(data: Any) -> None:
    """YAML 1.2 contains JSON, as far as its characters are printable."""
    text = json.dumps(data, ensure_ascii=False)
    if text.isprintable():
        assert parse(text, "f.yaml").data == data


@settings(deadline=None)
@given(st.text("ab:-?[]{}&*!|>'\"%@`#,\n\t <~01.é\0\ud800", max_size=40) | st.binary(max_size=40))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    """Whatever comes in, what comes out is plain data or a YamlError with a place in the file."""
    try:
        documents = parse_all(text, "f.yaml")
    except YamlError as error:
        place = (error.line, error.column)
    else:
        place = (1, 1)
        for document in documents:
            assert json.loads(json.dumps(document.data)) == document.data
    assert min(place) >= 1


def test_reading_leaves_pyyaml_as_it_was() -> None:
    """The rules are ours alone: no resolver of the library is changed for others in the process."""
    parse("a: on", "f.yaml")
    assert yaml.safe_load("a: on") == {"a": True}
    assert yaml12.MAX_DEPTH == 320


def test_what_aliases_bring_is_counted() -> None:
    """Twelve thousand characters that mean a hundred thousand values: each of them would be looked at for expressions and mistakes."""
    values = ", ".join(f"k{number}: [1, 2]" for number in range(40))
    few, many = (f"a: &a {{{values}}}\n" + "".join(f"b{number}: *a\n" for number in range(count)) for count in (50, 900))
    assert len(parse(few, "f.yaml").data) == 51
    assert "aliases bring more than 10,000 values" in refuse(many).sentence
