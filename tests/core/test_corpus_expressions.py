"""The corpus of hostile templates: what ended, filled or escaped from other template engines. Each is refused here, or does no harm.

The peers' findings are measured ones: a generator in the context gave `eval`, a replacement aborted the process, a chain of minus signs
ended it with SIGSEGV. Time is not measured here: what an evaluation may cost is counted (budget.py), and watched by `make fuzz`.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, compile_text, evaluate


class Thing:
    """A Python object that has no place in a scope."""

    secret = "s3cret"

    def boom(self) -> str:
        """Would be called by an engine that reaches attributes."""
        raise AssertionError("called")


def numbers() -> Iterator[int]:
    """A generator: its frame reaches `eval`."""
    yield 1


@pytest.mark.parametrize(
    "text",
    [
        "{{ o.secret }}",
        "{{ o.boom() }}",
        "{{ o['secret'] }}",
        "{{ o.__class__ }}",
        "{{ o.__class__.__mro__[1].__subclasses__() }}",
        "{{ o }}",
        "{{ g.gi_frame.f_builtins['eval']('1+41') }}",
        "{{ g.gi_frame }}",
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ [].__class__.__base__.__subclasses__() }}",
        "{{ {}.__class__ }}",
        "{{ d.update({'x': 1}) }}",
        "{{ d.clear() }}",
        "{{ d.pop('a') }}",
        "{{ l.append(9) }}",
        "{{ l.extend([9]) }}",
        "{{ l.sort() }}",
        "{{ '{0.__class__}'.format(o) }}",
        "{{ '{x.__class__}'.format_map({'x': o}) }}",
        "{{ '%s' | format(o) }}",
        "{{ o | attr('__class__') }}",
        "{{ [o] | map('attr', 'secret') }}",
        "{{ self }}{{ self.__init__ }}",
        "{{ loop.__class__ }}",
        "{% for x in l %}{{ loop.__class__ }}{% endfor %}",
        "{% for x in l %}{{ loop._iterable }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{{ caller.__globals__ }}",
        "{{ namespace(a=1).__dict__ }}",
        "{{ dict.__class__ }}",
        "{{ range.__class__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ joiner }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ get_flashed_messages.__globals__ }}",
        "{{ url_for.__globals__ }}",
        "{{ config }}",
        "{{ request.application.__globals__.__builtins__ }}",
        "{{ __import__('os') }}",
        "{{ environment }}",
        "{{ context }}",
        "{{ resolve }}",
        "{{ undefined.__class__ }}",
        "{{ nope.__class__.x }}",
        "{{ _context.__outside__ }}",
        "{{ __outside__ }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% debug %}",
        "{% do l.append(1) %}",
        "{% autoescape false %}{% endautoescape %}",
        "{% trans %}{% endtrans %}",
        "{{ x | pprint }}",
        "{{ l | random }}",
        "{{ 'x' | xmlattr }}",
    ],
)
def test_no_way_leads_to_python(text: str) -> None:
    """Attributes, frames, format strings, mutation, other templates: refused, and the data stays what it was."""
    scope: dict[str, Any] = {"o": Thing(), "g": numbers(), "d": {"a": 1}, "l": [1, 2], "x": 1, "__outside__": {"secret": str}}
    with pytest.raises(ExpressionError):
        evaluate(text, scope)
    assert scope["d"] == {"a": 1}
    assert scope["l"] == [1, 2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ [o] | map(attribute='secret') }}", [None]),
        ("{{ l | map(attribute='append') }}", [None, None]),
        ("{{ [o] | selectattr('secret') }}", []),
        ("{{ l.append ?? 'nothing' }}", "nothing"),
        ("{{ o.secret is defined }}", False),
    ],
)
def test_what_is_asked_of_an_object_is_not_there(text: str, value: object) -> None:
    """A filter finds keys, and no attribute."""
    assert evaluate(text, {"o": Thing(), "l": [1, 2]}) == value


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(0, 999) %}{% for b in range(0, 999) %}{% for c in range(0, 9) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ range(10 ** 9) }}",
        "{{ range(0, 10 ** 9) | length }}",
        "{{ 1..1000000000 }}",
        "{% set s = namespace(t='ab') %}{% for i in range(0, 40) %}{% set s.t = s.t ~ s.t %}{% endfor %}{{ s.t | length }}",
        "{% set s = namespace(t='ab') %}{% for i in range(0, 40) %}{% set s.t = s.t + s.t %}{% endfor %}{{ s.t | length }}",
        "{% set s = namespace(t=[1]) %}{% for i in range(0, 40) %}{% set s.t = s.t + s.t %}{% endfor %}{{ s.t | length }}",
        "{% set s = namespace(t=[1]) %}{% for i in range(0, 40) %}{% set s.t = [s.t, s.t] %}{% endfor %}{{ s.t }}",
        "{% set s = namespace(t={}) %}{% for i in range(0, 60) %}{% set s.t = {'a': s.t, 'b': s.t} %}{% endfor %}{{ s.t | json }}",
        "{% set s = namespace(t=[1]) %}{% for i in range(0, 40) %}{% set s.t = s.t | merge(s.t) %}{% endfor %}x",
        "{{ long | replace('a', long) }}",
        "{{ long.replace('a', long) }}",
        "{{ long | replace({'a': long}, regexp=true) }}",
        "{{ long | regexReplace('a', long) }}",
        "{{ 'a' * 1000000 }}",
        "{{ [1] * 1000000 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '%1000000000s' | format(1) }}",
        "{{ '%.1000000000f' | format(1) }}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ 'x\nx' | indent(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 2 ** 1000000000 }}",
        "{{ 9 ** 9 ** 9 ** 9 ** 9 }}",
        "{{ 10 ** 400 * 10 ** 400 * 10 ** 400 * 10 ** 400 }}",
        "{{ 1e308 * 1e308 }}",
        "{{ 1 | round(1000000000) }}",
        "{{ 1 | numberFormat(long | replace('a', '0')) }}",
        "{{ now(long) }}",
        "{{ '2020-01-01' | date('yyyyyyyyyyyyyyyy' ~ long) }}",
        "{{ '2020-01-01' | date(timeZone='a/' ~ long | replace('a', 'a/')) }}",
        "{{ '1' ~ long | replace('a', '1') | number }}",
        "{{ long | regexMatch('(a+)+$') }}",
        "{{ long | regexMatch('(a|aa)+$') }}",
        "{{ long | regexMatch('(.*a){20}') }}",
        "{{ long | split('(a*)*b') }}",
        "{{ 'a' | regexMatch('((((((((((a{1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99})') }}",
        "{{ render('{{ render(t) }}') }}",
        "{{ render(t) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{{ n }}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% block a %}{{ block('a') }}{% endblock %}",
        "{{ nanoId(1000000000) }}",
        "{{ fromJson('[' ~ long) }}",
        "{{ fromJson(deep) }}",
        "{{ yaml(deep) }}",
        "{{ fromIon(deep) }}",
        "{{ deep | jq('.') }}",
    ],
)
def test_nothing_grows_without_bound(text: str) -> None:
    """Loops, ranges, doubling, replacement, padding, powers, patterns that go back and back, recursion: refused, not tried."""
    with pytest.raises(ExpressionError):
        evaluate(text, {"long": "a" * 100_000, "t": "{{ render(t) }}{{ render(t) }}", "deep": "[" * 200_000, "__now__": None})


def chain(kind: str, size: int) -> str:
    """A text of about that many characters that is one operator over and over."""
    once = {
        "minus": ("", "-", "1"),
        "not": ("", "not ", "1"),
        "tilde": ("1", " ~ 1", ""),
        "power": ("1", "**1", ""),
        "and": ("1", " and 1", ""),
        "or": ("1", " or 1", ""),
        "plus": ("1", "+1", ""),
        "compare": ("1", "<1", ""),
        "attribute": ("x", ".a", ""),
        "item": ("x", "[0]", ""),
        "call": ("x", "()", ""),
        "filter": ("x", "|abs", ""),
        "test": ("x", " is odd", ""),
        "coalesce": ("x", " ?? x", ""),
        "ternary": ("1", " ? 1 : 1", ""),
        "ternaries": ("", "1 ? ", "1"),
        "inline if": ("1", " if 1 else 1", ""),
        "parentheses": ("", "(", "1"),
        "closed parentheses": ("(" * (size // 2), "", "1" + ")" * (size // 2)),
        "brackets": ("", "[", "1"),
        "closed brackets": ("[" * (size // 2), "", "]" * (size // 2)),
        "closed braces": ("{'a':" * (size // 6), "", "1" + "}" * (size // 6)),
        "arguments": ("f(", "1,", ")"),
        "list": ("[", "1,", "]"),
        "text": ("'", "a", "'"),
        "open text": ("'", "a", ""),
        "escapes": ("'", "\\'", "'"),
        "backslashes": ("'", "\\", ""),
        "digits": ("", "9", ""),
        "dots": ("1", "..1", ""),
        "signs": ("", "?", ""),
    }[kind]
    before, again, after = once
    return before + again * ((size - len(before) - len(after)) // max(len(again), 1)) + after


CHAINS = ["minus", "not", "tilde", "power", "and", "or", "plus", "compare", "attribute", "item", "call", "filter", "test", "coalesce"]
CHAINS += ["ternary", "ternaries", "inline if", "parentheses", "closed parentheses", "brackets", "closed brackets", "closed braces"]
CHAINS += ["arguments", "list", "open text", "backslashes", "digits", "dots", "signs"]


@pytest.mark.parametrize("size", [4_000, 60_000, 131_072])
@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_of_any_length_is_answered(kind: str, size: int) -> None:
    """Refused, or worked out: never the end of the process, and nothing but our error."""
    try:
        evaluate("{{ " + chain(kind, size) + " }}", {"x": 1})
    except ExpressionError as error:
        assert len(str(error)) < 1_000  # noqa: PT017  both outcomes are right


@pytest.mark.parametrize(
    "text",
    [
        "{% if 1 %}" * 5_000,
        "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
        "{% for x in l %}" * 2_000 + "{% endfor %}" * 2_000,
        "{% macro m() %}" * 2_000,
        "{% filter upper %}" * 2_000 + "{% endfilter %}" * 2_000,
        "{% block a %}" * 2_000,
        "{% set a %}" * 2_000,
        "{% raw %}" * 5_000,
        "{#" * 20_000,
        "{{" * 20_000,
        "{{ 1 }}" * 9_000,
        "{% set x = 1 %}" * 4_000,
        "{% elif %}" * 5_000,
        "{%" * 20_000,
        "{%-" * 20_000,
        "{{ x " + "\n" * 60_000,
        "{{ '" + "{{ '" * 10_000,
    ],
)
def test_tags_of_any_number_are_answered(text: str) -> None:
    """Open ones, nested ones, many: refused."""
    with pytest.raises(ExpressionError):
        evaluate(text, {"l": [1], "x": 1})


def test_a_small_stack_is_enough() -> None:
    """In a thread of 1 MiB, in a process of its own: every chain, and no SIGSEGV."""
    program = """
import threading
from onbeat.core.expressions import ExpressionError, evaluate
from tests.core.test_corpus_expressions import CHAINS, chain

def work():
    for kind in CHAINS:
        try:
            evaluate("{{ " + chain(kind, 60_000) + " }}", {"x": 1})
        except ExpressionError:
            pass
    print("survived")

threading.stack_size(1024 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert found.stdout == "survived\n", (found.returncode, found.stderr[-500:])


@pytest.mark.parametrize(
    "payload", ["{{ 7*7 }}", "{% for x in range(9) %}x{% endfor %}", "${{ 7*7 }}", "#{7*7}", "{{'a'|upper}}", "{# x #}"]
)
def test_data_is_never_a_template(payload: str) -> None:
    """It travels unchanged, alone, in text, in a map and through filters."""
    assert evaluate("{{ x }}", {"x": payload}) == payload
    assert evaluate("a {{ x }} b", {"x": payload}) == f"a {payload} b"
    assert evaluate({"k": ["{{ x }}"]}, {"x": payload}) == {"k": [payload]}
    assert evaluate("{{ [x] | join }}{{ fromJson(j).x }}", {"x": payload, "j": '{"x": "' + payload + '"}'}) == payload * 2


def test_what_is_compiled_is_small() -> None:
    """Constants are not worked out while compiling: that would have no budget."""
    assert compile_text("{{ 'a' ~ 9 ** 9 ** 9 ** 9 }}").roots == frozenset()
