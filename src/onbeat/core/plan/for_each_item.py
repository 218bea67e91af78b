"""Start a subflow for each batch of a file's items: `core.flow.ForEachItem`.

It runs as three tasks, as its outputs are read: `<id>_split` cuts the file into batches, `<id>_items` starts a subflow for each
(`taskrun.items` is the batch's address, `taskrun.iteration` its number from 0) and counts how they end, `<id>_merge` gives what they gave.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field, field_validator

from onbeat.core.execution import Block
from onbeat.core.flow import Dynamic, FlowableSpec, Labels, Lane, Opening, Render, RunnableTask, TaskSpec
from onbeat.core.names import did_you_mean

NAMES = ("core.flow.ForEachItem",)
SPLIT, ITEMS, MERGE = "core.storage.Split", "core.flow.ForEachItemItems", "core.flow.ForEachItemMerge"

_BATCH = ("rows", "bytes", "partitions", "separator")


class Items(FlowableSpec):
    """A lane for each batch, which is an execution of the subflow. All are started; one that fails stops no other."""

    fan: ClassVar[bool] = True
    stops_on_failure: ClassVar[bool] = False
    prepared_by: ClassVar[str | None] = "@items"
    collected_by: ClassVar[str | None] = "@results"
    splits: Dynamic
    namespace: Dynamic
    flow_id: Dynamic
    revision: int | None
    inputs: dict[str, Any]
    labels: Labels
    wait: bool
    transmit_failed: bool
    inherit_labels: bool
    concurrency_limit: int

    @property
    def limit(self) -> int:
        return self.concurrency_limit

    def open(self, render: Render) -> Opening:
        batches = render("@items")
        assert isinstance(batches, list), "the shell answers with the addresses"
        return Opening(lanes=len(batches), values=tuple(batches))

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane((), None, lane)


class ForEachItem(FlowableSpec):
    """One lane: split, items, merge. concurrencyLimit: how many subflows at once; 0, the default, for as many as there is room for."""

    items: Dynamic
    batch: dict[str, Dynamic] = Field(default_factory=dict)
    namespace: Dynamic
    flow_id: Dynamic = Field(alias="flowId")
    revision: int | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    wait: bool = True
    transmit_failed: bool = Field(True, alias="transmitFailed")
    inherit_labels: bool = Field(False, alias="inheritLabels")
    concurrency_limit: int = Field(0, alias="concurrencyLimit", ge=0)

    @field_validator("batch")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        for key in value:
            if key not in _BATCH:
                raise ValueError(f"unknown key `{key}`{did_you_mean(key, _BATCH)}; there are {', '.join(_BATCH)}")
        return value

    @cached_property
    def steps(self) -> tuple[TaskSpec, ...]:
        """The three tasks it is made of."""
        batch = self.batch if {"rows", "bytes", "partitions"} & self.batch.keys() else {**self.batch, "rows": 1}
        split = RunnableTask.model_validate({"id": f"{self.id}_split", "type": SPLIT, "from": self.items, **batch})
        items = Items(
            id=f"{self.id}_items",
            type=ITEMS,
            splits=f"{{{{ outputs['{self.id}_split'].uris }}}}",
            namespace=self.namespace,
            flow_id=self.flow_id,
            revision=self.revision,
            inputs=self.inputs,
            labels=self.labels,
            wait=self.wait,
            transmit_failed=self.transmit_failed,
            inherit_labels=self.inherit_labels,
            concurrency_limit=self.concurrency_limit,
        )
        results = f"{{{{ outputs['{self.id}_items'].subflowOutputs ?? null }}}}"
        merge = RunnableTask.model_validate({"id": f"{self.id}_merge", "type": MERGE, "subflowOutputs": results})
        return (split, items, merge)

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.steps
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        return Opening()

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.steps)
