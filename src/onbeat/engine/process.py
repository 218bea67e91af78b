"""Run a task's program: start it, carry its output, end it with all its descendants.

A task that is killed and goes on, that fills the disk with its log, or that hangs because a background job holds its output is worse
than one that fails. The tree is the guard's business (warden.py), the lines are output.py's; here they come together.

Rules
1. `run` returns when the program and all that came of it is gone and all that it printed is logged.
2. Cancelled: SIGTERM to the group, SIGKILL to all that is left after `grace`; a second cancel kills at once. Then CancelledError goes on.
3. A background job that holds stdout open does not hold the attempt: it is killed when the program has ended (warden rule 3).
4. Output is read in small pieces and with pauses: a program that prints without end waits, and does not take more than BUSY of the loop.
5. A program gets the given variables and PATH, HOME and LANG, three descriptors, and nothing else of the engine's.

Called by: plugins through ports.Processes.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from onbeat.engine.guard import Child, Guard
from onbeat.engine.output import LIMIT, Output, Stream
from onbeat.errors import OutsideError, UserError
from onbeat.ports import ProcessEnd, TaskLog

_PIECE = 8 * 1024
_SKIPPED_PIECE = 64 * 1024
_TURN = 0.005
BUSY = 0.2
_LEFT_IN_PIPE = 1024 * 1024
"""No pipe holds more, so what comes after that when the program has ended is somebody else's."""
_DEFAULTS = {"PATH": os.defpath, "HOME": "/", "LANG": "C.UTF-8"}


class LocalProcesses:
    """Programs on this machine: ports.Processes. limit: bytes of output kept per attempt."""

    def __init__(self, guard: Guard, limit: int = LIMIT) -> None:
        self._guard = guard
        self._limit = limit

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: TaskLog,
        grace: float = 5.0,
        stdin: bytes = b"",
    ) -> ProcessEnd:
        """See ports.Processes."""
        if not argv or not argv[0]:
            raise UserError("there is no program to run: the command is empty")
        output = Output(log, self._limit)
        with contextlib.ExitStack() as stack:
            try:
                source = _file_of(stdin)
                stack.callback(os.close, source)
                pipes = {stream: Pipe(output, stream) for stream in Output.streams}
            except OSError as error:
                raise OutsideError(f"`{argv[0]}` cannot be started now: {error.strerror}") from error
            for pipe in pipes.values():
                stack.callback(pipe.close)
            child = await self._guard.start(argv, {**base_environment(), **env}, cwd, (source, *(p.writer for p in pipes.values())), grace)
            stack.callback(child.close)
            for pipe in pipes.values():
                pipe.open()
            try:
                code = await _end_of(child)
            finally:
                for pipe in pipes.values():
                    pipe.drain()
            for pipe in pipes.values():
                await pipe.drained()
        return ProcessEnd(
            code=code,
            outputs=output.outputs,
            metrics=tuple(output.metrics),
            stdout_lines=output.counts["stdout"],
            stderr_lines=output.counts["stderr"],
            truncated=output.full,
        )


async def _end_of(child: Child) -> int:
    """Rule 2."""
    try:
        return await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        while not child.ended:
            try:
                await child.wait()
            except asyncio.CancelledError:
                child.kill()
            except (OutsideError, UserError):
                break
        raise


def base_environment() -> dict[str, str]:
    """The variables that a program gets without asking."""
    return {name: os.environ.get(name, value) for name, value in _DEFAULTS.items()}


def _file_of(data: bytes) -> int:
    """A descriptor from which the data can be read. In memory where that is possible: it may be a secret."""
    if not data:
        return os.open(os.devnull, os.O_RDONLY)
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("stdin")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class Pipe:
    """One stream of a program on its way to an Output."""

    def __init__(self, output: Output, stream: Stream) -> None:
        self.output, self._stream = output, stream
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = self._loop.create_future()
        self._left: int | None = None
        self._busy = 0.0
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """The program has the other end now: give ours away and begin to read."""
        os.close(self.writer)
        self.writer = -1
        self._loop.add_reader(self._reader, self._read)

    async def drained(self) -> None:
        """Returns when all that is in the pipe was read; nobody is expected to write any more."""
        if self._left is None and not self._end.done():
            self._left = _LEFT_IN_PIPE
            self._resume()
            self._read()
        await self._end

    def drain(self) -> None:
        """Read what is in the pipe now, and go on."""
        for _ in range(_LEFT_IN_PIPE // _PIECE):
            if self._piece() is None:
                return

    def close(self) -> None:
        """Stop reading; safe twice and before `open`."""
        if self._pause:
            self._pause.cancel()
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1
        if self._reader >= 0:
            self._loop.remove_reader(self._reader)
            os.close(self._reader)
            self._reader = -1
            self._finish()

    def _read(self) -> None:
        count = self._piece()
        if self._end.done():
            return
        if self._left is not None:
            self._left -= count or 0
            if count is None or self._left <= 0:
                self._finish()
            else:
                self._loop.call_soon(self._read)
        elif self._busy > _TURN:
            self._loop.remove_reader(self._reader)
            self._pause = self._loop.call_later(self._busy / BUSY - self._busy, self._resume)
            self._busy = 0.0

    def _piece(self) -> int | None:
        """Read once; None when there is nothing. At the end of the stream nothing more will be read."""
        if self._reader < 0 or self._end.done():
            return None
        try:
            chunk = os.read(self._reader, _SKIPPED_PIECE if self.output.full else _PIECE)
        except BlockingIOError:
            return None
        if not chunk:
            self._finish()
            return None
        began = self._loop.time()
        self.output.feed(self._stream, chunk)
        self._busy += self._loop.time() - began
        return len(chunk)

    def _resume(self) -> None:
        if self._pause:
            self._pause.cancel()
            self._pause = None
            self._loop.add_reader(self._reader, self._read)

    def _finish(self) -> None:
        if not self._end.done():
            if self._reader >= 0:
                self._loop.remove_reader(self._reader)
            self.output.end(self._stream)
            self._end.set_result(None)
