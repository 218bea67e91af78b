"""Read what a search asks for: Kestra's `filters[FIELD][OPERATION]=value`, and the flat parameters that it had before.

A filter that is misread finds too much, and a change by query would do it to all of that. So there is one reader, for lists and for what
is done to everything in them.

Rules
1. Every parameter has a meaning or is refused with the nearest right name; so is an operation that the field does not have.
2. A flat parameter is a condition as any other; several of one field are one of them, several labels all of them; `namespace` means
   those below it, too.
3. A field is known whatever its case, and as Kestra's older clients write it: `FLOW_ID`, `flowid`, `flowId`.
4. Conditions are all to hold; what joins them by `or` cannot be asked and is refused.
5. A flat parameter that is empty asks for nothing where something is looked for, and is refused where something is changed: a script whose
   variable is empty would change what it does not name.

Called by: the routes that search; questions.py asks the store what is read here.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from onbeat.core.access import covers
from onbeat.core.names import did_you_mean
from onbeat.errors import UserError

Row = TypeVar("Row")
_DEEPEST = 10_000
"""How many rows of a list can be skipped: nobody reads page four hundred."""
_MOST_ROWS = 1_000
_LONGEST = 10_000
"""Characters of a condition's value."""
_KEY = re.compile(r"filters((?:\[and\]\[[0-9]{1,4}\]){0,2})\[([^\[\]]{1,64})\]\[([^\[\]]{0,64})\](?:\[([^\[\]]{1,256})\])?")


class Op(StrEnum):
    """What a condition says of its field."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT_EQUALS"
    GREATER_THAN = "GREATER_THAN"
    LESS_THAN = "LESS_THAN"
    GREATER_THAN_OR_EQUAL_TO = "GREATER_THAN_OR_EQUAL_TO"
    LESS_THAN_OR_EQUAL_TO = "LESS_THAN_OR_EQUAL_TO"
    IN = "IN"
    NOT_IN = "NOT_IN"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    CONTAINS = "CONTAINS"
    NOT_CONTAINS = "NOT_CONTAINS"
    PREFIX = "PREFIX"


class Condition(msgspec.Struct, frozen=True):
    """That a field is so. key: of a map such as the labels. values: of IN, of NOT_IN and of a flat parameter several, else one."""

    field: str
    op: Op
    values: tuple[str, ...]
    key: str | None = None

    @property
    def value(self) -> str:
        """The only value. Raises UserError when there are several."""
        if len(self.values) != 1:
            raise UserError(f"filter `{self.field}`: give one value, or use `filters[{self.field}][IN]` where it may be several")
        return self.values[0]

    def holds(self, text: str | None) -> bool:
        """Whether a text is so; nothing is never so, and always not so. For what is looked through in memory."""
        test, is_not = _TESTS.get(self.op, (None, False))
        if test is None:
            raise self.refused(_TESTS)
        return is_not != (text is not None and any(test(text, value) for value in self.values))

    def refused(self, ops: Iterable[Op]) -> UserError:
        """That this operation cannot be asked of the field."""
        return UserError(f"filter `{self.field}` cannot be asked with `{self.op}`; use {', '.join(ops)}")


class Query(Protocol):
    """The parameters of a request's query."""

    def multi_items(self) -> list[tuple[str, str]]:
        """All of them, in order."""


def read_conditions(
    query: Query, fields: Collection[str], *, flat: Collection[str] = (), others: Collection[str] = (), change: bool = False
) -> list[Condition]:
    """What a query asks for. fields: those that `filters[…]` may name; flat: parameters that are conditions, too; others: parameters
    that are none and that the caller reads itself; change: what is found will be changed. Raises UserError."""
    found: list[Condition] = []
    flats: dict[str, list[str]] = {}
    for name, value in query.multi_items():
        if len(value) > _LONGEST:
            raise UserError(f"parameter `{name[:60]}` has {len(value)} characters; the limit is {_LONGEST}")
        if name.startswith("filters["):
            found.append(_condition(name, value, fields))
        elif name in flat:
            if change:
                check_given(name, value)
            flats.setdefault(name, []).append(value)
        elif name not in others:
            choices = [*flat, *others]
            raise UserError(f"unknown parameter `{name[:60]}`{did_you_mean(name, choices)}; there are {_listed(choices, 'filters[…]')}")
    for name, values in flats.items():
        given = tuple(value for value in values if value)
        if given and name == "labels":
            found += [_label(value) for value in given]
        elif given:
            found.append(Condition(name, Op.PREFIX if name == "namespace" else Op.IN if len(given) > 1 else Op.EQUALS, given))
    return found


def check_given(name: str, value: str) -> None:
    """Hold a filter of a change to a value. Raises UserError."""
    if not value:
        raise UserError(f"`{name}` is empty: a change needs a value for each of its filters; leave it out if any is meant")


def _condition(name: str, value: str, fields: Collection[str]) -> Condition:
    read = _KEY.fullmatch(name)
    if read is None:
        if "[or]" in name:
            raise UserError("filters that are joined by `or` cannot be asked; use `IN` where one field may have several values")
        raise UserError(f"`{name[:80]}` is no filter; write `filters[flowId][EQUALS]=…`")
    _, field, op, key = read.groups()
    wanted = known_field(field, fields)
    try:
        operation = Op(op.upper())
    except ValueError:
        raise UserError(f"filter `{wanted}`: unknown operation `{op}`{did_you_mean(op, list(Op))}; there are {_listed(Op)}") from None
    if wanted == "labels" and key is None:
        label = _label(value)
        return Condition(wanted, operation, label.values, label.key)
    several = operation in (Op.IN, Op.NOT_IN) or wanted == "state"
    values = tuple(part for part in value.split(",") if part) if several else (value,)
    if not values:
        raise UserError(f"filter `{wanted}` has no value")
    return Condition(wanted, operation, values, key)


def known_field(name: str, fields: Collection[str]) -> str:
    """The field that is meant, whatever its case. Raises UserError with the nearest one."""
    found = {_folded(field): field for field in fields}.get(_folded(name))
    if found is None:
        raise UserError(f"unknown filter `{name[:60]}`{did_you_mean(name, fields)}; there are {_listed(fields)}")
    return found


def _label(text: str) -> Condition:
    key, _, value = text.partition(":")
    if not key or not value:
        raise UserError(f"`{text[:80]}` is no label; write it as key:value")
    return Condition("labels", Op.EQUALS, (value,), key)


def _folded(field: str) -> str:
    return field.replace("_", "").casefold()


def _listed(names: Iterable[str], *more: str) -> str:
    return ", ".join([*sorted(names), *more])


class Page(msgspec.Struct, frozen=True):
    """Which page of a list."""

    size: int
    number: int

    @property
    def offset(self) -> int:
        """How many come before it."""
        return self.size * (self.number - 1)

    def past(self, total: int) -> bool:
        """Whether it is behind the last of so many. Raises UserError where there are more than can be skipped."""
        if self.offset > _DEEPEST and total > _DEEPEST:
            raise UserError(f"page {self.number} is too deep: {_DEEPEST} rows can be skipped; filter more, or go on from where you are")
        return self.offset >= total

    def of(self, rows: Sequence[Row]) -> Sequence[Row]:
        """It, of a whole list."""
        return rows[self.offset : self.offset + self.size]


def page_of(size: int | None, page: int | None, *, most: int = _MOST_ROWS, usual: int = 25) -> Page:
    """A page, of a size that is bounded."""
    return Page(min(max(usual if size is None else size, 1), most), max(1 if page is None else page, 1))


def sort_of(given: Iterable[str], names: dict[str, str]) -> tuple[str, bool] | None:
    """The first of `sort=field:asc`: what `names` calls it, and whether it goes down. None: nothing was said. Raises UserError."""
    found: list[tuple[str, bool]] = []
    for text in filter(None, given):
        field, _, direction = text.rpartition(":") if ":" in text else (text, "", "asc")
        if field not in names:
            raise UserError(f"cannot sort by `{field[:60]}`{did_you_mean(field, names)}; use {_listed(names)}")
        if direction.lower() not in ("asc", "desc"):
            raise UserError(f"`{text[:60]}`: sort up by `{field}:asc` or down by `{field}:desc`")
        found.append((names[field], direction.lower() == "desc"))
    return found[0] if found else None


def _equals(text: str, value: str) -> bool:
    return text == value


def _starts(text: str, value: str) -> bool:
    return text.casefold().startswith(value.casefold())


def _ends(text: str, value: str) -> bool:
    return text.casefold().endswith(value.casefold())


def _has(text: str, value: str) -> bool:
    return value.casefold() in text.casefold()


def _below(text: str, value: str) -> bool:
    return covers(value, text)


_TESTS: dict[Op, tuple[Callable[[str, str], bool], bool]] = {
    Op.EQUALS: (_equals, False),
    Op.NOT_EQUALS: (_equals, True),
    Op.IN: (_equals, False),
    Op.NOT_IN: (_equals, True),
    Op.STARTS_WITH: (_starts, False),
    Op.ENDS_WITH: (_ends, False),
    Op.CONTAINS: (_has, False),
    Op.NOT_CONTAINS: (_has, True),
    Op.PREFIX: (_below, False),
}
"""What can be asked of a text in memory, and whether it is to be not so."""
