"""Run every example that is shipped, started by what its own file says starts it.

An example that does not work teaches the wrong thing to everybody who copies it. So each flow in flows/ is started here through a real
node by its own trigger: an event, a state event, a webhook, a file, the clock, Kafka, MQTT; and what a comment says to type is typed.

Rules
1. Each flow and each stand-alone trigger has a test that begins with its name; a new example without one fails.
2. The files are used as they are. Broker triggers are shipped disabled: only that line is taken out.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from onbeat.cli.check import Checked
from onbeat.core.changes import Created
from onbeat.core.event import Event
from onbeat.core.execution import Execution
from onbeat.core.matching import match
from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.engine.node import Node
from onbeat.ports import ExecutionFilter
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.api.client import Client
from tests.engine.harness import settings_for, states
from tests.services.kafka import Kafka, OutsideKafka
from tests.services.mosquitto import Mosquitto

CHECKOUT = Path(__file__).resolve().parents[1]
FLOWS = sorted(path for path in (CHECKOUT / "flows").rglob("*.yaml") if not path.name.endswith(".test.yaml"))
TRIGGERS = sorted((CHECKOUT / "triggers").rglob("*.yaml"))

Examples = Callable[..., AbstractAsyncContextManager[Node]]


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examples:
    """Makes a node that serves all examples: `async with examples() as node`. Its working directory is an empty one with an inbox."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()

    @asynccontextmanager
    async def make(clock: ManualClock | None = None, triggers: Path = CHECKOUT / "triggers", **more: Any) -> AsyncIterator[Node]:
        settings = settings_for(tmp_path, flows=[CHECKOUT / "flows"], triggers=[triggers], **more)
        async with running(settings, MemoryStore(), clock=clock, environment={}) as node:
            for subscription in node.intake.subscriptions():
                await subscription.ready.wait()
            yield node

    return make


async def started(node: Node, flow: str, state: State | None = None) -> Execution:
    """The first execution of a flow, once there is one and it is in that state (None: has ended)."""
    seq = 0
    while True:
        for row in await node.store.journal(seq, 1_000):
            seq = row.seq
            if row.head.flow == flow and (state is None and isinstance(row.change, Created)):
                return await node.engine.ended(row.execution)
            if row.head.flow == flow and state is not None:
                execution = await node.engine.load(row.execution)
                if execution.state is state:
                    return execution
        await node.store.wait_journal(seq)


async def logged(node: Node, execution: Execution) -> list[str]:
    """What its tasks logged."""
    return [line.message for line in await node.queries.logs(execution.id)]


# ---- all of them -----------------------------------------------------------------------------------------------------


def test_every_example_is_valid_alone_and_together() -> None:
    """Neither a problem nor a warning, as `onbeat check --strict` would tell them."""
    checked, registry = Checked(), Registry()
    for path in (*FLOWS, *TRIGGERS):
        checked.add(path, registry)
    checked.compare()
    assert (checked.problems, checked.warnings) == ([], [])
    assert (len(checked.flows), len(checked.triggers)) == (len(FLOWS), len(TRIGGERS))


async def test_every_example_is_served(examples: Examples) -> None:
    """A node that is given the folders serves all of it, and nothing is wrong."""
    async with examples() as node:
        assert node.loader.problems == {}
        assert list(node.trouble()) == []
        assert len(node.catalog.served()) == len(FLOWS)
        served = {trigger.spec.id for sub in node.intake.subscriptions() for trigger in sub.triggers.values()}
        asleep = {trigger.spec.id for trigger in node.intake.asleep()}
        assert {path.stem for path in TRIGGERS} <= served | asleep


@pytest.mark.parametrize("name", [path.stem for path in (*FLOWS, *TRIGGERS)])
def test_each_example_is_run_by_a_test(name: str) -> None:
    """Nobody adds an example that nothing runs."""
    assert [test for test in globals() if test.startswith(f"test_{name}_")]


COMMANDS = [
    (path.name, line.removeprefix("#").strip())
    for path in FLOWS
    for line in path.read_text().splitlines()
    if line.startswith("#   onbeat run")
]


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_what_a_comment_says_to_type_works(name: str, command: str) -> None:
    """`onbeat run …` as the comment has it; only the flow that shows a failure ends with 1."""
    arguments = shlex.split(command)[1:]
    done = subprocess.run([sys.executable, "-m", "onbeat", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if name == "flaky_call.yaml" else 0), done.stdout + done.stderr


# ---- by an event, and by what flows say to each other ------------------------------------------------------------------


async def test_order_received_starts_by_an_event_and_large_order_by_what_it_publishes(examples: Examples) -> None:
    """Choreography: an order over 100 is announced on another topic, on which a flow waits that waits for a person."""
    async with examples() as node:
        await node.publish("orders", {"id": 7, "total": 120}, id_="order-7")
        received = await started(node, "order_received")
        assert received.state is State.SUCCESS
        assert received.outputs == {"order": 7}
        assert await logged(node, received) == ["order 7 over 120 arrived"]
        large = await started(node, "large_order", State.PAUSED)
        assert large.head.trigger is not None
        assert large.head.trigger.variables["data"] == {"order": 7, "total": 120}
        assert large.head.trigger.variables["key"] == "7"
        assert large.head.correlation_id == received.head.correlation_id


async def test_order_received_keeps_a_small_order_to_itself(examples: Examples) -> None:
    """Its branch is not taken, so nothing is published."""
    async with examples() as node:
        await node.publish("orders", {"id": 8, "total": 99})
        assert (await started(node, "order_received")).state is State.SUCCESS
        assert await node.store.records_end("orders.large") == 0


@pytest.mark.parametrize(
    ("approved", "task", "said"), [("true", "approved", "order 7 is approved"), ("false", "refused", "order 7 is refused")]
)
async def test_large_order_goes_on_when_somebody_decides(examples: Examples, approved: str, task: str, said: str) -> None:
    """The answer chooses the branch."""
    async with examples() as node:
        await node.publish("orders.large", {"order": 7, "total": 120})
        paused = await started(node, "large_order", State.PAUSED)
        await node.resume(paused.id, {"approved": approved})
        ended = await node.engine.ended(paused.id)
        assert ended.state is State.SUCCESS
        assert states(ended)[-1] == (task, None, "SUCCESS")
        assert await logged(node, ended) == [said]


async def test_large_order_fails_when_nobody_decides_within_the_hour(examples: Examples) -> None:
    """Its time-out is a timer in the store, not somebody's sleep."""
    clock = ManualClock()
    async with examples(clock) as node:
        await node.publish("orders.large", {"order": 7, "total": 120})
        paused = await started(node, "large_order", State.PAUSED)
        await clock.advance(3_600)
        assert (await node.engine.ended(paused.id)).state is State.FAILED


async def test_audit_orders_starts_a_flow_from_a_file_of_its_own(examples: Examples) -> None:
    """The stand-alone trigger gives the flow its input, beside the flow that listens to the same topic."""
    async with examples() as node:
        await node.publish("orders", {"id": 9, "total": 10_001})
        greeted = await started(node, "greeting")
        assert greeted.outputs == {"text": "Hello, auditor, order 9 is over 10,000!"}
        assert greeted.head.trigger is not None
        assert greeted.head.trigger.id == "audit_orders"
        assert (await started(node, "order_received")).state is State.SUCCESS


async def test_flaky_call_tries_three_times_and_failure_watch_starts_from_its_state_event(examples: Examples) -> None:
    """Retries, then errors, then finally; and the failure itself is an event that starts a flow."""
    async with examples() as node:
        failed = await node.engine.ended((await node.start("demo", "flaky_call")).id)
        assert failed.state is State.FAILED
        flaky = next(run for run in failed.runs.values() if run.task == "flaky")
        assert len(flaky.attempts) == 3
        assert "flaky failed: the other side does not answer" in await logged(node, failed)
        assert states(failed)[-2:] == [("handle", None, "SUCCESS"), ("tidy", None, "SUCCESS")]
        watch = await started(node, "failure_watch")
        assert watch.state is State.SUCCESS
        assert await logged(node, watch) == ["demo.flaky_call failed at task flaky: the other side does not answer"]
        assert watch.head.causation_id == failed.id


async def test_flaky_call_takes_the_other_branch_when_told(examples: Examples) -> None:
    """With `fail: false` all is well, and it tidies up all the same."""
    async with examples() as node:
        ended = await node.engine.ended((await node.start("demo", "flaky_call", {"fail": False})).id)
        assert [task for task, _, _ in states(ended)] == ["work", "fine", "tidy"]
        assert ended.state is State.SUCCESS


async def test_failure_watch_does_not_watch_itself(examples: Examples) -> None:
    """A failure of the watcher starts no watcher: a loop of flows would end only at its 16th hop."""
    async with examples() as node:
        found = node.intake.find("demo.failure_watch.on_failure")
        assert found is not None
        for flow, starts in (("anything", 1), ("failure_watch", 0)):
            data = {"state": "FAILED", "flowId": flow}
            event = Event(id="1", source="onbeat", type="t", time=0, key="1", data=data, variables={"data": data})
            assert len(match(found[1].spec, event)) == starts


async def test_reserve_stock_waits_for_what_warehouse_answers(examples: Examples) -> None:
    """Each by the key of its own order, however many ask at once."""
    async with examples() as node:
        asked = [await node.start("demo", "reserve_stock", {"order": order}) for order in (7, 8)]
        ended = [await node.engine.ended(each.id) for each in asked]
        assert [each.outputs for each in ended] == [{"shelf": "A-3"}] * 2
        assert [await logged(node, each) for each in ended] == [[f"order {order} is on shelf A-3"] for order in (7, 8)]
        assert await node.queries.count(ExecutionFilter(flow="warehouse")) == 2


async def test_warehouse_answers_whoever_asks(examples: Examples) -> None:
    """Also when that was no flow."""
    async with examples() as node:
        await node.publish("stock.wanted", {"order": 1, "pieces": 9}, key="1")
        assert (await started(node, "warehouse")).state is State.SUCCESS
        (record,) = await node.store.records("stock.reserved", 0, 10)
        assert (record.key, record.data) == ("1", {"order": 1, "shelf": "A-9"})


# ---- by a webhook, a file, the clock -----------------------------------------------------------------------------------


async def test_webhook_hello_starts_by_the_request_in_its_comment(examples: Examples) -> None:
    """The address and the body of the curl line; without a body it greets whoever calls."""
    text = (CHECKOUT / "flows" / "webhook_hello.yaml").read_text()
    address, body = re.search(r"curl -X POST http://[^/]+(\S+) -d '([^']+)'", text).groups()  # type: ignore[union-attr]  # the file has it
    async with examples() as node:
        call = Client(node)
        answer = await call("POST", address, body.encode(), token=None, content_type="application/json")
        assert answer.status == 200
        ended = await node.engine.ended(answer.json["id"])
        assert (ended.state, ended.outputs) == (State.SUCCESS, {"greeting": "Hello, Ada!"})
        nobody = await call("POST", address, token=None)
        assert (await node.engine.ended(nobody.json["id"])).outputs == {"greeting": "Hello, whoever you are!"}


async def test_file_arrived_counts_the_lines_of_a_file(examples: Examples, tmp_path: Path) -> None:
    """Written under another name and renamed: complete at once, and started once."""
    async with examples() as node:
        half = tmp_path / "inbox" / "hello.txt.tmp"
        half.write_text("one\ntwo\n")
        half.rename(tmp_path / "inbox" / "hello.txt")
        counted = await started(node, "file_arrived")
        assert counted.state is State.SUCCESS
        assert "hello.txt has 2 line(s)" in await logged(node, counted)


async def test_every_morning_starts_at_seven_in_berlin(examples: Examples) -> None:
    """Not before, and with the times in Berlin's offset."""
    clock = ManualClock()
    async with examples(clock) as node:
        await clock.advance(6 * 3600 - 1)
        assert await node.queries.count(ExecutionFilter(flow="every_morning")) == 0
        await clock.advance(1)
        morning = await started(node, "every_morning")
        assert await logged(node, morning) == ["good morning: 2026-01-01T07:00:00+01:00, next time 2026-01-02T07:00:00+01:00"]


# ---- by hand -----------------------------------------------------------------------------------------------------------


async def test_fan_out_greets_everybody_by_a_flow_of_its_own(examples: Examples) -> None:
    """Branches side by side, a loop, a subflow for each value, its output as the flow's."""
    async with examples() as node:
        ended = await node.engine.ended((await node.start("demo", "fan_out", {"names": ["Ada", "Grace", "Ada"]})).id)
        assert ended.state is State.SUCCESS
        assert ended.outputs == {"last": "Hello, Ada!"}
        assert await node.queries.count(ExecutionFilter(flow="greeting")) == 3
        lengths = next(run for run in ended.runs.values() if run.task == "lengths")
        assert lengths.outputs == {"value": 2}


async def test_greeting_gives_a_text(examples: Examples) -> None:
    """Called by hand as by a flow."""
    async with examples() as node:
        ended = await node.engine.ended((await node.start("demo", "greeting", {"name": "Ada"})).id)
        assert ended.outputs == {"text": "Hello, Ada!"}


async def test_book_trip_undoes_what_it_booked_in_reverse(examples: Examples) -> None:
    """The hotels, the last first, then the flight; then it tells."""
    async with examples() as node:
        ended = await node.engine.ended((await node.start("demo", "book_trip", {"card": "expired"})).id)
        assert ended.state is State.FAILED
        said = await logged(node, ended)
        assert [line for line in said if line.startswith("cancelled")] == [
            "cancelled H-Naples",
            "cancelled H-Rome",
            f"cancelled F-{ended.id}",
        ]
        assert states(ended)[-1] == ("tell", None, "SUCCESS")


async def test_price_list_gives_each_round_s_line_in_order(examples: Examples) -> None:
    """A map's keys are in `item.key`; each round is an execution."""
    async with examples() as node:
        ended = await node.engine.ended((await node.start("demo", "price_list")).id)
        assert ended.outputs == {"lines": ["hat: 25.0", "coat: 112.5", "glove: 12.5"]}
        assert await node.queries.count(ExecutionFilter(flow="price_list")) == 4


async def test_refund_is_denied_with_a_reason(examples: Examples) -> None:
    """By a person's decision; what the flow says of it is in its log, and it ends here."""
    async with examples() as node:
        asked = await started_by_hand(node, "refund", {"total": 500})
        await node.resume(asked.id, {}, by="Ada", decision="DENIED", comment="too late")
        ended = await node.engine.ended(asked.id)
        assert ended.state is State.CANCELLED
        assert await logged(node, ended) == ["500 is not paid back: too late"]


async def started_by_hand(node: Node, flow: str, inputs: dict[str, Any]) -> Execution:
    """An execution that was started, once it waits for somebody."""
    await node.start("demo", flow, inputs)
    return await started(node, flow, State.PAUSED)


# ---- by the brokers ----------------------------------------------------------------------------------------------------


def enabled(name: str, folder: Path) -> Path:
    """A folder with one of the broker triggers, as a user enables it."""
    text = (CHECKOUT / "triggers" / "brokers" / f"{name}.yaml").read_text()
    assert "\ndisabled: true\n" in text
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(text.replace("disabled: true\n", ""))
    return folder


async def test_sensor_kafka_starts_sensor_alarm_by_a_record(examples: Examples, kafka: Kafka | OutsideKafka, tmp_path: Path) -> None:
    """A cool sensor starts nothing; a hot one does, with what its record says."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("sensors", 1, 1)])
        triggers = enabled("sensor_kafka", tmp_path / "enabled")
        async with (
            examples(triggers=triggers, kafka_bootstrap_servers=kafka.bootstrap) as node,
            AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer,
        ):
            for celsius in (20.5, 91.5):
                await producer.send_and_wait("sensors", orjson.dumps({"sensor": "boiler", "celsius": celsius}))
            alarm = await started(node, "sensor_alarm")
            assert await logged(node, alarm) == ["boiler is at 91.5 °C (from sensors)"]
            assert await node.queries.count(ExecutionFilter(flow="sensor_alarm")) == 1
    finally:
        await admin.delete_topics(["sensors"])
        await admin.close()


async def test_sensor_mqtt_starts_sensor_alarm_by_a_message(examples: Examples, mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A cool sensor starts nothing; a hot one does, named by its topic."""
    triggers = enabled("sensor_mqtt", tmp_path / "enabled")
    async with (
        examples(triggers=triggers, mqtt_url=mosquitto.url, node="examples") as node,
        aiomqtt.Client(mosquitto.host, mosquitto.port) as client,
    ):
        for celsius in (20.5, 91.5):
            await client.publish("sensors/boiler/temperature", orjson.dumps({"celsius": celsius}), qos=1)
        alarm = await started(node, "sensor_alarm")
        assert await logged(node, alarm) == ["sensors/boiler/temperature is at 91.5 °C (from sensors/boiler/temperature)"]
        assert await node.queries.count(ExecutionFilter(flow="sensor_alarm")) == 1


async def test_sensor_alarm_needs_what_its_triggers_give(examples: Examples) -> None:
    """Its inputs are typed: what a trigger gives as text is a number here."""
    async with examples() as node:
        execution = await node.start("demo", "sensor_alarm", {"sensor": "boiler", "celsius": "91.5"})
        assert execution.head.inputs == {"sensor": "boiler", "celsius": 91.5}
