"""Flows are tried from Python; in pytest it is the fixture `onbeat` (tests/cli/test_pytest_plugin.py)."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from onbeat.daemon import running
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused, UserError
from onbeat.settings import Settings
from onbeat.testing.mocks import Mock
from onbeat.testing.session import Session

FLOW = """
id: order
namespace: shop
inputs: [{id: total, type: INT}]
tasks:
  - id: charge
    type: core.http.Request
    uri: http://pay/{{ inputs.total }}/{{ secret('KEY') }}/{{ kv('rate') }}
    retry: {type: constant, interval: PT1H, maxAttempts: 2}
  - id: wait
    type: core.flow.Pause
    when: "{{ inputs.total > 100 }}"
    timeout: P1D
triggers:
  - {id: on_order, type: core.trigger.Event, topic: orders, inputs: {total: "{{ trigger.data.total }}"}}
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """With a flow, a secret and a value."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "order.yaml").write_text(FLOW)
    made = Session(running, Settings(), [tmp_path])
    made.given(secrets={"KEY": "k-1"}, kv={"rate": 2}, clock="2030-01-01T00:00:00Z")
    yield made
    made.close()


def test_a_flow_is_run(session: Session):
    """To its end, whatever its own time."""
    run = session.run("order.yaml", {"total": 1}, mocks={"charge": Mock(attempts=(Mock(error="down"), Mock(outputs={"code": 200})))})
    assert (run.state, run.took, run.task("charge").attempts) == ("SUCCESS", timedelta(hours=1), 2)
    assert run.task("charge").outputs == {"code": 200}
    assert run.task("charge").options == {"uri": "http://pay/1/k-1/2"}
    assert (run.flow, run.namespace, run.inputs, run.waits, run.error) == ("order", "shop", {"total": 1}, (), None)
    assert run.states == ["CREATED", "RUNNING", "SUCCESS"]
    assert [one.id for one in session.runs] == [run.id]


def test_mocks_hold_until_they_are_replaced(session: Session):
    """Rule 2."""
    assert session.run("order.yaml", {"total": 1}, mocks={"charge": {"code": 1}}).task("charge").outputs == {"code": 1}
    assert session.run("shop.order", {"total": 1}).task("charge").outputs == {"code": 1}
    assert session.run("order.yaml", {"total": 1}, mocks={"charge": {"code": 2}}).task("charge").outputs == {"code": 2}


def test_what_waits_is_resumed_killed_or_late(session: Session):
    """Rule 1: a call returns when somebody is asked."""
    first = session.run("order.yaml", {"total": 200}, mocks={"charge": {}})
    assert (first.state, len(first.waits)) == ("PAUSED", 1)
    assert first.resume().state == "SUCCESS"
    assert session.run("order.yaml", {"total": 200}).kill().state == "KILLED"
    third = session.run("order.yaml", {"total": 200})
    session.advance("PT23H")
    assert third.now().state == "PAUSED"
    session.advance(timedelta(hours=1))
    assert third.now().state == "FAILED"
    assert session.run("order.yaml", {"total": 200}, until="PT1H").took == timedelta(hours=1)


def test_an_event_starts_what_listens(session: Session):
    """Without a word about flows, all that are there."""
    session.serve(mocks={"charge": {}})
    (run,) = session.publish("orders", {"total": 5}, id="one")
    assert (run.state, run.inputs) == ("SUCCESS", {"total": 5})
    assert [one.id for one in session.publish("orders", {"total": 5}, id="one")] == [run.id]
    assert session.publish("nothing") == []
    assert [one.state for one in session.send(flow="shop.order", inputs={"total": 7})] == ["SUCCESS"]


def test_what_is_wrong_is_raised(session: Session):
    """Where it was called."""
    with pytest.raises(UserError, match=r"task `charge` .* reaches outside"):
        session.run("order.yaml", {"total": 1})
    with pytest.raises(UserError, match="total"):
        session.run("order.yaml", {"total": "many"})
    with pytest.raises(NotFound, match=r"there is no file gone\.yaml"):
        session.run("gone.yaml")
    with pytest.raises(UserError, match="the mock `chrge` stands for nothing"):
        session.run("order.yaml", {"total": 1}, mocks={"chrge": {}})
    with pytest.raises(Refused, match="before the first flow"):
        session.given(kv={"rate": 3})


def test_nothing_is_started_before_it_is_used(tmp_path: Path):
    """Rule 3: and it is ended, also twice, also when it could not begin."""
    before = threading.active_count()
    unused = Session(running, Settings(), [tmp_path])
    assert threading.active_count() == before
    unused.close()

    @asynccontextmanager
    async def failing(*given: object, **more: object) -> AsyncIterator[Node]:
        raise UserError("no node today")
        yield

    broken = Session(failing, Settings(), [tmp_path])
    with pytest.raises(UserError, match="no node today"):
        broken.publish("a")
    broken.close()
    broken.close()
    assert threading.active_count() == before
