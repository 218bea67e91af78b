"""Let time pass."""

from typing import ClassVar

from pydantic import Field

from onbeat.core.durations import Duration
from onbeat.ports import Outcome, TaskContext, TaskOptions


class Sleep(TaskOptions):
    """Waits so long, holding the task's place; after a crash it begins anew. For hours or days use `core.flow.Pause`, which holds
    nothing and survives.

    Example:

    ```yaml
    tasks:
      - id: give_it_a_moment
        type: core.flow.Sleep
        duration: PT5S
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.flow.Sleep",)

    duration: Duration

    async def run(self, context: TaskContext) -> Outcome:
        """Wait."""
        await context.services.clock.sleep(self.duration.total_seconds())
        return Outcome()


class ForEachItemMerge(TaskOptions):
    """The last of the three tasks that a `core.flow.ForEachItem` is made of: gives the address of what its subflows gave, a JSON line each.

    Example:

    ```yaml
    tasks:
      - id: rows
        type: core.storage.Write
        content: "1\\n2\\n"
      - id: each
        type: core.flow.ForEachItem
        items: "{{ outputs.rows.uri }}"
        namespace: "{{ flow.namespace }}"
        flowId: process_row
        inputs:
          rows: "{{ taskrun.items }}"
      - id: use
        type: core.log.Log
        message: "{{ outputs.each_merge.subflowOutputs }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.flow.ForEachItemMerge",)

    subflow_outputs: str | None = Field(None, alias="subflowOutputs")

    async def run(self, context: TaskContext) -> Outcome:
        """Give it on."""
        return Outcome(outputs={"subflowOutputs": self.subflow_outputs} if self.subflow_outputs else None)


PROVIDES = (Sleep, ForEachItemMerge)
