"""The kill campaigns, small: what `make kill-loop` does at full size must hold each time the tests run."""

from pathlib import Path

import pytest

from tests.conftest import KafkaTopic
from tests.e2e import campaigns
from tests.services.kafka import Kafka, OutsideKafka
from tests.services.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def test_kafka_records_start_once_in_order(tmp_path: Path, kafka: Kafka | OutsideKafka, kafka_topic: KafkaTopic) -> None:
    """Killed three times between records: each starts one execution, in the order of its partition; the state topic has no gap."""
    topic = await kafka_topic(partitions=4)
    report = await campaigns.kafka(tmp_path, kafka.bootstrap, topic, 400, 3)
    assert report.problems == []
    assert report.kills == 3


async def test_mqtt_messages_are_not_lost(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """QoS 1, killed between messages: each starts one execution."""
    report = await campaigns.mqtt(tmp_path, mosquitto.url, 300, 3)
    assert report.problems == []


async def test_webhooks_with_retries_start_once(tmp_path: Path) -> None:
    """Sent again until acknowledged, with the same key: one execution each, and the sender was told the right one."""
    report = await campaigns.webhook(tmp_path, 200, 3)
    assert report.problems == []


async def test_every_acknowledged_webhook_of_a_burst_ends(tmp_path: Path) -> None:
    """Cut by a kill: what was acknowledged is there and ends."""
    report = await campaigns.burst(tmp_path, 300)
    assert report.problems == []


async def test_files_start_once(tmp_path: Path) -> None:
    """Dropped before, while and between runs of the daemon: one execution each."""
    report = await campaigns.files(tmp_path, 150, 2)
    assert report.problems == []
