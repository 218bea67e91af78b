"""The ledger knows a redelivery, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from onbeat.plugins.mqtt.ledger import SETTLE, Ledger

SLOTS = 8
SECOND = 1_000_000


class Kept:
    """What a store has of a ledger."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def take(self, ledger: Ledger) -> int:
        """Store the changes; how many there were."""
        changes = ledger.changes()
        for slot, value in changes.items():
            if value is None:
                self.rows.pop(slot, None)
            else:
                self.rows[slot] = value
        return len(changes)

    def ledger(self, now: float = 0.0) -> Ledger:
        """A ledger as the next process finds it."""
        return Ledger(self.rows, SLOTS, now)


def test_a_redelivery_after_a_crash_is_known_by_its_first_key() -> None:
    """Packet id, topic and payload agree: it is the delivery that was stored."""
    kept = Kept()
    before = kept.ledger()
    before.add(7, "a", b"x", "key", 0)
    kept.take(before)
    assert kept.ledger().known(7, "a", b"x") == "key"


def test_what_differs_in_anything_is_new() -> None:
    """Another packet id, topic or payload is another message."""
    ledger = Kept().ledger()
    ledger.add(7, "a", b"x", "key", 0)
    assert [ledger.known(8, "a", b"x"), ledger.known(7, "b", b"x"), ledger.known(7, "a", b"y"), ledger.known(7, "a\0", b"x")] == [None] * 4


def test_a_packet_id_that_comes_again_replaces_its_row() -> None:
    """A first delivery proves that the broker has the acknowledgement of the one before."""
    kept = Kept()
    ledger = kept.ledger()
    ledger.add(7, "a", b"x", "first", 0)
    kept.take(ledger)
    ledger.acked(7, 0.0)
    ledger.add(7, "a", b"y", "second", 1)
    kept.take(ledger)
    for one in (ledger, kept.ledger()):
        assert one.known(7, "a", b"x") is None
        assert one.known(7, "a", b"y") == "second"
    assert not ledger.settle(SETTLE)
    assert len(kept.rows) == 1


def test_a_row_goes_when_its_acknowledgement_has_arrived() -> None:
    """SETTLE seconds after it was sent; one that is not acknowledged stays however long it takes."""
    kept = Kept()
    ledger = kept.ledger()
    ledger.add(1, "a", b"x", "acked", 0)
    ledger.add(2, "a", b"y", "open", 0)
    kept.take(ledger)
    ledger.acked(1, 10.0)
    assert not ledger.settle(10.0 + SETTLE - 0.01)
    assert ledger.settle(10.0 + SETTLE)
    kept.take(ledger)
    assert ledger.known(1, "a", b"x") is None
    assert kept.ledger().known(2, "a", b"y") == "open"
    assert len(kept.rows) == 1


def test_what_an_earlier_process_left_goes_after_connecting() -> None:
    """A redelivery comes at once or never; afterwards the row could only swallow a message."""
    kept = Kept()
    before = kept.ledger()
    before.add(1, "a", b"x", "key", 0)
    kept.take(before)
    after = kept.ledger(now=50.0)
    assert not after.settle(50.0 + SETTLE / 2)
    assert after.settle(50.0 + SETTLE)
    assert not after
    kept.take(after)
    assert kept.rows == {}


def test_only_its_last_moments_count() -> None:
    """In steady traffic rows are only overwritten: of those left, the old ones were acknowledged long before the end."""
    kept = Kept()
    before = kept.ledger()
    before.add(1, "a", b"x", "old", 0)
    before.add(2, "a", b"y", "new", int(SETTLE * SECOND) + 1)
    kept.take(before)
    after = kept.ledger()
    assert after.known(1, "a", b"x") is None
    assert after.known(2, "a", b"y") == "new"
    kept.take(after)
    assert len(kept.rows) == 1


def test_a_redelivery_makes_its_row_young_again() -> None:
    """Its acknowledgement can be lost a second time, long after the message was stored."""
    kept = Kept()
    before = kept.ledger()
    before.add(1, "a", b"x", "key", 0)
    kept.take(before)
    again = kept.ledger()
    again.add(1, "a", b"x", again.known(1, "a", b"x") or "", 60 * SECOND)
    again.add(2, "a", b"y", "new", 60 * SECOND)
    kept.take(again)
    assert kept.ledger().known(1, "a", b"x") == "key"


def test_a_forgotten_session_leaves_no_row() -> None:
    """Packet ids begin anew: what is known could only be wrong."""
    kept = Kept()
    ledger = kept.ledger()
    ledger.add(1, "a", b"x", "key", 0)
    kept.take(ledger)
    ledger.forget()
    kept.take(ledger)
    assert not ledger
    assert kept.rows == {}


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.booleans()), max_size=80))
def test_a_message_costs_one_row_and_nothing_grows(steps: list[tuple[int, bool, bool]]) -> None:
    """Whatever comes: one row written for each message and at most one removed, no more rows than slots, what is stored is
    what is known, and the newest delivery is always known."""
    kept = Kept()
    ledger = kept.ledger()
    for number, (mid, acked, restarts) in enumerate(steps):
        ledger.add(mid, "a", b"x", str(number), number)
        assert kept.take(ledger) <= 2
        if acked:
            ledger.acked(mid, 0.0)
        if restarts:
            ledger = kept.ledger()
        assert ledger.known(mid, "a", b"x") == str(number)
        assert len(kept.rows) <= SLOTS
        again = kept.ledger()
        assert [again.known(each, "a", b"x") for each in range(13)] == [ledger.known(each, "a", b"x") for each in range(13)]
