"""Call Python functions: on this loop, in a thread, or in a warm process of its own.

Starting an interpreter for each call costs 30 ms and its libraries seconds. So functions are called where they are loaded already, and
those that must be stoppable, or may crash, in workers that stay.

Rules
1. `auto` awaits async functions on the loop and runs others in a thread. A thread cannot be stopped: a cancelled call leaves it behind.
2. A cancelled call in a process kills that worker and all it started; so does a worker's own death. The next call gets a fresh one.
3. At most `size` workers; a call waits for one. They die with the engine, as programs do (warden.py).
4. A worker whose modules have changed on disk is replaced before it is called. In this process code is loaded once.
5. What the function raises fails the attempt, with its traceback in the log; UserError, OutsideError, TaskFailed go on as they are.
6. The result is made plain JSON. `logging` at INFO and above, and a worker's prints, go to the attempt's log.

Called by: plugins/python through ports.Workers.
"""

import asyncio
import contextlib
import contextvars
import inspect
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from onbeat.core.event import Json
from onbeat.core.values import normalise
from onbeat.engine import worker_main
from onbeat.engine.guard import Child, Guard
from onbeat.engine.output import Output, Stream, harmless
from onbeat.engine.process import Pipe
from onbeat.engine.target import find, traceback_of
from onbeat.errors import OutsideError, UserError
from onbeat.ports import TaskFailed, TaskLog

Function = Callable[..., Any]
LARGEST = 64 * 1024 * 1024
"""Bytes of JSON that a worker may answer."""
_log: contextvars.ContextVar[TaskLog | None] = contextvars.ContextVar("task_log", default=None)
_LEVELS = {"DEBUG": "DEBUG", "INFO": "INFO", "WARNING": "WARN"}


class LocalWorkers:
    """ports.Workers on this machine."""

    def __init__(self, guard: Guard, size: int | None = None) -> None:
        self._guard = guard
        self._places = asyncio.Semaphore(size or os.cpu_count() or 1)
        self._idle: list[Worker] = []
        self._found: dict[str, Function] = {}
        self._handler = TaskHandler()

    async def call(
        self, target: str, kwargs: Mapping[str, Json], *, mode: Literal["auto", "loop", "thread", "process"], log: TaskLog
    ) -> Json:
        """See ports.Workers."""
        if mode == "process":
            return await self._in_process(target, kwargs, log)
        logging.getLogger().addHandler(self._handler)  # once: adding it again changes nothing
        known = _log.set(log)
        try:
            function = await self._find(target)
            if mode == "loop" or (mode == "auto" and inspect.iscoroutinefunction(function)):
                value = function(**kwargs)
                value = await value if inspect.isawaitable(value) else value
            else:
                value = await _in_thread(lambda: _called(function, kwargs))
            return _plain(target, value)
        except (UserError, OutsideError, TaskFailed):
            raise
        except (Exception, SystemExit) as error:
            log("ERROR", harmless(traceback_of(error)))
            raise TaskFailed(f"{type(error).__name__}: {error}") from error
        finally:
            _log.reset(known)

    async def close(self) -> None:
        """Let the workers go."""
        logging.getLogger().removeHandler(self._handler)
        while self._idle:
            await self._idle.pop().kill()

    async def _find(self, target: str) -> Function:
        if target not in self._found:
            self._found[target] = await _in_thread(lambda: find(target))
        return self._found[target]

    async def _in_process(self, target: str, kwargs: Mapping[str, Json], log: TaskLog) -> Json:
        async with self._places:
            while True:
                warm = self._idle.pop() if self._idle else None
                worker = warm or await Worker.start(self._guard)
                try:
                    answer = await worker.call(target, kwargs, log)
                    if answer is None and not warm:
                        raise OutsideError("a Python worker ended before it began; the task's log may say why")
                except BaseException:
                    await worker.kill()
                    raise
                if answer is None:
                    await worker.kill()
                    continue
                self._idle.append(worker)
                return _judge(answer, log)


class Worker:
    """One warm process."""

    def __init__(self, child: Child, stream: socket.socket, pipes: Mapping[Stream, Pipe]) -> None:
        self._child, self._stream, self._pipes = child, stream, pipes

    @classmethod
    async def start(cls, guard: Guard) -> "Worker":
        """A fresh one, with this process's modules to import."""
        argv = [sys.executable, "-P", "-m", worker_main.__name__]
        env = {**os.environ, "PYTHONPATH": _import_path()}
        nobody = Output(lambda *_: None, 0)
        with contextlib.ExitStack() as undo:
            try:
                ours, theirs = socket.socketpair()
                undo.callback(ours.close)
                with theirs:
                    pipes: dict[Stream, Pipe] = {}
                    for stream in Output.streams:
                        pipes[stream] = Pipe(nobody, stream)
                        undo.callback(pipes[stream].close)
                    writers = (pipe.writer for pipe in pipes.values())
                    child = await guard.start(argv, env, Path.cwd(), (theirs.fileno(), *writers), 0)
            except OSError as error:
                raise OutsideError(f"no Python worker can be started now: {error.strerror}") from error
            for pipe in pipes.values():
                pipe.open()
            ours.setblocking(False)
            undo.pop_all()
            return cls(child, ours, pipes)

    async def call(self, target: str, kwargs: Mapping[str, Json], log: TaskLog) -> dict[str, Json] | None:
        """Its answer; None when it has not called anything: it is stale, or was gone."""
        loop = asyncio.get_running_loop()
        output = self._attach(Output(log))
        try:
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(self._stream, worker_main.pack({"target": target, "kwargs": dict(kwargs)}))
            begun = False
            while answer := await self._read():
                match answer:
                    case {"begun": began}:
                        begun = began
                        if not begun:
                            return None
                    case {"log": [level, text]}:
                        output.write(level, text)
                    case _:
                        return answer
            if not begun:
                return None
            code = await self._child.wait()
            raise TaskFailed(f"the worker that called `{target}` ended with {'signal' if code < 0 else 'exit code'} {abs(code)}")
        finally:
            self._detach(output)

    async def kill(self) -> None:
        """End it and all it has started."""
        self._stream.close()
        self._child.kill()
        try:
            with contextlib.suppress(OutsideError, UserError):
                await self._child.wait()
        finally:
            self._child.close()
            for pipe in self._pipes.values():
                pipe.close()

    def _attach(self, output: Output) -> Output:
        for pipe in self._pipes.values():
            pipe.output = output
        return output

    def _detach(self, output: Output) -> None:
        """What was printed until now belongs to this call; what comes later to nobody."""
        for stream, pipe in self._pipes.items():
            pipe.drain()
            output.end(stream)
        self._attach(Output(lambda *_: None, 0))

    async def _read(self) -> dict[str, Any] | None:
        head = await self._exactly(4)
        if head is None:
            return None
        size = int.from_bytes(head)
        if size > LARGEST:
            raise TaskFailed(f"the result is larger than {LARGEST // 1024 // 1024} MB; write it to a file and return its name", retry=False)
        body = await self._exactly(size)
        return None if body is None else worker_main.unpack(body)

    async def _exactly(self, count: int) -> bytes | None:
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < count:
            try:
                piece = await loop.sock_recv(self._stream, count - len(data))
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return bytes(data)


class TaskHandler(logging.Handler):
    """Gives log records to the attempt in whose call they were made."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Log one."""
        log = _log.get()
        if log is not None:
            log(_LEVELS.get(record.levelname, "ERROR"), harmless(self.format(record)))


def _judge(answer: dict[str, Json], log: TaskLog) -> Json:
    """Rule 5."""
    match answer:
        case {"value": value}:
            return value
        case {"wrong": wrong}:
            raise UserError(wrong)
        case {"outside": outside}:
            raise OutsideError(outside)
    log("ERROR", harmless(answer["traceback"]))
    raise TaskFailed(f"{answer['raised']}: {answer['message']}")


def _plain(target: str, value: object) -> Json:
    try:
        return normalise(value)
    except UserError as wrong:
        raise UserError(f"`{target}` returned what is not JSON: {wrong}") from None


def _called(function: Function, kwargs: Mapping[str, Json]) -> Any:
    value = function(**kwargs)
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


def _import_path() -> str:
    return os.pathsep.join(os.path.abspath(entry) for entry in sys.path)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


async def _in_thread(work: Callable[[], Any]) -> Any:
    """Its result. A thread of its own, that does not hold up the end of the process: a pool's would, when they hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def end(result: Any, error: BaseException | None) -> None:
        if not done.done():
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = context.run(work)
        except BaseException as raised:
            # A future refuses StopIteration, and a SystemExit is not this process's.
            error = raised if isinstance(raised, Exception) and not isinstance(raised, StopIteration) else RuntimeError(repr(raised))
        with contextlib.suppress(RuntimeError):  # the loop has gone while we worked
            loop.call_soon_threadsafe(end, result, error)

    threading.Thread(target=run, name="onbeat-call", daemon=True).start()
    return await done
