"""Read the arguments with which an expression called a function that is answered outside of it.

Called by: outside.py and the modules beside it.
"""

from typing import Any

from onbeat.core.expressions import ExpressionError

Arguments = tuple[Any, ...]


def bound(function: str, arguments: Arguments, *names: str) -> dict[str, Any]:
    """The arguments by name, None where one was not given: by place, and by name as a map at the end. Raises ExpressionError."""
    placed, options = (arguments[:-1], arguments[-1]) if arguments and isinstance(arguments[-1], dict) else (arguments, {})
    found: dict[str, Any] = dict.fromkeys(names)
    found.update(zip(names, placed, strict=False))
    if len(placed) > len(names) or not options.keys() <= found.keys():
        raise ExpressionError(f"the function `{function}` takes {', '.join(f'`{name}`' for name in names)}")
    return {**found, **options}


def text_of(function: str, name: str, value: object) -> str:
    """An argument that must be a text. Raises ExpressionError."""
    if not isinstance(value, str):
        raise ExpressionError(f"the function `{function}` takes a text as `{name}`")
    return value
