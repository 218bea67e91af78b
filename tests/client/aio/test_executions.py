"""Calls about executions, each by both clients, against a real daemon."""

import secrets
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from onbeat.client import GOOD
from onbeat.client.aio import executions as for_asyncio
from onbeat.client.sync import executions as for_threads
from onbeat.errors import NotFound, Refused, UserError
from tests.client.conftest import collect


async def reach(client: Any, flow: str, state: str) -> str:
    """An execution of the flow that is in the state."""
    started = await client.start("shop", flow)
    async for execution in client.follow(started.id):
        if execution.state == state:
            return execution.id
    raise AssertionError(f"{flow} did not become {state}")


async def test_a_start_is_answered_with_the_execution(client: Any):
    """As it was created, with what was said of it."""
    started = await client.start("shop", "greet", {"name": "Ada"}, labels={"team": "blue"}, revision=1)
    assert (started.namespace, started.flow, started.revision, started.state) == ("shop", "greet", 1, "CREATED")
    assert started.inputs == {"name": "Ada"}
    assert started.labels["team"] == "blue"
    assert started.created.tzinfo is not None
    assert started.raw["flowId"] == "greet"


async def test_a_start_can_wait_for_the_end(client: Any):
    """Outputs, task runs and times are there."""
    ended = await client.start("shop", "greet", {"name": "Ada"}, wait=True)
    assert (ended.ok, ended.ended, ended.state) == (True, True, "SUCCESS")
    (run,) = ended.runs_of("hello")
    assert run.outputs == {"value": "Hello, Ada!"}
    assert ended.took == ended.ended_at - ended.created
    assert [moment.state for moment in ended.history] == ["CREATED", "RUNNING", "SUCCESS"]


async def test_a_start_can_be_put_off(client: Any):
    """An instant, or a text."""
    started = await client.start("shop", "greet", {"name": "Ada"}, at=datetime(2100, 1, 1, tzinfo=UTC))
    assert started.raw["scheduleDate"].startswith("2100-01-01T00:00:00")
    await client.kill(started.id)


async def test_files_are_sent_with_the_other_inputs(client: Any, tmp_path: Path):
    """A number beside them stays a number; a file may be larger than a piece."""
    (tmp_path / "text").write_text("x" * 100_000)
    ended = await client.start("shop", "reads", {"n": 1}, files={"file": tmp_path / "text"}, wait=60)
    assert ended.task_runs[0].outputs == {"value": "100000 2"}, ended.error
    assert await client.file(ended.id, ended.inputs["file"]) == b"x" * 100_000
    with pytest.raises(NotFound):
        await client.file(ended.id, ended.inputs["file"] + "x")


async def test_what_is_wrong_is_said_with_the_daemons_words(client: Any):
    """Which flow there is not, which input is wrong."""
    with pytest.raises(NotFound, match=r"shop\.great"):
        await client.start("shop", "great")
    with pytest.raises(UserError, match="name"):
        await client.start("shop", "greet")
    with pytest.raises(NotFound, match="nothing"):
        await client.execution("nothing")
    with pytest.raises(NotFound, match="nothing"):
        await client.wait("nothing", 5)


async def test_waiting_ends_in_time(client: Any):
    """It says how far the execution is; that goes on."""
    started = await client.start("shop", "slow")
    with pytest.raises(TimeoutError, match=f"{started.id} has not ended after 0.5 s: it is RUNNING"):
        await client.wait(started.id, 0.5)
    assert not (await client.execution(started.id)).ended
    await client.kill(started.id)
    assert (await client.wait(started.id, 60)).state == "KILLED"


async def test_following_gives_each_state_until_the_end(client: Any):
    """The last one has ended; none is there twice."""
    started = await client.start("shop", "talks")
    states = await collect(client.follow(started.id))
    assert states[-1].state == "SUCCESS"
    assert [state.ended for state in states[:-1]] == [False] * (len(states) - 1)
    assert [(a, b) for a, b in pairwise(states) if a.raw == b.raw] == []
    assert [run.task for run in states[-1].task_runs] == ["first", "nap", "last"]


async def test_a_restarted_execution_is_followed_to_its_new_end(client: Any):
    """The end of an earlier run is none."""
    failed = await client.start("shop", "fails", wait=60)
    restarted = await client.restart(failed.id)
    ended = await client.wait(restarted.id, 60)
    assert [moment.state for moment in ended.history].count("FAILED") == 2


async def test_a_list_goes_over_all_its_pages(client: Any, monkeypatch: pytest.MonkeyPatch):
    """Newest first, each once; no more than were asked for."""
    for module in (for_asyncio, for_threads):
        monkeypatch.setattr(module, "_PAGE", 2)
    label = {"batch": secrets.token_hex(8)}
    ids = [(await client.start("shop", "greet", {"name": str(n)}, labels=label)).id for n in range(5)]
    assert [each.id for each in await collect(client.executions(labels=label))] == ids[::-1]
    assert [each.id for each in await collect(client.executions(labels=label, limit=3))] == ids[:1:-1]
    assert [each.id for each in await collect(client.executions(labels=label, limit=4))] == ids[:0:-1]
    assert await collect(client.executions(labels=label, limit=0)) == []


async def test_a_list_is_of_what_was_asked_for(client: Any):
    """Every filter reaches the daemon."""
    failed = await client.start("shop", "fails", labels={"team": "red"}, wait=60)
    good = await client.start("shop", "greet", {"name": "Ada"}, wait=60)
    for asked in (
        {"state": "FAILED"},
        {"state": ["FAILED", "KILLED"], "namespace": "shop"},
        {"flow": "fails"},
        {"labels": {"team": "red"}},
        {"text": failed.id},
        {"correlation": failed.id},
        {"since": failed.created, "until": failed.created},
    ):
        found = [each.id async for each in client.executions(**asked)]
        assert failed.id in found, asked
        assert good.id not in found, asked
    assert await collect(client.executions(parent=failed.id)) == []
    assert await collect(client.executions(trigger="nobody")) == []


async def test_logs_are_read_page_by_page(client: Any):
    """All lines in order, or those after one."""
    ended = await client.start("shop", "talks", wait=60)
    lines = await collect(client.logs(ended.id))
    assert [line.message for line in lines] == ["one", "two", "three", "four"]
    assert {(line.execution, line.level, line.attempt) for line in lines} == {(ended.id, "INFO", 0)}
    assert [line.task for line in lines] == ["first"] * 3 + ["last"]
    assert [line.message for line in await collect(client.logs(ended.id, after=lines[2].seq))] == ["four"]


async def test_logs_are_followed_until_the_execution_has_ended(client: Any):
    """Also when it has ended already."""
    started = await client.start("shop", "talks")
    for _ in range(2):
        lines = await collect(client.logs(started.id, follow=True))
        assert [line.message for line in lines] == ["one", "two", "three", "four"]
    assert (await client.execution(started.id)).ended


async def test_an_execution_is_paused_and_goes_on(client: Any):
    """By whoever knows its id; what is not paused cannot go on."""
    id_ = (await client.start("shop", "slow")).id
    assert (await client.pause(id_)).state == "PAUSED"
    assert (await client.resume(id_)).id == id_
    await client.kill(id_)
    ended = await client.wait(id_, 60)
    assert ended.state == "KILLED"
    with pytest.raises((Refused, UserError), match=id_):
        await client.resume(id_)


async def test_answers_are_given_to_what_waits_for_them(client: Any):
    """To a Pause, and to an Approval with a decision."""
    id_ = await reach(client, "asks", "PAUSED")
    await client.resume(id_, {"approved": True})
    assert (await client.wait(id_, 60)).runs_of("wait")[0].outputs["onResume"] == {"approved": True}

    id_ = await reach(client, "decides", "PAUSED")
    await client.review(id_, "DENIED", "not today", {"amount": 7})
    outputs = (await client.wait(id_, 60)).runs_of("decision")[0].outputs
    assert (outputs["decision"], outputs["comment"]) == ("DENIED", "not today")


async def test_what_ended_is_replayed_labelled_and_corrected(client: Any):
    """Replays are executions of their own."""
    first = await client.start("shop", "greet", {"name": "Ada"}, wait=60)
    again = await client.replay(first.id, task_run=first.task_runs[0].id)
    assert again.id != first.id
    assert again.parent == first.id
    assert (await client.wait(again.id, 60)).ok
    assert (await client.set_labels(first.id, {"seen": "yes"})).labels["seen"] == "yes"

    failed = await client.start("shop", "fails", wait=60)
    assert (await client.set_state(failed.id, "WARNING")).state in GOOD
    failed = await client.start("shop", "fails", wait=60)
    await client.set_state(failed.id, "SUCCESS", task_run=failed.task_runs[0].id)
    assert (await client.wait(failed.id, 60)).ok
