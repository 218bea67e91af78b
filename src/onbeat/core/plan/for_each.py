"""Run tasks once for each value: `core.flow.ForEach`, and its old names EachSequential and EachParallel.

Kestra drops duplicate values; here each value runs, in order. `concurrencyLimit` bounds how many values are
worked on at once: 1 by default, 0 for all.
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, Field

from onbeat.core.execution import Block
from onbeat.core.expressions import to_text
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, Opening, Render, Tasks, TaskSpec
from onbeat.core.values import normalise
from onbeat.errors import UserError

MOST_VALUES = 100_000


class ForEach(FlowableSpec):
    """A lane for each value, with all the tasks."""

    values: Dynamic = Field(validation_alias=AliasChoices("values", "value"))
    tasks: Tasks
    concurrency_limit: int = Field(1, alias="concurrencyLimit", ge=0)

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    @property
    def limit(self) -> int:
        return self.concurrency_limit

    def open(self, render: Render) -> Opening:
        values = as_values(render("values"))
        return Opening(lanes=len(values), values=values)

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks, to_text(block.values[lane]), lane)


class EachSequential(ForEach):
    """Kestra's old name for a ForEach of one value at a time."""


class EachParallel(ForEach):
    """Kestra's old name for a ForEach of all values at once."""

    concurrency_limit: int = Field(0, validation_alias=AliasChoices("concurrent", "concurrencyLimit"), ge=0)


def as_values(value: Any) -> tuple[Any, ...]:
    """The values of a list, of JSON text that is one, or of a map (its entries). Raises ValueError with Kestra's words for nulls."""
    if isinstance(value, str):
        try:
            value = normalise(json.loads(value))
        except (ValueError, RecursionError) as problem:
            raise ValueError(f"`values` must be a list, or text that is a JSON list; it is not JSON: {problem}") from None
        except UserError as problem:
            raise ValueError(f"`values` must hold plain JSON, and {problem}") from None
    if isinstance(value, dict):
        value = [{"key": key, "value": item} for key, item in value.items()]
    if not isinstance(value, list | tuple):
        raise ValueError(f"`values` must be a list; it is {type(value).__name__}: {to_text(value)[:100]}")
    nulls = sum(item is None for item in value)
    if nulls:
        raise ValueError(f"Found '{nulls}' null values on Each, with values={to_text(list(value))[:1000]}")
    if len(value) > MOST_VALUES:
        raise ValueError(f"`values` holds {len(value)} values; the most are {MOST_VALUES}: split the work over subflows")
    return tuple(value)
