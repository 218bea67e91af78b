"""Say in one line what is wrong with options that were given, in words of YAML and without any value of them.

Called by: runner for a task's options, loader for a trigger's.
"""

from pydantic import ValidationError

from onbeat.core.errors_text import short
from onbeat.errors import OnbeatError


def explain(wrong: BaseException) -> str:
    """What is wrong with a task's or trigger's options, in one line."""
    if not isinstance(wrong, ValidationError):
        return short(wrong) if isinstance(wrong, OnbeatError) else f"{type(wrong).__name__}: {short(wrong)}"
    parts = []
    for error in wrong.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in error["loc"])
        said = error["msg"].removeprefix("Value error, ")
        parts.append(f"`{where}`: {said}" if where else said)
    return "; ".join(parts)
