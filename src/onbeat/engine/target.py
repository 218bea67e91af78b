"""Find the function that a target names, `package.module:function` or `package.module:Class.method`, and tell what it raised.

Called by: workers in this process, worker_main in a process of its own.
"""

import importlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onbeat.core.names import did_you_mean
from onbeat.errors import UserError

_ENGINE = str(Path(__file__).parent)


def find(target: str) -> Callable[..., Any]:
    """The function; imports its module. Raises UserError when there is none."""
    module_name, _, path = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not (module_name == missing.name or module_name.startswith(missing.name + ".")):
            raise
        raise UserError(f"`{target}`: there is no module `{missing.name}` where onbeat runs; install it, or set PYTHONPATH") from missing
    for name in path.split("."):
        if not hasattr(found, name):
            known = [known for known in dir(found) if not known.startswith("_")]
            raise UserError(f"`{target}`: `{module_name}` has no `{name}`{did_you_mean(name, known)}")
        found = getattr(found, name)
    if not callable(found):
        raise UserError(f"`{target}` is not a function")
    return found  # type: ignore[no-any-return]  # callable, as was just asked


def traceback_of(error: BaseException) -> str:
    """The traceback of what a function raised, from its own first line on."""
    at = error.__traceback__
    while at is not None and at.tb_frame.f_code.co_filename.startswith(_ENGINE):
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at or error.__traceback__))
