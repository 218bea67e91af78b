"""Hold the scalars of a query to one value each, and its numbers to digits.

Two values of what is one would lose one in silence, and the caller would not know which. A framework that reads ` 7`, `1_0` and `+7` as
numbers takes what the document does not have, and each client would find another border.

Rules
1. What is no list is given once.
2. A number is digits, with a minus before them at most; a flag is true or false.

Called by: routing for each request of a documented route.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self, get_args, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from onbeat.errors import UserError

_DIGITS = re.compile(r"-?[0-9]+")
_LISTS = (list, tuple, set, frozenset)
_SHOWN = 40


class Scalars(NamedTuple):
    """The names of a route's parameters that are one value, of those that are a number, and of the flags that its handler reads itself."""

    once: frozenset[str]
    numbers: frozenset[str]
    flags: frozenset[str]

    @classmethod
    def of(cls, dependant: Dependant, reads: Sequence[Mapping[str, Any]] = ()) -> Self:
        """Those that a handler declares, and those that it reads itself (see reads.py)."""
        kinds = {name: set(_types(annotation)) for name, annotation in _declared(dependant)}
        looks = {each["name"]: each["schema"].get("type") for each in reads if each["in"] == "query"}
        return cls(
            frozenset(name for name, types in kinds.items() if types.isdisjoint(_LISTS)) | {n for n, of in looks.items() if of != "array"},
            frozenset(name for name, types in kinds.items() if int in types and types.isdisjoint(_LISTS))
            | {name for name, of in looks.items() if of == "integer"},
            frozenset(name for name, of in looks.items() if of == "boolean"),
        )

    def check(self, query: QueryParams) -> None:
        """Raises UserError."""
        seen: set[str] = set()
        for name, value in query.multi_items():
            if name in self.once:
                if name in seen:
                    raise UserError(f"`{name}` is given twice; give it once")
                seen.add(name)
            if name in self.numbers and _DIGITS.fullmatch(value) is None:
                raise UserError(f"query.{name}: a number is written in digits, not as `{value[:_SHOWN]}`")
            if name in self.flags and value.lower() not in ("true", "false"):
                raise UserError(f"query.{name}: true or false, not `{value[:_SHOWN]}`")


def _declared(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from ((each.alias or name, each.annotation) for name, each in annotation.model_fields.items())
        else:
            yield field.alias, annotation


def _types(annotation: Any) -> Iterator[Any]:
    """A type and those that it is made of."""
    yield get_origin(annotation) or annotation
    for part in get_args(annotation):
        yield from _types(part)
