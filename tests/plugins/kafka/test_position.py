"""What is stored of a partition, and when it still speaks of the topic that is there."""

import pytest

from onbeat.plugins.kafka.cluster import Metadata, Topic
from onbeat.plugins.kafka.position import Cursor, Spot, fingerprint, is_same, remember, succeed
from onbeat.ports import SourceContext
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, LoopClock

ID, OTHER = "a" * 32, "b" * 32


def topic(incarnation: str | None) -> Topic:
    """A topic as the cluster tells it."""
    return Topic("t", (0,), incarnation)


@pytest.mark.parametrize(
    ("stored", "now", "same"),
    [
        (ID, ID, True),
        (ID, OTHER, False),
        (f"{ID}+2", ID, True),
        ("1", None, True),
        ("1", ID, True),
        (ID, None, True),
    ],
)
def test_the_stored_incarnation_is_the_topic_s_as_far_as_one_can_tell(stored, now, same):
    """Rule 4: another id is another topic; a cluster that learned to give ids, or gives none, has not made it again."""
    assert is_same(Spot(1, "c", stored), Metadata("c", {}), topic(now)) is same


def test_another_cluster_is_another_topic():
    """Rule 4: the same address may lead to a new cluster; offsets mean nothing there."""
    assert not is_same(Spot(1, "c", ID), Metadata("other", {}), topic(ID))


@pytest.mark.parametrize(
    ("old", "now", "new"),
    [(ID, OTHER, OTHER), ("1", None, "2"), ("9", None, "10"), (ID, ID, f"{ID}+1"), (f"{ID}+1", ID, f"{ID}+2"), ("1", OTHER, OTHER)],
)
def test_the_next_incarnation_was_never_used(old, now, new):
    """Rule 4: the new id; without one, or when the id is the same though the log is not, a count."""
    assert succeed(Spot(5, "c", old), topic(now)) == new != old


def test_fingerprints_tell_records_apart():
    """Rule 5: by key, value and time; nothing is not the empty text, and no byte can move from one field to the other."""
    records = [(None, b"v", 1), (b"", b"v", 1), (b"k", b"v", 1), (b"kv", b"", 1), (b"", b"kv", 1), (b"k", None, 1), (b"k", b"v", 2)]
    assert len({fingerprint(*record) for record in records}) == len(records)
    assert fingerprint(b"k", b"v", 1) == fingerprint(b"k", b"v", 1)


def test_a_cursor_in_doubt_stores_its_position_not_the_record_before():
    """Rule 5: the look back is not a step back."""
    cursor = Cursor(4, "c", "1", "mark", doubt=True)
    assert cursor.spot == Spot(5, "c", "1", "mark")
    cursor.settle()
    cursor.settle()
    assert (cursor.next, cursor.spot) == (5, Spot(5, "c", "1", "mark"))


async def test_a_fact_that_is_stored_wins():
    """A name given once stays."""
    store = FakeStore()
    context = SourceContext(
        name="s",
        emit=FakeEmitter(store),
        store=store,  # type: ignore[arg-type]  # the two methods that sources use
        clock=LoopClock(),
        log=FakeLog(),
        ready=lambda: None,
        report=lambda _: None,
        wait_room=lambda: None,  # type: ignore[arg-type, return-value]  # nobody waits here
        wait_changed=lambda: None,  # type: ignore[arg-type, return-value]  # nobody waits here
    )
    assert await remember(context, "#instance", "first") == "first"
    assert await remember(context, "#instance", "second") == "first"
