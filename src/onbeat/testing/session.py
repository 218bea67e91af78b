"""Try flows from Python: run one, publish an event, look at what came of it.

    run = onbeat.run("flows/order.yaml", inputs={"total": 120}, mocks={"charge": {"receipt": "r-1"}})
    assert run.state == "SUCCESS"

The node is in a thread of its own with its own loop, so that tests that are not asynchronous and tests that are use it alike, and neither
sees the time in it: that jumps.

Rules
1. What is called returns when all has ended or somebody is asked; with `until`, when that much time has gone by.
2. A mock is a map of outputs, or a Mock for all else; it holds until it is replaced.
3. Nothing is started before it is used; `close` ends it, however a test ended.

Called by: the pytest plugin's fixture `onbeat`; any other program that tests flows.
"""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from onbeat.core.durations import parse_duration
from onbeat.core.event import Json
from onbeat.core.plugin_defaults import server_defaults
from onbeat.errors import NotFound, Refused, UserError
from onbeat.settings import Settings
from onbeat.testing.arrivals import Arrived, send
from onbeat.testing.bench import Bench, Running, bench, short_names
from onbeat.testing.library import SUFFIXES, Library, Source
from onbeat.testing.mocks import Mock
from onbeat.testing.model import Arrival, Given, instant
from onbeat.testing.run import Run, look
from onbeat.testing.virtual import VirtualLoop

T = TypeVar("T")
_PATIENCE = 60.0
"""Seconds of real time that one call may take."""


class Session:
    """Flows on a node of their own. folders: where paths of flows are looked for, the first first."""

    def __init__(self, running: Running, settings: Settings, folders: Sequence[Path]) -> None:
        self._running = running
        self._settings = settings
        self._folders = list(folders)
        self._library = Library(settings.flows, settings.triggers, server_defaults(settings.plugin_defaults))
        self._given = Given()
        self._served: dict[str, Source] = {}
        self._thread: threading.Thread | None = None
        self._ready: Future[tuple[Bench, VirtualLoop, asyncio.Event]] = Future()

    # ---- what is there ---------------------------------------------------------------------------------------------

    def given(self, **facts: Any) -> None:
        """What is there before anything happens: kv, secrets, envs, files, clock, enable, as in a file of tests.

        Raises Refused when something has happened already.
        """
        if self._thread is not None:
            raise Refused("say what is given before the first flow is served")
        self._given = Given.model_validate(facts).over(self._given)

    def serve(self, *flows: str | Path, mocks: Mapping[str, Any] | None = None) -> None:
        """Serve flows with their triggers, and the flows that they call: paths, or `namespace.id`. Without any, all there are."""
        self._call(self._serve(flows, mocks))

    # ---- what happens ----------------------------------------------------------------------------------------------

    def run(
        self,
        flow: str | Path,
        inputs: Mapping[str, Json] | None = None,
        *,
        mocks: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        until: str | timedelta | None = None,
    ) -> Run:
        """Run a flow. Returns when it has ended or waits for somebody; with `until` after that much of its time."""
        return self._call(self._run(flow, inputs, mocks, labels, until))

    def publish(self, topic: str, data: Json = None, **more: Any) -> list[Run]:
        """Put an event on a topic; what it started. more: key, id, headers."""
        return self.send(topic=topic, data=data, **more)

    def send(self, *, until: str | timedelta | None = None, **event: Any) -> list[Run]:
        """Let an event come in, as a file of tests has it: `send(webhook="hook", body={})`; what it started."""
        return self._call(self._send(Arrival.model_validate(event), until))

    def advance(self, time: str | timedelta) -> None:
        """Let that much time go by: `advance("PT1H")`."""
        self._call(self._advance(time))

    def resume(self, execution: str, inputs: Mapping[str, Json] | None = None) -> None:
        """Answer what is paused."""
        self._call(self._act(lambda made: made.node.resume(execution, inputs or {})))

    def kill(self, execution: str) -> None:
        """Kill it."""
        self._call(self._act(lambda made: made.node.kill(execution)))

    @property
    def runs(self) -> list[Run]:
        """All executions so far, in the order in which they were made."""
        return self._call(self._all())

    def look(self, execution: str) -> Run:
        """An execution as it is now."""
        return self._call(self._look(execution))

    def close(self) -> None:
        """End it; safe twice, and when nothing was begun."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._ready.exception() is None:
            _, loop, stop = self._ready.result()
            loop.call_soon_threadsafe(stop.set)
        thread.join()

    # ---- in the thread ---------------------------------------------------------------------------------------------

    async def _serve(self, flows: Sequence[str | Path], mocks: Mapping[str, Any] | None) -> None:
        made = self._bench
        fresh = short_names({name: _mock(mock) for name, mock in (mocks or {}).items()})
        made.mocks.given.update(fresh)
        wanted = [self._find(flow) for flow in flows] if flows else self._library.everything(self._folders[0])
        for source in wanted:
            for one in self._library.with_called(source):
                self._served[".".join(one.name)] = one
        made.check_mocks(list(self._served.values()))
        for source in self._served.values():
            await made.serve(source, enable=self._given.enable)
            await made.keep(source.flow.namespace, self._given)
        for path in self._library.trigger_files(one.flow.id for one in self._served.values()):
            made.serve_trigger(path, enable=self._given.enable)
        await made.listen()
        await made.rest()

    async def _run(
        self,
        flow: str | Path,
        inputs: Mapping[str, Json] | None,
        mocks: Mapping[str, Any] | None,
        labels: Mapping[str, str] | None,
        until: str | timedelta | None,
    ) -> Run:
        source = self._find(flow)
        if mocks or ".".join(source.name) not in self._served:
            await self._serve([flow], mocks)
        made = self._bench
        execution = await made.node.start(*source.name, made.with_files(dict(inputs or {})), labels=labels)
        await self._drive(until)
        return await self._look(execution.id)

    async def _send(self, arrival: Arrival, until: str | timedelta | None) -> list[Run]:
        if not self._served:
            await self._serve((), None)
        arrived: Arrived = await send(self._bench, arrival)
        await self._drive(until)
        return [await self._look(id_) for id_ in arrived.started]

    async def _advance(self, time: str | timedelta) -> None:
        made = self._bench
        await made.drive(instant(_length(time), made.clock.now()))
        _complain(made)

    async def _act(self, act: Any) -> None:
        made = self._bench
        await made.rest()
        await act(made)
        await self._drive(None)

    async def _drive(self, until: str | timedelta | None) -> None:
        made = self._bench
        await made.drive(None if until is None else instant(_length(until), made.clock.now()))
        _complain(made)

    async def _all(self) -> list[Run]:
        await self._bench.rest()
        return [await self._look(id_) for id_ in self._bench.executions]

    async def _look(self, execution: str) -> Run:
        return await look(self, self._bench, execution)

    def _find(self, flow: str | Path) -> Source:
        if isinstance(flow, str) and not flow.endswith(SUFFIXES):
            namespace, _, id_ = flow.rpartition(".")
            return self._library.find((namespace, id_), self._folders[0])
        for folder in self._folders:
            if (folder / flow).is_file():
                return self._library.read(folder / flow)
        raise NotFound(f"there is no file {flow} in {' or '.join(str(folder) for folder in self._folders)}")

    # ---- the thread ------------------------------------------------------------------------------------------------

    @property
    def _bench(self) -> Bench:
        return self._ready.result()[0]

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._thread is None:
            self._thread = threading.Thread(target=self._host, name="onbeat-test", daemon=True)
            self._thread.start()
        try:
            _, loop, _ = self._ready.result()
        except BaseException:
            work.close()
            raise
        called = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return called.result(_PATIENCE)
        except TimeoutError:
            called.cancel()
            raise UserError(f"it did not come to rest within {_PATIENCE:g} s") from None

    def _host(self) -> None:
        try:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(self._serve_calls())
        except BaseException as problem:
            if self._ready.done():
                raise
            self._ready.set_exception(problem)

    async def _serve_calls(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        stop = asyncio.Event()
        async with bench(self._running, self._settings, self._given, loop) as made:
            self._ready.set_result((made, loop, stop))
            await stop.wait()


def _complain(made: Bench) -> None:
    if made.mocks.refused:
        raise UserError(made.mocks.refused.pop())


def _length(time: str | timedelta) -> timedelta:
    return parse_duration(time) if isinstance(time, str) else time


def _mock(given: Any) -> Mock:
    """A Mock; a map is what the task gives."""
    return given if isinstance(given, Mock) else Mock(outputs=given)
