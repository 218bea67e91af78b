"""The ledger knows a redelivery, and nothing else."""

import json

from hypothesis import given
from hypothesis import strategies as st

from onbeat.plugins.mqtt.ledger import SETTLE, Ledger

WINDOW = 4


def ledger(text: str | None = None, now: float = 0.0) -> Ledger:
    """A ledger as an earlier process left it."""
    return Ledger(text, WINDOW, now)


def test_a_redelivery_after_a_crash_is_known_by_its_first_key() -> None:
    """Packet id, topic and payload agree: it is the delivery that was stored."""
    before = ledger()
    before.add(7, "a", b"x", "key")
    assert ledger(before.text()).known(7, "a", b"x") == "key"


def test_what_differs_in_anything_is_new() -> None:
    """Another packet id, topic or payload is another message."""
    kept = ledger()
    kept.add(7, "a", b"x", "key")
    assert [kept.known(8, "a", b"x"), kept.known(7, "b", b"x"), kept.known(7, "a", b"y"), kept.known(7, "a\0", b"x")] == [None] * 4


def test_a_packet_id_that_comes_again_replaces_its_row() -> None:
    """A first delivery proves that the broker has the acknowledgement of the one before."""
    kept = ledger()
    kept.add(7, "a", b"x", "first")
    kept.acked(7, 0.0)
    kept.add(7, "a", b"y", "second")
    assert kept.known(7, "a", b"x") is None
    assert kept.known(7, "a", b"y") == "second"
    assert not kept.settle(SETTLE)


def test_a_row_goes_when_its_acknowledgement_has_arrived() -> None:
    """SETTLE seconds after it was sent; one that is not acknowledged stays however long it takes."""
    kept = ledger()
    kept.add(1, "a", b"x", "acked")
    kept.add(2, "a", b"y", "open")
    kept.acked(1, 10.0)
    assert not kept.settle(10.0 + SETTLE - 0.01)
    assert kept.settle(10.0 + SETTLE)
    assert kept.known(1, "a", b"x") is None
    assert kept.known(2, "a", b"y") == "open"


def test_what_an_earlier_process_left_goes_after_connecting() -> None:
    """A redelivery comes at once or never; afterwards the row could only swallow a message."""
    before = ledger()
    before.add(1, "a", b"x", "key")
    after = ledger(before.text(), now=50.0)
    assert not after.settle(50.0 + SETTLE / 2)
    assert after.settle(50.0 + SETTLE)
    assert not after
    assert after.text() is None


def test_a_ledger_without_rows_is_no_text() -> None:
    """So that an idle subscription keeps no row in the store."""
    assert ledger().text() is None


@given(st.lists(st.tuples(st.integers(1, 65_535), st.booleans()), max_size=60))
def test_it_never_holds_more_than_twice_the_window(steps: list[tuple[int, bool]]) -> None:
    """Whatever comes, it is bounded, and the newest delivery is always in it."""
    kept = ledger()
    for mid, acked in steps:
        kept.add(mid, "a", b"x", str(mid))
        assert kept.known(mid, "a", b"x") == str(mid)
        if acked:
            kept.acked(mid, 0.0)
        assert len(json.loads(kept.text() or "{}")) <= 2 * WINDOW
