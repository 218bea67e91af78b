"""Keep a map between executions of a flow: where the last one stopped, what it has seen.

The older way beside `core.kv`: a state is a value of the namespace whose key follows from the flow.

Rules
1. A state belongs to its flow, with `namespace: true` to all flows of the namespace.
2. In a loop each value has a state of its own, unless `taskrunValue: false`.
3. Setting merges: maps into maps, lists are joined, null leaves what was there.

Called by: the runner.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]


class State(TaskOptions):
    """Which state."""

    name: Text = "default"
    """Which state of the flow."""
    shared: bool = Field(False, alias="namespace")
    """Whether all flows of the namespace share it."""
    taskrun_value: bool = Field(True, alias="taskrunValue")
    """Whether each value of a loop has its own."""

    def key(self, context: TaskContext) -> str:
        """The key of its value."""
        parts = [*([] if self.shared else [context.flow]), "states", "tasks-states", self.name]
        if self.taskrun_value and context.value is not None:
            parts.append(sha256(context.value.encode()).hexdigest()[:32])
        return "_".join(parts)

    async def found(self, context: TaskContext) -> dict[str, Json] | None:
        """What is kept."""
        value = await context.services.values.get(context.namespace, self.key(context))
        return None if value is None else value.value


class Set(State):
    """Merges a map into a state; `{{ outputs.ID.count }}` says how many keys it has then, `key` under which key of the namespace it is.

    Two executions that set the same state at once may overwrite each other.

    Example:

    ```yaml
    tasks:
      - id: before
        type: core.state.Get
      - id: count
        type: core.state.Set
        data:
          orders: "{{ (outputs.before.data.orders ?? 0) + 1 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.state.Set",)

    data: dict[str, Any] | None = None
    """What is merged into it."""

    async def run(self, context: TaskContext) -> Outcome:
        """Merge and keep it."""
        data = merged(await self.found(context) or {}, self.data or {})
        kept = await context.services.values.put(context.namespace, self.key(context), data, type="JSON")
        return Outcome(outputs={"count": len(data), "key": kept.key})


class Get(State):
    """Gives a state: `{{ outputs.ID.data }}`, an empty map when there is none, and how many keys it has: `count`.

    Example:

    ```yaml
    tasks:
      - id: progress
        type: core.state.Get
        name: import
      - id: use
        type: core.log.Log
        message: "go on after {{ outputs.progress.data.last ?? 'the beginning' }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.state.Get",)

    error_on_missing: bool = Field(False, alias="errorOnMissing")
    """Whether the task fails when there is none."""

    async def run(self, context: TaskContext) -> Outcome:
        """Read it."""
        data = await self.found(context)
        if data is None and self.error_on_missing:
            raise TaskFailed(f"there is no state `{self.name}`")
        return Outcome(outputs={"count": len(data or {}), "data": data or {}})


class Delete(State):
    """Removes a state; `{{ outputs.ID.deleted }}` says whether there was one.

    Example:

    ```yaml
    tasks:
      - id: forget
        type: core.state.Delete
        name: import
      - id: use
        type: core.log.Log
        message: "{{ outputs.forget.deleted }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.state.Delete",)

    error_on_missing: bool = Field(False, alias="errorOnMissing")
    """Whether the task fails when there is none."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove it."""
        deleted = await context.services.values.delete(context.namespace, self.key(context))
        if self.error_on_missing and not deleted:
            raise TaskFailed(f"there is no state `{self.name}`")
        return Outcome(outputs={"deleted": deleted})


def merged(before: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    """Rule 3."""
    result = dict(before)
    for name, value in given.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            result[name] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            result[name] = old + value
        elif value is not None or old is None:
            result[name] = value
    return result


PROVIDES = (Set, Get, Delete)
