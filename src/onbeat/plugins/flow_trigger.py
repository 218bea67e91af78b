"""Start flows by what happens to the executions of other flows.

The journal is the record of all that happened, so a flow after a flow is one more reader of it: nothing is told twice or forgotten,
whatever dies in between, and the flow that is listened to knows nothing of it.

Rules
1. A new trigger starts at now; the position moves in the transaction of what starts.
2. What cannot matter to a trigger is not given to it: most of what happens to executions concerns no trigger.

Called by: the engine's services, through the registry.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from onbeat.core.event import Event
from onbeat.core.happening import event_of
from onbeat.core.upstream import Upstream
from onbeat.ports import Listener, SourceContext, SourceOptions, Store
from onbeat.ports.following import Row, follow

SUBSCRIPTION = "journal:core.trigger.Flow"
"""The store keeps what a reader of this name has not read."""


class FlowTrigger(Upstream, SourceOptions):
    """Starts when executions of other flows reach a state: one of them, or several within a window.

    `trigger.*`: `executionId`, `namespace`, `flowId`, `flowRevision`, `state`, `outputs` (the flow's own). With `dependsOn` the outputs of
    each flow are `trigger.outputs.FLOW.KEY` too. `when` and `conditions` also see `namespace`, `flowId`, `state`, `labels`, `inputs`,
    `outputs`, `execution` and `hasRetryAttempt` of the execution. Without `dependsOn` or `preconditions` every execution of every other
    flow counts that `states` and the conditions allow.

    Example:

    ```yaml
    triggers:
      - id: after_both
        type: core.trigger.Flow
        dependsOn:
          - namespace: shop
            flowId: extract
          - namespace: shop
            flowId: load
            states: [SUCCESS]
        window:
          every: PT6H
        inputs:
          rows: "{{ trigger.outputs.extract.rows ?? 0 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Flow",)
    listens_disabled: ClassVar[bool] = True
    rendered: ClassVar[bool] = False
    start: ClassVar[str] = "latest"

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """One reader of the journal for all of them."""
        return SUBSCRIPTION

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Follow the journal until cancelled."""
        await follow(context, _Executions(context.store), triggers)


class _Executions:
    """The journal, as what happens to executions."""

    part = "seq"
    name = "what happens to executions"

    def __init__(self, store: Store) -> None:
        self.store = store

    async def end(self) -> int:
        return await self.store.journal_end()

    async def read(self, after: int, limit: int) -> list[Row]:
        return [(row.seq, event_of(row.head, row.change)) for row in await self.store.journal(after, limit)]

    async def wait(self, after: int) -> None:
        await self.store.wait_journal(after)

    def wants(self, listener: Listener, event: Event) -> bool:
        options: FlowTrigger = listener.options
        return options.concerns(event.data["namespace"], event.data["flowId"], event.data["state"])


PROVIDES = (FlowTrigger,)
