import pytest
from jinja2.parser import Parser as JinjaParser

from onbeat.core.expressions import ExpressionError, evaluate

SCOPE = {"a": 1, "b": 2, "s": "text", "t": True, "f": False, "n": None, "list": [1, 2, 3], "map": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # `~` and `??` bind more tightly than a filter, a filter more tightly than arithmetic
        ("{{ 'a' ~ 'b' | upper }}", "AB"),
        ("{{ nope ?? 'b' | upper }}", "B"),
        ("{{ 'x' | upper ~ 'y' | lower }}", "xy"),
        ("{{ 1 + '2' | length }}", 2),
        ("{{ -3 | abs }}", 3),
        ("{{ nope ?? 0 + 1 }}", 1),
        ("{{ nope ?? 1 == 1 }}", True),
        ("{{ 'a' ~ nope ?? 'b' }}", "ab"),
        ("{{ nope ?? nada ?? 'c' }}", "c"),
        ("{{ nope ?? -1 }}", -1),
        ("{{ nope ?? not t }}", False),
        ("{{ nope ?? 'x' ? 'yes' : 'no' }}", "yes"),
        ("{{ 1 + 2 ~ 3 }}", "123"),
        ("{{ 2 * 3 ~ 4 }}", 68),
        ("{{ 2 ** 3 * 2 }}", 16),
        ("{{ 1 + 2 * 3 - 4 / 2 }}", 5),
        ("{{ 7 // 2 + 7 % 4 }}", 6),
        ("{{ 1..2 + [3] }}", [1, 2, 3]),
        # comparisons, then tests and memberships, then not, and, or
        ("{{ 1 + 1 is even }}", True),
        ("{{ a == 1 is true }}", True),
        ("{{ a is odd == true }}", True),
        ("{{ not a is even }}", True),
        ("{{ not f and t }}", True),
        ("{{ t or f and f }}", True),
        ("{{ a == 1 and b == 2 or f }}", True),
        ("{{ list contains 1 + 1 }}", True),
        ("{{ not (list contains 9) }}", True),
        ("{{ 1 < b < 3 }}", True),
        ("{{ 1 < b > 5 }}", False),
        # conditional, Kestra's and Jinja2's
        ("{{ t ? 1 : 2 }}", 1),
        ("{{ f ? 1 : t ? 2 : 3 }}", 2),
        ("{{ t ? f ? 1 : 2 : 3 }}", 2),
        ("{{ t?'y':'n' }}", "y"),
        ("{{ {'k': t ? 1 : 2} }}", {"k": 1}),
        ("{{ 'y' if f else 'n' }}", "n"),
        ("{{ 'y' if f }}", None),
        ("{{ (t ? [1, 2] : [])[1] }}", 2),
    ],
)
def test_operators_bind_as_in_kestra(text: str, value: object) -> None:
    """The table of the module, a line each."""
    assert evaluate(text, SCOPE) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ s is null }}", False),
        ("{{ n is null }}", True),
        ("{{ n is not null }}", False),
        ("{{ s is defined }}", True),
        ("{{ nope.x.y is not defined }}", True),
        ("{{ 4 is divisibleby 2 }}", True),
        ("{{ 4 is divisibleby(3) }}", False),
        ("{{ s is defined and n is null }}", True),
        ("{{ s is defined ? 'y' : 'n' }}", "y"),
        ("{{ 'y' if s is defined else 'n' }}", "y"),
        ("{{ list contains 2 }}", True),
        ("{{ list contains [1, 2] }}", True),
        ("{{ list not contains 2 }}", False),
        ("{{ 2 isIn list }}", True),
        ("{{ 2 not isIn list }}", False),
        ("{{ 2 in list }}", True),
        ("{{ 9 not in list }}", True),
        ("{{ a equals 1 }}", True),
        ("{{ a equals '1' and b equals 2 }}", True),
    ],
)
def test_word_operators(text: str, value: object) -> None:
    """Tests, memberships and `equals`, also with what comes after them."""
    assert evaluate(text, SCOPE) == value


def test_operator_words_can_still_be_names() -> None:
    """`contains` and the like are words only where an operator stands."""
    assert evaluate("{{ contains }}{{ equals }}{{ map.in }}{{ map.is }}", {"contains": 1, "equals": 2, "map": {"in": 3, "is": 4}}) == "1234"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{% if a == 2 %}x{% elseif a == 1 %}y{% else %}z{% endif %}", "y"),
        ("{% if a == 2 %}x{% elif a == 3 %}y{% else %}z{% endif %}", "z"),
        ("{% for i in list if i > 1 %}{{ i }}{% endfor %}", "23"),
        ("{% for i in n %}x{% else %}none{% endfor %}", "none"),
        ("{% for e in map %}{{ e.key }}={{ e.value }}{% endfor %}", "x=1"),
        ("{% for k, v in map %}{{ k }}={{ v }}{% endfor %}", "x=1"),
        ("{% for k, v in map.items() %}{{ k }}={{ v }}{% endfor %}", "x=1"),
        ("{% for i in t ? list : [] %}{{ i }}{% endfor %}", "123"),
        ("{% set x = 3 %}{{ x }}", "3"),
        ("{% set x %}in{{ a }}{% endset %}{{ x }}", "in1"),
        ("{% set x | upper %}in{% endset %}{{ x }}", "IN"),
        ("{% macro m(p, q='d') %}[{{ p }}{{ q }}]{% endmacro %}{{ m(1) }}{{ m(1, q=2) }}", "[1d][12]"),
        ("{% macro m(p) %}<{{ caller() }}{{ p }}>{% endmacro %}{% call m(1) %}in{% endcall %}", "<in1>"),
        ("{% block b %}once {% endblock %}{{ block('b') }}", "once once "),
        ("{% filter upper %}in {{ s }}{% endfilter %}", "IN TEXT"),
        ("{% with x = 1, y = 2 %}{{ x + y }}{% endwith %}", "3"),
        ("{% print a, b %}", "12"),
        ("{% raw %}{{ a }}{% if %}{% endraw %}", "{{ a }}{% if %}"),
        ("{% verbatim %}{{ a }}{% endverbatim %}", "{{ a }}"),
        ("{%- raw -%} x {%- endraw -%}", "x"),
        ("a{# comment #}b", "ab"),
        ("a  {{- a -}}  b", "a1b"),
        ("{% set ns = namespace(n=0) %}{% for i in list %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "6"),
        ("{% if '' or ' ' or 'false' or 0 or [] or {} %}x{% else %}y{% endif %}", "y"),
    ],
)
def test_tags(text: str, value: str) -> None:
    """Kestra's tags, and the ones of Jinja2 that stay inside of the text."""
    assert evaluate(text, SCOPE) == value


def test_the_loop_variable_counts_as_in_kestra() -> None:
    """`index` begins at 0, `revindex` ends at 0."""
    text = "{% for i in 'a'..'c' %}{{ loop.index }}{{ loop.length }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }} {% endfor %}"
    assert evaluate(text, {}) == "032truefalse 131falsefalse 230falsetrue "


@pytest.mark.parametrize(
    "tag", ["include 'x'", "import 'x' as y", "from 'x' import y", "extends 'x'", "embed 'x'", "cache 'x'", "autoescape true"]
)
def test_nothing_loads_a_template(tag: str) -> None:
    """Rule 1: a text is all there is."""
    with pytest.raises(ExpressionError, match="there is no tag"):
        evaluate("{% " + tag + " %}", {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% for i in list recursive %}{% endfor %}", "recursive"),
        ("{% block b scoped %}{% endblock %}", "a name only"),
        ("{{ range(*list) }}", "not supported"),
        ("{{ range(**map) }}", "not supported"),
        ("{{ t ? 1 }}", "expected token `:`"),
        ("{% for %}{% endfor %}", "expected an expression"),
        ("{% endfor %}", "ends nothing"),
        ("{% if t %}{% endfor %}", "out of place"),
    ],
)
def test_what_cannot_be_is_refused(text: str, reason: str) -> None:
    """With a sentence, when it is compiled."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate(text, SCOPE)


def test_the_parser_changes_methods_that_jinja2_has() -> None:
    """The grammar hangs on these semi-internal points of Jinja2 3.1: were one renamed, ours would silently never be called."""
    for name in (
        "parse_call_args",
        "parse_compare",
        "parse_concat",
        "parse_condexpr",
        "parse_filter",
        "parse_not",
        "parse_or",
        "parse_pow",
        "parse_primary",
        "parse_statement",
        "parse_test",
        "parse_unary",
        "_fail_ut_eof",
    ):
        assert callable(getattr(JinjaParser, name)), name
