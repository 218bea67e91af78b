"""Which executions conditions hold; what they find is tested in test_store_search.py, for every store."""

import sqlite3

import pytest

from onbeat.stores.sqlite.conditions import in_namespaces

DB = sqlite3.connect(":memory:")


@pytest.mark.parametrize(
    ("namespace", "is_in"),
    [("a", True), ("a.b", True), ("a.b.c", True), ("ab", False), ("a-b", False), ("a/b", False), ("", False), ("b", True)],
)
def test_namespaces_below(namespace: str, is_in: bool):
    """A name that only begins the same is another."""
    sql, values = in_namespaces(["a", "b"])
    assert DB.execute(f"select {sql} from (select ? as namespace)", (*values, namespace)).fetchone()[0] == is_in
