"""Ask the warden for programs, and hold the socket by which each one is watched.

The engine's loop must not stop while a program starts: a fork of a large process copies page tables (19 ms at 400 MB under uvloop).
Here starting costs the loop a fifth of a millisecond, however large it is; the warden does the rest beside it, 2 ms in all, 600 a second
on two cores (tests/bench/bench_spawn.py). See warden.py for what is promised.

Rules
1. The warden is started at first use and again when it died; programs that run are not touched by its death.
2. A Child ends exactly once: with an exit code, or with the reason why it could not start, or as lost when its guard was killed.
3. Closing a Child, or the death of this process, kills its whole tree.

Called by: process for tasks, workers for warm Python workers.
"""

import array
import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from onbeat.engine import warden
from onbeat.errors import OutsideError, UserError

_PROGRAM = Path(warden.__file__)


class Guard:
    """The warden's other side. One per loop; nothing is started before the first program."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._turn = asyncio.Lock()

    async def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, streams: Sequence[int], grace: float = 5.0) -> "Child":
        """Ask for a program with these three descriptors as its streams; they stay the caller's to close. Returns before it runs."""
        request = json.dumps({"argv": list(argv), "env": dict(env), "cwd": str(cwd), "grace": grace}).encode()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                await self._send([theirs.fileno(), *streams])
                return Child(ours, argv[0], cwd, len(request).to_bytes(4) + request)
            except BaseException:
                ours.close()
                raise

    async def close(self) -> None:
        """End the warden; programs that still run are their Child's."""
        process, self._process = self._process, None
        if self._requests:
            self._requests.close()
            self._requests = None
        if process:
            await asyncio.to_thread(process.wait)

    async def _send(self, descriptors: list[int]) -> None:
        message = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        async with self._turn:
            while True:
                requests = self._open()
                try:
                    requests.sendmsg([b"+"], message)
                    return
                except BlockingIOError:
                    await _writable(requests)
                except (BrokenPipeError, ConnectionResetError):
                    self._drop()

    def _open(self) -> socket.socket:
        if self._requests and self._process and self._process.poll() is None:
            return self._requests
        self._drop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-X", "utf8", str(_PROGRAM), str(theirs.fileno()), str(os.getpid())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                    cwd="/",
                    env={},
                )
            except OSError as error:
                ours.close()
                raise OutsideError(f"no process can be started: {error.strerror}") from error
        self._requests = ours
        return ours

    def _drop(self) -> None:
        if self._requests:
            self._requests.close()
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._process = self._requests = None


class Child:
    """A program that was asked for, until its whole tree is gone."""

    def __init__(self, engine: socket.socket, program: str, cwd: Path, request: bytes) -> None:
        self.pid: int | None = None
        self._program, self._cwd = program, cwd
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._engine: socket.socket | None = engine
        self._out = bytearray(request)
        self._in = bytearray()
        engine.setblocking(False)
        self._loop.add_reader(engine, self._read)
        self._write()

    async def wait(self) -> int:
        """The exit code, negative for a signal, once nothing of the program is left. May be cancelled and called again.

        Raises UserError when the program cannot be started, OutsideError when the machine has no room or its guard was killed.
        """
        return await asyncio.shield(self._ended)

    @property
    def ended(self) -> bool:
        """Whether `wait` returns at once."""
        return self._ended.done()

    def terminate(self) -> None:
        """SIGTERM to the program's group; after the grace time all that is left is killed."""
        self._tell(warden.TERM)

    def kill(self) -> None:
        """Kill the whole tree now."""
        self._tell(warden.KILL)

    def close(self) -> None:
        """Let go; what still runs is killed. Safe twice."""
        if self._engine:
            self._loop.remove_reader(self._engine)
            self._loop.remove_writer(self._engine)
            self._engine.close()
            self._engine = None
        if not self._ended.done():
            self._ended.cancel()

    def _tell(self, word: bytes) -> None:
        if self._engine and not self._ended.done():
            self._out += word
            self._write()

    def _write(self) -> None:
        if self._engine is None:
            return
        try:
            while self._out:
                del self._out[: self._engine.send(self._out)]
        except BlockingIOError:
            self._loop.add_writer(self._engine, self._write)
            return
        except OSError:
            self._out.clear()  # the guard is gone; reading says how
        self._loop.remove_writer(self._engine)

    def _read(self) -> None:
        if self._engine is None:
            return
        try:
            data = self._engine.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._in += data
        *messages, rest = self._in.split(b"\n")
        self._in = bytearray(rest)
        for message in messages:
            self._hear(json.loads(message))
        if not data:
            self._end(self._lost())

    def _hear(self, message: dict[str, object]) -> None:
        match message:
            case {"pid": int(pid)}:
                self.pid = pid
            case {"code": int(code)}:
                self._end(code)
            case {"code": None}:
                self._end(OutsideError(f"`{self._program}` could not be killed: it runs as another user or is stuck in the kernel"))
            case {"error": int(number), "place": str(place), "text": str(text)}:
                self._end(_refusal(self._program, self._cwd, number, place, text))

    def _end(self, result: int | Exception) -> None:
        if self._engine:
            self._loop.remove_reader(self._engine)
            self._loop.remove_writer(self._engine)
        if self._ended.done():
            return
        if isinstance(result, int):
            self._ended.set_result(result)
        else:
            self._ended.set_exception(result)
            self._ended.exception()  # nobody has to be waiting

    def _lost(self) -> OutsideError:
        if self.pid is None:
            return OutsideError("no process can be started: the machine has none left, or no memory for one")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        return OutsideError(f"the guard of `{self._program}` was killed, and its process group with it")


def _refusal(program: str, cwd: Path, number: int, place: str, text: str) -> Exception:
    """What the user reads when a program did not start."""
    if number in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO):
        return OutsideError(f"`{program}` cannot be started now: {os.strerror(number)}")
    if place == "folder":
        return UserError(f"the working directory `{cwd}` cannot be entered: {os.strerror(number)}")
    if number == errno.ENOENT:
        return UserError(f"there is no program `{program}` on this machine; install it, or give its whole path")
    if number == errno.EACCES:
        return UserError(f"`{program}` is not executable; `chmod +x` it, or name its interpreter")
    if number == errno.ENOEXEC:
        return UserError(f"`{program}` is not a program: a script needs a first line such as `#!/bin/sh`")
    if number == errno.E2BIG:
        return UserError(f"the arguments or variables of `{program}` are longer than the system takes; pass a file instead")
    return UserError(f"`{program}` cannot be started: {os.strerror(number) if number != errno.EINVAL else text}")


async def _writable(stream: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(stream, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(stream)
