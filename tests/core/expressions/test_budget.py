"""The corpus of texts that would hang, fill the memory or end the process: each must end soon, in an error of ours or in a result."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError, NeedsOutside, evaluate
from onbeat.core.expressions.budget import STEPS, Budget
from onbeat.errors import UserError

pytestmark = pytest.mark.timeout(20)
"""Seconds; each takes less than 0.2 on an idle machine, without limits most of them would take minutes or for ever."""

SCOPE: dict[str, Any] = {
    "rows": [{"k": number, "v": "x" * 20} for number in range(5_000)],
    "text": "a" * 500_000,
    "spaces": " " * 60_000 + "x",
    "numbers": list(range(90_000)),
    "vars": {"self": "{{ render(vars.self) }}", "grow": "{{ vars.grow }}{{ vars.grow }}"},
}


def doubling(value: str, start: str = "[1]") -> str:
    """A value that holds itself twice, forty times over."""
    return "{% set ns = namespace(s=" + start + ") %}{% for i in 1..40 %}{% set ns.s = " + value + " %}{% endfor %}"


REFUSED = {
    "nested loops": "{% for a in 1..100 %}{% for b in 1..100 %}{% for c in 1..100 %}x{% endfor %}{% endfor %}{% endfor %}",
    "a loop over a large body": "{% for a in 1..5000 %}" + "{{ a }}" * 200 + "{% endfor %}",
    "range": "{{ range(1000000000) }}",
    "range beyond 64 bits": "{{ 1..1000000000000000000000000 }}",
    "text doubled by ~": doubling("ns.s ~ ns.s", "'aaaa'"),
    "text doubled by +": doubling("ns.s + ns.s", "'aaaa'"),
    "list doubled": doubling("ns.s + ns.s"),
    "tree doubled and printed": doubling("[ns.s, ns.s]") + "{{ ns.s }}",
    "tree doubled and compared": doubling("[ns.s, ns.s]") + "{{ ns.s == [ns.s] }}",
    "tree doubled and flattened": doubling("[ns.s, ns.s]") + "{{ ns.s | flatten | distinct }}",
    "tree doubled and replaced in": doubling("[ns.s, ns.s]") + "{{ ns.s | replace({'a': 'b'}) }}",
    "tree doubled, in yaml": doubling("[ns.s, ns.s]") + "{{ ns.s | yaml }}",
    "tree doubled and rendered": doubling("[ns.s, ns.s]") + "{{ render(ns.s) }}",
    "tree doubled and given outside": doubling("[ns.s, ns.s]") + "{{ kv(ns.s) }}",
    "map doubled": doubling("{'a': ns.s, 'b': ns.s}", "{}") + "{{ ns.s | json }}",
    "list nested thousands deep": "{% set ns = namespace(s=[]) %}{% for i in 1..4000 %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
    "number squared": "{% set ns = namespace(s=3) %}{% for i in 1..100 %}{% set ns.s = ns.s * ns.s %}{% endfor %}{{ ns.s }}",
    "power": "{{ 9 ** 99999999 }}",
    "text times number": "{{ 'a' * 1000000000 }}",
    "list times number": "{{ [1] * 1000000000 }}",
    "format with %": "{{ '%1000000000d' % 1 }}",
    "format": "{{ '%1000000000d' | format(1) }}",
    "center": "{{ 'a' | center(1000000000) }}",
    "ljust": "{{ 'a'.ljust(1000000000) }}",
    "replace": "{{ text | replace({'a': text}) }}",
    "replace nothing": "{{ text | replace({'': text}) }}",
    "replace method": "{{ text.replace('a', text) }}",
    "join": "{{ numbers | join(text) }}",
    "indent": "{{ ('x\\n' ~ text) | indent(100000000) }}",
    "indent with a long prefix": "{{ 'a\\nb' | indent(3, text) }}",
    "nindent": "{{ 'a' | nindent(1000000000) }}",
    "numberFormat": "{{ 1 | numberFormat('" + "0" * 5_000 + "') }}",
    "round": "{{ 1.5 | round(999999999) }}",
    "split into letters": "{{ text | split('') }}",
    "output": "{% for i in 1..10 %}{{ text }}{% endfor %}",
    "a text collected by set": "{% set x %}{% for i in 1..10 %}{{ text }}{% endfor %}{% endset %}{{ x }}",
    "texts kept in a list": "{% set ns = namespace(l=[]) %}{% for i in 1..3000 %}{% set ns.l = ns.l + [text ~ i] %}{% endfor %}",
    "macro that calls itself": "{% macro r(n) %}{{ r(n) }}{% endmacro %}{{ r(1) }}",
    "macro that calls itself twice": "{% macro r(n) %}{% if n %}{{ r(n-1) }}{{ r(n-1) }}{% endif %}{% endmacro %}{{ r(40) }}",
    "block that calls itself": "{% block a %}{{ block('a') }}{{ block('a') }}{% endblock %}",
    "render of itself": "{{ render(vars.self) }}",
    "render that grows": "{{ render(vars.grow) }}",
    "sort in a loop": "{% for i in 1..1000 %}{{ rows | sort(attribute='k') | length }}{% endfor %}",
    "json in a loop": "{% for i in 1..10000 %}{{ rows | json | length }}{% endfor %}",
    "printing in a loop": "{% for i in 1..10000 %}{% set x %}{{ rows }}{% endset %}{% endfor %}",
    "comparing in a loop": "{% for i in 1..10000 %}{{ rows == rows }}{% endfor %}",
    "searching text in a loop": "{% for i in 1..90000 %}{% if 'b' in text %}{% endif %}{% endfor %}",
    "searching lists in a loop": "{% for i in 1..10000 %}{% if i in numbers %}{% endif %}{% endfor %}",
    "slicing in a loop": "{% for i in 1..10000 %}{% set x = numbers[0:80000] %}{% endfor %}",
    "methods in a loop": "{% for i in 1..10000 %}{% set x = text.upper() %}{% endfor %}",
    "truth in a loop": "{% for i in 1..90000 %}{% if spaces %}{% endif %}{% endfor %}",
    "pattern of repeats of repeats": "{{ (text ~ 'b') | regexMatch('(a+)+$') }}",
    "pattern of choices": "{{ (text ~ 'b') | regexMatch('^(a|a)*$') }}",
    "pattern of many repeats": "{{ text | regexMatch('.*.*.*.*x') }}",
    "pattern of many options": "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | regexMatch('" + "a?" * 30 + "a" * 30 + "b') }}",
    "pattern that goes back": "{{ spaces | replace({'\\s+$': ''}, regexp=true) }}",
    "pattern that splits": "{{ text | split('(a*)*b') }}",
    "pattern of large bounds": "{{ 'x' | regexMatch('(?:a{0,65535}){0,65535}') }}",
    "matches without end": "{{ text | regexReplace('a', '$0$0$0') }}",
    "yaml of aliases": "{{ yaml('a: &a [x,x,x,x,x,x,x,x,x]\\n"
    + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "') }}",
    "yaml of brackets": "{{ yaml('" + "[" * 30_000 + "') }}",
    "yaml of tags": "{{ yaml('!!python/object/apply:os.system [ls]') }}",
    "json of brackets": "{{ fromJson('" + "[" * 30_000 + "') }}",
    "json of digits": "{{ fromJson('" + "9" * 5_000 + "') }}",
    "number of digits": "{{ " + "9" * 5_000 + " }}",
    "number too large": "{{ 1e999 }}",
    "minus chain": "{{ " + "-" * 32_000 + "1 }}",
    "not chain": "{{ " + "not " * 10_000 + "1 }}",
    "~ chain": "{{ " + "1 ~ " * 10_000 + "1 }}",
    "+ chain": "{{ " + "1 + " * 10_000 + "1 }}",
    "short + chain": "{{ " + "1 + " * 200 + "1 }}",
    "** chain": "{{ " + "1 ** " * 10_000 + "1 }}",
    "attribute chain": "{{ a" + ".a" * 30_000 + " }}",
    "short attribute chain": "{{ a" + ".a" * 200 + " ?? 1 }}",
    "item chain": "{{ a" + "[0]" * 20_000 + " }}",
    "call chain": "{{ a" + "()" * 20_000 + " }}",
    "and chain": "{{ " + "1 and " * 10_000 + "1 }}",
    "comparison chain": "{{ " + "1 < " * 10_000 + "1 }}",
    "?? chain": "{{ " + "a ?? " * 10_000 + "1 }}",
    "? : chain": "{{ " + "1 ? " * 5_000 + "1" + " : 1" * 5_000 + " }}",
    "if else chain": "{{ " + "1 if 1 else " * 4_000 + "1 }}",
    "filter chain": "{{ 'a'" + " | upper" * 6_000 + " }}",
    "test chain": "{{ " + "1 is even == " * 3_000 + "1 }}",
    "text chain": "{{ " + "'a' " * 15_000 + " }}",
    "parentheses": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "brackets": "{{ " + "[" * 20_000 + "]" * 20_000 + " }}",
    "braces": "{{ " + "{'a':" * 9_000 + "1" + "}" * 9_000 + " }}",
    "nested if": "{% if 1 %}" * 2_000 + "{% endif %}" * 2_000,
    "nested for": "{% for a in b %}" * 2_000,
    "elseif chain": "{% if 0 %}" + "{% elseif 0 %}" * 4_000 + "{% endif %}",
    "many outputs": "{{ 1 }}" * 9_000,
    "many sets": "{% set a = 1 %}" * 4_000,
    "many macros": "".join("{% macro m" + str(n) + "() %}{% endmacro %}" for n in range(1_500)),
    "unknown time zone": "{{ '2024-01-01' | date(timeZone=text) }}",
    "date beyond the calendar": "{{ '2024-01-01' | dateAdd(99999999999999999999, 'DAYS') }}",
    "date format of digits": "{{ '" + "1" * 180 + "' | date(existingFormat='d M d M d M d M d M') }}",
    "half of a surrogate pair": "{{ '\\ud800' }}",
    "NUL": "{{ 'a\\u0000' }}",
    "namespace in itself": "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
    "NUL in the source": "{{ \0 }}",
    "never ending tag": "{{ 1",
    "never ending text": "{{ '" + "a" * 60_000,
}
TAKEN = {
    "600 expressions": "x{{ numbers[0] }}" * 600,
    "60,000 blanks": "{{ 1" + " " * 60_000 + "}}",
    "a long comment": "{#" + "a" * 60_000 + "#}",
    "a long text": "a" * 60_000 + "{{ 1 }}",
    "24 brackets": "{{ " + "[" * 20 + "]" * 20 + " }}",
    "a sum of 60": "{{ " + "1 + " * 60 + "1 }}",
    "~ of 500": "{{ " + "1 ~ " * 500 + "1 }}",
    "sum of 90,000": "{{ numbers | sum }}",
    "json of 5,000 maps": "{{ rows | json | length }}",
    "loop over 5,000 maps": "{% for row in rows %}{{ row.k }}={{ row.v }};{% endfor %}",
    "slug of 500,000 letters": "{{ text | slugify | length }}",
    "quick pattern on a long text": "{{ text | regexReplace('b+', '') | length }}",
    "trim by pattern": "{{ '  a b  ' | regexReplace('^\\s+|\\s+$', '') }}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_corpus_is_refused_soon(name: str) -> None:
    """An error of ours, never a MemoryError, RecursionError or a hang."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(REFUSED[name], SCOPE)
    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_large_and_harmless_is_taken(name: str) -> None:
    """The limits stop mistakes, not work."""
    assert evaluate(TAKEN[name], SCOPE) is not None


def test_the_budget_is_the_same_each_time() -> None:
    """A slow day changes nothing: steps are counted, not time."""
    budget = Budget()
    budget.spend(STEPS)
    with pytest.raises(ExpressionError, match="too many steps"):
        budget.spend(1)


def test_a_loop_pays_for_its_body() -> None:
    """Rule 1: the same number of turns is taken with a small body and refused with a large one."""
    assert evaluate("{% for a in 1..9000 %}{{ a }}{% endfor %}", {}).endswith("9000")
    with pytest.raises(ExpressionError, match="too many steps"):
        evaluate("{% for a in 1..9000 %}" + "{{ a }}" * 50 + "{% endfor %}", {})


def test_nested_renderings_pay_from_the_same_budget() -> None:
    """Rule 3: rendering in a loop cannot multiply the budget."""
    with pytest.raises(ExpressionError, match="too many steps"):
        evaluate("{% for a in 1..1000 %}{{ render('{{ 1 }}') }}{% endfor %}", {})


SIGNS = "{{ }} {% %} {# #} ( ) [ ] { } | ~ + - * / % ** // == != < > <= >= ?? ??? ? : . .. , = ' \" \\ \n"
WORDS = "if else elseif endif for in endfor set endset macro endmacro raw endraw block filter call with is not and or null"
PARTS = "a b inputs.x 1 2.5 'x' loop.index now() range(3) upper default('x') length json kv('a') render('{{1}}') even empty"
PIECES = st.sampled_from([*SIGNS.split(" "), *WORDS.split(" "), *PARTS.split(" "), " ", "{{ ", " }}", "{% ", " %}"])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=50).map(lambda text: "{{ " + text + " }}"))
def test_no_text_raises_anything_else(text: str) -> None:
    """Whatever somebody types, what comes out is a value, or an error that says what is wrong."""
    try:
        evaluate(text, {"a": 1, "b": [1, {"c": "d"}], "inputs": {"x": "y"}})
    except (UserError, NeedsOutside) as error:
        assert str(error)  # noqa: PT017  both outcomes are right


@pytest.mark.parametrize(
    "body",
    [
        "{{ large | startsWith('x') }}",
        "{{ large | md5 | length }}",
        "{{ large | length ~ large | sha1 }}",
        "{{ large contains large }}",
        "{{ 'x' in large ~ 'x' }}",
        "{{ (large in 'x') is defined }}",
        "{{ text is lower }}",
        "{{ blanks is empty }}",
        "{{ blanks | title | length }}",
        "{{ text | slugify | length }}",
        "{{ [large] | distinct | length }}",
        "{{ [large] | join | length }}",
        "{{ 'x'.startsWith(large) }}",
        "{{ {}.get(large) }}",
        "{{ _context | json | length }}",
        "{{ json | jq('.') | length }}",
        "{{ fromJson(json) | length }}",
        "{{ json is json }}",
        "{{ yaml(json) | length }}",
    ],
)
def test_what_looks_through_a_value_pays_for_it(body: str) -> None:
    """Each looks at thousands of values, or at a long text: five thousand times would take seconds, whatever it gives."""
    scope = {
        "large": {"items": [[number] for number in range(5_000)]},
        "text": "x" * 200_000,
        "blanks": " " * 200_000,
        "json": "[" + "1," * 9_000 + "1]",
    }
    with pytest.raises(ExpressionError, match=r"takes too many steps|more than"):
        evaluate("{% for i in range(1, 5000) %}" + body + "{% endfor %}", scope)


def test_a_long_text_is_true() -> None:
    """Blank or not: looking through it each time would have to be paid for."""
    assert evaluate("{{ blanks ? 1 : 2 }}", {"blanks": " " * 1_001}) == 1
    assert evaluate("{{ blanks ? 1 : 2 }}", {"blanks": " " * 1_000}) == 2


@pytest.mark.parametrize("text", ["{{ x[[1]] }}", "{{ x[{}] }}", "{{ {[1]: 2} }}", "{{ [x] | map(attribute=[1]) }}"])
def test_a_key_is_no_list(text: str) -> None:
    """Its text would have to be written to look for it."""
    with pytest.raises(ExpressionError, match=r"a key is a text|an attribute is a text"):
        evaluate(text, {"x": {"a": 1}})
