"""Let time pass."""

from typing import ClassVar

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


PROVIDES = (Sleep,)
