"""Which index a list of executions is read from; what it finds is tested in test_store_search.py, for every store."""

import re

import pytest

from onbeat.core.states import State
from onbeat.ports import ExecutionFilter, Sort
from onbeat.stores.sqlite import SqliteStore, search, texts
from onbeat.stores.sqlite.conditions import LAST, Condition, parts
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.search import EVERY, LOOKED_AT, Plan, count, ids, ids_of, plan
from onbeat.stores.sqlite.texts import text
from tests.stores.build import AT, creation, id_of, work

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
        found = [*parts(asked, wanted), *([text(asked, wanted.q)] if wanted.q else [])]
        tests = tuple(part.test for part in found)
        return [sorting(asked, ids_of(Plan(part, tests, None, "", LAST))) for part in (*found, EVERY) if part.arms is not None]

    found = await full._ask(plans)
    assert found
    sorted_ = bool(wanted.q)  # the list of those whose correlation id begins with it: few, and sorted
    assert [steps for steps in found if len(steps) > sorted_] == []


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


@pytest.mark.parametrize(
    ("wanted", "driver"),
    [
        (ExecutionFilter(q="a:b1"), "id >="),
        (ExecutionFilter(q="a:b1", states=(State.CREATED,)), '"state"'),
        (ExecutionFilter(q="b", namespace="shop"), '"namespace"'),
    ],
)
async def test_a_text_drives_where_nothing_else_is_shorter(full: SqliteStore, wanted: ExecutionFilter, driver: str):
    """What is short is looked through; the labels are not even asked."""
    chosen = await full._ask(lambda asked: plan(asked, wanted))
    assert chosen.driver.arms is not None
    assert driver in chosen.driver.arms[0].test.sql


class Counting:
    """A question that keeps what it asked."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.said: list[str] = []

    def one(self, sql: str, *values: object) -> object:
        """As Asked.one."""
        self.said.append(sql)
        return self._asked.one(sql, *values)


async def test_what_many_have_is_found_in_the_executions_that_come_first(full: SqliteStore):
    """One statement over so many of them; labels are asked for what is not there."""

    def ask(asked: Asked, q: str, limit: int) -> tuple[list[str], list[str]]:
        counting = Counting(asked)
        found = ids(counting, ExecutionFilter(q=q), Sort.CREATED, True, None, 0, limit)  # type: ignore[arg-type]  # one of its methods
        return found, counting.said

    found, said = await full._ask(lambda asked: ask(asked, "a:b", 3))
    assert found == [id_of(8), id_of(7), id_of(6)]
    assert len(said) == 1
    few, more = await full._ask(lambda asked: ask(asked, "a:b1", 3))
    assert few == [id_of(1)]
    assert any("label_text" in sql for sql in more)


async def test_many_labels_are_one_list(full: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """Read once, whatever their number, and exact: a label may have the letters and not the text."""
    monkeypatch.setattr(search, "LOOKED_AT", 0)
    monkeypatch.setattr(texts, "MANY", 3)
    for q in ("a:b", "b", "A:B"):
        wanted = ExecutionFilter(q=q)
        assert await full.execution_ids(wanted, 99) == [id_of(n) for n in range(8, 0, -1)]
        assert await full.count(wanted) == 8
        assert await full.count(wanted, 3) == 4
    assert await full.execution_ids(ExecutionFilter(q="a:b", child=False), 99) == [id_of(n) for n in range(6, 0, -1)]
    assert await full.execution_ids(ExecutionFilter(q="a:b", child=False, start=AT), 2) == [id_of(6), id_of(5)]
    await full.write(work(creation(20, labels={"k": "abx:bcy", "l": "xabc"}), creation(21, labels={"k": "abc", "l": "zabc"})))
    assert await full.execution_ids(ExecutionFilter(q="abc"), 99) == [id_of(21), id_of(20)]
    assert await full.count(ExecutionFilter(q="abc")) == 2
    assert await full.execution_ids(ExecutionFilter(q="abxc"), 99) == []


async def test_a_text_is_counted_in_what_comes_first(full: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """Where that is enough; of a few letters, too."""

    def ask(asked: Asked) -> tuple[int, list[str]]:
        counting = Counting(asked)
        return count(counting, ExecutionFilter(q="b"), 2), counting.said  # type: ignore[arg-type]  # one of its methods

    assert LOOKED_AT > 8
    found, said = await full._ask(ask)
    assert (found, len(said)) == (3, 1)
    monkeypatch.setattr(search, "LOOKED_AT", 1)
    assert (await full._ask(ask))[0] == 3


@pytest.mark.parametrize(("q", "found"), [("b1", [1]), ("A", [8, 7, 6, 5, 4, 3, 2, 1]), ("7", [7]), ("zq", [])])
async def test_the_index_tells_which_labels_have_one_or_two_letters(full: SqliteStore, q: str, found: list[int]):
    """Also at the end of a label: no label is read but those."""

    def ask(asked: Asked) -> list[str]:
        counting = Counting(asked)
        part = text(counting, q)  # type: ignore[arg-type]  # one of its methods
        assert any("label_text match" in sql for sql in counting.said)
        ids_, values = ids_of(Plan(part, (), None, "", LAST))
        return [row[0] for row in asked._db.execute(f"{ids_} order by 1 desc", values)] if asked._db else []

    assert await full._ask(ask) == [id_of(n) for n in found]


async def test_those_with_a_text_are_tested_before_all_of_them_are(full: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """What is asked beside a text that many have: a page is full before all were looked at."""
    for name, value in (("LOOKED_AT", 0), ("TESTED", -1), ("COMPARED", 3), ("TRIED", 4)):
        monkeypatch.setattr(search, name, value)
    monkeypatch.setattr(texts, "MANY", 3)
    wanted = ExecutionFilter(q="a:b", states=(State.CREATED,))

    def ask(asked: Asked, limit: int) -> tuple[list[str], list[str]]:
        counting = Counting(asked)
        return ids(counting, wanted, Sort.CREATED, True, None, 0, limit), counting.said  # type: ignore[arg-type]  # one of its methods

    few, said = await full._ask(lambda asked: ask(asked, 2))
    assert len(few) == 2
    more, also = await full._ask(lambda asked: ask(asked, 5))
    assert more[:2] == few
    assert len(more) == 5
    assert len(also) == len(said) + 1
