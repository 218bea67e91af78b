"""The condition that is an expression.

Called by: logic, which reads conditions; executions, for conditions with an expression in them.
"""

from typing import ClassVar

from onbeat.core import expressions
from onbeat.core.conditions.condition import Condition, Facts, rendered
from onbeat.core.event import Json


class Expression(Condition):
    """The expression is true. It sees what the trigger's `when` sees.

    ```yaml
    - type: core.condition.Expression
      expression: "{{ trigger.body.total > 100 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("Expression", "Variable")

    expression: str | bool
    """The expression."""

    def holds(self, facts: Facts) -> bool:
        return holds(self.expression, facts)

    def saw(self, facts: Facts) -> str:
        trigger = facts.scope.names.get("trigger")
        return f"`{self.expression}` is {expressions.to_text(rendered(self.expression, facts))} with {expressions.to_text(trigger)[:300]}"


def holds(expression: Json, facts: Facts) -> bool:
    """Whether an expression is true: not false, zero, empty or null, nor a text of these."""
    return expressions.truthy(rendered(expression, facts))
