"""Identity: ids that sort by time, different each time."""

from onbeat.core.ids import LENGTH
from onbeat.engine.identity import Identity


def test_ids_sort_by_time_and_differ() -> None:
    """Also two of the same instant; a seed gives the same ones again."""
    identity = Identity()
    ids = [identity.new(at * 1000) for at in range(1, 1_000)]
    assert ids == sorted(ids)
    assert len({identity.new(1) for _ in range(1_000)}) == 1_000
    assert {len(each) for each in ids} == {LENGTH}
    assert Identity(seed=1).new(5) == Identity(seed=1).new(5)
    assert Identity(seed=1).bits(8) < 256
