"""Run tasks as soon as those they depend on have ended: `core.flow.Dag`.

A dependency counts once it has ended, whatever it ended as; after a failure nothing further begins. `concurrent` bounds how many
run at once; 0 is no bound. A cycle, or a name that is no task of it, is refused when the flow is loaded.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from pydantic import Field, model_validator

from onbeat.core.execution import Block, Order
from onbeat.core.flow import AnyTask, FlowableSpec, Lane, Opening, Render, TaskSpec
from onbeat.core.frozen import Frozen
from onbeat.core.names import did_you_mean
from onbeat.core.on_failure import STOPPED_AS, OnChildFailure
from onbeat.core.states import State

NAMES = ("core.flow.Dag",)


class DagTask(Frozen):
    """A task and the ids of those it waits for."""

    task: AnyTask
    depends_on: tuple[str, ...] = Field((), alias="dependsOn")


class Dag(FlowableSpec):
    """A lane for each task, begun when its dependencies are over. onChildFailure: CONTINUE lets what runs go on to its end."""

    tasks: tuple[DagTask, ...] = Field(min_length=1)
    """The tasks, each with those that it waits for."""
    concurrent: int = Field(0, ge=0)
    on_child_failure: OnChildFailure = Field("CONTINUE", alias="onChildFailure")

    @model_validator(mode="after")
    def _sound(self) -> "Dag":
        ids = [each.task.id for each in self.tasks]
        known = set(ids)
        for each in self.tasks:
            unknown = [id_ for id_ in each.depends_on if id_ not in known]
            if unknown:
                raise ValueError(f"`{each.task.id}` depends on `{unknown[0]}`, which is no task of this Dag{did_you_mean(unknown[0], ids)}")
        cycle = find_cycle({each.task.id: each.depends_on for each in self.tasks})
        if cycle:
            raise ValueError(f"the tasks depend on each other in a circle: {' -> '.join(cycle)}")
        return self

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield tuple(each.task for each in self.tasks)
        yield from self._tails()

    @cached_property
    def needs(self) -> tuple[tuple[int, ...], ...]:
        """For each lane, the lanes it waits for."""
        at = {each.task.id: lane for lane, each in enumerate(self.tasks)}
        return tuple(tuple(sorted({at[id_] for id_ in each.depends_on})) for each in self.tasks)

    @cached_property
    def dependents(self) -> tuple[tuple[int, ...], ...]:
        """For each lane, the lanes that wait for it."""
        waiting: dict[int, list[int]] = defaultdict(list)
        for lane, needed in enumerate(self.needs):
            for other in needed:
                waiting[other].append(lane)
        return tuple(tuple(waiting[lane]) for lane in range(len(self.tasks)))

    @property
    def limit(self) -> int:
        return self.concurrent

    @property
    def on_failure(self) -> State | None:
        return STOPPED_AS[self.on_child_failure]

    def open(self, render: Render) -> Opening:
        return Opening(lanes=len(self.tasks), ready=tuple(lane for lane, needed in enumerate(self.needs) if not needed))

    def ready(self, order: Order, lane: int) -> tuple[int, ...]:
        """Those that wait for this lane last. A lane that an operator goes back to has dependents that are over already."""
        return tuple(waiting for waiting in self.dependents[lane] if waiting not in order.done and self._has_all(waiting, order, lane))

    def _has_all(self, waiting: int, order: Order, lane: int) -> bool:
        # lanes mostly end in order, so looking from behind finds at once what is missing
        return all(needed == lane or needed in order.done for needed in reversed(self.needs[waiting]))

    def after(self, lane: int) -> set[int]:
        """The lanes that wait for this one, directly or by others."""
        found = {lane}
        waiting = [lane]
        while waiting:
            more = set(self.dependents[waiting.pop()]) - found
            found |= more
            waiting.extend(more)
        return found - {lane}

    def left(self, ended: set[int], begun: set[int]) -> tuple[set[int], tuple[int, ...]]:
        """For a restart: the lanes that are over when these ended well, and those that may begin besides those that have."""
        over, waiting = set(ended), [lane for lane in range(len(self.tasks)) if lane not in begun and lane not in ended]
        while True:
            ready = [lane for lane in waiting if all(needed in over for needed in self.needs[lane])]
            skipped = [lane for lane in ready if self.tasks[lane].task.disabled]
            if not skipped:
                return over, tuple(ready)
            over.update(skipped)
            waiting = [lane for lane in waiting if lane not in over]

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane((self.tasks[lane].task,))


def find_cycle(needs: dict[str, tuple[str, ...]]) -> list[str]:
    """The names along one circle of dependencies, the first one again at the end; empty when there is none."""
    over: set[str] = set()
    for first in needs:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(first, False)]
        while stack:
            name, left = stack.pop()
            if left:
                on_path.discard(path.pop())
                over.add(name)
                continue
            if name in on_path:
                return [*path[path.index(name) :], name]
            if name in over:
                continue
            path.append(name)
            on_path.add(name)
            stack.append((name, True))
            stack.extend((needed, False) for needed in needs.get(name, ()))
    return []
