"""Kafka: listen to topics, publish to them, and carry the bus and the state events.

    in    source ── feed ── position ── cluster      out   KafkaSink, KafkaPublisher, Produce
            └─── record                                          └──── producer
                            both by way of connection

In: `source` holds the triggers' YAML, `record` decodes (pure), `feed` is the loop, `position` says where to read on, `cluster` asks what
aiokafka does not. Out: `outgoing` is the sink of state events and the bus's publisher, `produce` the task, both with an idempotent
`producer`.
"""

from onbeat.plugins.kafka.outgoing import KafkaPublisher, KafkaSink
from onbeat.plugins.kafka.produce import Produce
from onbeat.plugins.kafka.source import EventTrigger, RealtimeTrigger

__all__ = ["PROVIDES", "EventTrigger", "KafkaPublisher", "KafkaSink", "Produce", "RealtimeTrigger"]

PROVIDES = (RealtimeTrigger, EventTrigger, Produce)
