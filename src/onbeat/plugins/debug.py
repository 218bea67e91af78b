"""Give a value back, to look at it or to use it in later tasks; say which onbeat this is."""

from importlib import metadata
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from onbeat.core.expressions import to_text
from onbeat.ports import Outcome, TaskContext, TaskOptions

Level = Annotated[
    Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Return(TaskOptions):
    """Gives a text: `{{ outputs.<id>.value }}`. A map or list is written as JSON; `core.output.OutputValues` keeps types.

    Example:

    ```yaml
    tasks:
      - id: greeting
        type: core.debug.Return
        format: "Hello {{ inputs.name ?? 'world' }}"
      - id: use
        type: core.log.Log
        message: "{{ outputs.greeting.value }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.debug.Return",)

    format: Any = None

    async def run(self, context: TaskContext) -> Outcome:
        """Give the text, and log it at DEBUG."""
        value = to_text(self.format) if "format" in self.model_fields_set else None
        if value is not None:
            context.log("DEBUG", value)
        return Outcome(outputs={"value": value})


class Echo(TaskOptions):
    """Logs a text; the old name of `core.log.Log`.

    Example:

    ```yaml
    tasks:
      - id: hello
        type: core.debug.Echo
        format: "Task {{ task.id }}"
        level: WARN
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.debug.Echo",)

    format: Any = None
    level: Level = "INFO"

    async def run(self, context: TaskContext) -> Outcome:
        """Log it."""
        context.log(self.level, to_text(self.format))
        return Outcome()


class Version(TaskOptions):
    """Gives the version of onbeat that runs it: `{{ outputs.<id>.version }}`.

    Example:

    ```yaml
    tasks:
      - id: onbeat
        type: core.debug.Version
      - id: use
        type: core.log.Log
        message: "onbeat {{ outputs.onbeat.version }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.debug.Version",)

    async def run(self, context: TaskContext) -> Outcome:
        """Give it."""
        return Outcome(outputs={"version": metadata.version("onbeat")})


PROVIDES = (Return, Echo, Version)
