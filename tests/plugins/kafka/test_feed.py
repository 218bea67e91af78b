"""Each record once, whatever happens to the topic, the group or the client in the meantime."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.new_partitions import NewPartitions
from aiokafka.structs import TopicPartition

from onbeat.plugins.kafka import RealtimeTrigger, feed
from onbeat.ports import Listener
from tests.plugins.kafka.broker import administering, commit, delete_topic, listening, make_topic, producing, send, until_values, values
from tests.plugins.source_suite import FakeEmitter, FakeStore, LoopClock, listen, running, until
from tests.services.kafka import Kafka


def instance_of(store: FakeStore) -> str:
    """Our member's name in the group."""
    return next(value for (_, part), value in store.rows.items() if part == "#instance")


async def test_latest_skips_what_was_there_and_nothing_that_comes(kafka, kafka_topic, emitter, settings):
    """By default a new trigger starts at now; "now" is stored, so a restart before the first record moves nothing."""
    topic = await kafka_topic(partitions=2)
    await send(kafka.bootstrap, topic, "old", "old too")
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        pass
    await send(kafka.bootstrap, topic, "while it was down")
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        await until_values(emitter, "while it was down")


async def test_earliest_reads_history_in_a_group_of_its_own(kafka, kafka_topic, emitter, settings):
    """`from: earliest` begins at the first record; without a groupId it shares no group, for a group has one position."""
    topic = await kafka_topic()
    await send(kafka.bootstrap, topic, 1, 2)
    old = listening(topic, **{"from": "earliest"})
    assert old.group("ns.t", settings) == "onbeat.ns.t"
    async with running(emitter, listen(old), settings):
        await until_values(emitter, 1, 2)


async def test_since_begins_at_that_time(kafka, kafka_topic, emitter, settings):
    """`since` begins at the first record of that time or later."""
    topic = await kafka_topic()
    for second, value in ((1, "early"), (10, "late"), (20, "later")):
        await send(kafka.bootstrap, topic, value, timestamp_ms=second * 1000)
    async with running(emitter, listen(listening(topic, groupId=topic, since="1970-01-01T00:00:05Z")), settings):
        await until_values(emitter, "late", "later")


async def test_a_group_that_exists_goes_on_at_its_offset(kafka, kafka_topic, emitter, settings):
    """A flow that comes from another tool with its groupId takes up where that one stopped, whatever auto.offset.reset says."""
    topic = await kafka_topic()
    await send(kafka.bootstrap, topic, "done", "todo")
    await commit(kafka.bootstrap, topic, {TopicPartition(topic, 0): 1})
    options = listening(topic, groupId=topic, properties={"auto.offset.reset": "earliest"})
    async with running(emitter, listen(options), settings):
        await until_values(emitter, "todo")


async def test_our_own_position_wins_when_the_broker_lost_its_commit(kafka, kafka_topic, emitter, settings):
    """The broker's offset is a hint: one that is behind, or gone, starts nothing again."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, 1, 2, 3)
        await until_values(emitter, 1, 2, 3)
    await commit(kafka.bootstrap, topic, {TopicPartition(topic, 0): 0}, instance_of(emitter.store))
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, 4)
        await until_values(emitter, 1, 2, 3, 4)
    assert len(emitter.received) == 4


async def test_an_offset_further_on_than_ours_is_taken_and_told(kafka, kafka_topic, emitter, settings):
    """What another member of the group did is done; the log says what we did not see."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, 1)
        await until_values(emitter, 1)
    await send(kafka.bootstrap, topic, "theirs", "ours")
    await commit(kafka.bootstrap, topic, {TopicPartition(topic, 0): 2}, instance_of(emitter.store))
    async with running(emitter, listen(options), settings) as run:
        await until_values(emitter, 1, "ours")
    assert any("skipped=1..1" in line for line in run.log.lines)


@pytest.mark.parametrize("fresh", [("b0", "b1"), ("b0", "b1", "b2", "b3", "b4")])
@pytest.mark.parametrize("down", [True, False])
async def test_a_topic_made_again_is_new_from_its_first_record(kafka, kafka_topic, emitter, settings, down, fresh):
    """Deleted and made again, while we are stopped or running, with fewer records or with more: all of them are new, none comes twice."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings) as run:
        await send(kafka.bootstrap, topic, "a0", "a1", "a2")
        await until_values(emitter, "a0", "a1", "a2")
        if not down:
            await renew(kafka, topic, *fresh)
            await until_values(emitter, "a0", "a1", "a2", *fresh)
    if down:
        await renew(kafka, topic, *fresh)
        async with running(emitter, listen(options), settings) as run:
            await until_values(emitter, "a0", "a1", "a2", *fresh)
    assert any("made again" in line for line in run.log.lines)


@pytest.mark.parametrize("fresh", [("b0",), ("b0", "b1", "b2", "b3")])
async def test_without_topic_ids_the_fingerprint_tells(kafka, kafka_topic, emitter, settings, monkeypatch, fresh):
    """A cluster that gives no ids: a shorter log, or another record at our last offset, is a topic that was made again."""
    monkeypatch.setattr("onbeat.plugins.kafka.cluster._NO_ID", None)
    monkeypatch.setattr("onbeat.plugins.kafka.cluster.Cluster._knows_ids", False)
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, "a0", "a1")
        await until_values(emitter, "a0", "a1")
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, "a2")
        await until_values(emitter, "a0", "a1", "a2")
    await renew(kafka, topic, *fresh)
    async with running(emitter, listen(options), settings):
        await until_values(emitter, "a0", "a1", "a2", *fresh)


async def renew(kafka: Any, topic: str, *contents: Any) -> None:
    """Delete a topic, make it again and send to it."""
    await delete_topic(kafka.bootstrap, topic)
    await make_topic(kafka.bootstrap, topic)
    await send(kafka.bootstrap, topic, *contents)


async def test_deleted_offsets_are_reported_with_their_range_and_stepped_over(kafka, kafka_topic, emitter, settings):
    """Retention that was faster than we: the gap is told, not hidden by a reset, and what is left is read."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, 0)
        await until_values(emitter, 0)
    await send(kafka.bootstrap, topic, 1, 2, 3, 4)
    async with administering(kafka.bootstrap) as admin:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})
    async with running(emitter, listen(options), settings) as run:
        await until_values(emitter, 0, 3, 4)
    assert f"{topic}/0: offsets 1 to 2 were deleted before we read them" in run.reports


async def test_partitions_that_are_added_are_read_from_their_first_record(kafka, kafka_topic, emitter, settings):
    """What is sent to a new partition before we know of it is not skipped, though the trigger starts at latest."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic, properties={"metadata.max.age.ms": 200})
    async with running(emitter, listen(options), settings):
        async with administering(kafka.bootstrap) as admin:
            await admin.create_partitions({topic: NewPartitions(3)})
        async with producing(kafka.bootstrap) as producer:
            while len(await producer.partitions_for(topic)) < 3:
                await producer.client.force_metadata_update()
        await send(kafka.bootstrap, topic, "new", partition=2)
        await until_values(emitter, "new")


async def test_an_end_that_kafka_lost_is_reported_and_what_comes_is_new(kafka, kafka_topic, emitter, settings):
    """A log that is shorter than what we read (an unclean election): offsets are given a second time, to other records."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, 0)
        await until_values(emitter, 0)
    row = (options.subscription("t0", settings), f"{topic}/0")
    emitter.store.rows[row] = emitter.store.rows[row].replace('"next":1', '"next":3')
    async with running(emitter, listen(options), settings) as run:
        await until(lambda: f"{topic}/0: Kafka lost offsets 1 to 2 after we had read them" in run.reports)
        await send(kafka.bootstrap, topic, 1)
        await until_values(emitter, 0, 1)
    first, second = (one.key for one in emitter.started)
    assert second.split("/")[2] == first.split("/")[2] + "+1"


async def test_a_topic_that_is_not_there_yet_is_read_from_its_first_record(kafka, kafka_topic, emitter, settings):
    """To listen before the topic exists loses nothing of it."""
    topic = f"{await kafka_topic()}-later"
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        pass
    await send(kafka.bootstrap, topic, 1, 2)
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        await until_values(emitter, 1, 2)


async def test_a_pattern_takes_topics_that_come_later(kafka, kafka_topic, emitter, settings, monkeypatch):
    """A topic that is made while a pattern listens is read from its first record; one that does not match wholly is not read."""
    monkeypatch.setattr(feed, "LIST", 0.2)
    prefix = await kafka_topic()
    await send(kafka.bootstrap, prefix, "not of the pattern")
    options = RealtimeTrigger.model_validate({"topicPattern": f"{prefix}-[0-9]", "groupId": prefix, "valueDeserializer": "JSON"})
    async with running(emitter, listen(options), settings):
        await make_topic(kafka.bootstrap, f"{prefix}-10")
        await make_topic(kafka.bootstrap, f"{prefix}-1")
        await send(kafka.bootstrap, f"{prefix}-10", "longer than the pattern")
        await send(kafka.bootstrap, f"{prefix}-1", "matches")
        await until_values(emitter, "matches")
    await delete_topic(kafka.bootstrap, f"{prefix}-1")
    await delete_topic(kafka.bootstrap, f"{prefix}-10")


async def test_a_tombstone_is_an_event_without_data(kafka, kafka_topic, emitter, settings):
    """A record without a value is a message too; compaction's gaps are normal."""
    topic = await kafka_topic(**{"cleanup.policy": "compact"})
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        await send(kafka.bootstrap, topic, None, key=b"k")
        await emitter.until(lambda: bool(emitter.started))
    event = emitter.started[0].event
    assert event is not None
    assert event.data is None
    assert event.variables["key"] == "k"


async def test_a_poll_is_one_batch_in_the_order_of_each_partition(kafka, kafka_topic, emitter, settings):
    """Hundreds of records that wait are few transactions, none larger than the bound, and offsets only rise."""
    topic = await kafka_topic(partitions=3)
    async with producing(kafka.bootstrap) as producer:
        for number in range(1200):
            await producer.send(topic, b"%d" % number, partition=number % 3)
    async with running(emitter, listen(listening(topic, groupId=topic, **{"from": "earliest"})), settings):
        await emitter.until(lambda: len(emitter.started) >= 1200)
    assert max(emitter.batches) <= feed.BATCH
    assert len(emitter.batches) < 120
    for partition in range(3):
        assert [value for value in values(emitter) if value % 3 == partition] == list(range(partition, 1200, 3))


async def test_listeners_get_their_own_topics_and_decoding_from_one_consumer(kafka, kafka_topic, emitter, settings):
    """Members of one group with different topics would take them from each other; one consumer for all does not."""
    both, one = await kafka_topic("both"), await kafka_topic("one")
    options = [
        listening(both, one, groupId=both),
        listening(both, groupId=both, valueDeserializer="STRING"),
        listening(both, groupId=both, partitions=[7]),
    ]
    async with running(emitter, listen(*options), settings):
        await send(kafka.bootstrap, both, {"a": 1})
        await send(kafka.bootstrap, one, 2)
        await emitter.until(lambda: len(emitter.received) == 3)
    got = [(one.event.data, one.triggers) for one in emitter.received if one.event]
    assert sorted(map(repr, got)) == sorted(
        map(repr, [({"a": 1}, frozenset({"t0"})), ('{"a": 1}', frozenset({"t1"})), (2, frozenset({"t0"}))])
    )


async def test_hot_reload_adds_topics_without_losing_the_others(kafka, kafka_topic, emitter, settings):
    """A trigger that comes while the consumer runs is served; the others' records go on, each once."""
    first, second = await kafka_topic("first"), await kafka_topic("second")
    options = listening(first, groupId=first)
    async with running(emitter, listen(options), settings) as run:
        await send(kafka.bootstrap, first, 1)
        await until_values(emitter, 1)
        run.change([*run.listeners, Listener(trigger="t1", options=listening(second, groupId=first))])
        await until(lambda: any(part == second for _, part in emitter.store.rows))
        await send(kafka.bootstrap, second, 2)
        await send(kafka.bootstrap, first, 3)
        await emitter.until(lambda: len(emitter.started) == 3)
        assert sorted(values(emitter)) == [1, 2, 3]


async def test_a_connection_that_is_edited_is_made_anew(kafka, kafka_topic, emitter, settings):
    """New properties of the first trigger take effect without a restart of the daemon."""
    topic = await kafka_topic()
    async with running(emitter, listen(listening(topic, groupId=topic)), settings) as run:
        await send(kafka.bootstrap, topic, 1)
        await until_values(emitter, 1)
        run.ready.clear()
        run.change(listen(listening(topic, groupId=topic, properties={"fetch.max.wait.ms": 100})))
        await run.until_ready()
        await send(kafka.bootstrap, topic, 2)
        await until_values(emitter, 1, 2)


async def test_a_rebalance_while_we_wait_for_room_loses_and_repeats_nothing(kafka, kafka_topic, emitter, settings):
    """The batch in hand belongs to whoever owns the partition after the rebalance; both together start each record once."""
    topic = await kafka_topic(partitions=2)
    store = emitter.store
    async with running(emitter, listen(listening(topic, groupId=topic)), settings) as run:
        emitter.refusals = 1
        run.room.clear()
        await send(kafka.bootstrap, topic, "p0", partition=0)
        await send(kafka.bootstrap, topic, "p1", partition=1)
        await emitter.until(lambda: emitter.refusals == 0)
        second = listening(topic, groupId=topic, properties={"group.instance.id": "second"})
        other = FakeEmitter(store)
        async with running(other, listen(second), settings):
            await other.until(lambda: bool(other.started))
            run.room.set()
            await emitter.until(lambda: bool(emitter.started))
    assert sorted(values(emitter) + values(other)) == ["p0", "p1"]


async def test_a_stuck_client_is_thrown_away(kafka, kafka_topic, emitter, settings, monkeypatch):
    """Records that are there and do not come, and nothing else wrong: the consumer is made anew and they come."""
    topic = await kafka_topic()
    async with running(emitter, listen(listening(topic, groupId=topic)), settings) as run:
        await send(kafka.bootstrap, topic, 1)
        await until_values(emitter, 1)
        asleep = asyncio.Event()

        async def get_nothing(*_: Any, **__: Any) -> Any:
            asleep.set()
            await LoopClock().sleep(0.01)
            return {}

        with monkeypatch.context() as patch:
            patch.setattr(AIOKafkaConsumer, "getmany", get_nothing)
            for name, value in (("SUSPECT", 0.0), ("STUCK", 0.1), ("VERIFY", 0.05)):
                patch.setattr(feed, name, value)
            await asleep.wait()
            await send(kafka.bootstrap, topic, 2)
            await until(lambda: bool(run.failures))
        await until_values(emitter, 1, 2)
    assert "nothing came" in run.failures[0]


async def test_a_broker_that_is_not_there_is_said_by_name(emitter):
    """Nobody answers: an OutsideError that names the address, and the source is not ready."""
    async with running(emitter, listen(listening("t", brokers="127.0.0.1:1")), wait=False) as run:
        await until(lambda: bool(run.failures))
        assert run.failures[0] == "no Kafka broker answers at 127.0.0.1:1"
        assert not run.ready.is_set()


async def test_a_batch_that_cannot_be_read_is_kept_and_stepped_over(tmp_path, emitter):
    """A bit that flipped on the broker's disk: what is before comes, the batch becomes a dead event with its bytes, what is after comes."""
    with Kafka(data=tmp_path) as broker:
        settings = {"kafka_bootstrap_servers": broker.bootstrap}
        await make_topic(broker.bootstrap, "broken")
        options = listening("broken", **{"from": "earliest"})
        await send(broker.bootstrap, "broken", "before")
        async with producing(broker.bootstrap, linger_ms=50) as producer:
            for value in (b'"lost 1"', b'"lost 2"'):
                last = await producer.send("broken", value)
            await last
        await send(broker.bootstrap, "broken", "after")
        broker.stop()
        flip(tmp_path / "log" / "broken-0" / "00000000000000000000.log", b"lost 2")
        broker.start()
        async with running(emitter, listen(options), settings):
            await until_values(emitter, "before", "after")
        assert len(emitter.dead) == 1
        assert b"lost 1" in (emitter.dead[0].raw or b"")
        assert "offsets 1 to 2" in (emitter.dead[0].reason or "")


def flip(path: Any, text: bytes) -> None:
    """Change one byte of a text in a file."""
    data = bytearray(path.read_bytes())
    data[data.index(text)] ^= 1
    path.write_bytes(data)
