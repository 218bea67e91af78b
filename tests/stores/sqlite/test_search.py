"""Which index a list of executions is read from; what it finds is tested in test_store_search.py, for every store."""

import re

import pytest

from onbeat.core.states import State
from onbeat.ports import ExecutionFilter
from onbeat.stores.sqlite import SqliteStore
from onbeat.stores.sqlite.conditions import LAST, Condition, parts
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.search import EVERY, Plan, ids_of, plan
from tests.stores.build import AT, id_of

WANTED = [
    ExecutionFilter(),
    ExecutionFilter(namespaces=("shop", "none")),
    ExecutionFilter(namespace="shop", flow="pay"),
    ExecutionFilter(flow="pay", allowed=("shop",)),
    ExecutionFilter(states=(State.FAILED, State.CREATED)),
    ExecutionFilter(labels=(("a", "b1"), ("a", "b2"))),
    ExecutionFilter(labels=(("a", "b1"),), q="shop", trigger="orders"),
    ExecutionFilter(parent="p", child=False, correlation_id="c"),
]


@pytest.mark.parametrize("wanted", WANTED)
async def test_every_list_is_read_in_its_order(full: SqliteStore, wanted: ExecutionFilter):
    """Whichever condition drives it, however many lists are merged: the newest are found first, and then it stops."""

    def plans(asked: Asked) -> list[list[str]]:
        found = list(parts(asked, wanted))
        tests = tuple(part.test for part in found)
        return [sorting(asked, ids_of(Plan(part, tests, None, "", LAST))) for part in (*found, EVERY) if part.arms is not None]

    found = await full._ask(plans)
    assert found
    text = bool(wanted.q)  # the list of those whose correlation id begins with it: few, and sorted
    assert [steps for steps in found if len(steps) > text] == []


def sorting(asked: Asked, statement: Condition) -> list[str]:
    """The steps of its plan that sort or read a whole table; LIMIT and the order of a list are added."""
    sql = f"explain query plan {statement.sql} order by 1 desc limit 25"
    assert asked._db is not None
    plan = [row[3] for row in asked._db.execute(sql, statement.values)]
    return [step for step in plan if "B-TREE" in step or re.match(r"SCAN execution(?!.*USING)", step)]


@pytest.mark.parametrize(
    ("wanted", "driver"),
    [
        (ExecutionFilter(states=(State.CREATED,), labels=(("a", "b1"),)), "label"),
        (ExecutionFilter(states=(State.FAILED,), namespace="shop"), "state"),
        (ExecutionFilter(states=(State.CREATED,), namespace="shop"), '"state"'),  # more, but its index holds the namespace
        (ExecutionFilter(states=(State.CREATED,), namespace="shop", start=AT + 1), '"namespace"'),
        (ExecutionFilter(states=(State.CREATED,), ids=(id_of(1),)), "id in"),
        (ExecutionFilter(states=(State.CREATED,), child=False), '"state"'),
        (ExecutionFilter(child=False), "true"),
    ],
)
async def test_the_cheapest_list_is_read(full: SqliteStore, wanted: ExecutionFilter, driver: str):
    """And the other conditions are tested on what it gives."""
    chosen = await full._ask(lambda asked: plan(asked, wanted))
    assert chosen.driver.arms is not None
    assert driver in chosen.driver.arms[0].test.sql
