"""What a subscription tells, and who its client and its messages are."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
import uvloop

from onbeat.core.event import cloud_key
from onbeat.errors import OutsideError, StoreBroken
from onbeat.plugins.mqtt import RealtimeTrigger, subscription
from onbeat.plugins.mqtt.connection import publish_properties
from onbeat.plugins.mqtt.message import CLOUD_EVENT
from onbeat.plugins.mqtt.subscription import derive_client_id
from onbeat.ports import Received, SourceContext, Started, Work
from tests.plugins.mqtt.kit import name, texts, trigger
from tests.plugins.mqtt.outside import CONNACK, fake_broker, send, send_many
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, LoopClock, Run, listen, running
from tests.services.mosquitto import Mosquitto


async def test_qos_2_is_subscribed_as_1_and_said(mosquitto: Mosquitto) -> None:
    """With 2 the library answers before we see the message."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic, qos=2))) as run:
        await send(mosquitto, topic, "a", qos=2)
        await emitter.until(lambda: bool(emitter.received))
    assert emitter.received[0].event is not None
    assert emitter.received[0].event.variables["qos"] == 1
    assert any("qos 2 is subscribed as 1" in line for line in run.log.lines)


async def test_qos_0_comes_without_a_ledger(mosquitto: Mosquitto) -> None:
    """At most once is what it says; it costs no row."""
    topic, store = name(), FakeStore()
    options, emitter = trigger(mosquitto, topic, qos=0), FakeEmitter(store)
    async with running(emitter, listen(options)):
        await send(mosquitto, topic, "a", "b")
        await emitter.until(lambda: len(emitter.received) == 2)
    assert [key for _, key in store.ledgers] == [f"{options.client_id} filters"]


async def test_a_full_engine_is_told_and_nothing_is_acknowledged_meanwhile(mosquitto: Mosquitto) -> None:
    """Overloaded: people see why, the window at the broker closes, and afterwards all is well."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic, receive_maximum=5))) as run:
        emitter.refusals = 1
        run.room.clear()
        await send_many(mosquitto, topic, map(str, range(30)))
        await emitter.until(lambda: emitter.refusals == 0)
        assert "nothing is lost" in (run.reports[-1] or "")
        assert emitter.received == []
        run.room.set()
        await emitter.until(lambda: len(emitter.received) == 31)
        assert run.reports[-1] is None
    assert texts(emitter.received) == [*map(str, range(30)), "last"]


async def test_a_client_id_in_use_twice_is_told(mosquitto: Mosquitto) -> None:
    """Two that take the session from each other would do so for ever, and fast: it is said, and slow."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with (
        running(emitter, listen(trigger(mosquitto, topic))) as one,
        running(FakeEmitter(FakeStore()), listen(trigger(mosquitto, topic))) as two,
    ):
        async with asyncio.timeout(30):
            while not any("client id" in (report or "") for report in one.reports + two.reports):
                await wait_for_failure(one, two)
    assert any("give each node its own" in (report or "") for report in one.reports + two.reports)


async def wait_for_failure(*runs: Run) -> None:
    """Until one of them was run again."""
    before = sum(len(run.failures) for run in runs)
    while sum(len(run.failures) for run in runs) == before:
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


async def test_a_lesser_quality_is_told_and_the_topic_followed() -> None:
    """A broker that gives QoS 0 only can lose messages: people see it."""
    with Mosquitto(settings=["max_qos 0"]) as broker:
        emitter = FakeEmitter(FakeStore())
        async with running(emitter, listen(trigger(broker, "a"))) as run:
            await send(broker, "a", "a", qos=0)
            await emitter.until(lambda: bool(emitter.received))
    assert "QoS 0 only" in (run.reports[-1] or "")


def alone(emitter: FakeEmitter, reports: list[str | None]) -> SourceContext:
    """Surroundings of a source that runs once, and is not run again."""

    async def never() -> None:
        await asyncio.Event().wait()

    return SourceContext(
        name="mqtt:alone",
        emit=emitter,
        store=emitter.store,
        clock=LoopClock(),
        log=FakeLog(),
        ready=lambda: reports.append("ready"),
        report=reports.append,
        wait_room=never,
        wait_changed=never,
    )


async def test_topics_that_are_all_refused_are_an_error_and_nobody_elses_fault() -> None:
    """It is not ready, it says which topic, and however often it happens it does not blame another client."""
    reports: list[str | None] = []
    context = alone(FakeEmitter(FakeStore()), reports)
    for _ in range(subscription.OFTEN + 1):
        async with fake_broker(CONNACK, b"\x90\x04\x00\x01\x00\x87") as port:
            options = RealtimeTrigger(server=f"127.0.0.1:{port}", topic="closed", client_id="c")
            with pytest.raises(OutsideError, match=r"^the broker refuses the subscription to `closed`: Not authorized$"):
                await options.run(context, lambda one=options: listen(one))
    assert reports == []


@pytest.mark.parametrize("where", ["emit", "write"])
async def test_a_broken_store_is_told_as_it_is(mosquitto: Mosquitto, where: str) -> None:
    """It stops the process: in a group of errors nobody would know it."""

    class Breaks(FakeStore):
        async def write(self, work: Work) -> None:
            raise StoreBroken("the disk")

    class Emits(FakeEmitter):
        async def __call__(self, received: Sequence[Received], **rest: Any) -> tuple[Started, ...]:
            raise StoreBroken("the disk")

    topic = name()
    context = alone(Emits(FakeStore() if where == "emit" else Breaks()), [])
    await send(mosquitto, topic, "kept", retain=True)
    options = trigger(mosquitto, topic)
    with pytest.raises(StoreBroken):
        await options.run(context, lambda: listen(options))


# ---- identity -------------------------------------------------------------------------------------------------------


async def test_a_cloud_event_is_once_whatever_carried_it(mosquitto: Mosquitto) -> None:
    """Structured and binary, sent twice: one key, so one start."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    body = json.dumps({"specversion": "1.0", "id": "7", "source": "/shop", "type": "t", "data": 1})
    async with running(emitter, listen(trigger(mosquitto, topic))):
        structured, binary = publish_properties(CLOUD_EVENT, []), publish_properties("application/json", BINARY)
        await send(mosquitto, topic, body, body, properties=structured)
        await send(mosquitto, topic, "1", properties=binary)
        await emitter.until(lambda: len(emitter.received) == 3)
    assert {one.key for one in emitter.received} == {cloud_key("/shop", "7")}
    assert len(emitter.started) == 1


BINARY = [("specversion", "1.0"), ("id", "7"), ("source", "/shop"), ("type", "t")]


def test_a_client_id_follows_from_node_and_subscription() -> None:
    """The same after a restart, another on another node: two nodes never share a session by accident."""
    assert derive_client_id("main", "mqtt:b") == derive_client_id("main", "mqtt:b")
    assert len({derive_client_id("main", "mqtt:b"), derive_client_id("two", "mqtt:b"), derive_client_id("main", "mqtt:c")}) == 3
    assert derive_client_id("main", "mqtt:b") == "onbeat-main-742507b58945"


def test_a_source_runs_on_uvloop(mosquitto: Mosquitto) -> None:
    """The daemon's loop: connect, flood, crash, recognise."""

    async def scenario() -> None:
        topic, store = name(), FakeStore()
        emitter = FakeEmitter(store)
        options = trigger(mosquitto, topic)
        async with running(emitter, listen(options)):
            await send_many(mosquitto, topic, map(str, range(200)))
            await emitter.until(lambda: len(emitter.received) == 201)
            emitter.crash = True
            await send(mosquitto, topic, "crash")
            await emitter.crashed.wait()
        async with running(emitter, listen(options)):
            await send(mosquitto, topic, "after")
            await emitter.until(lambda: "after" in texts(emitter.received))
        assert texts(emitter.received) == [*map(str, range(200)), "last", "crash", "after"]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
