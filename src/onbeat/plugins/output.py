"""Give values to later tasks and to the flow's outputs."""

from typing import Any, ClassVar

from pydantic import Field

from onbeat.ports import Outcome, TaskContext, TaskOptions


class OutputValues(TaskOptions):
    """Gives a map of values, each with its type: `{{ outputs.<id>.values.<name> }}`.

    Example:

    ```yaml
    tasks:
      - id: totals
        type: core.output.OutputValues
        values:
          net: "{{ trigger.data.total }}"
          large: "{{ trigger.data.total > 1000 }}"
      - id: use
        type: core.log.Log
        message: "{{ outputs.totals.values.net }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.output.OutputValues",)

    values: dict[str, Any] = Field({})

    async def run(self, context: TaskContext) -> Outcome:
        """Give them."""
        return Outcome(outputs={"values": self.values})


PROVIDES = (OutputValues,)
