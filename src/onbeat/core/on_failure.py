"""Say what becomes of those beside a task that failed: `onChildFailure` of a Parallel or Dag.

The words are Kestra 2.0's; its first releases wrote FAILED and CANCELLED. Our default is CONTINUE, as Kestra 1.x does without a word.

Called by: the constructs that run tasks side by side.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from onbeat.core.states import State


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


OnChildFailure = Annotated[Literal["CONTINUE", "FAIL", "CANCEL", "FAILED", "CANCELLED"], BeforeValidator(_upper)]

STOPPED_AS: dict[str, State | None] = {
    "CONTINUE": None,
    "FAIL": State.FAILED,
    "FAILED": State.FAILED,
    "CANCEL": State.CANCELLED,
    "CANCELLED": State.CANCELLED,
}
"""The state in which those end that are stopped; None: they go on."""
