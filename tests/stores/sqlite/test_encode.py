"""What a work's rows are made of, before they are written."""

import json

import pytest
from msgspec.structs import replace

from onbeat.core.changes import Labelled
from onbeat.core.states import State
from onbeat.stores import snapshot
from onbeat.stores.sqlite.encode import encode
from tests.stores.build import AT, append, creation, end, key, move, record, task, work


def test_a_version_is_the_number_of_journal_rows():
    """An execution that its changes cannot have made is a bug of the caller: refused before anything is written."""
    new, run = creation(), move(creation().execution, State.RUNNING)
    with pytest.raises(ValueError, match="at version 1 with 0 changes"):
        encode(work(replace(new, changes=())), {})
    with pytest.raises(ValueError, match="1 changes lead from 5 to 2"):
        encode(work(replace(run, expected=5)), {})


def test_what_cannot_be_encoded_fails_its_own_caller():
    """It raises here, in the caller's task, and takes no place in a transaction."""
    with pytest.raises(TypeError, match="object"):
        encode(work(records=(record("1", data=object()),)), {})


def test_a_step_says_whether_indexes_change():
    """State and labels are in indexes and lists; what task runs do is not."""
    execution = move(creation().execution, State.RUNNING).execution
    for part, moved in [
        (task(execution, 1), False),
        (append(execution), False),
        (append(execution, Labelled(at=AT, labels={})), True),
        (move(execution, State.PAUSED), True),
    ]:
        assert encode(work(part), {}).steps[0].moved is moved


def test_the_end_is_when_it_ended():
    """From the history, and only for an execution that has ended."""
    assert encode(work(end(creation(1).execution)), {}).steps[0].ended == AT + 3_000_000
    assert encode(work(move(creation(1).execution, State.RUNNING)), {}).steps[0].ended is None


def test_a_snapshot_goes_along_when_one_is_due():
    """Counted from the last one."""
    execution = move(creation().execution, State.RUNNING).execution
    for n in range(1, 30):
        execution = task(execution, n).execution
    step = task(execution, 30)
    text = encode(work(step), {}).steps[0].snapshot
    assert text is not None
    assert snapshot.from_record(text, snapshot.FORMAT) == step.execution
    assert encode(work(step), {step.execution.id: execution.version}).steps[0].snapshot is None


def test_a_keys_row_is_in_the_order_of_its_index():
    """Key first: what an event started is found without its trigger."""
    assert encode(work(creation(key=key("k", trigger="t", flow="n.f"))), {}).creations[0].key == ("k", "t", "n.f")


def test_a_records_size_is_that_of_its_text():
    """In bytes, as it is kept."""
    (row,) = encode(work(records=(record("1", data="größer"),)), {}).records
    assert row.size == len(row.text.encode())
    assert json.loads(row.text)["data"] == "größer"
