from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.expressions import ExpressionError, NeedsOutside, compile_text, evaluate, make_scope
from onbeat.core.expressions.budget import SOURCE
from onbeat.core.expressions.expression import CACHED, CACHED_LENGTH, _kept
from onbeat.core.refs import Ref
from onbeat.errors import OutsideError

SCOPE: Mapping[str, Any] = {
    "inputs": {"x": 5, "name": "Ada", "flag": True, "nothing": None, "items": [1, 2], "my-key": 7, "ratio": 1.5},
    "outputs": Map({"a": Map({"value": 41}), "list": ["x", "y"]}),
}


# -- values keep their type


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ inputs.x }}", 5),
        ("{{ inputs.flag }}", True),
        ("{{ inputs.nothing }}", None),
        ("{{ inputs.ratio }}", 1.5),
        ("{{ inputs.items }}", [1, 2]),
        ("{{ outputs }}", {"a": {"value": 41}, "list": ["x", "y"]}),
        ("{{ (1, 'a') }}", [1, "a"]),
        ("\n  {{ inputs.x }}\n", 5),
        ("{#- a comment -#}{{ inputs.x }}", 5),
        ("{{ '1_000' }}", "1_000"),
        ("{{ '5' }}", "5"),
    ],
)
def test_a_single_expression_keeps_its_type(text: str, value: object) -> None:
    """Rule 1: a text that is one expression gives the value; a text that looks like a number stays a text."""
    result = evaluate(text, SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x={{ inputs.x }}", "x=5"),
        ("{{ inputs.x }}{{ inputs.x }}", "55"),
        ("{{ inputs.items }}!", "[1,2]!"),
        ("{{ outputs.a }}!", '{"value":41}!'),
        ("[{{ inputs.nothing }}]", "[]"),
        ("{{ inputs.flag }},{{ not inputs.flag }}", "true,false"),
        ("{{ inputs.ratio }} {{ 2.0 }} {{ 1e22 }}", "1.5 2.0 1e+22"),
        ("{% if true %}{{ inputs.x }}{% endif %}", "5"),
        ("a\r\n{{ inputs.x }}\r\n", "a\r\n5\r\n"),
        ("{{ inputs.x }}\nend\n", "5\nend\n"),
        ("é{{ inputs.x }}\u2028", "é5\u2028"),
    ],
)
def test_mixed_text_is_a_text(text: str, value: str) -> None:
    """Rule 1: maps and lists print as compact JSON, null as nothing; what is outside of tags is exactly as it was."""
    assert evaluate(text, SCOPE) == value


@pytest.mark.parametrize("text", ["", "plain", "no { braces } }} %} #}", "${HOME}", "{ {x} }"])
def test_a_text_without_tags_is_itself(text: str) -> None:
    """Nothing to evaluate, nothing to compile."""
    expression = compile_text(text)
    assert expression.constant
    assert expression.render({}) == text
    assert expression.source == text


def test_results_are_plain_json() -> None:
    """Rule 2: persistent maps, tuples, times and decimals come out as JSON has them."""
    scope = {"at": datetime(2024, 1, 2, tzinfo=UTC), "price": Decimal("1.10"), "map": Map({"a": (1, 2)}), "big": 2**70}
    assert evaluate("{{ at }}", scope) == "2024-01-02T00:00:00+00:00"
    assert evaluate("{{ price }}", scope) == "1.10"
    assert evaluate("{{ map }}", scope) == {"a": [1, 2]}
    assert evaluate("{{ big }}", scope) == str(2**70)
    assert evaluate("{{ at }}/{{ price }}/{{ map }}/{{ big }}", scope) == f'2024-01-02T00:00:00+00:00/1.10/{{"a":[1,2]}}/{2**70}'


# -- errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ inputs.nope.x }}", "Unable to find `inputs.nope.x` used in the expression `{{ inputs.nope.x }}` at line 1"),
        ("{{ nope }}", "Unable to find `nope` used in the expression `{{ nope }}` at line 1"),
        ("one\ntwo {{ inputs.x }} {{ inputs.no }}", "Unable to find `inputs.no` used in the expression `{{ inputs.no }}` at line 2"),
        (
            "{{ inputs.naem }}",
            "Unable to find `inputs.naem` used in the expression `{{ inputs.naem }}` at line 1; did you mean `name`?",
        ),
        ("{{ input.x }}", "Unable to find `input.x` used in the expression `{{ input.x }}` at line 1; did you mean `inputs`?"),
        (
            "{{ inputs.my_key }}",
            "Unable to find `inputs.my_key` used in the expression `{{ inputs.my_key }}` at line 1; did you mean `['my-key']`?",
        ),
        (
            "{{ outputs['lits'][0] }}",
            "Unable to find `outputs['lits'][0]` used in the expression `{{ outputs['lits'][0] }}` at line 1; did you mean `list`?",
        ),
        (
            "{{ inputs.nothing.deep }}",
            "Unable to find `inputs.nothing.deep` used in the expression `{{ inputs.nothing.deep }}` at line 1",
        ),
        (
            "{% if inputs.no %}a{% endif %}",
            "Unable to find `inputs.no` used in the expression `{% if inputs.no %}` at line 1",
        ),
        (
            "{{ inputs.items[7] }}",
            "Unable to find `inputs.items[7]` used in the expression `{{ inputs.items[7] }}` at line 1",
        ),
        (
            "{% for i in inputs.items %}\n  {{ i.name }}\n{% endfor %}",
            "Unable to find `i.name` used in the expression `{{ i.name }}` at line 2",
        ),
    ],
)
def test_a_missing_name_fails_with_its_whole_path_and_the_nearest_right_name(text: str, message: str) -> None:
    """Rule 3: what was looked for, where, and what was probably meant."""
    with pytest.raises(ExpressionError) as raised:
        evaluate(text, SCOPE)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("{{ 1 + }}", 1, 8, "unexpected `}}`"),
        ("ok\n  {{ a b }}", 2, 8, "expected token `}}`, got `b`"),
        ("ok\n{{ 1 | uper }}", 2, 1, "there is no filter `uper`; did you mean `upper`?"),
        ("{{ nwo() }}", 1, 1, "there is no function `nwo`; did you mean `now`?"),
        ("{{ 1 is evne }}", 1, 1, "there is no test `evne`; did you mean `even`?"),
        ("{% fro a in b %}{% endfor %}", 1, 4, "there is no tag `fro` in expressions; did you mean `for`?"),
        ("a\nb\n{% if x %}", 3, 1, "the text ends before the end of `if`"),
        ("{# begun", 1, 1, "begins a comment that does not end"),
        ("{% raw %}x", 1, 1, "not ended by {% endraw %}"),
        ("{{ 'abc }}", 1, 1, "unexpected char `'`"),
        ("{{ __now__ }}", 1, 1, "there is no name `__now__`"),
    ],
)
def test_a_wrong_text_is_refused_when_it_is_compiled(text: str, line: int, column: int, reason: str) -> None:
    """Rule 3: with the line and column, in words that do not name the machinery."""
    with pytest.raises(ExpressionError) as raised:
        compile_text(text)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert reason in str(raised.value)
    assert "Jinja" not in str(raised.value)


def test_no_value_is_in_a_message() -> None:
    """Rule 3: a value may be a secret."""
    scope = {"secret": "hunter2", "list": ["hunter2"], "map": {"k": "hunter2"}}
    for text in (
        "{{ secret + 1 - 2 }}",
        "{{ secret | number }}",
        "{{ secret | date }}",
        "{{ list < 3 }}",
        "{{ map | join }}",
        "{{ secret.nope }}",
        "{{ fromJson(secret) }}",
        "{{ secret | abbreviate('x') }}",
        "{{ secret | base64decode }}",
        "{% for a, b in list %}{% endfor %}",
        "{{ yaml(secret ~ ': [') }}",
        "{{ secret | int(default=map) | round }}",
    ):
        with pytest.raises(ExpressionError) as raised:
            evaluate(text, scope)
        assert "hunter2" not in str(raised.value), text


def test_the_line_is_the_innermost_one() -> None:
    """Rule 3: what fails in a macro is reported where the macro says it."""
    with pytest.raises(ExpressionError, match=r"divides by zero, in the expression `\{\{ 1 / n \}\}` at line 2") as raised:
        evaluate("{% macro f(n) %}\n{{ 1 / n }}\n{% endmacro %}\n\n{{ f(0) }}", {})
    assert (raised.value.line, raised.value.column) == (2, 1)


def test_a_long_expression_is_cut_in_a_message() -> None:
    """A message is read by people."""
    with pytest.raises(ExpressionError) as raised:
        evaluate("{{ nope." + "a" * 5000 + " }}", {})
    assert len(str(raised.value)) < 600


# -- what is used


def test_roots_are_the_names_that_are_looked_up() -> None:
    """What an evaluation may read: names from the scope, not what the text itself defines, not functions."""
    text = "{{ inputs.a }}{% for i in outputs.b %}{{ i }}{{ vars.c }}{% endfor %}{% set own = 1 %}{{ own }}{{ now() }}{{ x ?? y }}"
    assert compile_text(text).roots == {"inputs", "outputs", "vars", "x", "y"}
    assert compile_text("{% macro f(a) %}{{ a }}{{ b }}{% endmacro %}{{ f(c) }}").roots == {"b", "c"}


def test_reaches_are_the_functions_from_outside() -> None:
    """Known when the text is compiled: the engine evaluates these elsewhere."""
    assert compile_text("{{ kv('a') ?? secret('b') }}{% if read(x) %}{% endif %}{{ now() }}").reaches == {"kv", "secret", "read"}
    assert compile_text("{{ now() }}").reaches == frozenset()
    assert compile_text("{% macro kv(a) %}{{ a }}{% endmacro %}{{ kv(1) }}").reaches == frozenset()


# -- outside


def test_a_function_from_outside_is_asked_for() -> None:
    """Rule 4: without the function its name and arguments come out; with it, its result, made plain."""
    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ kv('key', namespace='n') }}", {})
    assert (raised.value.name, raised.value.arguments) == ("kv", ("key", {"namespace": "n"}))
    assert raised.value.uri is None
    scope = {"__outside__": {"kv": lambda key, namespace=None: {"got": (key, namespace)}}}
    assert evaluate("{{ kv('key', namespace='n').got[1] }}", scope) == "n"


def test_a_function_from_outside_can_need_something_itself() -> None:
    """Rule 4: what it asks for is fetched, then all is evaluated again."""

    def read(uri: str) -> None:
        raise NeedsOutside("ref", uri)

    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ read('onbeat:///a') }}", {"__outside__": {"read": read}})
    assert raised.value.uri == "onbeat:///a"


def test_what_a_function_from_outside_raises_comes_out_unchanged() -> None:
    """Rule 4: the caller knows what to do with its own errors; `??` does not hide them."""

    def fail(key: str) -> None:
        raise OutsideError("the store is away")

    with pytest.raises(OutsideError, match="the store is away"):
        evaluate("{{ kv('key') ?? 'default' }}", {"__outside__": {"kv": fail}})


@pytest.mark.parametrize(
    "text",
    [
        "{{ outputs.big }}",
        "a{{ outputs.big }}",
        "{{ outputs.big.x }}",
        "{{ outputs.big['x'] }}",
        "{{ outputs.big[0:1] }}",
        "{{ outputs.big | length }}",
        "{{ outputs | json }}",
        "{{ outputs }}",
        "{{ outputs.big == 1 }}",
        "{{ 1 == outputs.big }}",
        "{{ outputs.big < 1 }}",
        "{{ outputs.big + 1 }}",
        "{{ 'a' ~ outputs.big }}",
        "{{ outputs.big ? 1 : 2 }}",
        "{{ not outputs.big }}",
        "{{ outputs.big and 1 }}",
        "{{ outputs.big contains 1 }}",
        "{{ 1 in outputs.big }}",
        "{{ outputs.big is empty }}",
        "{{ outputs.big.size() }}",
        "{{ outputs.big ?? 1 }}",
        "{{ [outputs.big] }}",
        "{{ [1] | join(outputs.big) }}",
        "{{ max(outputs.big, 1) }}",
        "{{ kv(outputs.big) }}",
        "{{ whole }}",
        "{% for x in outputs.big %}{% endfor %}",
        "{% if outputs.big %}{% endif %}",
        "{% for x in outputs.values() %}{{ x }}{% endfor %}",
    ],
)
def test_a_value_kept_in_storage_is_asked_for(text: str) -> None:
    """Whatever looks into it says which value to load; then the evaluation is done again."""
    ref = Ref(uri="onbeat:///x", size=70_000)
    with pytest.raises(NeedsOutside) as raised:
        evaluate(text, {"outputs": {"big": ref}, "whole": ref})
    assert (raised.value.name, raised.value.uri) == ("ref", "onbeat:///x")


def test_a_value_kept_in_storage_is_defined_and_can_be_passed_by() -> None:
    """What does not look into it does not load it."""
    scope = {"outputs": {"big": Ref(uri="u", size=1), "small": 1}}
    assert evaluate("{{ outputs.big is defined }}", scope) is True
    assert evaluate("{{ outputs.small }}", scope) == 1
    assert evaluate("{% set x = outputs.big %}{{ outputs.small }}", scope) == "1"


# -- data is data


@pytest.mark.parametrize("data", ["{{ 1 + 1 }}", "{% for %}", "{{ inputs", "{{ secret('x') }}", "{# #}"])
def test_data_is_never_evaluated(data: str) -> None:
    """What an event brings is printed, whatever it looks like."""
    scope = {"event": {"data": data}}
    assert evaluate("{{ event.data }}", scope) == data
    assert evaluate("got {{ event.data }} {{ event.data | trim }}", scope) == f"got {data} {data}"
    assert evaluate("{{ event | json }}", scope) == evaluate("{{ event }}!", scope)[:-1]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_comes_through_unchanged(data: str) -> None:
    """Values and quoted texts are never trimmed, escaped or evaluated."""
    assert evaluate("{{ data }}", {"data": data}) == data
    assert evaluate("<{{ data }}>", {"data": data}) == f"<{data}>"


def test_data_is_never_changed() -> None:
    """Evaluations share the scope."""
    scope = {"list": [3, 1, 2], "map": {"a": 1}}
    text = "{{ list | sort }}{{ list | reverse }}{{ map | merge({'b': 2}) }}{{ list + [4] }}{% set list = 1 %}"
    assert evaluate(text, scope) == '[1,2,3][2,1,3]{"a":1,"b":2}[3,1,2,4]'
    assert scope == {"list": [3, 1, 2], "map": {"a": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ 1.0.__class__ }}",
        "{{ [].append(1) }}",
        "{{ map.update({'x': 1}) }}",
        "{{ map.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '%s' % 1 }}",
        "{{ '' | attr('__class__') }}",
        "{{ map['__class__'] }}",
        "{{ range.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ self }}",
        "{{ cycler }}",
        "{{ lipsum() }}",
        "{{ environment }}",
        "{{ context }}",
        "{{ namespace().__class__ }}",
        "{{ namespace()._Namespace__attrs }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{% macro m() %}{% endmacro %}{{ m }}",
        "{% for i in [1] %}{{ loop._iterator }}{% endfor %}",
        "{% for i in [1] %}{{ loop }}{% endfor %}",
        "{{ function }}",
        "{{ function.__globals__ }}",
        "{{ function() }}",
        "{{ thing.secret }}",
        "{{ generator.gi_frame }}",
        "{% for x in generator %}{{ x }}{% endfor %}",
        "{{ generator | list }}",
    ],
)
def test_there_is_no_way_to_python(text: str) -> None:
    """No expression reaches an attribute, method or object of Python's, even of objects that should not be in the scope."""

    class Thing:
        secret = "x"

    scope = {"map": {"a": 1}, "function": len, "thing": Thing(), "generator": (number for number in (1, 2))}
    with pytest.raises(ExpressionError):
        evaluate(text, scope)


# -- compiling


def test_compiled_texts_are_kept_within_a_bound() -> None:
    """Compiling is dear: the same text is compiled once; old ones are let go, long ones are their owner's to keep."""
    assert compile_text("{{ kept.once }}") is compile_text("{{ kept.once }}")
    assert _kept.cache_info().maxsize == CACHED
    long = "{{ x }}" + "a" * CACHED_LENGTH
    assert compile_text(long) is not compile_text(long)
    assert compile_text(long).render({"x": 1}) == "1" + "a" * CACHED_LENGTH


def test_a_text_too_long_is_refused() -> None:
    """A text with expressions is bounded; one without is not looked at."""
    with pytest.raises(ExpressionError, match="more than 65,536 characters"):
        compile_text("a" * SOURCE + "{{ 1 }}")
    assert compile_text("a" * SOURCE * 2).constant


def test_a_scope_is_built_once_and_used_often() -> None:
    """make_scope takes a snapshot of the names; evaluations do not write into it."""
    variables = {"a": 1}
    scope = make_scope(variables)
    variables["a"] = 2
    text = "{{ a }}{% set a = 5 %}{{ a }}"
    assert evaluate(text, scope) == "15"
    assert evaluate(text, scope) == "15"
