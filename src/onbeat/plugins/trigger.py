"""Switch triggers on and off."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from onbeat.core.expressions import to_text
from onbeat.ports import Outcome, TaskContext, TaskOptions

Name = Annotated[str, BeforeValidator(to_text), Field(min_length=1)]


class Toggle(TaskOptions):
    """Stops a flow's trigger from starting executions, or lets it start them again. It stays so over restarts.

    Example:

    ```yaml
    tasks:
      - id: no_more
        type: core.trigger.Toggle
        namespace: company.team
        flowId: orders
        trigger: every_morning
        enabled: false
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Toggle",)

    namespace: Name | None = None
    """The flow's namespace; this flow's without it."""
    flow_id: Name | None = Field(None, alias="flowId")
    """The flow; this one without it."""
    trigger: Name
    """The trigger's id."""
    enabled: bool = False
    """Whether it starts executions from now on."""

    async def run(self, context: TaskContext) -> Outcome:
        """Switch it."""
        namespace, flow = self.namespace or context.namespace, self.flow_id or context.flow
        await context.services.actions.set_trigger(namespace, flow, self.trigger, disabled=not self.enabled)
        return Outcome()


PROVIDES = (Toggle,)
