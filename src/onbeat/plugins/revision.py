"""Let old revisions of flows go."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from onbeat.core.expressions import to_text
from onbeat.core.times import Instant
from onbeat.ports import Outcome, TaskContext, TaskOptions

Name = Annotated[str, BeforeValidator(to_text), Field(min_length=1)]


class Kept(BaseModel):
    """Which revisions stay."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    type: Any = None
    """Taken for Kestra's sake: there is one way."""
    keep: int = Field(1, alias="keepAmount", ge=1)
    """How many of each flow stay, the newest ones."""
    before: Instant | None = None
    """Only revisions kept before then go."""


class PurgeFlows(TaskOptions):
    """Removes old revisions of flows. Those that executions have stay until the executions are purged. Output: `size`, how many went.

    A revision that a `core.flow.Subflow` names by its number is like any other: raise `keepAmount` for it.

    Example:

    ```yaml
    tasks:
      - id: purge
        type: core.flow.PurgeFlows
        namespace: company
        behavior:
          keepAmount: 5
          before: "{{ now() | dateAdd(-30, 'DAYS') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.flow.PurgeFlows",)

    namespace: Name | None = None
    """Of the flow; without `flowId`, all flows in it and below it."""
    flow_id: Name | None = Field(None, alias="flowId")
    """Only this flow's revisions."""
    behavior: Kept = Kept()
    """What stays."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them."""
        gone = await context.services.actions.purge_flows(
            namespace=self.namespace, flow=self.flow_id, keep=self.behavior.keep, before=self.behavior.before
        )
        return Outcome(outputs={"size": gone})


PROVIDES = (PurgeFlows,)
