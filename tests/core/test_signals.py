"""Signals: inbox rows."""

import msgspec
import pytest

from onbeat.core import signals as s
from onbeat.core.signals import DURABLE, AnySignal, from_record, to_record
from onbeat.core.states import State

KINDS: tuple[type, ...] = AnySignal.__args__
EACH = [
    s.Begin(),
    s.Recover(),
    s.Dispatched(3),
    s.TaskEnded(3, 1, State.FAILED, outputs={"x": [1, 2.5, None]}, error="é", retry=False),
    s.TaskEnded(3, 1, State.SUCCESS, facts=s.Facts(labels={"a": "b"}, variables={"c": [1]}, unset=("d",), missing=True, exit=State.KILLED)),
    s.TimerFired(0, 5),
    s.Evaluated(3, "when", {"a": True}),
    s.ChildChosen(3, 1, "ns", "flow", 7, inputs={"a": 1}, labels={"b": "c"}, wait=False),
    s.ChildrenChosen(3, "@children 0", (s.Chosen("ns", "flow", 7, inputs={"a": 1}, labels={"b": "c"}),)),
    s.ChildEnded(3, "child", State.SUCCESS, outputs={}),
    s.ChildEnded(3, "child", State.RETRIED, successor="another"),
    s.ChildPaused(3, "child", False),
    s.EventArrived(3, {"id": "e", "data": {"x": None}}),
    s.SlotGranted(),
    s.SlotQueued(),
    s.SlotRefused(State.CANCELLED),
    s.Kill(),
    s.Pause(),
    s.Resume({"x": 1}, by="ada", decision="DENIED", comment="no"),
    s.Restart(),
    s.SetState(State.FAILED, 3),
    s.SetLabels({"a": "b"}),
]


def test_each_kind_is_here():
    """A new signal is added to these tests too, and has a tag of its own."""
    assert {type(signal) for signal in EACH} == set(KINDS)
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) == len(s.Signal.__subclasses__())


@pytest.mark.parametrize("signal", EACH, ids=lambda signal: type(signal).__name__)
def test_a_row_written_and_read_again_is_equal(signal: AnySignal):
    """What waits in the inbox is what was told."""
    assert from_record(to_record(signal)) == signal


def test_what_nobody_would_repeat_is_durable():
    """What people and other executions say; what the engine itself does is repeated by recovery."""
    repeated = {s.Begin, s.Recover, s.Dispatched, s.TaskEnded, s.TimerFired, s.Evaluated, s.ChildChosen, s.ChildrenChosen}
    assert set(KINDS) - set(DURABLE) == repeated


@pytest.mark.parametrize("row", [b"{}", b'{"type":"nothing"}', b'{"type":"task_ended"}', "["])
def test_what_is_no_row_is_refused(row: bytes | str):
    """It is not taken for something else."""
    with pytest.raises(msgspec.DecodeError):
        from_record(row)
