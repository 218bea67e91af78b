"""Functions: what is called by name. Those that reach outside are known by name and asked of the caller.

Rules
1. What reaches outside is looked for in `scope["__outside__"]`; when it is not there, NeedsOutside names it and its arguments, so that
   the caller can do it off the loop and evaluate again. What such a function raises comes out unchanged.
2. Randomness is `scope["__random__"]`: a callable like `random.getrandbits`. Time is `scope["__now__"]`.
3. Texts from data are rendered only by `render` and `renderOnce`, never by themselves.

Called by: the code that the generator writes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from jinja2.utils import Namespace

from onbeat.core.expressions import date_filters, guard
from onbeat.core.expressions.budget import RENDERINGS
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside, OutsideFailed
from onbeat.core.expressions.lookups import between
from onbeat.core.expressions.operators import greater, join, less
from onbeat.core.expressions.texts import kind_of, plain_value, to_json
from onbeat.core.expressions.yaml_text import read_yaml

OUTSIDE = "__outside__"
RANDOM = "__random__"

OUTSIDE_NAMES = frozenset(
    (
        "appLink",
        "credential",
        "decrypt",
        "encrypt",
        "errorLogs",
        "fetchContext",
        "fileEmpty",
        "fileExists",
        "fileSize",
        "fileURI",
        "http",
        "isFileEmpty",
        "isPublicHoliday",
        "kv",
        "read",
        "secret",
        "subflow",
    )
)

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LARGE_NUMBER = re.compile(r"[0-9]{19}")


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
    if _LARGE_NUMBER.search(json):
        json = _LARGE.sub(_quoted, json)
    try:
        return plain_value(orjson.loads(json))
    except orjson.JSONDecodeError as error:
        raise ExpressionError(f"the text is not JSON, see its line {error.lineno}, column {error.colno}") from None


_LARGE = re.compile(r'("(?:[^"\\]|\\.)*")|(-?[0-9]+)(?![0-9.eE])')


def _quoted(found: re.Match[str]) -> str:
    """An integer beyond 64 bits as a text; anything else as it is."""
    digits = found[2]
    if digits is None or len(digits) < 19 or len(digits) > 4_000 or -(2**63) <= int(digits) < 2**63:
        return found[0]
    return f'"{digits}"'


def from_yaml(context: Context, yaml: Any) -> Any:
    """The value that a YAML text says."""
    if not isinstance(yaml, str):
        raise ExpressionError(f"the function `yaml` takes a text, not {kind_of(yaml)}")
    context.budget.spend(len(yaml))
    return plain_value(read_yaml(yaml))


def uuid(context: Context) -> str:
    """A random UUID."""
    bits = _random(context, 128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def identifier(context: Context) -> str:
    """A random id of 22 letters and digits, as Kestra's ids are."""
    number, letters = _random(context, 128), []
    for _ in range(22):
        number, digit = divmod(number, 62)
        letters.append(_BASE62[digit])
    return "".join(reversed(letters))


def random_int(context: Context, lower: int, upper: int) -> int:
    """A whole number from `lower` up to before `upper`."""
    if type(lower) is not int or type(upper) is not int or upper < lower:
        raise ExpressionError("the function `randomInt` takes two whole numbers, the second not below the first")
    return lower + _random(context, 128) % max(upper - lower, 1)


def random_port(context: Context) -> int:
    """A number from the range of ports that nobody has registered."""
    return random_int(context, 49_152, 65_536)


def current_each_output(context: Context, outputs: Any) -> Any:
    """What `outputs` holds for the values of all loops around the present task run; null when there is nothing."""
    around = [parent["taskrun"].get("value") for parent in context.parent.get("parents") or () if parent.get("taskrun")]
    nearest = (context.parent.get("taskrun") or {}).get("value")
    for value in reversed(around):
        outputs = outputs.get(value) if isinstance(outputs, Mapping) else None
    if nearest is None or not isinstance(outputs, Mapping):
        return outputs
    # inside a flowable inside a loop, the flowable has the loop's value already
    return outputs.get(nearest, outputs if around and around[0] == nearest else None)


def tasks_with_state(context: Context, state: str) -> list[dict[str, Any]]:
    """The task runs in that state: their `taskId`, `state` and, in loops, `value`."""
    wanted, found = state.upper(), []
    for task, info in (context.parent.get("tasks") or {}).items():
        context.budget.spend(len(info))
        if info.get("state") == wanted:
            found.append({"taskId": task, "state": wanted})
        for value, run in info.items():
            if isinstance(run, Mapping) and run.get("state") == wanted:
                found.append({"taskId": task, "state": wanted, "value": value})
    return found


def print_context(context: Context) -> str:
    """All that expressions see, as JSON."""
    return to_json({name: value for name, value in context.parent.items() if not name.startswith("__")})


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


def _random(context: Context, bits: int) -> int:
    source: Callable[[int], int] = context.private(RANDOM, "needs randomness, which is not to be had here")
    return source(bits)


FUNCTIONS: dict[str, guard.Function] = {
    **date_filters.FUNCTIONS,
    **guard.functions(
        {
            "block": block,
            "currentEachOutput": current_each_output,
            "dict": dictionary,
            "fromJson": from_json,
            "id": identifier,
            "json": from_json,
            "max": largest,
            "min": smallest,
            "namespace": namespace,
            "printContext": print_context,
            "randomInt": random_int,
            "randomPort": random_port,
            "range": range_,
            "render": render,
            "renderOnce": render_once,
            "tasksWithState": tasks_with_state,
            "uuid": uuid,
            "yaml": from_yaml,
        }
    ),
    **{name: reach_outside(name) for name in OUTSIDE_NAMES},
}
