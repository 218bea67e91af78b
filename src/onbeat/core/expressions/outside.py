"""Name what reaches outside of an evaluation, and ask the caller for it.

An expression is evaluated at once and by itself: it cannot wait for a file or a server. What needs either is known by name; the caller
has the answer at hand, or is told what to bring before it evaluates again.

Rules
1. Such a function is looked for in `scope["__outside__"]`; when it is not there, NeedsOutside names it and its arguments, plain JSON;
   named ones are a map at the end. What it raises comes out unchanged.
2. What exists only in Kestra's paid edition or its forms is known too, and says that it is not available.

Called by: functions, and the filter jq.
"""

from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside, OutsideFailed
from onbeat.core.expressions.texts import plain_value

OUTSIDE = "__outside__"

OUTSIDE_NAMES = frozenset(
    (
        "decrypt",
        "encrypt",
        "errorLogs",
        "fileEmpty",
        "fileExists",
        "fileSize",
        "fileURI",
        "http",
        "isFileEmpty",
        "kv",
        "read",
        "secret",
    )
)
"""Functions that the caller does."""

ABSENT = {
    "appLink": "there are no Apps here; link to the execution by its id",
    "credential": "there are no managed credentials here; use `secret`",
    "i18n": "there are no message bundles; use a map in `variables`",
    "parent": "a block has no parent: expressions do not extend one another",
    "subflow": "an expression does not run flows; use a task `core.flow.Subflow`",
}
"""Functions that are not to be had, and what to do instead."""


def reach_outside(name: str) -> guard.Function:
    """The function of that name, which the caller of the evaluation does."""

    def ask(context: Context, /, *arguments: Any, **named: Any) -> Any:
        context.budget.spend(1)
        values = [plain_value(argument) for argument in arguments]
        options = {key: plain_value(value) for key, value in named.items()}
        function = (context.parent.get(OUTSIDE) or {}).get(name)
        if function is None:
            raise NeedsOutside(name, *values, *([options] if options else []))
        try:
            result = function(*values, **options)
        except NeedsOutside:
            raise
        except Exception as error:
            raise OutsideFailed(error) from error
        return plain_value(result)

    return ask


def refuse(name: str) -> guard.Function:
    """A function that says that it is not available."""

    def fail(context: Context, /, *arguments: Any, **named: Any) -> Any:
        raise ExpressionError(f"the function `{name}` is not available: {ABSENT[name]}")

    return fail


FUNCTIONS: dict[str, guard.Function] = {
    **{name: reach_outside(name) for name in OUTSIDE_NAMES},
    **{name: refuse(name) for name in ABSENT},
}
