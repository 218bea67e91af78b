"""Find executions: which index a list is read from, and how it is ordered.

Rules
1. A list by creation is read in its order from the lists of the condition that costs least, and the others are tested row by row: it
   costs what it shows and what it passes over, and little of that where the index has all that is tested.
2. In another order, what is little is sorted; what is much is read from the index of that order, and tested.
3. A count stops where it is told to.
4. A text is first looked for in the executions that come first: what many have is soon found there, and what few have is found by its
   labels. Of many labels those used last are looked at first, and all only where that does not fill a page.

Called by: queries.py, in a thread of questions.py; statistics.py and lines.py read from the same lists.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from onbeat.ports.search import ExecutionFilter, Sort
from onbeat.stores.sqlite.conditions import BORNE, FEW, ID, ROW, Arm, Condition, Part, instants, parts
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.texts import since, text, text_alone

COMPARED = 50_000
"""How far the lists of a condition are counted to see which are the shortest."""
LOOKED_UP = 25
"""To read an execution's row costs as much as so many entries of an index."""
LOOKED_AT = 2_000
"""Executions in which a text is looked for before its labels are."""
TRIED = 1_000
"""Executions with a text that are tested before all of them are."""
TESTED = 25_000
"""So few executions are tested for a text rather than counting those that have it."""
READ = "execution.id as id, namespace, flow, correlation_id, labels"
"""What the test for a text reads."""
EVERY = Part(Condition("true"), (Arm(Condition("true")),), covers=ROW)
"""Where no condition has a list: all, in the order of the table."""
ORDERS = {
    Sort.CREATED: ("execution", "execution.id {0}"),
    Sort.STATE: ("execution indexed by execution_state", "state {0}, execution.id {0}"),
    Sort.FLOW: ("execution indexed by execution_flow", "namespace {0}, flow {0}, execution.id {0}"),
    Sort.ENDED: ("execution", "ended is null, ended {0}, execution.id {0}"),
    Sort.DURATION: ("execution", "ended is null, ended - created {0}, execution.id {0}"),
}


@dataclass(slots=True)
class Plan:
    """How a filter is answered. driver: where ids are read from; tests: what a row must pass beside; size: how many ids the driver has,
    no more than COMPARED, or None where nobody counted; first, last: the ids that count; bare: the tests need no more than the id."""

    driver: Part
    tests: tuple[Condition, ...]
    size: int | None
    first: str
    last: str
    bare: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it is known that so few ids can each be tested for a text."""
        return self.driver is not EVERY and self.size is not None and self.size <= TESTED

    def narrow(self, before: str | None, descending: bool) -> None:
        """Go on after that id."""
        if before is not None and descending:
            self.last = min(self.last, before)
        elif before is not None:
            self.first = max(self.first, before + "\0")


def plan(asked: Asked, wanted: ExecutionFilter, *, sized: bool = False) -> Plan:
    """Choose the condition that drives; sized: count it in any case."""
    chosen = _without_text(asked, wanted, sized=sized)
    return _with_text(asked, chosen, wanted.q, sized=sized) if wanted.q else chosen


def _without_text(asked: Asked, wanted: ExecutionFilter, *, sized: bool = False) -> Plan:
    first, last, tests = instants(wanted.start, wanted.end)
    found = list(parts(asked, wanted))
    driving = [part for part in found if part.arms is not None] or [EVERY]
    plan = Plan(driving[0], (), None, first, last)
    if sized or len(driving) > 1:
        sizes = [size(asked, part, first, last) for part in driving]
        costs = [
            _guess(count) * (1 if needed(found, part, tests) <= part.covers else LOOKED_UP)
            for count, part in zip(sizes, driving, strict=True)
        ]
        cheapest = costs.index(min(costs))
        plan.size, plan.driver = sizes[cheapest], driving[cheapest]
    plan.tests = (*tests, *(part.test for part in found if part is not plan.driver))
    plan.bare = needed(found, plan.driver, tests) <= ID | BORNE
    return plan


def _with_text(asked: Asked, near: Plan, q: str, *, sized: bool = False) -> Plan:
    """That a text is there as well: it drives where it has less than what drives without it."""
    near = _counted_to_compare(asked, near)
    return _tested_for(near, q) if near.is_short else _with_part(asked, near, text(asked, q), sized=sized)


def _counted_to_compare(asked: Asked, near: Plan) -> Plan:
    """The plan and its size, where anything but the whole table drives it."""
    if near.driver is EVERY or near.size is not None:
        return near
    return replace(near, size=size(asked, near.driver, near.first, near.last))


def _tested_for(near: Plan, q: str) -> Plan:
    return replace(near, tests=(*near.tests, text_alone(q)), bare=False)


def _with_part(asked: Asked, near: Plan, part: Part, *, sized: bool = False) -> Plan:
    rivals = None if near.driver is EVERY else near.size
    counted = part.arms is not None and (sized or rivals is not None)
    count = size(asked, part, near.first, near.last) if counted else None
    if part.arms is None or (rivals is not None and count is not None and _guess(rivals) < _guess(count)):
        return replace(near, tests=(*near.tests, part.test), size=rivals, bare=False)
    return replace(_driven_by(part, near), size=count)


def _driven_by(part: Part, near: Plan) -> Plan:
    """A plan that reads the lists of a text, and tests what drives without it."""
    tests = near.tests if near.driver is EVERY else (near.driver.test, *near.tests)
    return Plan(part, tests, None, near.first, near.last, bare=not tests)


def _guess(counted: int) -> int:
    """How many there are: where counting stopped, many more."""
    return counted if counted < COMPARED else 10 * counted


def needed(found: Sequence[Part], driver: Part, tests: Sequence[Condition]) -> frozenset[str]:
    """The columns that the tests of all other conditions read."""
    rows = [frozenset({"row"})] if tests else []
    return frozenset().union(*rows, *(part.needs for part in found if part is not driver))


def size(asked: Asked, part: Part, first: str, last: str) -> int:
    """How many ids the lists of a condition have, no more than COMPARED."""
    about: int = asked.one(part.counted.sql, *part.counted.values, COMPARED) if part.counted is not None else 0
    arms = part.arms or ()
    lists = [_list("1", arm, Plan(part, (), None, first, last)) for arm in (arms if part.counted is None else arms[:-1])]
    if not lists or about >= COMPARED:
        return about
    found: int = asked.one(
        joined("select count(*) from (", " union all ".join(sql for sql, _ in lists), "limit ?)"), *values(lists), COMPARED - about
    )
    return about + found


def ids_of(plan: Plan) -> Condition:
    """A statement that gives the ids of a plan; `order by 1` behind it puts them in order without sorting."""
    return _merged("id", plan, [_list(joined(arm.id, "as id"), arm, plan) for arm in plan.driver.arms or ()])


def rows_of(plan: Plan, columns: str) -> Condition:
    """A statement that gives these columns of the executions of a plan; `id` is among them."""
    return _merged(columns, plan, [_list(columns, arm, plan, whole=True) for arm in plan.driver.arms or ()])


def _merged(shown: str, plan: Plan, lists: list[Condition]) -> Condition:
    if not lists:
        return Condition(joined("select", shown, "from execution where false"))
    return Condition((" union all " if plan.driver.apart else " union ").join(sql for sql, _ in lists), values(lists))


def _list(shown: str, arm: Arm, plan: Plan, *, whole: bool = False) -> Condition:
    """A statement that reads one list; whole: the execution's row as well."""
    other = arm.id != "id" and (whole or (bool(plan.tests) and not plan.bare))
    place = joined("cross join execution on execution.id =", id_of(arm)) if other else ""
    tests = [arm.test.sql, joined(arm.id, ">= ? and", arm.id, "< ?"), *(test.sql.replace("{id}", id_of(arm)) for test in plan.tests)]
    sql = joined("select", shown, "from", arm.table, place, "where", " and ".join(tests))
    return Condition(sql, (*arm.test.values, plan.first, plan.last, *values(plan.tests)))


def id_of(arm: Arm) -> str:
    """The execution's id, as a test of another table than the list's calls it."""
    return arm.id if "." in arm.id else f"{arm.table.partition(' ')[0]}.{arm.id}"


def joined(*parts: str) -> str:
    """Parts of a statement as one; values are never among them."""
    return " ".join(parts)


def values(conditions: Iterable[Condition]) -> tuple[Any, ...]:
    """The values of conditions that follow each other."""
    return tuple(value for condition in conditions for value in condition.values)


def ids(asked: Asked, wanted: ExecutionFilter, sort: Sort, descending: bool, before: str | None, offset: int, limit: int) -> list[str]:
    """The ids of a page, in order."""
    direction = "desc" if descending else "asc"
    chosen = _without_text(asked, wanted, sized=sort is not Sort.CREATED)
    if sort is Sort.CREATED:
        chosen.narrow(before, descending)
        for sql, given in _by_creation(asked, chosen, wanted.q, descending):
            found = _page(asked, sql, given, offset, limit)
            if len(found) == limit:
                break
        return found
    if wanted.q:
        chosen = _with_text(asked, chosen, wanted.q, sized=True)
    if chosen.size is not None and chosen.size <= FEW:
        sql, given = ids_of(chosen)
        sorted_ = joined("select execution.id from (", sql, ") as found cross join execution on execution.id = found.id")
        return _page(asked, joined(sorted_, "order by", ORDERS[sort][1].format(direction)), given, offset, limit)
    return _in_order(asked, chosen, sort, direction, offset, limit)


def _by_creation(asked: Asked, near: Plan, q: str | None, descending: bool) -> Iterator[Condition]:
    """Statements that give ids in order: the last one all of them; those before it are cheaper, and are enough where they fill a page."""
    direction = "desc" if descending else "asc"
    chosen = near
    if q:
        yield _first_with(q, near, direction, LOOKED_AT)
        near = _counted_to_compare(asked, near)
        if near.is_short:
            chosen = _tested_for(near, q)
        else:
            part = text(asked, q)
            latest = since(asked, part) if descending else None
            if latest is not None:
                first, of_latest = latest
                sql, given = ids_of(replace(_driven_by(of_latest, near), first=max(near.first, first)))
                yield Condition(joined(sql, "order by 1 desc"), given)
            chosen = _with_part(asked, near, part)
            if latest is None and not chosen.driver.apart and chosen.tests:
                yield _first_tested(chosen, direction, TRIED)
    sql, given = ids_of(chosen)
    yield Condition(joined(sql, "order by 1", direction), given)


def _in_order(asked: Asked, chosen: Plan, sort: Sort, direction: str, offset: int, limit: int) -> list[str]:
    """The ids of a page read from the index of its order; by the end, those that have not ended come from another."""
    table, order = ORDERS[sort]
    tests = (Condition("id >= ? and id < ?", (chosen.first, chosen.last)), chosen.driver.test, *chosen.tests)
    given = values(tests)
    condition = " and ".join(test.sql.replace("{id}", "execution.id") for test in tests)
    if sort is not Sort.ENDED:
        return _page(asked, joined("select id from", table, "where", condition, "order by", order.format(direction)), given, offset, limit)
    ended = joined("from execution indexed by execution_ended where ended is not null and", condition)
    found = _page(asked, joined("select id", ended, "order by ended", direction, ", id", direction), given, offset, limit)
    if len(found) == limit:
        return found
    passed = offset + len(found) if found else asked.one(joined("select count(*)", ended), *given)
    unended = joined("select id from execution indexed by execution_open where ended is null and", condition, "order by id", direction)
    return found + _page(asked, unended, given, max(0, offset - passed), limit - len(found))


def _page(asked: Asked, sql: str, given: Sequence[Any], offset: int, limit: int) -> list[str]:
    found: list[str] = msgspec.json.decode(
        asked.one(joined("select json_group_array(id) from (", sql, "limit ? offset ?)"), *given, limit, offset)
    )
    return found


def _first_with(q: str, near: Plan, direction: str, most: int) -> Condition:
    """A statement that gives the ids of those of the first executions of a plan that have a text."""
    sql, given = rows_of(near, READ)
    test = text_alone(q)
    found = joined("select id from (", sql, "order by 1", direction, "limit ?) as execution where", test.sql)
    return Condition(found, (*given, most, *test.values))


def _first_tested(chosen: Plan, direction: str, most: int) -> Condition:
    """A statement that gives the ids of those of the first of a driver's executions that pass the tests."""
    sql, given = ids_of(replace(chosen, tests=()))
    found = joined("select execution.id as id from (", sql, "order by 1", direction, "limit ?) as first cross join execution")
    tests = " and ".join(test.sql.replace("{id}", "execution.id") for test in chosen.tests)
    return Condition(joined(found, "on execution.id = first.id where", tests), (*given, most, *values(chosen.tests)))


def count(asked: Asked, wanted: ExecutionFilter, limit: int | None) -> int:
    """How many there are, no more than one above the limit."""
    at_most = -1 if limit is None else limit + 1
    chosen = _without_text(asked, wanted)
    if wanted.q and limit is not None and limit < LOOKED_AT:
        found = _counted(asked, _first_with(wanted.q, chosen, "desc", LOOKED_AT), at_most)
        if found > limit:
            return found
    if wanted.q:
        chosen = _with_text(asked, chosen, wanted.q)
    if chosen.driver.apart:
        sql, given = ids_of(chosen)
        return _counted(asked, Condition(joined(sql, "order by 1"), given), at_most)
    lists = [_list(joined(arm.id, "as id"), arm, chosen) for arm in chosen.driver.arms or ()]
    return _counted(
        asked, Condition(joined("select distinct id from (", " union all ".join(each.sql for each in lists), ")"), values(lists)), at_most
    )


def _counted(asked: Asked, statement: Condition, at_most: int) -> int:
    found: int = asked.one(joined("select count(*) from (", statement.sql, "limit ?)"), *statement.values, at_most)
    return found
