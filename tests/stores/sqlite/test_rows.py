"""Many rows in one statement: all of them, as they were."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from onbeat.stores.sqlite.rows import LARGEST, Rows, sizes

INSERT = Rows(2, "insert into t (n, text) values")
FIND = Rows(1, "select json_group_array(json_array(t.n, t.text)) from (values", ") as v cross join t on t.text = v.column1")


@given(st.integers(0, 3000))
def test_sizes_add_up_and_are_few(count: int):
    """Every row is in one statement; a few dozen sizes exist, so that statements stay prepared."""
    found = list(sizes(count))
    assert sum(found) == count
    assert len(found) <= count // LARGEST + 3
    assert all(size in (LARGEST, *range(32, LARGEST, 32), 8, 16, 24, *range(1, 8)) for size in found)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"))))
def test_text_is_written_and_found_as_it_is(texts: list[str]):
    """NUL, quotes and anything else; any number of rows."""
    db = sqlite3.connect(":memory:")
    db.execute("create table t (n integer primary key, text text)")
    INSERT.write(db, list(enumerate(texts)))
    assert db.execute("select n, text from t order by n").fetchall() == list(enumerate(texts))
    wanted = set(texts[::2])
    found = sorted(FIND.read(db, [(text,) for text in sorted(wanted)]))
    assert found == [[n, text] for n, text in enumerate(texts) if text in wanted]
    db.close()


def test_no_rows_are_no_statement():
    """Nothing is prepared or run for nothing."""
    db = sqlite3.connect(":memory:")
    INSERT.write(db, [])
    assert FIND.read(db, []) == []
    db.close()
