"""A snapshot gives back the execution it was made of, and is only a shortcut."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from msgspec.structs import replace

from onbeat.core.changes import (
    AnyChange,
    ChildMoved,
    ChildOver,
    ChildStarted,
    EventAwaited,
    Judged,
    Moved,
    Opened,
    RunCreated,
    RunMoved,
)
from onbeat.core.evolve import fold
from onbeat.core.execution import Awaited, Execution, Scope, Trigger
from onbeat.core.refs import REF_KEY, Kept, Ref, mark
from onbeat.core.states import State
from onbeat.stores import snapshot
from tests.stores.build import AT, creation, end, move, task

names = st.text().filter(lambda name: name != REF_KEY)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
kept = st.builds(Ref, st.text(), st.integers(0, 2**40)).map(mark)
"""What stands in a row for a value that is kept in storage."""
KEPT = Kept(("a", "b"), Ref("kestra:///x", 9))


@st.composite
def executions(draw: st.DrawFn) -> Execution:
    """A running execution: loops in loops, outputs of any JSON, ends of any kind."""
    values = st.dictionaries(names, json | kept, max_size=3)
    trigger = Trigger(id="t", type="x", variables=draw(values))
    new = creation(1, inputs=draw(values), labels={"a": draw(st.text())}, variables=draw(values), trigger=trigger)
    changes: list[AnyChange] = [Moved(at=AT, before=State.CREATED, after=State.RUNNING, sequence=2), Opened(at=AT, n=0, lanes=2)]
    opened = [0]
    for n in range(1, draw(st.integers(1, 12))):
        value = draw(st.none() | st.text(min_size=1))
        changes.append(
            RunCreated(at=AT, n=n, task=draw(st.sampled_from("abc")), parent=draw(st.sampled_from(opened)), lane=n % 3, value=value)
        )
        changes.append(RunMoved(at=AT, n=n, state=State.RUNNING, attempt=1))
        after = draw(st.sampled_from(["open", State.SUCCESS, State.FAILED, State.PAUSED, State.RETRYING, None]))
        if after == "open":
            changes.append(Opened(at=AT, n=n, lanes=3, values=tuple(draw(st.lists(json, max_size=3))), outputs=draw(st.none() | values)))
            opened.append(n)
        elif isinstance(after, State):
            outputs, error = draw(st.none() | values), draw(st.none() | st.text())
            changes.append(RunMoved(at=AT + n, n=n, state=after, outputs=outputs, error=error, wake=draw(st.none() | st.just(AT))))
    return fold(changes, new.execution)


@given(executions())
def test_what_is_read_equals_what_was_written(execution: Execution):
    """Every field, with its type: maps are persistent maps again, tuples are tuples."""
    again = snapshot.from_record(snapshot.to_record(execution), snapshot.FORMAT)
    assert again == execution
    assert again is not None
    assert isinstance(again.context, Map)
    assert all(type(run) is type(execution.runs[n]) for n, run in again.runs.items())


@given(executions())
def test_an_execution_goes_on_from_its_snapshot(execution: Execution):
    """What is evolved from it is what is evolved from the original."""
    again = snapshot.from_record(snapshot.to_record(execution), snapshot.FORMAT)
    assert again is not None
    n = execution.last + 1
    assert task(again, n).execution == task(execution, n).execution


def test_a_reference_to_a_kept_value_is_one_again():
    """Read as the map that looks like it, an expression would see an address instead of the value."""
    run = task(move(creation().execution, State.RUNNING).execution, 1).execution
    large = {"rows": mark(Ref("kestra:///x", 70_000)), "n": 1}
    moved = RunMoved(at=AT, n=2, state=State.RUNNING, attempt=1, outputs=large)
    execution = fold((RunCreated(at=AT, n=2, task="b", parent=0), moved), run)
    assert execution.context["b"] == {"rows": Ref("kestra:///x", 70_000), "n": 1}
    again = snapshot.from_record(snapshot.to_record(execution), snapshot.FORMAT)
    assert again == execution
    assert again is not None
    assert again.runs[2].outputs == large
    assert type(again.context["b"]["rows"]) is Ref


def test_a_snapshot_of_another_shape_is_none():
    """Written by another onbeat: the journal is folded instead."""
    assert snapshot.from_record(b"anything", "another shape") is None


def test_only_values_and_maps_are_written():
    """Something else in an execution is a bug, and found when it is written."""
    with pytest.raises(TypeError, match="object in an execution"):
        snapshot.to_record(replace(creation().execution, outputs={"a": object()}))


def test_a_snapshot_is_due_when_the_journal_has_grown():
    """Past 64 rows or the number of task runs since the last; never for what has ended."""
    execution = move(creation().execution, State.RUNNING).execution
    for n in range(1, 200):
        execution = task(execution, n).execution
        assert snapshot.is_due(execution, execution.version - 64) is False
        assert snapshot.is_due(execution, execution.version - 65) is (n < 65)
        assert snapshot.is_due(execution, execution.version - n - 1) is (n >= 64)
    assert not snapshot.is_due(end(creation().execution).execution, -1000)


def test_a_long_execution_has_one_at_its_end():
    """It is opened more often than it is restarted; not when the last one is of a moment ago."""
    (run,) = task(creation().execution, 1).execution.runs.values()
    runs = dict.fromkeys(range(1, snapshot.LONG + 2), run)
    ended = replace(end(creation().execution).execution, runs=Map(runs), version=5_000)
    assert snapshot.is_due(ended, 5_000 - snapshot.SHORT - 1)
    assert not snapshot.is_due(ended, 5_000 - snapshot.SHORT)
    assert not snapshot.is_due(replace(ended, runs=Map(list(runs.items())[:-1])), 0)


def structs(kind: Any, found: set[type]) -> set[type]:
    """All structs that a type is made of."""
    for inner in get_args(kind):
        structs(inner, found)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
        found.add(kind)
        for hint in get_type_hints(kind).values():
            structs(hint, found)
    return found


def test_the_shape_is_that_of_all_it_is_made_of():
    """A field more in any part of an execution makes older snapshots be left alone; a Ref is put in by the engine."""
    assert structs(Execution, set()) | {Ref} == set(snapshot._KINDS)


def test_loops_that_are_executions_a_dag_and_a_wait():
    """What has maps inside of a block is read as it was."""
    new = creation(1)
    child = msgspec.structs.replace(new.execution.head, id="child", scope=Scope(task="t", origin="o", item={"value": 1}, kept=(KEPT,)))
    changes: list[AnyChange] = [
        Moved(at=AT, before=State.CREATED, after=State.RUNNING, sequence=2),
        Opened(at=AT, n=0),
        RunCreated(at=AT, n=1, task="loop", parent=0),
        RunMoved(at=AT, n=1, state=State.RUNNING),
        Opened(at=AT, n=1, lanes=3, values=("a", "b", "c"), fan=True),
        *(ChildStarted(at=AT, n=1, child=replace(child, id=id_), lane=lane) for lane, id_ in enumerate("abc")),
        ChildMoved(at=AT, n=1, child="a", paused=True),
        ChildOver(at=AT, n=1, child="b", state=State.FAILED, failed=True),
        ChildOver(at=AT, n=1, child="c", state=State.SUCCESS, outputs={"x": [1]}),
        RunCreated(at=AT, n=2, task="dag", parent=0, lane=1),
        RunMoved(at=AT, n=2, state=State.RUNNING),
        Opened(at=AT, n=2, lanes=2, ready=(1, 0)),
        RunCreated(at=AT, n=3, task="wait", parent=2, lane=1, begins=True),
        RunMoved(at=AT, n=3, state=State.RUNNING, attempt=1),
        EventAwaited(at=AT, n=3, awaited=Awaited("topic", AT, "key")),
        Judged(at=AT, state=State.FAILED, outputs={"y": 2}),
    ]
    execution = replace(fold(changes, new.execution), head=child)
    again = snapshot.from_record(snapshot.to_record(execution), snapshot.FORMAT)
    assert again == execution
    assert again is not None
    assert all(type(block.fan) is type(execution.blocks[n].fan) for n, block in again.blocks.items())


def test_a_loop_of_thousands_is_not_written_again_for_each_few_rows():
    """What it holds counts: values, and what its iterations gave back."""
    new = creation(1)
    wide = fold(
        [
            Moved(at=AT, before=State.CREATED, after=State.RUNNING, sequence=2),
            Opened(at=AT, n=0),
            RunCreated(at=AT, n=1, task="loop", parent=0),
            RunMoved(at=AT, n=1, state=State.RUNNING),
            Opened(at=AT, n=1, lanes=500, values=tuple(range(500)), fan=True),
        ],
        new.execution,
    )
    assert not snapshot.is_due(replace(wide, version=500), 0)
    assert snapshot.is_due(replace(wide, version=502), 0)
