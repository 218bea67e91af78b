"""Compile any JSON value that has expressions in its texts, and evaluate it as a whole.

A task's properties, a trigger's inputs and a flow's outputs are maps and lists with texts somewhere inside. They are looked through
once, when the flow is read; evaluating touches only the texts that have expressions.

Rules
1. Texts are evaluated wherever they are, map keys too; everything else stays as it is and is shared, not copied.
2. What an evaluation gives is never evaluated again: data is not a template.

Called by: flow and trigger when they are read; decide and the runner when they are evaluated.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from onbeat.core.expressions.context import Scope
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.expression import Expression, compile_text
from onbeat.core.expressions.texts import to_text
from onbeat.core.values import normalise
from onbeat.errors import UserError


class Template:
    """A compiled value. constant: nothing to evaluate. reaches, roots: of all its expressions, see Expression."""

    __slots__ = ("_node", "constant", "reaches", "roots")

    def __init__(self, node: "_Node", expressions: Iterable[Expression]) -> None:
        found = list(expressions)
        self._node = node
        self.constant = isinstance(node, _Constant)
        self.reaches: frozenset[str] = frozenset().union(*(expression.reaches for expression in found))
        self.roots: frozenset[str] = frozenset().union(*(expression.roots for expression in found))

    def render(self, scope: Scope | Mapping[str, Any]) -> Any:
        """The value in that scope: plain JSON, not to be changed, for its constant parts are shared."""
        return self._node.render(scope if isinstance(scope, Scope) else Scope(dict(scope)))


class _Constant:
    def __init__(self, value: Any) -> None:
        self._value = value

    def render(self, scope: Scope) -> Any:
        return self._value


class _List:
    def __init__(self, items: list["_Node"]) -> None:
        self._items = items

    def render(self, scope: Scope) -> Any:
        return [item.render(scope) for item in self._items]


class _Map:
    def __init__(self, pairs: list[tuple["_Node", "_Node"]]) -> None:
        self._pairs = pairs

    def render(self, scope: Scope) -> Any:
        result: dict[str, Any] = {}
        for key, item in self._pairs:
            name = to_text(key.render(scope))
            if name in result:
                raise ExpressionError("two keys of a map are evaluated to the same text")
            result[name] = item.render(scope)
        return result


_Node = Expression | _Constant | _List | _Map


def compile_value(value: Any) -> Template:
    """The compiled value. Raises ExpressionError that names the line and column in the text that is wrong."""
    expressions: list[Expression] = []
    try:
        plain = normalise(value)
    except UserError as error:
        raise ExpressionError(str(error)) from None
    return Template(_compile(plain, expressions), expressions)


def evaluate(value: Any, scope: Scope | Mapping[str, Any]) -> Any:
    """The value with all expressions in it evaluated."""
    return compile_value(value).render(scope)


def _compile(value: Any, expressions: list[Expression]) -> _Node:
    if isinstance(value, str):
        expression = compile_text(value)
        if expression.constant:
            return _Constant(value)
        expressions.append(expression)
        return expression
    if isinstance(value, dict):
        pairs = [(_compile(key, expressions), _compile(item, expressions)) for key, item in value.items()]
        constant = all(isinstance(key, _Constant) and isinstance(item, _Constant) for key, item in pairs)
        return _Constant(value) if constant else _Map(pairs)
    if isinstance(value, list):
        items = [_compile(item, expressions) for item in value]
        return _Constant(value) if all(isinstance(item, _Constant) for item in items) else _List(items)
    return _Constant(value)
