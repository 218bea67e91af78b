"""Kafka: listen to topics, publish to them, and carry the bus and the state events.

    record ──── cluster     connection
       │           │            │
       │        position        │
       └──── feed ─┘            │
              └──── source      └──── producer

`record` is pure; `cluster` asks what aiokafka does not; `position` says where to read on; `feed` is the loop; `source` the triggers' YAML;
`producer` the sink of state events, the bus's publisher and the task `kafka.Produce`.
"""

from onbeat.plugins.kafka.source import EventTrigger, RealtimeTrigger

PROVIDES = (RealtimeTrigger, EventTrigger)
