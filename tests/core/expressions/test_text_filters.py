from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.text_filters import FILTERS

SCOPE: dict[str, Any] = {
    "poem": "Roses are red,\nViolets are blue",
    "map": {"a": "it's", "b": ["it's", {"c": "it's"}], "n": 1},
    "null_": None,
}


CASES = [
    ("abbreviate", "'this is a long sentence.' | abbreviate(7)", "this..."),
    ("abbreviate", "'short' | abbreviate(10)", "short"),
    ("abbreviate", "'abcdef' | abbreviate(3)", "abc"),
    ("truncate", "'this is long' | truncate(7)", "this..."),
    ("capitalize", "'article title' | capitalize", "Article title"),
    ("capitalize", "' x mIXED' | capitalize", " X mIXED"),
    ("condenseString", "'  a \n b  c ' | condenseString", "a b c"),
    ("endsWith", "'abc' | endsWith('bc')", True),
    ("startsWith", "'abc' | startsWith('bc')", False),
    ("escape", "'<a href=\"x\">&\\'</a>' | escape", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;"),
    ("e", "'<' | e", "&lt;"),
    ("escapeChar", "\"Can't be\" | escapeChar('single')", "Can\\'t be"),
    ("escapeChar", "'a\"b' | escapeChar('double')", 'a\\"b'),
    ("escapeChar", "\"L'eau\" | escapeChar('shell')", "L'\\''eau"),
    ("escapeChar", "map | escapeChar('shell')", {"a": "it'\\''s", "b": ["it'\\''s", {"c": "it'\\''s"}], "n": "1"}),
    ("indent", "'a\\nb\\nc' | indent(2)", "a\n  b\n  c"),
    ("indent", "'a\\nb' | indent(1, prefix='\\t')", "a\n\tb"),
    ("nindent", "'a\\nb' | nindent(2)", "\n  a\n  b"),
    ("nindent", "'a\\r\\nb' | nindent(1)", "\r\n a\r\n b"),
    ("lower", "'LOUD' | lower", "loud"),
    ("upper", "'quiet' | upper", "QUIET"),
    ("title", "'article title of mCDONALD' | title", "Article Title Of MCDONALD"),
    ("trim", "'  x \n' | trim", "x"),
    ("string", "12 | string", "12"),
    ("string", "[1] | string", "[1]"),
    ("nl2br", "'a\\nb' | nl2br", "a<br />b"),
    ("striptags", "'<p>a <b>b</b></p>' | striptags", "a b"),
    ("regexMatch", "'order-17' | regexMatch('[0-9]+')", True),
    ("regexExtract", "'order-17' | regexExtract('([a-z]+)-([0-9]+)', 2)", "17"),
    ("regexExtract", "'none' | regexExtract('[0-9]+')", None),
    ("regexReplace", "'a1b22' | regexReplace('[0-9]+', '#')", "a#b#"),
    ("regexReplace", "'John Smith' | regexReplace('(\\w+) (\\w+)', '$2 $1')", "Smith John"),
    ("replace", "'I like %this% and %that%.' | replace({'%this%': 'foo', '%that%': 'bar'})", "I like foo and bar."),
    ("replace", "'a1b2' | replace({'[0-9]': '-'}, regexp=true)", "a-b-"),
    ("replace", "'aa:bb' | replace({'(.)(.):': '$2$1$$'}, regexp=true)", "aa$$bb"),
    ("replace", "map | replace({\"it's\": 'x'})", {"a": "x", "b": ["x", {"c": "x"}], "n": "1"}),
    ("replace", "'a-b' | replace('-', '+')", "a+b"),
    ("sh", '"it\'s" | sh', "'it'\\''s'"),
    ("slugify", "'My Döc — Title__2 ' | slugify", "my-doc-title-2"),
    ("split", "'a,b,c' | split(',')", ["a", "b", "c"]),
    ("split", "'a,b,c' | split(',', 2)", ["a", "b,c"]),
    ("split", "'a.b.c' | split('.')", ["a", "b", "c"]),
    ("split", "'a.b' | split('\\.')", ["a", "b"]),
    ("split", "'a,b,,' | split(',')", ["a", "b"]),
    ("split", "'a,b,,' | split(',', -1)", ["a", "b", "", ""]),
    ("format", "'%s is %05d' | format('x', 7)", "x is 00007"),
    ("raw", "'<b>' | raw", "<b>"),
    ("split", "'a1b22c' | split('[0-9]+')", ["a", "b", "c"]),
    ("split", "'a1b22c' | split('[0-9]+', 2)", ["a", "b22c"]),
    ("split", "'a, b' | split(', ')", ["a", "b"]),
    ("substringAfter", "'a.b.c' | substringAfter('.')", "b.c"),
    ("substringAfter", "'abc' | substringAfter('.')", ""),
    ("substringAfterLast", "'a.b.c' | substringAfterLast('.')", "c"),
    ("substringAfterLast", "'abc' | substringAfterLast('.')", ""),
    ("substringBefore", "'a.b.c' | substringBefore('.')", "a"),
    ("substringBefore", "'abc' | substringBefore('.')", "abc"),
    ("substringBeforeLast", "'a.b.c' | substringBeforeLast('.')", "a.b"),
    ("substringBeforeLast", "'abc' | substringBeforeLast('.')", "abc"),
]


@pytest.mark.parametrize(("name", "text", "value"), CASES)
def test_filters_on_texts(name: str, text: str, value: object) -> None:
    """Each filter does what its manual says."""
    assert f"| {name}" in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_every_filter_on_texts_is_tested_above() -> None:
    """A filter without an example is one that nobody knows."""
    assert set(FILTERS) == {case[0] for case in CASES}


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"escapeChar", "regexMatch", "regexExtract", "regexReplace", "replace", "split"}))
def test_null_stays_null(name: str) -> None:
    """As in Kestra: a filter on an optional input that is not given gives nothing."""
    assert evaluate("{{ null_ | " + name + " }}", SCOPE) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'a' | abbreviate(-1)", "0 or more"),
        ("'a' | abbreviate", r"the filter `abbreviate` takes \(length\)"),
        ("'a' | upper(1)", r"the filter `upper` takes \(\)"),
        ("'a' | replace", r"takes \(replacePairs, regexp\?\)"),
        ("'a' | replace(5)", "takes a map of what to replace, not a number"),
        ("'a' | escapeChar('x')", "`single`, `double` or `shell`"),
        ("'a' | indent(-1)", "0 or more"),
        ("[1] | trim", "the filter `trim` cannot work on a list"),
        ("'a' | regexMatch('(')", "the pattern is not right"),
        ("'a' | regexReplace('a', '$7')", "a group that the pattern does not have"),
        ("nope | upper", "Unable to find `nope`"),
        ("'a' | trim(nope)", "Unable to find `nope`"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The filter is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)
