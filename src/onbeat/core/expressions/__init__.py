"""The expression language: `{{ … }}` in flows and triggers, as Kestra's Pebble has it, on Jinja2's sandbox.

    compile_text(source) -> Expression      one text; compiled once and kept
    compile_value(value) -> Template        any JSON value with texts inside: .constant .reaches .roots .render(scope)
    evaluate(value, scope) -> value         both steps at once
    make_scope(variables) -> Scope          what expressions see; build it once per snapshot of an execution
    truthy(value), to_text(value)           how a value counts as a condition, how it prints inside text

Pure: the time, randomness and what reaches outside come in with the scope under `__now__` (an aware datetime), `__random__` (like
`random.getrandbits`) and `__outside__` (functions by name). Without them an expression that needs them raises ExpressionError, or
NeedsOutside, which names what to fetch before evaluating again. Whoever writes an expression writes code: the limits (budget.py)
keep a mistake from stopping the engine. Data is only data: it is never evaluated, and no expression reaches a Python attribute.

Where it differs from Kestra on purpose: texts compare with numbers by their text; a name followed by `(` is always a function;
`x if y else z`, `1 < n < 5` and more of Jinja2 work; patterns that can hang are refused.
"""

from onbeat.core.expressions.context import Scope, make_scope
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside
from onbeat.core.expressions.expression import Expression, compile_text
from onbeat.core.expressions.operators import truthy
from onbeat.core.expressions.template import Template, compile_value, evaluate
from onbeat.core.expressions.texts import to_text

__all__ = [
    "Expression",
    "ExpressionError",
    "NeedsOutside",
    "Scope",
    "Template",
    "compile_text",
    "compile_value",
    "evaluate",
    "make_scope",
    "to_text",
    "truthy",
]
