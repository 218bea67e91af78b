"""The line of an execution in a list; the lists are tested in test_store_facts.py, for every store."""

from onbeat.core.execution import Trigger
from onbeat.core.states import State
from onbeat.ports import ExecutionSummary
from onbeat.stores.memory_queries import summary
from tests.stores.build import AT, creation, end, id_of


def test_the_line_of_an_execution():
    """From its head what never changes, from itself what does; the end only when it has ended."""
    new = creation(2, parent=id_of(1), labels={"a": "b"}, trigger=Trigger(id="orders", type="x"))
    line = ExecutionSummary(
        id=id_of(2),
        namespace="shop",
        flow="pay",
        revision=1,
        state=State.CREATED,
        created=AT + 2_000_000,
        trigger="orders",
        labels={"a": "b"},
        parent=id_of(1),
        correlation_id=id_of(2),
    )
    assert summary(new.execution) == line
    ended = summary(end(creation(2).execution).execution)
    assert (ended.state, ended.ended, ended.trigger) == (State.SUCCESS, AT + 4_000_000, None)
