"""Changes: journal rows."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core import changes as c
from onbeat.core.changes import SCHEMA, AnyChange, from_record, to_record
from onbeat.core.execution import Attempt, Awaited, Block, Head, Phase, Scope, TaskRun, Trigger
from onbeat.core.refs import Kept, Ref
from onbeat.core.states import State
from onbeat.core.values import LARGEST, SMALLEST

NUMBERS = st.integers(SMALLEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
MAPS = st.dictionaries(TEXT, JSON, max_size=3)
WHENS = st.integers(0, 2**53)
HEADS = st.builds(
    Head,
    id=TEXT,
    namespace=TEXT,
    flow=TEXT,
    revision=st.integers(0, 99),
    created=WHENS,
    inputs=MAPS,
    labels=st.dictionaries(TEXT, TEXT, max_size=2),
    variables=MAPS,
    trigger=st.none() | st.builds(Trigger, id=TEXT, type=TEXT, variables=MAPS),
    correlation_id=TEXT,
    parent=st.none() | TEXT,
    scheduled=st.none() | WHENS,
    scope=st.none()
    | st.builds(
        Scope, task=TEXT, origin=TEXT, item=MAPS, outputs=MAPS, tasks=MAPS, kept=st.just(()) | st.just((Kept(("a", "b"), Ref("u", 1)),))
    ),
    returns=st.none() | MAPS,
    attempt=st.integers(1, 3),
    failed=st.none() | TEXT,
    replay_of=st.none() | TEXT,
)
AWAITED = st.builds(Awaited, topic=TEXT, since=WHENS, key=st.none() | TEXT, conditional=st.booleans())
HISTORIES = st.lists(st.tuples(st.sampled_from(State), WHENS), min_size=1, max_size=2).map(tuple)
RUNS = st.builds(
    TaskRun,
    n=st.integers(1, 9),
    task=TEXT,
    parent=st.integers(0, 9),
    phase=st.sampled_from(Phase),
    lane=st.integers(0, 9),
    step=st.integers(0, 9),
    state=st.sampled_from(State),
    history=HISTORIES,
    value=st.none() | TEXT,
    path=st.lists(TEXT, max_size=2).map(tuple),
    attempts=st.lists(st.builds(Attempt, state=st.sampled_from(State), start=WHENS, end=st.none() | WHENS), max_size=2).map(tuple),
    outputs=st.none() | MAPS,
    answers=MAPS,
    awaits=st.none() | AWAITED,
)
BLOCKS = st.builds(
    Block,
    phase=st.sampled_from(Phase),
    lanes=st.integers(0, 9),
    seen=st.frozensets(st.sampled_from(State), max_size=1),  # of several the order in bytes is any
    choice=st.none() | TEXT,
    values=st.lists(JSON, max_size=3).map(tuple),
    marks=st.lists(st.integers(0, 9), max_size=2).map(tuple),
)
KINDS: tuple[type, ...] = AnyChange.__args__


def of_kind(kind: type) -> st.SearchStrategy[AnyChange]:
    """A change of that kind with any facts."""
    given = {
        "at": WHENS,
        "head": HEADS,
        "child": HEADS,
        "outputs": st.none() | MAPS,
        "labels": st.dictionaries(TEXT, TEXT, max_size=2),
        "values": st.lists(JSON, max_size=3).map(tuple),
        "seen": st.lists(st.sampled_from(State), max_size=3).map(tuple),
        "before": st.sampled_from(State),
        "after": st.sampled_from(State),
        "state": st.sampled_from(State),
        "phase": st.sampled_from(Phase),
        "wake": st.none() | WHENS,
        "ask": TEXT,
        "task": TEXT,
        "error": st.none() | TEXT,
        "failed_task": st.none() | TEXT,
        "choice": st.none() | TEXT,
        "variables": MAPS,
        "by": TEXT,
        "paused": st.booleans(),
        "history": HISTORIES,
        "runs": st.lists(RUNS, max_size=2).map(tuple),
        "blocks": st.dictionaries(st.integers(0, 9), BLOCKS, max_size=2),
        "awaited": AWAITED,
        "ready": st.lists(st.integers(0, 9), max_size=2).map(tuple),
        "queue": st.none() | st.lists(st.integers(0, 9), max_size=2).map(tuple),
        "failed": st.booleans(),
    }
    if kind in (c.ChildMoved, c.ChildOver, c.ChildReplaced, c.ChildRestarted):
        given |= {"child": TEXT}
    if kind is c.Answered:
        given |= {"value": JSON}
    elif kind is c.RunCreated:
        given |= {"value": st.none() | TEXT}
    return st.builds(kind, **{name: given[name] for name in kind.__struct_fields__ if name in given})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_row_written_and_read_again_is_equal(kind: type):
    """Whatever JSON it bears: what memory holds equals what a reload gives."""

    @given(change=of_kind(kind))
    def holds(change: AnyChange) -> None:
        again = from_record(to_record(change))
        assert again == change
        assert type(again) is type(change)
        assert to_record(again) == to_record(change)

    holds()


def test_a_row_says_what_it_is_and_no_more_than_it_must():
    """Defaults are left out; the tag is the row's type."""
    change = c.RunMoved(at=5, n=1, state=State.RUNNING, attempt=1)

    assert msgspec.json.decode(to_record(change)) == {"type": "run_moved", "at": 5, "n": 1, "state": "RUNNING", "attempt": 1}


def test_every_kind_has_its_own_tag():
    """A row is never read as another kind."""
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) == len(c.Change.__subclasses__())


def test_a_row_of_an_unknown_schema_is_refused():
    """A newer onbeat's rows are not guessed at."""
    row = to_record(c.LaneEnded(at=1, n=0))
    assert from_record(row, SCHEMA) == c.LaneEnded(at=1, n=0)
    with pytest.raises(ValueError, match=f"schema 99, this onbeat reads {SCHEMA}"):
        from_record(row, 99)


@pytest.mark.parametrize("row", [b"{}", b"[]", b'{"type":"nothing"}', b'{"type":"lane_ended"}', "x"])
def test_what_is_no_row_is_refused(row: bytes | str):
    """It is not taken for something else."""
    with pytest.raises(msgspec.DecodeError):
        from_record(row)
