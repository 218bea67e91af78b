"""aiokafka's consumer does what we want of it, and nothing by itself."""

from aiokafka import AIOKafkaConsumer
from aiokafka.admin.new_partitions import NewPartitions
from aiokafka.structs import TopicPartition

from tests.plugins.kafka.broker import administering, listening, producing, send, until_values
from tests.plugins.source_suite import listen, running


async def test_records_of_aborted_transactions_start_nothing(kafka, kafka_topic, emitter, settings):
    """read_committed: aborted records and control records are gaps in the offsets, nothing else."""
    topic = await kafka_topic()
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        async with producing(kafka.bootstrap, transactional_id=topic) as producer:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b'"aborted"')
            await producer.abort_transaction()
            async with producer.transaction():
                await producer.send_and_wait(topic, b'"committed"')
        await send(kafka.bootstrap, topic, "plain")
        await until_values(emitter, "committed", "plain")


async def test_a_killed_member_s_successor_takes_over_at_once(kafka, kafka_topic, emitter, settings):
    """A member that went without a word is not waited for: the next one has its name. Else the session's minute would pass here."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic, properties={"session.timeout.ms": 60_000, "request.timeout.ms": 90_000})
    for number in range(3):
        async with running(emitter, listen(options), settings):
            await send(kafka.bootstrap, topic, number)
            await until_values(emitter, *range(number + 1))


async def test_partitions_that_were_added_while_we_were_down_are_read(kafka, kafka_topic, emitter, settings):
    """A static member comes back to the partitions it had; it asks again, and gets those that nobody has."""
    topic = await kafka_topic()
    options = listening(topic, groupId=topic)
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, "before")
        await until_values(emitter, "before")
    async with administering(kafka.bootstrap) as admin:
        await admin.create_partitions({topic: NewPartitions(4)})
    async with running(emitter, listen(options), settings):
        await send(kafka.bootstrap, topic, "new", partition=3)
        await until_values(emitter, "before", "new")


async def test_the_commit_reaches_the_broker_when_it_is_convenient(kafka, kafka_topic, emitter, settings):
    """A clean stop leaves the group's offset where we are, for people who watch the lag and for other tools."""
    topic = await kafka_topic()
    async with running(emitter, listen(listening(topic, groupId=topic)), settings):
        await send(kafka.bootstrap, topic, 1, 2)
        await until_values(emitter, 1, 2)
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=topic) as consumer:
        assert await consumer.committed(TopicPartition(topic, 0)) == 2
