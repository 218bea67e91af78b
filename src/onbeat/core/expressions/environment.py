"""Put the language together: grammar, generator, filters, tests, functions, and the names that generated code sees.

Called by: expression.py.
"""

from typing import Any, NoReturn

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from onbeat.core.expressions import (
    date_filters,
    encoding_filters,
    functions,
    jq,
    list_filters,
    lookups,
    number_filters,
    operators,
    predicates,
    text_filters,
)
from onbeat.core.expressions.budget import check_text
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.generator import Generator
from onbeat.core.expressions.lexer import Lexer
from onbeat.core.expressions.missing import Missing
from onbeat.core.expressions.parser import CHARGE, EACH, RAISE
from onbeat.core.expressions.texts import written


def _charge(context: Context, weight: int) -> None:
    context.budget.spend(weight)


def _raise(context: Context, nothing: None) -> NoReturn:
    raise ExpressionError("nothing that stands before `?? raise` has a value")


FILTERS = {
    **text_filters.FILTERS,
    **list_filters.FILTERS,
    **number_filters.FILTERS,
    **encoding_filters.FILTERS,
    **date_filters.FILTERS,
    **jq.FILTERS,
    EACH: lookups.each,
    CHARGE: _charge,
    RAISE: _raise,
}
TESTS = predicates.TESTS
FUNCTIONS = functions.FUNCTIONS


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2's environment for expressions: no loader, nothing of Jinja2's own to call."""

    code_generator_class = Generator

    def __init__(self) -> None:
        super().__init__(undefined=Missing, keep_trailing_newline=True, optimized=False, cache_size=0)
        self.globals.clear()
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)
        self.eval_ctx = nodes.EvalContext(self)
        self._lexer = Lexer(self)
        self.concat = _concat  # type: ignore[method-assign]  # Jinja2 has it as a class attribute

    @property
    def lexer(self) -> Lexer:
        return self._lexer

    def names(self) -> dict[str, Any]:
        """The globals of a generated module."""
        return {
            "environment": self,
            "absent": operators.absent,
            "add": operators.add,
            "attempt": lookups.attempt,
            "attribute": lookups.attribute,
            "between": lookups.between,
            "call": lookups.call,
            "contains": operators.contains,
            "divide": operators.divide,
            "equal": operators.equal,
            "filters": FILTERS,
            "floor_divide": operators.floor_divide,
            "functions": FUNCTIONS,
            "greater": operators.greater,
            "greater_or_equal": operators.greater_or_equal,
            "is_in": operators.is_in,
            "item": lookups.item,
            "joined": operators.concat,
            "less": operators.less,
            "less_or_equal": operators.less_or_equal,
            "mapping": lookups.mapping,
            "member": lookups.member,
            "multiply": operators.multiply,
            "negate": operators.negate,
            "nullish": operators.nullish,
            "plus": operators.plus,
            "power": operators.power,
            "remainder": operators.remainder,
            "section": lookups.section,
            "subtract": operators.subtract,
            "tests": TESTS,
            "text": _text,
            "truthy": operators.truthy,
            "unequal": operators.unequal,
            "within": operators.within,
        }


def _text(context: Context, value: Any) -> str:
    """A value as it is printed; what is not text already is paid for."""
    return value if type(value) is str else written(context, value)


def _concat(parts: Any) -> str:
    """The parts of a macro's, block's or set's body; refused before they are joined when they are too long."""
    parts = list(parts)
    check_text(sum(map(len, parts)))
    return "".join(parts)


ENVIRONMENT = Environment()
