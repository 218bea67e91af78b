"""A subscription against the real mosquitto: sessions, redelivery, retained messages, overlaps, floods, reloads."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
import uvloop

from onbeat.core.event import cloud_key
from onbeat.errors import OutsideError, StoreBroken
from onbeat.plugins.mqtt import RealtimeTrigger, subscription
from onbeat.plugins.mqtt.connection import Connection, publish_properties
from onbeat.plugins.mqtt.message import CLOUD_EVENT
from onbeat.plugins.mqtt.subscription import derive_client_id
from onbeat.ports import LedgerRow, Position, Received, SourceContext, Started, Work
from tests.plugins.mqtt.outside import CONNACK, fake_broker, send, send_many
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, LoopClock, Run, listen, running
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy

VERSIONS = pytest.mark.parametrize("version", ["V3", "V5"])


def name() -> str:
    """A topic or client id of this test alone."""
    return f"t{uuid4().hex}"


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut often looks like a client id in use twice: tests do not wait for that."""
    monkeypatch.setattr(subscription, "TAKEN_OVER_PAUSE", 0.01)


def trigger(broker: Mosquitto | Proxy, topic: Any, **options: Any) -> RealtimeTrigger:
    """Reads text."""
    return RealtimeTrigger(
        server=f"127.0.0.1:{broker.port}", topic=topic, **{"serde_type": "STRING", "client_id": f"client of {topic}", **options}
    )


def texts(received: Sequence[Received]) -> list[Any]:
    """The payloads of the events."""
    return [one.event.variables["payload"] for one in received if one.event is not None]


class Between(FakeEmitter):
    """Does something after the write, before the source hears of it."""

    def __init__(self, store: FakeStore, then: Callable[[], None]) -> None:
        super().__init__(store)
        self.then: Callable[[], None] | None = then

    async def __call__(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        answers = await super().__call__(received, positions=positions, ledger=ledger)
        then, self.then = self.then, None
        if then is not None:
            then()
        return answers


class WatchedStore(FakeStore):
    """Says when its ledgers change."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Condition()

    async def write(self, work: Work) -> None:
        await super().write(work)
        async with self.changed:
            self.changed.notify_all()

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for a state of it."""
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(what)


# ---- acknowledgement and redelivery ---------------------------------------------------------------------------------


@VERSIONS
async def test_a_connection_cut_between_commit_and_acknowledgement_starts_nothing_twice(mosquitto: Mosquitto, version: str) -> None:
    """No goodbye, no acknowledgement: the broker delivers again, the ledger knows it, and it is acknowledged at last."""
    topic = name()
    async with Proxy(mosquitto.host, mosquitto.port) as proxy:
        emitter = Between(FakeStore(), proxy.cut)
        async with running(emitter, listen(trigger(proxy, topic, mqtt_version=version))) as run:
            await send(mosquitto, topic, "a")
            await emitter.until(lambda: len(emitter.received) == 1)
            await send(mosquitto, topic, "b")
            await emitter.until(lambda: "b" in texts(emitter.received))
    assert texts(emitter.received) == ["a", "b"]
    assert any("redelivery recognised" in line for line in run.log.lines)
    async with running(again := FakeEmitter(FakeStore()), listen(trigger(mosquitto, topic, mqtt_version=version, client_id=None))):
        await send(mosquitto, topic, "c")
        await again.until(lambda: texts(again.received) == ["c"])


@VERSIONS
async def test_cuts_in_a_flood_lose_nothing_and_start_nothing_twice(mosquitto: Mosquitto, version: str) -> None:
    """A backlog, and a connection that breaks every few hundred messages between commit and acknowledgement: each message starts once."""
    topic, count = name(), 2000
    async with Proxy(mosquitto.host, mosquitto.port) as proxy:

        class Cuts(FakeEmitter):
            async def __call__(self, received: Sequence[Received], **rest: Any) -> tuple[Started, ...]:
                before = len(self.received)
                answers = await super().__call__(received, **rest)
                if before // 300 < len(self.received) // 300:
                    proxy.cut()
                return answers

        options = trigger(proxy, topic, mqtt_version=version)
        async with running(FakeEmitter(store := FakeStore()), listen(options)):
            pass
        await send_many(mosquitto, topic, map(str, range(count)))
        emitter = Cuts(store)
        async with running(emitter, listen(options)) as run:
            await emitter.until(lambda: len(set(texts(emitter.received))) == count + 1)
    assert len(run.failures) >= 5
    assert len(texts(emitter.received)) == count + 1


@VERSIONS
async def test_a_redelivery_that_was_never_stored_is_new(mosquitto: Mosquitto, version: str) -> None:
    """We had the message and died before the commit: it comes again and starts, once."""

    class Fails(FakeEmitter):
        failures = 1

        async def __call__(self, received: Sequence[Received], **rest: Any) -> tuple[Started, ...]:
            if self.failures:
                self.failures -= 1
                raise OutsideError("the store is not there")
            return await super().__call__(received, **rest)

    topic, emitter = name(), Fails(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version))) as run:
        await send(mosquitto, topic, "a", "b")
        await emitter.until(lambda: len(emitter.started) == 2)
    assert texts(emitter.received) == ["a", "b"]
    assert run.failures == ["the store is not there"]


@VERSIONS
async def test_equal_messages_are_each_new(mosquitto: Mosquitto, version: str) -> None:
    """The same payload on the same topic again and again is not a redelivery: each has a key of its own."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version))):
        await send(mosquitto, topic, *["on"] * 50)
        await emitter.until(lambda: len(emitter.started) == 50)
    assert len({one.key for one in emitter.started}) == 50


async def test_acknowledgements_follow_the_commit_in_the_order_received(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never one before its emit returned; MQTT asks for the order."""
    happened: list[tuple[str, str]] = []
    ack = Connection.ack
    monkeypatch.setattr(
        Connection, "ack", lambda self, message: (happened.append(("ack", message.payload.decode())), ack(self, message))[1]
    )

    class Records(FakeEmitter):
        async def __call__(self, received: Sequence[Received], **rest: Any) -> tuple[Started, ...]:
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)  # a disk takes its time: messages wait meanwhile
            happened.extend(("commit", text) for text in texts(received))
            return await super().__call__(received, **rest)

    topic, emitter = name(), Records(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic))):
        await send_many(mosquitto, topic, map(str, range(300)))
        await emitter.until(lambda: len(emitter.received) == 301)
    sent = [*map(str, range(300)), "last"]
    assert [text for what, text in happened if what == "commit"] == sent
    acked = [text for what, text in happened if what == "ack"]
    assert acked == sent[: len(acked)]
    assert all(happened.index(("commit", text)) < happened.index(("ack", text)) for text in acked)
    assert max(emitter.batches) > 1


async def test_the_ledger_is_bounded_and_empty_when_all_is_acknowledged(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row for a message, written with its event; no more of them than slots; gone when the broker has our acknowledgements."""
    monkeypatch.setattr(subscription, "SLOTS", 50)
    topic, store = name(), WatchedStore()
    options = trigger(mosquitto, topic, receive_maximum=5)
    reader = options.subscription("t0", {})
    sizes: list[int] = []

    class Measures(FakeEmitter):
        async def __call__(self, received: Sequence[Received], *, ledger: Sequence[LedgerRow] = (), **rest: Any) -> tuple[Started, ...]:
            assert len([row for row in ledger if row.value is not None]) == len(received)
            answers = await super().__call__(received, ledger=ledger, **rest)
            sizes.append(len(store.ledgers))
            return answers

    emitter = Measures(store)
    async with running(emitter, listen(options)):
        await send_many(mosquitto, topic, map(str, range(200)))
        await emitter.until(lambda: len(emitter.received) == 201)
        await store.until(lambda: set(store.ledgers) == {(reader, f"{options.client_id} filters")})
    assert 1 < max(sizes) <= 51


@VERSIONS
async def test_a_flood_keeps_its_order_and_waits_at_the_broker(mosquitto: Mosquitto, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 messages against a receive maximum of 100: all come, in order, and never more than that wait in memory."""
    most = 0
    on_message = Connection.on_message

    def watch(self: Connection, message: Any) -> None:
        nonlocal most
        on_message(self, message)
        most = max(most, len(self._waiting))

    monkeypatch.setattr(Connection, "on_message", watch)
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version))):
        await send_many(mosquitto, topic, map(str, range(5000)))
        await emitter.until(lambda: len(emitter.received) == 5001)
    assert texts(emitter.received) == [*map(str, range(5000)), "last"]
    assert 0 < most <= 100


@VERSIONS
async def test_a_session_survives_a_broker_that_is_stopped_and_started(own_mosquitto: Mosquitto, version: str) -> None:
    """With persistence: what it had for us is delivered, what we had stored is recognised, no gap is told."""
    topic, store = name(), FakeStore()
    options = trigger(own_mosquitto, topic, mqtt_version=version)
    emitter = FakeEmitter(store)
    async with running(emitter, listen(options)):
        emitter.crash = True
        await send(own_mosquitto, topic, "a")
        await emitter.crashed.wait()
    await send(own_mosquitto, topic, "b")
    own_mosquitto.restart()
    async with running(emitter, listen(options)) as run:
        await send(own_mosquitto, topic, "c")
        await emitter.until(lambda: "c" in texts(emitter.received))
    assert texts(emitter.received) == ["a", "b", "c"]
    assert not any(run.reports)


@VERSIONS
async def test_a_session_that_the_broker_forgot_is_a_gap_and_subscribed_again(own_mosquitto: Mosquitto, version: str) -> None:
    """We asked to resume and the broker says no: people are told, and messages come again."""
    topic = name()
    options, emitter = trigger(own_mosquitto, topic, mqtt_version=version), FakeEmitter(FakeStore())
    async with running(emitter, listen(options)) as first:
        await send(own_mosquitto, topic, "a")
        await emitter.until(lambda: len(emitter.received) == 1)
    assert not any(first.reports)
    own_mosquitto.stop()
    (own_mosquitto.data / "mosquitto.db").unlink()
    own_mosquitto.start()
    async with running(emitter, listen(options)) as second:
        await send(own_mosquitto, topic, "a")
        await emitter.until(lambda: len(emitter.received) == 2)
    assert "has forgotten our session" in (second.reports[-1] or "")
    assert len(emitter.started) == 2


# ---- retained messages ----------------------------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize(("policy", "expected"), [("ignore", []), ("first", ["kept"]), ("all", ["kept", "kept"])])
async def test_retained_messages_come_as_the_policy_says(mosquitto: Mosquitto, version: str, policy: Any, expected: list[str]) -> None:
    """When the subscription is new, on every connection, or never; live messages always."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    await send(mosquitto, topic, "kept", retain=True)
    options = trigger(mosquitto, topic, mqtt_version=version, retained=policy)
    for round_ in ("one", "two"):
        async with running(emitter, listen(options)):
            await send(mosquitto, topic, round_)
            await emitter.until(lambda now=round_: now in texts(emitter.received))
    assert [text for text in texts(emitter.received) if text == "kept"] == expected
    assert [text for text in texts(emitter.received) if text != "kept"] == ["one", "two"]
    if expected:
        assert emitter.received[0].event is not None
        assert emitter.received[0].event.variables["retain"] is True


# ---- filters --------------------------------------------------------------------------------------------------------


@VERSIONS
async def test_where_filters_overlap_each_trigger_gets_a_message_once(mosquitto: Mosquitto, version: str) -> None:
    """The broker sends a copy for every matching filter (MQTT 5): a message is still one message for each trigger."""
    base, client = name(), name()
    emitter = FakeEmitter(FakeStore())
    filters: tuple[Any, ...] = (f"{base}/#", [f"{base}/a", f"{base}/+"], f"{base}/b")
    listeners = listen(*(trigger(mosquitto, filter_, mqtt_version=version, client_id=client) for filter_ in filters))
    async with running(emitter, listeners):
        await send(mosquitto, f"{base}/a", "a")
        await send(mosquitto, f"{base}/b", "b")
        await send(mosquitto, f"{base}/x/y", "deep")
        await emitter.until(lambda: "deep" in texts(emitter.received))
    given = sorted(
        (text, name_) for one, text in zip(emitter.received, texts(emitter.received), strict=True) for name_ in one.triggers or ()
    )
    assert given == [("a", "t0"), ("a", "t1"), ("b", "t0"), ("b", "t1"), ("b", "t2"), ("deep", "t0")]


async def test_triggers_that_read_differently_each_get_their_own(mosquitto: Mosquitto) -> None:
    """One message, one connection: text for the one, a dead event for the other, acknowledged once."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    listeners = listen(
        trigger(mosquitto, topic), trigger(mosquitto, topic, serde_type="JSON"), trigger(mosquitto, topic, serde_type="BINARY")
    )
    async with running(emitter, listeners):
        await send(mosquitto, topic, "plain")
        await emitter.until(lambda: len(emitter.received) == 3)
    given = [one for one in emitter.received if one.event is not None]
    assert [(text, one.triggers) for one, text in zip(given, texts(given), strict=True)] == [
        ("plain", {"t0"}),
        ("cGxhaW4=", {"t2"}),
    ]
    (dead,) = emitter.dead
    assert (dead.triggers, dead.raw) == ({"t1"}, b"plain")
    assert "serdeType: STRING" in (dead.reason or "")


@VERSIONS
async def test_a_shared_subscription_gives_each_message_to_one_node(mosquitto: Mosquitto, version: str) -> None:
    """Two nodes, one group: together they get each message once."""
    topic = name()
    options = trigger(mosquitto, f"$share/{topic}/{topic}/+", mqtt_version=version, client_id=None)
    one, two = FakeEmitter(FakeStore()), FakeEmitter(FakeStore())
    sent = [str(number) for number in range(40)]
    async with running(one, listen(options), {"node": "one"}), running(two, listen(options), {"node": "two"}):
        await send(mosquitto, f"{topic}/a", *sent)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(each.until(lambda: len(one.received) + len(two.received) == len(sent))) for each in (one, two)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
    assert sorted(texts(one.received) + texts(two.received), key=int) == sent
    assert one.received
    assert two.received


@VERSIONS
async def test_topics_change_while_it_runs(mosquitto: Mosquitto, version: str) -> None:
    """A new trigger's topic is subscribed to, a removed one's is not, and the connection stays."""
    one, two, client = name(), name(), name()
    emitter = FakeEmitter(FakeStore())
    first, second = (trigger(mosquitto, topic, mqtt_version=version, client_id=client) for topic in (one, two))
    async with running(emitter, listen(first)) as run:
        for number, listeners in enumerate([listen(first, second), listen(second)]):
            run.change(listeners)
            async with asyncio.timeout(30):  # what is subscribed shows in what comes
                while str(number) not in texts(emitter.received):
                    await send(mosquitto, two, str(number))
        await send(mosquitto, one, "gone")
        await send(mosquitto, two, "end")
        await emitter.until(lambda: "end" in texts(emitter.received))
    assert "gone" not in texts(emitter.received)
    assert run.failures == []


@VERSIONS
async def test_a_topic_that_was_dropped_while_we_were_away_is_unsubscribed(mosquitto: Mosquitto, version: str) -> None:
    """The session still has it: without this the broker would go on sending what nobody wants."""
    one, two, client = name(), name(), name()
    emitter = FakeEmitter(FakeStore())
    both, first = ([one, two], one)
    for topics in (both, first):
        async with running(emitter, listen(trigger(mosquitto, topics, mqtt_version=version, client_id=client))):
            pass
    await send(mosquitto, two, "unwanted")
    await send(mosquitto, one, "wanted")
    link = Connection(trigger(mosquitto, one).address({}), version=version, client_id=client, session=subscription.timedelta(days=1))
    try:
        assert await link.open()
        async with asyncio.timeout(30):
            assert [message.payload for message in await link.take(10)] == [b"wanted"]
    finally:
        await link.close()


@VERSIONS
async def test_another_quality_is_asked_for_also_when_it_was_changed_while_we_were_away(mosquitto: Mosquitto, version: str) -> None:
    """The session remembers the old one: QoS 0 would go on losing what is sent while we are away."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    for qos in (0, 1):
        async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version, qos=qos))):
            pass
    await send(mosquitto, topic, "meanwhile")
    async with running(emitter, listen(trigger(mosquitto, topic, mqtt_version=version))):
        await emitter.until(lambda: texts(emitter.received) == ["meanwhile"])


async def test_what_changes_in_the_connection_connects_again(mosquitto: Mosquitto) -> None:
    """Another password, window or expiry needs another CONNECT; the session goes on and nothing is told as wrong."""
    topic, emitter = name(), FakeEmitter(FakeStore())
    async with running(emitter, listen(trigger(mosquitto, topic))) as run:
        await send(mosquitto, topic, "a")
        await emitter.until(lambda: "a" in texts(emitter.received))
        run.ready.clear()
        run.change(listen(trigger(mosquitto, topic, receive_maximum=7)))
        await run.until_ready()
        await send(mosquitto, topic, "b")
        await emitter.until(lambda: "b" in texts(emitter.received))
    assert texts(emitter.received) == ["a", "b"]
    assert run.failures == []
    assert not any(run.reports)


# ---- what is told ---------------------------------------------------------------------------------------------------


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
