"""Run tasks side by side: `core.flow.Parallel`. `concurrent` bounds how many at once; 0 is no bound."""

from collections.abc import Iterator

from pydantic import Field

from onbeat.core.execution import Block
from onbeat.core.flow import FlowableSpec, Lane, Opening, Render, Tasks, TaskSpec
from onbeat.core.on_failure import STOPPED_AS, OnChildFailure
from onbeat.core.states import State

NAMES = ("core.flow.Parallel",)


class Parallel(FlowableSpec):
    """A lane for each task. When one failed no further one starts; those that run go on to their end, or are stopped (onChildFailure)."""

    tasks: Tasks
    concurrent: int = Field(0, ge=0)
    on_child_failure: OnChildFailure = Field("CONTINUE", alias="onChildFailure")

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    @property
    def limit(self) -> int:
        return self.concurrent

    @property
    def on_failure(self) -> State | None:
        return STOPPED_AS[self.on_child_failure]

    def open(self, render: Render) -> Opening:
        return Opening(lanes=len(self.tasks))

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane((self.tasks[lane],))
