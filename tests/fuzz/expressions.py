"""Make expressions, most of them wrong: from the grammar, with every name of the language, then bent by mutations.

Called by: cases.py.
"""

from random import Random
from typing import Any

from immutables import Map

from onbeat.core.expressions.environment import FILTERS, FUNCTIONS, TESTS
from tests.fuzz.mutations import mutated

_FILTERS = [name for name in FILTERS if name.strip() == name]
_FUNCTIONS = sorted(FUNCTIONS)
_TESTS = sorted(TESTS)
_BINARY = [*"+ - * / // % ** ~ == != < > <= >= and or in contains isIn equals ?? ??? .. is |".split(), "not in", "is not"]
_ROOTS = [
    "inputs",
    "outputs",
    "vars",
    "trigger",
    "taskrun",
    "flow",
    "execution",
    "labels",
    "large",
    "long",
    "deep",
    "nope",
    "loop",
    "_context",
]
_KEYS = ["id", "a", "b", "items", "keys", "x", "size", "length", "value", "first", "nope", "0", "class", "__class__", "data", "many"]
_TEXTS = [
    *"a é 1 -0 1e999 [1,2 %s yyyy-MM-dd'T'HH:mm (a+)+$ 2024-02-29T10:00:00+01:00 .a[]|.b UTC DAYS \\ud800 \\u0000 eyJh #,##0.0".split(),
    *("", '{"a": [1, {"b": null}]}', "a: [1, 2]\\nb: *x", "%s %d %n", "{a: 'b', c: 2024T}", "{{ inputs.a }}"),
]
_NAMED = [
    "format",
    "timeZone",
    "existingFormat",
    "locale",
    "attribute",
    "limit",
    "regexp",
    "default",
    "indent",
    "nope",
    "allRows",
    "recursive",
]


def expression(choose: Random) -> str:
    """A text with expressions."""
    if choose.random() < 0.6:
        text = "{{ " + _value(choose, choose.randint(0, 5)) + " }}"
    else:
        text = "".join(_part(choose, 3) for _ in range(choose.randint(1, 4)))
    return mutated(choose, text, _TOKENS) if choose.random() < 0.6 else text


def _part(choose: Random, depth: int) -> str:
    kind = choose.randrange(9) if depth else choose.randrange(2)
    body = "".join(_part(choose, depth - 1) for _ in range(choose.randint(0, 2))) if kind > 1 else ""
    value = _value(choose, depth)
    match kind:
        case 0:
            return choose.choice(["text ", "\n", "{", "}}", "{ {", "ü", "%"])
        case 1:
            return "{{ " + value + " }}"
        case 2:
            return f"{{% if {value} %}}{body}{{% elseif {value} %}}x{{% else %}}y{{% endif %}}"
        case 3:
            return f"{{% for x in {value} %}}{body}{{{{ loop.{choose.choice(['index', 'last', 'nope'])} }}}}{{% else %}}-{{% endfor %}}"
        case 4:
            return f"{{% set x = {value} %}}{body}"
        case 5:
            return f"{{% macro m(a, b={value}) %}}{body}{{{{ a }}}}{{% endmacro %}}{{{{ m({value}) }}}}"
        case 6:
            return f"{{% block b{choose.randrange(3)} %}}{body}{{% endblock %}}{{{{ block('b1') }}}}"
        case 7:
            return f"{{% filter {choose.choice(_FILTERS)} %}}{body}{{% endfilter %}}"
        case _:
            return f"{{% raw %}}{body}{{% endraw %}}{{# {body} #}}"


def _value(choose: Random, depth: int) -> str:
    if depth <= 0:
        return _atom(choose)
    inner = depth - choose.randint(1, 2)
    match choose.randrange(11):
        case 0 | 1:
            return f"{_value(choose, inner)} {choose.choice(_BINARY)} {_value(choose, inner)}"
        case 2 | 3:
            return f"{_value(choose, inner)} | {choose.choice(_FILTERS)}{_arguments(choose, inner)}"
        case 4:
            return f"{choose.choice(_FUNCTIONS)}({_list(choose, inner)})"
        case 5:
            return f"{_value(choose, inner)} is {choose.choice(['', 'not '])}{choose.choice(_TESTS)}{_arguments(choose, inner)}"
        case 6:
            return f"{_value(choose, inner)} ? {_value(choose, inner)} : {_value(choose, inner)}"
        case 7:
            return f"[{_list(choose, inner)}]"
        case 8:
            return "{" + f"{_atom(choose)}: {_value(choose, inner)}, 'k': {_value(choose, inner)}" + "}"
        case 9:
            return f"({_value(choose, inner)}){choose.choice(['[0]', '[-1]', '.a', '[1:]', '.size()', '[::0]', '.split(1)'])}"
        case _:
            return f"{choose.choice(['-', '+', 'not ', '--', ''])}{_value(choose, inner)}"


def _arguments(choose: Random, depth: int) -> str:
    return "" if choose.random() < 0.4 else f"({_list(choose, depth)})"


def _list(choose: Random, depth: int) -> str:
    given = [_value(choose, depth - 1) for _ in range(choose.randint(0, 3))]
    if choose.random() < 0.2:
        given.append(f"{choose.choice(_NAMED)}={_value(choose, depth - 1)}")
    return ", ".join(given)


def _atom(choose: Random) -> str:
    match choose.randrange(8):
        case 0 | 1 | 2:
            path = choose.choice(_ROOTS)
            for _ in range(choose.randint(0, 3)):
                key = choose.choice(_KEYS)
                path += choose.choice([f".{key}", f"['{key}']", f"[{choose.randint(-3, 3)}]"])
            return path
        case 3 | 4:
            return choose.choice(["'{}'", '"{}"']).format(choose.choice(_TEXTS).replace("'", "").replace('"', ""))
        case 5:
            return choose.choice(
                ["0", "1", "-1", "3", "2.5", "1e308", "9007199254740993", "99999999999999999999999", "10l", "0x1F", "1_000", "64"]
            )
        case 6:
            return choose.choice(["null", "true", "false", "none", "[]", "{}", "''"])
        case _:
            return choose.choice(_ROOTS)


_TOKENS = [
    *"{{ }} {% %} {# #} -%} {%- ( ) [ ] { } | ~ ?? ??? ? : .. ** // ' \" \\ . , = == % && ! @ $ ` ; < 1. .5 0b1 1e9 '\\u12'".split(),
    *"if else for in is not and or set macro block endfor endif raw endraw contains import extends recursive loop self __class__".split(),
    *("caller()", "include 'x'", "range(0, 99999)", "namespace()", "cycle"),
    *("\x00", "\u2028", "\ufeff", "\U0001f600", "\r", "\t", "\n"),
]


def scope() -> dict[str, Any]:
    """What the expressions see: small values, long and large ones, and what functions need."""
    inner: Any = {"value": 1}
    for _ in range(40):
        inner = {"a": inner}
    return {
        "inputs": {"a": 5, "b": "text", "items": [1, 2, 3], "x": None, "keys": "k", "data": '{"a": [1, 2]}'},
        "outputs": Map({"a": Map({"b": {"value": 1.5}}), "t": {"value": "t", "items": [{"id": 1, "x": "é"}, {"id": 2}]}}),
        "vars": {"a": "{{ vars.b }}", "b": "{{ inputs.a }}", "x": "{{ render(vars.x) }}"},
        "trigger": {"id": "t", "data": {"a": 1}},
        "taskrun": {"id": "r", "value": "v", "iteration": 1},
        "task": {"id": "t", "type": "core.log.Log"},
        "parents": [{"taskrun": {"value": "w"}, "outputs": {"x": 1}}],
        "tasks": Map({"t": {"state": "FAILED"}}),
        "flow": {"id": "f", "namespace": "n", "revision": 1},
        "execution": {"id": "e", "startDate": "2026-01-01T00:00:00Z"},
        "labels": {"system": {"correlationId": "e"}},
        "large": {"items": [{"id": number, "x": f"value {number}"} for number in range(3_000)], "many": list(range(20_000))},
        "long": {"a": "abc " * 20_000, "x": "é" * 20_000, "data": "[" * 5_000},
        "deep": inner,
        "envs": {"a": "1"},
        "globals": {},
        "__values__": ("v", "w"),
        "__outside__": {},
    }
