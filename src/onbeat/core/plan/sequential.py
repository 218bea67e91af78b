"""Run tasks one after another: `core.flow.Sequential`."""

from collections.abc import Iterator

from onbeat.core.execution import Block
from onbeat.core.flow import FlowableSpec, Lane, Opening, Render, Tasks, TaskSpec

NAMES = ("core.flow.Sequential",)


class Sequential(FlowableSpec):
    """One lane with all the tasks."""

    tasks: Tasks

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        return Opening()

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks)
