"""Keys of requests."""

from onbeat.client.keys import new_key


def test_keys_differ_and_sort_by_their_time():
    """What begins them grows."""
    keys = [new_key() for _ in range(1_000)]
    assert len(set(keys)) == 1_000
    assert [key[:12] for key in keys] == sorted(key[:12] for key in keys)
    assert {len(key) for key in keys} == {32}
