"""A service that is asked again and again: the promises of every source, and slots of time."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from onbeat.core.times import from_iso
from onbeat.plugins.http import Trigger
from onbeat.ports import Listener, Received, SourceOptions
from onbeat.stores.memory import MemoryStore
from onbeat.testing import settle
from tests.engine.harness import node_with
from tests.plugins.source_suite import Bench, FakeEmitter, FakeStore, Features, LoopClock, SourceSuite, listen, running, until

MINUTE = 60_000_000


class Queue(Bench):
    """A service that gives each message once, and 204 when it has none."""

    features = Features(positions=True)

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.asked = 0
        self.status = 200
        self.url = ""
        self.slow: asyncio.Event | None = None
        self._server = web.Server(self._answer)
        self._runner = web.ServerRunner(self._server)
        self._port = 0

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self.asked += 1
        if self.slow is not None:
            await self.slow.wait()
        if not self.waiting:
            return web.Response(status=204)
        return web.Response(body=self.waiting.pop(0), status=self.status, headers={"X-One": "1"}, content_type="application/json")

    async def start(self) -> None:
        """Answer, on the same port as before."""
        self._server = web.Server(self._answer)
        self._runner = web.ServerRunner(self._server)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/next"

    async def stop(self) -> None:
        """Answer no more."""
        await self._runner.cleanup()

    def options(self, **more: Any) -> SourceOptions:
        given = {"uri": self.url, "interval": "PT0.02S", "responseCondition": "{{ response.statusCode == 200 }}"}
        return Trigger.model_validate({**given, **more})

    async def send(self, *texts: str) -> None:
        await until(lambda: not self._server.connections)  # one that was cut as it asked would take a message with it
        self.waiting += [json.dumps({"n": text}).encode() for text in texts]

    async def send_undecodable(self) -> bytes:
        self.waiting.append(b"\xff\x00")
        return b"\xff\x00"

    async def restart_broker(self) -> None:
        await self.stop()
        await self.start()

    def text(self, received: Received) -> str:
        assert received.event is not None
        found: str = json.loads(received.event.variables["body"])["n"]
        return found


@pytest.fixture
async def queue() -> AsyncIterator[Queue]:
    """A service that runs."""
    queue = Queue()
    await queue.start()
    yield queue
    await queue.stop()


class TestHttpTrigger(SourceSuite):
    """The behaviours of every source."""

    @pytest.fixture
    async def bench(self, queue: Queue) -> Queue:
        return queue

    async def test_two_listeners_share_one_subscription(self, bench: Bench) -> None:
        """Here none share: each asks for itself, at its own instants."""
        first, second = bench.options(), bench.options()
        assert first.subscription("t0", {}) != second.subscription("t1", {})

    async def test_a_disabled_listener_gets_nothing_and_holds_nothing_back(self, bench: Bench) -> None:
        """It does not ask at all; switched on it does."""
        assert isinstance(bench, Queue)
        emitter, options = FakeEmitter(FakeStore()), bench.options()
        await bench.send("kept")
        async with running(emitter, [Listener(trigger="t0", options=options, disabled=True)]) as run:
            assert bench.asked == 0
            run.change(listen(options))
            await emitter.until(lambda: bool(emitter.started))
        assert [bench.text(one) for one in emitter.started] == ["kept"]

    async def test_stopping_is_clean(self, bench: Bench) -> None:
        """A cancel ends the source, in the middle of an answer too; once the service has noticed, no task is left behind."""
        assert isinstance(bench, Queue)
        before, bench.slow = asyncio.all_tasks(), asyncio.Event()
        async with running(FakeEmitter(FakeStore()), listen(bench.options())) as run:
            await until(lambda: bench.asked == 1)
        assert run.task is not None
        assert run.task.cancelled()
        bench.slow.set()
        await until(lambda: not {task for task in asyncio.all_tasks() - before if not task.done()})


async def test_an_answer_starts_with_what_it_brought(queue: Queue) -> None:
    """Kestra's names."""
    emitter = FakeEmitter(FakeStore())
    await queue.send("a")
    async with running(emitter, listen(queue.options())):
        await emitter.until(lambda: bool(emitter.started))
    event = emitter.started[0].event
    assert event is not None
    assert (event.variables["code"], event.variables["uri"], event.variables["headers"]["X-One"]) == (200, queue.url, ["1"])
    assert event.variables["body"] == event.data == '{"n": "a"}'
    assert event.key == event.id == emitter.started[0].key


async def test_asked_twice_in_one_slot_it_starts_once(queue: Queue) -> None:
    """A slot is as long as the interval; a crash between answer and start asks again, and what starts is the same."""
    store, long = FakeStore(), queue.options(interval="PT1H")
    emitter = FakeEmitter(store)
    emitter.refusals = 1
    await queue.send("lost with the crash", "asked for again")
    async with running(emitter, listen(long)) as run:
        run.room.clear()
        await emitter.until(lambda: emitter.refusals == 0)
    assert store.rows == {}, "nothing was written when it crashed"
    async with running(emitter, listen(long)):
        await emitter.until(lambda: bool(emitter.started))
    assert [queue.text(one) for one in emitter.started] == ["asked for again"]
    async with running(emitter, listen(long)):
        assert queue.asked == 2, "its slot is done, also after a restart"


def test_slots_are_the_same_after_a_restart() -> None:
    """They follow from the interval and the trigger's name; others begin at other instants."""
    options = Trigger.model_validate({"uri": "http://x", "interval": "PT1M"})
    now = from_iso("2026-11-21T12:00:30Z")
    begun, wait = options.slot("a.b.t", now)
    assert begun <= now < begun + MINUTE
    assert round(wait * 1_000_000) == begun + MINUTE - now
    for later in (0, 1, MINUTE - 1 - (now - begun)):
        assert options.slot("a.b.t", now + later)[0] == begun
    assert options.slot("a.b.t", begun + MINUTE) == (begun + MINUTE, 60.0)
    assert len({options.slot(f"a.b.t{n}", now)[0] for n in range(10)}) > 5


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"responseCondition": "{{ response.statusCode == 200 }}"}, "was answered with status 500; with `options.allowFailed"),
        ({"options": {"allowFailed": True}, "responseCondition": "{{ json(response.body).nope.x > 1 }}"}, "nope"),
        ({"options": {"allowFailed": True}, "responseCondition": "{{ secret('X') }}"}, "secret"),
        ({"options": {"maxContentLength": 2}}, "status 500"),
        ({"options": {"maxContentLength": 2, "allowFailed": True}}, "is larger than"),
        ({"uri": "nowhere"}, "`uri` must begin with"),
        ({"uri": "http://169.254.169.254/"}, "may not be called"),
    ],
)
async def test_trouble_is_told_and_starts_nothing(queue: Queue, more: dict[str, Any], said: str) -> None:
    """And the next slot asks again."""
    emitter = FakeEmitter(FakeStore())
    queue.status = 500
    await queue.send(*["x"] * 1000)
    async with running(emitter, listen(queue.options(**more))) as run:
        await until(lambda: len([report for report in run.reports if report and said in report]) >= 2)
        assert run.failures == []
    assert emitter.started == []


async def test_it_goes_on_when_the_service_is_back(queue: Queue) -> None:
    """While it is away that is trouble; afterwards it is none."""
    emitter = FakeEmitter(FakeStore())
    async with running(emitter, listen(queue.options())) as run:
        await until(lambda: queue.asked > 1)
        await queue.stop()
        await until(lambda: bool(run.reports) and "no answer from" in (run.reports[-1] or ""))
        await queue.start()
        await queue.send("back")
        await emitter.until(lambda: bool(emitter.started))
        assert run.reports[-1] is None


async def test_slots_that_pass_while_an_answer_is_slow_are_not_made_up_for(queue: Queue) -> None:
    """One request at a time."""
    emitter = FakeEmitter(FakeStore())
    queue.slow = asyncio.Event()
    async with running(emitter, listen(queue.options(interval="PT0.01S"))) as run:
        await until(lambda: queue.asked == 1)
        await LoopClock().sleep(0.1)
        assert queue.asked == 1
        queue.slow.set()
        await until(lambda: queue.asked >= 3)
        assert run.failures == []


@pytest.mark.parametrize("options", [{}, {"uri": "http://x", "interval": "PT0S"}, {"uri": "http://x", "encryptBody": True}])
def test_wrong_settings_are_told(options: dict[str, Any]) -> None:
    """Before anything is asked."""
    with pytest.raises(ValidationError):
        Trigger.model_validate(options)


async def test_a_file_from_storage_is_for_tasks() -> None:
    """A trigger has none; that is told, not left out."""
    emitter = FakeEmitter(FakeStore())
    form = {"f": "kestra:///a/b/executions/x/f"}
    options = Trigger.model_validate(
        {"uri": "http://127.0.0.1:9/", "method": "POST", "contentType": "multipart/form-data", "formData": form, "interval": "PT1H"}
    )
    async with running(emitter, listen(options)) as run:
        await until(lambda: bool(run.reports) and "by a task only" in (run.reports[-1] or ""))


async def test_a_flow_starts_with_what_was_answered_and_stays_once_over_a_crash(queue: Queue, tmp_path: Path) -> None:
    """Through the whole engine: its condition is not rendered early, its address is; the same slot after a restart starts nothing."""
    flow = f"""
id: f
namespace: t
variables: {{place: "{queue.url}"}}
tasks: [{{id: a, type: core.debug.Return, format: "{{{{ json(trigger.body).n }}}} {{{{ trigger.code }}}}"}}]
triggers:
  - id: on
    type: io.kestra.plugin.core.http.Trigger
    uri: "{{{{ vars.place }}}}"
    interval: PT1H
    responseCondition: "{{{{ json(response.body).n == 'yes' }}}}"
"""
    store = MemoryStore()
    await queue.send("yes", "yes")
    async with node_with(store, {"f.yaml": flow}, tmp_path) as node:
        assert node.trouble() == []
        await node.store.wait_journal(0)
        (started,) = await node.queries.executions()
        assert (await node.engine.ended(started.id)).context["a"] == {"value": "yes 200"}
    async with node_with(store, {"f.yaml": flow}, tmp_path) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        await settle()
        assert len(await node.queries.executions()) == 1
    assert queue.asked == 1
