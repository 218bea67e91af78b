"""Lag: how many events wait at a source, told when somebody looks."""

import asyncio
from pathlib import Path

from aiokafka import AIOKafkaProducer

from onbeat.engine.node import Node
from onbeat.ports import Record
from onbeat.stores.memory import MemoryStore
from tests.conftest import KafkaTopic
from tests.engine.harness import node_with
from tests.services.kafka import Kafka, OutsideKafka

FLOW = """
id: f
namespace: t
tasks: [{{id: nap, type: core.flow.Sleep, duration: PT1H}}]
triggers: [{{id: on, {trigger}}}]
"""


async def until_lag(node: Node, wanted: int) -> None:
    """Wait until the only subscription is so far behind."""
    (subscription,) = node.intake.subscriptions()
    async with asyncio.timeout(20):
        await subscription.ready.wait()
        while await subscription.lag() != wanted:
            await node.clock.sleep(0.02)


async def test_what_a_full_engine_leaves_on_the_bus_is_its_lag(tmp_path: Path) -> None:
    """One is taken, two wait; when there is room they come."""
    flow = FLOW.format(trigger="type: core.trigger.Event, topic: x")
    async with node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, max_active=1) as node:
        await until_lag(node, 0)
        await node.publish("x", 1)
        await until_lag(node, 0)
        for n in (2, 3):
            await node.publisher.publish(Record(topic="x", id=str(n), data=n, time=node.clock.now()))
        await until_lag(node, 2)


async def test_what_a_full_engine_leaves_in_kafka_is_its_lag(tmp_path: Path, kafka: Kafka | OutsideKafka, kafka_topic: KafkaTopic) -> None:
    """Read or not: what was not started is behind."""
    topic = await kafka_topic(partitions=2)
    flow = FLOW.format(trigger=f"type: kafka.RealtimeTrigger, topic: {topic}, groupId: {topic}, brokers: '{kafka.bootstrap}'")
    async with (
        AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer,
        node_with(MemoryStore(), {"f.yaml": flow}, tmp_path, max_active=1) as node,
    ):
        await until_lag(node, 0)
        await producer.send_and_wait(topic, b"1", partition=0)
        while node.engine.at_work() < 1:
            await node.clock.sleep(0.02)
        for n in range(4):
            await producer.send_and_wait(topic, b"%d" % n, partition=n % 2)
        await until_lag(node, 4)
