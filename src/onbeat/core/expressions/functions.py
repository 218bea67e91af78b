"""Functions: what is called by name, and belongs to no group of its own.

Those that draw lots are in random_functions.py, those that look at task runs in run_functions.py, those that reach outside of the
evaluation in outside.py.

Rules
1. Time is `scope["__now__"]`; the environment's variables are `scope["envs"]`. The caller who has none of them cannot evaluate what
   needs them: `reaches` of an expression says so before.
2. Texts from data are rendered only by `render` and `renderOnce`, never by themselves.

Called by: the code that the generator writes.
"""

from itertools import islice
from typing import Any

from jinja2.utils import Namespace

from onbeat.core.expressions import date_filters, guard, outside, random_functions, run_functions
from onbeat.core.expressions.budget import RENDERINGS, writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside
from onbeat.core.expressions.ion_text import read_ion
from onbeat.core.expressions.json_text import read_json
from onbeat.core.expressions.lookups import between
from onbeat.core.expressions.operators import greater, join, less
from onbeat.core.expressions.outside import OUTSIDE_NAMES
from onbeat.core.expressions.texts import kind_of, plain_value, written
from onbeat.core.expressions.yaml_text import read_yaml

ENVS = "envs"
REACHING = OUTSIDE_NAMES | {"env"}
"""Functions that need more than an execution holds."""


def range_(context: Context, start: Any, end: Any = None, increment: Any = 1) -> list[Any]:
    """`range(0, 3)` is 0 to 3, both included, as in Kestra; `range(3)` is 0 to 2, as in Jinja2."""
    if end is None:
        if type(start) is not int:
            raise ExpressionError("the function `range` takes whole numbers or two letters")
        return between(context, 0, start - 1, 1)
    return between(context, start, end, increment)


def largest(context: Context, *values: Any) -> Any:
    """The largest of the values, or of the items of one list."""
    result, *others = values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
    for value in others:
        context.budget.spend(1)
        result = value if greater(context, value, result) else result
    return result


def smallest(context: Context, *values: Any) -> Any:
    """The smallest of the values, or of the items of one list."""
    result, *others = values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
    for value in others:
        context.budget.spend(1)
        result = value if less(context, value, result) else result
    return result


def from_json(context: Context, json: Any) -> Any:
    """The value that a JSON text says; integers beyond 64 bits become their exact text."""
    if json is None:
        return None
    if not isinstance(json, str):
        raise ExpressionError(f"the function `fromJson` takes a text, not {kind_of(json)}")
    context.budget.spend(writing(json))
    return read_json(json)


def from_yaml(context: Context, yaml: Any) -> Any:
    """The value that a YAML text says."""
    if not isinstance(yaml, str):
        raise ExpressionError(f"the function `yaml` takes a text, not {kind_of(yaml)}")
    context.budget.spend(30 + len(yaml))
    return plain_value(read_yaml(yaml))


def from_ion(context: Context, ion: Any, all_rows: Any = False) -> Any:
    """The first value of an Ion text, or all its rows as a list."""
    if ion is None:
        return None
    if not isinstance(ion, str):
        raise ExpressionError(f"the function `fromIon` takes a text, not {kind_of(ion)}")
    context.budget.spend(20 + len(ion))
    rows = [plain_value(row) for row in islice(read_ion(ion), None if all_rows is True else 1)]
    return rows if all_rows is True else rows[0] if rows else None


def env(context: Context, name: Any, default: Any = None) -> Any:
    """`envs.NAME` for a name that is worked out; the default, else null, when it is not there or empty."""
    variables = context.parent.get(ENVS)
    wanted = written(context, name)
    if variables is None:
        raise NeedsOutside("env", wanted)
    return variables.get(wanted.lower()) or default


def fetch_context(context: Context) -> dict[str, Any]:
    """All that expressions see."""
    return {name: value for name, value in context.parent.items() if not name.startswith("__")}


def namespace(context: Context, **values: Any) -> Any:
    """Values that a loop can set: `{% set ns = namespace(n=0) %}`."""
    return Namespace(**values)


def dictionary(context: Context, **values: Any) -> dict[str, Any]:
    """`dict(a=1)` is `{'a': 1}`."""
    return values


def block(context: Context, name: str) -> str:
    """What the block of that name gives, once more."""
    if name not in context.blocks:
        raise ExpressionError(f"there is no block `{name[:60]}`")
    return join(context, list(context.blocks[name][0](context)))


def render(context: Context, to_render: Any, recursive: Any = True) -> Any:
    """The value with the expressions in it evaluated, and what they give again, until nothing is left to evaluate."""
    for _ in range(RENDERINGS):
        result = context.again(to_render)
        if recursive is not True or result == to_render:
            return result
        to_render = result
    raise ExpressionError(f"renders its own result more than {RENDERINGS} times; it may contain itself")


def render_once(context: Context, to_render: Any) -> Any:
    """The value with the expressions in it evaluated once."""
    return render(context, to_render, False)


FUNCTIONS: dict[str, guard.Function] = {
    **date_filters.FUNCTIONS,
    **random_functions.FUNCTIONS,
    **run_functions.FUNCTIONS,
    **outside.FUNCTIONS,
    **guard.functions(
        {
            "block": block,
            "dict": dictionary,
            "env": env,
            "fetchContext": fetch_context,
            "fromIon": from_ion,
            "fromJson": from_json,
            "json": from_json,
            "max": largest,
            "min": smallest,
            "namespace": namespace,
            "printContext": fetch_context,
            "range": range_,
            "render": render,
            "renderOnce": render_once,
            "yaml": from_yaml,
        }
    ),
}
