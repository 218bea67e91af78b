"""A subscription against the real mosquitto: sessions, acknowledgement, redelivery, floods, retained messages."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from onbeat.errors import OutsideError
from onbeat.plugins.mqtt import subscription
from onbeat.plugins.mqtt.connection import Connection
from onbeat.ports import LedgerRow, Received, Started
from tests.plugins.mqtt.kit import VERSIONS, Between, WatchedStore, name, texts, trigger
from tests.plugins.mqtt.outside import send, send_many
from tests.plugins.source_suite import FakeEmitter, FakeStore, listen, running
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy

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
