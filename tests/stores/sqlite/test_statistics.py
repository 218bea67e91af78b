"""Where buckets of time begin; counts are tested in test_store_lines.py, for every store."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.ports import Bucket
from onbeat.stores import memory_search
from onbeat.stores.sqlite.statistics import start_of

DB = sqlite3.connect(":memory:")
HOUR = 3_600_000_000


@pytest.mark.parametrize("by", ["minute", "hour", "day", "week", "month"])
@given(st.integers(10**15, 4 * 10**15), st.integers(-14, 14))
def test_a_bucket_begins_where_the_model_says(by: Bucket, at: int, hours: int):
    """At any instant of this century, in any zone."""
    found = DB.execute(f"select {start_of('at', by, hours * HOUR)} from (select ? as at)", (at,)).fetchone()[0]
    assert found == memory_search.start_of(at, by, hours * HOUR)
    assert found <= at
