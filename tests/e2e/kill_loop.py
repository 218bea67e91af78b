"""Run the kill campaigns at full size: `python -m tests.e2e.kill_loop` (`make kill-loop`).

Prints a line for each campaign; exits 1 when a promise did not hold. `--scale 0.1` makes all of them smaller, `--only kafka,files`
chooses, `--seed` gives other instants.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.e2e import campaigns, groups, schedules
from tests.e2e.checker import Report
from tests.services.kafka import Kafka
from tests.services.mosquitto import Mosquitto

ALL = (
    "kafka",
    "mqtt",
    "webhook",
    "burst",
    "files",
    "schedule",
    "backfill",
    "backfill-at-once",
    "ordered",
    "kafka-groups",
    "mqtt-groups",
    "lines",
)


async def run(name: str, folder: Path, scale: float, seed: int) -> Report:
    """One campaign at its size."""

    def size(full: int) -> int:
        return max(1, round(full * scale))

    if name in ("kafka", "kafka-groups", "lines"):
        with Kafka() as broker:
            admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
            await admin.start()
            await admin.create_topics([NewTopic("kill-loop", 4, 1), NewTopic("kill-loop.states", 4, 1)])
            await admin.close()
            if name == "kafka-groups":
                return await groups.kafka(folder, broker.bootstrap, "kill-loop", size(1_000), size(20), seed)
            if name == "lines":
                return await groups.lines(folder, broker.bootstrap, "kill-loop", size(10_000), size(20), seed)
            return await campaigns.kafka(folder, broker.bootstrap, "kill-loop", size(10_000), size(20), seed)
    if name in ("mqtt", "mqtt-groups"):
        with Mosquitto() as broker:
            if name == "mqtt-groups":
                return await groups.mqtt(folder, broker.url, size(1_000), size(20), seed)
            return await campaigns.mqtt(folder, broker.url, size(2_000), size(20), seed)
    if name == "webhook":
        return await campaigns.webhook(folder, size(1_000), size(20), seed)
    if name == "burst":
        return await campaigns.burst(folder, size(2_000), seed)
    if name == "schedule":
        return await schedules.every_second(folder, size(20), seed)
    if name == "backfill":
        return await schedules.backfill(folder, size(720), size(20), seed)
    if name == "backfill-at-once":
        return await schedules.backfill(folder, size(10_000), size(20), seed, at_once=True)
    if name == "ordered":
        return await schedules.ordered(folder, size(1_000), size(20), seed)
    return await campaigns.files(folder, size(1_000), size(5), seed)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    failed = False
    for name in args.only.split(","):
        with tempfile.TemporaryDirectory(prefix=f"onbeat-kill-{name}-") as folder:
            report = asyncio.run(run(name, Path(folder), args.scale, args.seed))
        print(report, flush=True)
        failed = failed or bool(report.problems)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
