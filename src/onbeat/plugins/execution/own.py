"""Decide over the execution that a task is part of: its end, its labels, its variables.

Nothing is done here: what a task wants changed goes with its own end, so it is changed exactly when that end is written.

Called by: the runner.
"""

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from onbeat.core import flow
from onbeat.core.expressions import to_text, truthy
from onbeat.core.signals import Facts
from onbeat.core.states import State
from onbeat.core.values import normalise
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions


class Fail(TaskOptions):
    """Fails, always or when a condition holds.

    Example:

    ```yaml
    tasks:
      - id: too_large
        type: core.execution.Fail
        condition: "{{ trigger.data.total > 10000 }}"
        errorMessage: "{{ trigger.data.total }} EUR needs a person"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Fail",)

    condition: Any = True
    error_message: Any = Field("Task failure", alias="errorMessage")

    async def run(self, context: TaskContext) -> Outcome:
        """Fail or go on."""
        if truthy(self.condition):
            raise TaskFailed(to_text(self.error_message) or "Task failure")
        return Outcome()


class Exit(TaskOptions):
    """Ends the execution in a state of your choice: what runs is stopped, what did not begin never does. `finally` and `afterExecution`
    run as at any end.

    Example:

    ```yaml
    tasks:
      - id: nothing_to_do
        type: core.flow.If
        condition: "{{ trigger.data.orders is empty }}"
        then:
          - id: leave
            type: core.execution.Exit
            state: SUCCESS
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Exit",)

    state: Literal["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "CANCELED"] = "SUCCESS"
    """The state that the execution ends in; `CANCELED` is an older spelling."""

    async def run(self, context: TaskContext) -> Outcome:
        """Ask for the end."""
        return Outcome(facts=Facts(exit=State.CANCELLED if self.state == "CANCELED" else State(self.state)))


class Assert(TaskOptions):
    """Fails unless all conditions hold. Outputs: `success` and `failed`, how many did and did not.

    Example:

    ```yaml
    tasks:
      - id: checked
        type: core.execution.Assert
        errorMessage: "order {{ trigger.data.id }} is not complete"
        conditions:
          - "{{ trigger.data.total > 0 }}"
          - "{{ trigger.data.customer is defined }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Assert",)

    conditions: list[Any] = Field(min_length=1)
    """Expressions; false are: false, 0, an empty text, list or map, null, and the texts `false`, `0` and `-0`."""
    error_message: Any = Field(None, alias="errorMessage")
    """What the failure says, before which conditions do not hold."""

    async def run(self, context: TaskContext) -> Outcome:
        """Look at each."""
        failed = [n for n, condition in enumerate(self.conditions, 1) if not truthy(condition)]
        outputs = {"success": len(self.conditions) - len(failed), "failed": len(failed)}
        if not failed:
            return Outcome(outputs=outputs)
        said = f"{to_text(self.error_message)}: " if self.error_message else ""
        which = ", ".join(map(str, failed))
        raise TaskFailed(f"{said}condition {which} of {len(self.conditions)} does not hold", outputs)


def _read(value: object) -> object:
    """What a JSON text holds, or the value itself; what is a map or a list in it is text: its JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("is neither a map nor a list, nor JSON of one") from None
    if isinstance(value, dict):
        return {key: _flat(item) for key, item in value.items()}
    if isinstance(value, list):
        return [{**item, "value": _flat(item.get("value"))} if isinstance(item, dict) else item for item in value]
    return value


def _flat(value: object) -> object:
    return to_text(value) if isinstance(value, dict | list) else value


def _unreserved(labels: dict[str, str]) -> dict[str, str]:
    reserved = [key for key in labels if key == "system" or key.startswith("system.")]
    if reserved:
        raise ValueError(f"labels that begin with `system.` are reserved: {', '.join(f'`{key}`' for key in reserved)}")
    if "" in labels:
        raise ValueError("a label needs a name")
    return labels


class Labels(TaskOptions):
    """Gives the execution labels; one that it bears already is replaced.

    Example:

    ```yaml
    tasks:
      - id: mark
        type: core.execution.Labels
        labels:
          customer: "{{ trigger.data.customer }}"
          large: "{{ trigger.data.total > 1000 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.Labels",)

    labels: Annotated[flow.Labels, BeforeValidator(_read), AfterValidator(_unreserved)]
    """A map, a list of `{key, value}`, or a JSON text of either."""

    async def run(self, context: TaskContext) -> Outcome:
        """Ask for them."""
        return Outcome(facts=Facts(labels=self.labels))


class SetVariables(TaskOptions):
    """Sets variables of this execution: the tasks after it see them as `vars`. The flow itself stays as it is.

    Example:

    ```yaml
    variables:
      greeting: Hello
    tasks:
      - id: remember
        type: core.execution.SetVariables
        variables:
          customer: "{{ trigger.data.customer }}"
      - id: use
        type: core.log.Log
        message: "{{ vars.greeting }} {{ vars.customer }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.SetVariables",)

    variables: dict[str, Any]
    """The variables with their values."""
    overwrite: bool = True
    """`false`: the task fails when one of them is there already."""

    async def run(self, context: TaskContext) -> Outcome:
        """Ask for them."""
        return Outcome(facts=Facts(variables=normalise(self.variables), overwrite=self.overwrite))


class UnsetVariables(TaskOptions):
    """Takes variables of this execution away.

    Example:

    ```yaml
    variables:
      draft: true
    tasks:
      - id: forget
        type: core.execution.UnsetVariables
        variables:
          - draft
      - id: use
        type: core.log.Log
        message: "{{ vars.draft ?? 'no draft' }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.execution.UnsetVariables",)

    variables: tuple[str, ...]
    """Their names."""
    ignore_missing: bool = Field(False, alias="ignoreMissing")
    """`true`: one that is not there is no failure."""

    async def run(self, context: TaskContext) -> Outcome:
        """Ask for it."""
        return Outcome(facts=Facts(unset=self.variables, missing=self.ignore_missing))
