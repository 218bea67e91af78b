"""The corpus of hostile YAML and JSON: what ended, filled or misled other programs. Each is refused here with a sentence, or read as it
is written.
"""

from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.parse import parse_flow, parse_trigger
from onbeat.core.values import normalise
from onbeat.core.yaml12 import parse
from onbeat.core.yaml_errors import YamlError
from onbeat.engine.checking import check_flow
from onbeat.errors import InvalidFile, UserError
from onbeat.registry import Registry
from tests.core.test_cost import calls_of

MERGES = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 21))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = {
    "30,000 closed brackets": "[" * 30_000 + "]" * 30_000,
    "20,000 closed brackets": "[" * 20_000 + "]" * 20_000,
    "200,000 open brackets": "[" * 200_000,
    "200,000 open braces": "{a: " * 200_000,
    "200,000 dashes": "- " * 200_000,
    "deep blocks": "\n".join(" " * depth + "a:" for depth in range(900)),
    "question marks": "? " * 100_000,
    "an alias bomb": BOMB,
    "a cycle": "a: &a [*a]",
    "a cycle in a map": "&a {b: *a}",
    "an unknown alias": "a: *nope",
    "a duplicate key": "tasks: []\ntasks: []",
    "a duplicate key by another spelling": "1: a\n'1': b",
    "a number of 5,000 digits": "d: " + "9" * 5_000,
    "a list as a key": "[a]: b",
    "a map as a key": "{a: b}: c",
    "python/object/apply": "a: !!python/object/apply:os.system ['id']",
    "python/name": "a: !!python/name:os.system",
    "python/object/new": "!!python/object/new:subprocess.Popen [['id']]",
    "a tag of one's own": "a: !secret x",
    "a set": "a: !!set {b, c}",
    "binary": "a: !!binary aGVsbG8=",
    "a timestamp": "a: !!timestamp 2026-01-01",
    "infinity": "a: .inf",
    "not a number": "a: .nan",
    "NUL": 'a: "x\\0y"',
    "NUL, bare": "a: x\0y",
    "half of a surrogate pair": 'a: "\\ud800"',
    "bytes that are no UTF-8": b"a: \xff\xfe\xfa",
    "UTF-16 without its mark": "a: b".encode("utf-16-le"),
    "more than a megabyte": "a: " + "x" * 1_100_000,
    "directives": "%TAG ! x\n" * 200 + "---\na: 1",
    "a tab as indentation": "a:\n\tb: 1",
    "two documents": "a: 1\n---\nb: 2",
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_yaml_is_refused(name: str) -> None:
    """By the reader, and so by everything that reads flows, triggers and texts of expressions."""
    text: Any = REFUSED[name]
    with pytest.raises(YamlError) as refused:
        parse(text, "corpus.yaml")
    assert refused.value.line >= 1
    for read in (parse_flow, parse_trigger):
        with pytest.raises(InvalidFile):
            read(text, "corpus.yaml")
    if isinstance(text, str):
        with pytest.raises(ExpressionError):
            evaluate("{{ yaml(text) }}", {"text": text})


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("on: no", {"on": "no"}),
        ("yes: off", {"yes": "off"}),
        ("a: 010", {"a": 10}),
        ("a: 0o10", {"a": 8}),
        ("a: 0x1F", {"a": 31}),
        ("a: 12:30:45", {"a": "12:30:45"}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 2026-11-21", {"a": "2026-11-21"}),
        ("a: 2026-13-45", {"a": "2026-13-45"}),
        ("a: 2026-11-21T10:00:00Z", {"a": "2026-11-21T10:00:00Z"}),
        ("a: =", {"a": "="}),
        ("a: ~", {"a": None}),
        ("a: NO", {"a": "NO"}),
        ("a: y", {"a": "y"}),
        ("1: b", {"1": "b"}),
        ("null: b", {"null": "b"}),
        ("a: 9223372036854775808", {"a": 9223372036854775808}),
    ],
)
def test_what_would_mislead_is_read_as_it_is_written(text: str, data: object) -> None:
    """YAML 1.2: only true, false, null and numbers are not text."""
    assert parse(text, "corpus.yaml").data == data


def test_merges_cost_what_they_hold() -> None:
    """Twenty levels of `<<: [*a, *a]` double at each level elsewhere; here they are one key each."""
    assert parse(MERGES, "corpus.yaml").data["a20"] == {"k": 1}


DEEP = "[" * 200_000 + "]" * 200_000


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        "[" * 200_000,
        '{"a":' * 200_000,
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "1e999",
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '{"\\u0000": 1}',
        "",
        "nul",
        "'a'",
        "[1,]",
        '{"a" 1}',
        "\ufeff1",
        "9" * 5_000,
    ],
)
def test_hostile_json_is_refused(text: str) -> None:
    """Where an expression reads it: with a sentence, never the text."""
    for expression in ("{{ fromJson(text) }}", "{{ text | jq('.a') }}"):
        with pytest.raises(ExpressionError) as refused:
            evaluate(expression, {"text": text})
        assert len(str(refused.value)) < 300
    assert evaluate("{{ text is json }}", {"text": text}) in (True, False)


def test_large_integers_stay_exact() -> None:
    """Beyond 64 bits they are their text, in JSON as in Python values."""
    assert evaluate("{{ fromJson('[9223372036854775808, 9223372036854775807]') }}", {}) == ["9223372036854775808", 2**63 - 1]
    assert normalise([2**63, 2**63 - 1]) == ["9223372036854775808", 2**63 - 1]


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value",
    [
        nested(200_000),
        CYCLE,
        float("nan"),
        float("inf"),
        "\ud800",
        "a\0b",
        {"a\0b": 1},
        b"bytes",
        {1: "a", "1": "b"},
        10**5_000,
        object(),
        {1, 2},
    ],
    ids=["depth", "cycle", "nan", "inf", "surrogate", "nul", "nul key", "bytes", "keys", "digits", "object", "set"],
)
def test_what_is_no_plain_value_is_refused_at_the_edge(value: Any) -> None:
    """Before it can be a row, where it would be a 500 or a record that nobody can read."""
    with pytest.raises(UserError):
        normalise(value)


def test_a_text_that_aliases_bring_is_read_once() -> None:
    """A hundred lines that mean thousands of the same long text, and open tags without end: the work follows the file. Counted in calls."""
    text = "{{ inputs.a-b }} {% raw %}" + "{{" * 300 + "{% endraw %} {{ 1 + + }}"
    copies = "".join(f"  b{number}: *a\n" for number in range(800))
    once, often = (
        f"id: f\nnamespace: n\ninputs: [{{id: a-b, type: STRING}}]\ntasks: [{{id: t, type: core.log.Log, message: x}}]\n"
        f'variables:\n  a: &a ["{text}", "{text}"]\n{more}'
        for more in ("", copies)
    )

    def check(content: str) -> None:
        with pytest.raises(InvalidFile):
            check_flow(content, "f.yaml", Registry())

    check(once)
    assert calls_of(lambda: check(often)) < calls_of(lambda: check(once)) + 800 * 200
