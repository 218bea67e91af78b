"""Make a task out of text.

The text is written by expressions and then read as YAML, so what an event brought becomes part of the task itself: which task it is, what
it may do. Only here is data code; everywhere else a value stays a value.

Rules
1. The text is one task that does work. Of the properties that every task has it says `type` only; retry, timeout and the others are
   those of the task around it.
2. What the text gives is not evaluated again.

Called by: the runner.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationError

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.flow import RunnableTask
from onbeat.core.parse import load
from onbeat.core.plan import FLOWABLES
from onbeat.errors import InvalidFile, UserError
from onbeat.ports import TaskOptions


class TemplatedTask(TaskOptions):
    """Runs the task that a text describes, after its expressions were evaluated: properties and even the type may come from inputs.
    Outputs are those of that task. Write nothing into the text that a stranger may choose.

    Example:

    ```yaml
    inputs:
      - id: level
        type: STRING
        defaults: WARN
    tasks:
      - id: made
        type: core.templating.TemplatedTask
        spec: |
          type: core.log.Log
          message: made on the way
          level: {{ inputs.level }}
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.templating.TemplatedTask",)
    place: ClassVar[Literal["loop", "process"]] = "process"

    spec: Annotated[str, BeforeValidator(to_text), Field(min_length=1)]
    """The task as YAML: `type` and its properties."""

    def instead(self) -> tuple[str, dict[str, Json]]:
        """The task that the text is. Raises UserError."""
        try:
            data = load(self.spec, "spec").data
        except InvalidFile as wrong:
            raise UserError(f"`spec` is not YAML: {wrong}") from None
        if not isinstance(data, dict) or "type" not in data:
            raise UserError("`spec` must be a map with the `type` of a task and its properties")
        try:
            task = RunnableTask.model_validate({"id": "templated", **data})
        except ValidationError as wrong:
            where = ", ".join(
                sorted({f"`{error['loc'][0]}`" for error in wrong.errors(include_url=False, include_input=False) if error["loc"]})
            )
            raise UserError(f"`spec` has a wrong {where}") from None
        if task.type in FLOWABLES:
            raise UserError(f"`spec` must be a task that does work; `{task.type}` arranges others")
        return task.type, task.options


PROVIDES = (TemplatedTask,)
