"""Receive from and publish to an MQTT broker.

    triggers:
      - id: overheated
        type: mqtt.RealtimeTrigger
        server: mqtt://broker:1883
        topic: plant/+/temperature

    tasks:
      - id: switch_off
        type: mqtt.Publish
        server: mqtt://broker:1883
        topic: plant/line-1/command
        payload: {command: "off"}

QoS 1 is at least once from the broker; the redelivery that follows our own crash is recognised and starts nothing again. See the
docstrings of the classes below for every option, subscription.py and ledger.py for how the promise is kept.
"""

from onbeat.plugins.mqtt.publish import MqttPublisher, MqttSink, Publish
from onbeat.plugins.mqtt.trigger import EventTrigger, RealtimeTrigger

PROVIDES = (RealtimeTrigger, EventTrigger, Publish)

__all__ = ["PROVIDES", "EventTrigger", "MqttPublisher", "MqttSink", "Publish", "RealtimeTrigger"]
