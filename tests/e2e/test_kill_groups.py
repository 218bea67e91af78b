"""Correlations and ordering keys on real brokers under kill -9, small: what `make kill-loop` does at full size."""

from pathlib import Path

import pytest

from tests.conftest import KafkaTopic
from tests.e2e import groups
from tests.services.kafka import Kafka, OutsideKafka
from tests.services.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def test_pairs_of_kafka_records_start_once(tmp_path: Path, kafka: Kafka | OutsideKafka, kafka_topic: KafkaTopic) -> None:
    """Each pair starts one execution, and each record is in one batch of a second trigger's."""
    report = await groups.kafka(tmp_path, kafka.bootstrap, await kafka_topic(partitions=4), 60, 2)
    assert report.problems == []


async def test_pairs_of_mqtt_messages_start_once(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The same at QoS 1, where what was not acknowledged comes again."""
    report = await groups.mqtt(tmp_path, mosquitto.url, 60, 2)
    assert report.problems == []


async def test_records_of_a_key_run_in_their_order(tmp_path: Path, kafka: Kafka | OutsideKafka, kafka_topic: KafkaTopic) -> None:
    """One at a time for each key, and never more at once than the flow's limit for each of its values."""
    report = await groups.lines(tmp_path, kafka.bootstrap, await kafka_topic(partitions=4), 120, 2)
    assert report.problems == []
