"""Run one of two branches: `core.flow.If`. The condition is evaluated once; falsy is what `when` calls falsy."""

from collections.abc import Iterator

from pydantic import Field

from onbeat.core.execution import Block
from onbeat.core.expressions import truthy
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, NoTasks, Opening, Render, Tasks, TaskSpec

NAMES = ("core.flow.If",)


class If(FlowableSpec):
    """One lane with the branch that the condition chose; none when there is no `else`."""

    condition: Dynamic
    then: Tasks
    else_: NoTasks = Field((), alias="else")

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.then
        yield self.else_
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        holds = truthy(render("condition"))
        choice = "then" if holds else "else"
        lanes = 1 if holds or self.else_ else 0
        return Opening(lanes=lanes, choice=choice, outputs={"evaluationResult": holds})

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.then if block.choice == "then" else self.else_)
