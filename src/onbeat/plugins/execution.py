"""Decide over the execution that a task is part of."""

from typing import Any, ClassVar

from pydantic import Field

from onbeat.core.expressions import to_text, truthy
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions


class Fail(TaskOptions):
    """Fails, always or when a condition holds.

    Example:

    ```yaml
    tasks:
      - id: too_large
        type: core.execution.Fail
        condition: "{{ trigger.data.total > 10000 }}"
        errorMessage: "{{ trigger.data.total }} EUR needs a person"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Fail",)

    condition: Any = True
    error_message: Any = Field("Task failure", alias="errorMessage")

    async def run(self, context: TaskContext) -> Outcome:
        """Fail or go on."""
        if truthy(self.condition):
            raise TaskFailed(to_text(self.error_message) or "Task failure")
        return Outcome()


PROVIDES = (Fail,)
