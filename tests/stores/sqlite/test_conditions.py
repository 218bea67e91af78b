"""How text is compared and looked for; what conditions find is tested in test_store_search.py, for every store."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.ports import ExecutionFilter
from onbeat.stores.sqlite import SqliteStore, conditions
from onbeat.stores.sqlite.conditions import in_namespaces, lowered
from tests.stores.build import creation, id_of, work

DB = sqlite3.connect(":memory:")


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")))
def test_small_letters_are_sqlites(text: str):
    """What is compared in SQL is made here as it is made there."""
    assert lowered(text) == DB.execute("select lower(?)", (text,)).fetchone()[0]


@pytest.mark.parametrize(
    ("namespace", "is_in"),
    [("a", True), ("a.b", True), ("a.b.c", True), ("ab", False), ("a-b", False), ("a/b", False), ("", False), ("b", True)],
)
def test_namespaces_below(namespace: str, is_in: bool):
    """A name that only begins the same is another."""
    sql, values = in_namespaces(["a", "b"])
    assert DB.execute(f"select {sql} from (select ? as namespace)", (*values, namespace)).fetchone()[0] == is_in


TEXTS = ["%", "_", '"', "'", '""a', "a AND b", "NOT x", "*", "é́e", "ſs", "İi", "日本語", "ab\tc", "🙂🙂🙂", "-", "a:b:c"]


@pytest.mark.parametrize("text", TEXTS)
async def test_any_text_is_only_text(full: SqliteStore, text: str):
    """It finds the label that has it, whatever SQL or FTS would make of it, as a value, in a value and in a key."""
    for n, labels in enumerate([{"k": text}, {"k": f"before {text} after"}, {f"key{text}": "v"}, {"k": "other"}], 20):
        await full.write(work(creation(n, labels=labels)))
    assert await full.execution_ids(ExecutionFilter(q=text, start=creation(20).execution.head.created), 9) == [
        id_of(22),
        id_of(21),
        id_of(20),
    ]


async def test_many_labels_are_one_list(full: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """As if each were one; of too many, each execution is looked at."""
    found = await full.execution_ids(ExecutionFilter(q="a:b"), 99)
    assert found == [id_of(n) for n in range(8, 0, -1)]
    for name, value in (("MANY", 3), ("FEW", 4)):
        monkeypatch.setattr(conditions, name, value)
        assert await full.execution_ids(ExecutionFilter(q="a:b"), 99) == found
