"""Run tasks once for each value, each iteration an execution of its own: `core.flow.Loop`.

Iterations see what had been done before the loop, and `item`: value, index, key, and those of the loops around it (`item.parent`,
`item.parents`, the outermost first). What an iteration gives back is its `outputs`; a failed one fails the loop unless
`transmitFailed` is false. `concurrencyLimit` bounds how many run at once: 1 by default, 0 for MOST_AT_ONCE. Values may be the lines of a
file: its address. Then, or with `fetchType: STORE`, what each iteration gives back is kept as a file, too (`outputs.uri`).
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from onbeat.core.addresses import SCHEME
from onbeat.core.execution import Block
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, Opening, OutputSpec, Render, Tasks, TaskSpec
from onbeat.core.plan.for_each import as_values

NAMES = ("core.flow.Loop",)
MOST_AT_ONCE = 1_000
VALUES, STORED = "@values", "@stored"
"""What the shell is asked for: the lines of the file, and that what iterations gave back be kept as files."""


def is_address(value: Any) -> bool:
    """Whether values are those of a file in storage."""
    return isinstance(value, str) and value.strip().startswith(SCHEME)


class Loop(FlowableSpec):
    """A lane for each value, which is an execution of the loop's tasks."""

    fan: ClassVar[bool] = True
    values: Dynamic
    tasks: Tasks
    concurrency_limit: int = Field(1, alias="concurrencyLimit", ge=0)
    transmit_failed: bool = Field(True, alias="transmitFailed")
    outputs: tuple[OutputSpec, ...] = ()
    fetch_type: Literal["AUTO", "FETCH", "STORE"] = Field("AUTO", alias="fetchType")

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    @property
    def limit(self) -> int:
        return self.concurrency_limit or MOST_AT_ONCE

    def open(self, render: Render) -> Opening:
        value = render("values")
        kind = "map" if isinstance(value, dict) else "list"
        if is_address(value):
            value, kind = render(VALUES), "file"
        values = as_values(value)
        return Opening(lanes=len(values), values=values, choice=kind)

    def collects(self, block: Block) -> str | None:
        """That its outputs be kept as files, where there are any and it says so."""
        stored = self.fetch_type == "STORE" or (self.fetch_type == "AUTO" and block.choice == "file")
        return STORED if stored and self.outputs else None

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks, None, lane)

    def item(self, block: Block, lane: int, around: dict[str, Any] | None) -> dict[str, Any]:
        """What `item` is in that iteration. around: `item` of the loop around it."""
        value = block.values[lane]
        key: Any = lane
        if block.choice == "map" and isinstance(value, dict):
            key, value = value["key"], value["value"]
        item: dict[str, Any] = {"value": value, "index": lane, "key": key}
        if around is not None:
            outer = {name: around[name] for name in ("value", "index", "key")}
            item |= {"parent": outer, "parents": [*around.get("parents", ()), outer]}
        return item
