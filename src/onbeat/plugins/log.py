"""Write lines to an execution's log."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from onbeat.core.expressions import to_text
from onbeat.ports import Outcome, TaskContext, TaskOptions

Level = Annotated[
    Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Log(TaskOptions):
    """Logs a message, or each message of a list. What is not text is written as JSON.

    Example:

    ```yaml
    tasks:
      - id: hello
        type: core.log.Log
        message: "Order {{ trigger.data.id }} over {{ trigger.data.total }} EUR"
        level: INFO
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.log.Log",)

    message: Any
    level: Level = "INFO"

    async def run(self, context: TaskContext) -> Outcome:
        """Log it."""
        for message in self.message if isinstance(self.message, list) else [self.message]:
            context.log(self.level, to_text(message))
        return Outcome()


PROVIDES = (Log,)
