"""What a record counts for on its topic; purges are tested in test_store_purge.py, for every store."""

import msgspec

from onbeat.stores.memory_housekeeping import bytes_of
from tests.stores.build import record


def test_a_record_counts_for_its_json():
    """A larger value counts for more, by what it has more."""
    small, large = record("1", data=""), record("1", data="x" * 100)
    assert bytes_of(small) == len(msgspec.json.encode(small))
    assert bytes_of(large) - bytes_of(small) == 100
