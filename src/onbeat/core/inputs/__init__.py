"""Type a flow's inputs: what a caller gives becomes what `inputs.x` is, or one error that lists all that is wrong.

Callers send text (forms, `-i k=v`), JSON (REST, webhooks) and rendered values (triggers, subflows); a task should not care which.
Without this, `"42"` would sort before `"9"` in one execution and after it in another.

    readers.py   one function per type: text or JSON in, the typed value out
    common.py    what every declared input has
    bounded.py   patterns and JSON Schemas that cannot hang
    choices.py   SELECT, MULTISELECT, ARRAY
    kinds.py     the other types as they are declared in YAML, with their bounds, and all of them together
    resolve.py   declared inputs + given values -> `inputs`, or InputError

Called by: flow for the types; intake, the API, the CLI, Subflow and Pause to resolve.
"""

from onbeat.core.inputs.kinds import InputSpec
from onbeat.core.inputs.resolve import Examined, InputError, InputProblem, Inputs, examine, resolve, unknown

__all__ = ["Examined", "InputError", "InputProblem", "InputSpec", "Inputs", "examine", "resolve", "unknown"]
