"""Hold what one evaluation sees: the names of the scope, its own variables, and its budget.

Building Jinja2's own context took 12 of the 13 µs that a small expression costs; this one is an object of a few fields over a
mapping that is built once per snapshot of an execution.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2.nodes import EvalContext
from jinja2.runtime import Context as JinjaContext
from jinja2.utils import missing

from onbeat.core.expressions.budget import Budget
from onbeat.core.expressions.errors import ExpressionError

Block = Callable[["Context"], Iterator[str]]


class Scope:
    """The names that expressions see, ready to be used by any number of them."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names


def make_scope(variables: Mapping[str, Any]) -> Scope:
    """A scope of those variables. Build it once per snapshot of an execution; names that begin with `__` are not seen by expressions."""
    return Scope(dict(variables))


class Context(JinjaContext):
    """One evaluation. `parent` is the scope, `blocks` the template's; `again` evaluates the texts in a value, for `render`."""

    def __init__(
        self,
        environment: Any,
        names: dict[str, Any],
        budget: Budget,
        blocks: dict[str, list[Block]],
        eval_ctx: EvalContext,
        again: Callable[[Any, dict[str, Any], Budget], Any],
    ) -> None:
        self.environment = environment
        self.parent = names
        self.budget = budget
        self.blocks = blocks  # type: ignore[assignment]  # the same with our own Context
        self.eval_ctx = eval_ctx
        self.vars: dict[str, Any] = {}
        self.exported_vars: set[str] = set()
        self.name = None
        self.globals_keys: set[str] = set()
        self._again = again

    def resolve_or_missing(self, key: str) -> Any:
        """The value of a name; `_context` is all of them, as macros take them in Kestra."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        if key == "_context":
            return _All(self)
        return missing

    def again(self, value: Any) -> Any:
        """The value with the expressions in its texts evaluated, on the same budget."""
        return self._again(value, self.parent, self.budget)

    def private(self, name: str, what: str) -> Any:
        """What the caller put into the scope for functions only; a sentence when it did not."""
        found = self.parent.get(name)
        if found is None:
            raise ExpressionError(what)
        return found


class _All(Mapping[str, Any]):
    """All names that an evaluation sees now: the scope's and those it has set."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __getitem__(self, name: str) -> Any:
        found = missing if name.startswith("__") else self._context.resolve_or_missing(name)
        if found is missing:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in {**self._context.parent, **self._context.vars} if not name.startswith("__"))

    def __len__(self) -> int:
        return sum(1 for _ in self)
