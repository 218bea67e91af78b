"""Find the flow that a task starts, and check what it is given: for Subflow, and for each batch of a ForEachItem.

Called by: runner for Subflow, answering for ForEachItem.
"""

from collections.abc import Mapping

from onbeat.core.addresses import value_folder
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.flow import Labels
from onbeat.core.inputs import resolve
from onbeat.core.signals import Chosen
from onbeat.engine.catalog import Catalog
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.inputs import renderer
from onbeat.engine.masking import Mask
from onbeat.engine.payloads import Payloads
from onbeat.errors import UserError

MOST_DEEP = 100
"""Subflows within subflows: one more is a flow that starts itself, by names that are known only when it runs."""


class Targets:
    """The flows that may be started."""

    def __init__(self, catalog: Catalog, payloads: Payloads, evaluator: Evaluator) -> None:
        self._catalog = catalog
        self._payloads = payloads
        self._evaluator = evaluator

    async def choose(
        self,
        execution: Execution,
        namespace: str,
        flow: str,
        revision: int | None,
        inputs: Mapping[str, Json],
        labels: Labels,
        inherit: bool,
        where: str,
        mask: Mask,
    ) -> Chosen:
        """What an execution of it is to be. where: the place in this one's storage for inputs that are too large for a row. mask: finds
        secrets among them.

        Raises UserError when there is none, or its inputs are wrong.
        """
        head = execution.head
        if head.depth >= MOST_DEEP:
            raise UserError(f"flow {namespace}.{flow} would be subflow {MOST_DEEP + 1} within subflows: do they start each other for ever?")
        target = self._catalog.find(namespace, flow)
        if target is not None and revision is not None:
            target = await self._catalog.revision(namespace, flow, revision)
        if target is None:
            raise UserError(f"there is no flow {namespace}.{flow}")
        if target.flow.disabled:
            raise UserError(f"flow {namespace}.{flow} is disabled")
        chosen = target.flow
        given = await self._evaluator.settled(chosen, lambda outside: resolve(chosen.inputs, dict(inputs), renderer(chosen, outside)))
        return Chosen(
            namespace=namespace,
            flow=flow,
            revision=target.flow.revision,
            inputs=await self._payloads.keep_inputs(chosen, given, f"{value_folder(head.namespace, head.flow, head.id)}/{where}", mask),
            labels={**target.flow.labels, **(execution.labels if inherit else {}), **mask.mask_value(dict(labels))},
            variables=target.flow.variables,
        )
