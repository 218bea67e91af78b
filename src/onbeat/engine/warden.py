"""Start programs for the engine, and let nothing of them outlive their task or the engine.

A killed engine leaves its children running, a killed shell its background jobs, and `setsid` escapes every process group. So tasks are
not the engine's own children. One small warden forks a guard per program (half a millisecond, for the warden is small; starting an
interpreter each time costs twenty): the guard is the subreaper of all that comes of the program and watches a socket to the engine.

Rules
1. When the engine ends or its end of the socket closes, the whole tree is killed at once: kill -9 of the engine leaves nothing.
2. TERM goes to the program's group; after the grace time all that is left is killed. KILL does so now.
3. When the program has ended, its background processes have LINGER seconds to end too; then they are killed.
4. Orphans are reaped while the program runs, and nothing but stdin, stdout and stderr is inherited.
5. The warden knows no task: a request goes from the engine straight to the guard. A dead warden takes no task with it.
6. When memory runs out the kernel takes a program before it takes the engine.

On macOS there is no subreaper, no pidfd and no /proc: there a descendant that called setsid survives, the rest holds.
Runs as a program of its own, with nothing but the standard library; engine/guard.py is its other side.
"""

import contextlib
import ctypes
import errno
import gc
import json
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

TERM, KILL = b"T", b"K"
"""What the engine may say to a guard."""
STREAMS = 3
LINGER = 0.25
SWEEP = 5.0
"""Seconds until a guard gives up on processes that cannot be killed (another user's, or stuck in the kernel)."""
_OOM_SCORE = 500
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_PRCTL = ctypes.CDLL(None).prctl if _LINUX else None
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_OWN_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DEFAULTS = frozenset(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
"""What a program gets as usual, whatever it was started from ignores: a shell's `onbeat serve &` has SIGINT and SIGQUIT ignored."""


def serve(requests: socket.socket, engine: int | None) -> None:
    """Fork a guard for each request until the engine is gone. A request is one byte with four descriptors: socket and streams.

    engine: a pidfd. A child that the engine's own code has forked may hold its sockets open; this it cannot.
    """
    for number in _OWN_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    poll = select.poll()
    for descriptor in (requests.fileno(), engine):
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if engine in ready:
            return
        word, descriptors, _, _ = socket.recv_fds(requests, 1, 1 + STREAMS, _CLOSE_ON_EXEC)
        if not word:
            return
        if len(descriptors) == 1 + STREAMS and _forked():
            requests.close()
            _guard_and_exit(descriptors, engine)
        for descriptor in descriptors:
            os.close(descriptor)


def _forked() -> bool:
    """Whether this is the new process. When there can be none the engine sees its socket close, and says so."""
    try:
        return os.fork() == 0
    except OSError:
        return False


def _guard_and_exit(descriptors: list[int], engine: int | None) -> None:
    try:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        Guard(socket.socket(fileno=descriptors[0]), engine).run(descriptors[1:])
    except OSError:
        pass  # the engine is gone; the tree was looked after
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


class Guard:
    """Looks after one program and all its descendants."""

    def __init__(self, engine: socket.socket, process: int | None) -> None:
        self._engine = engine
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(self._woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        if _PRCTL:
            _PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._poll = select.poll()
        for descriptor in (self._engine.fileno(), self._woken, process):
            if descriptor is not None:
                self._poll.register(descriptor, select.POLLIN)
        self._process = process
        self._program = 0
        self._status: int | None = None

    def run(self, streams: list[int]) -> None:
        """Start the program that the engine asks for, and tell how it ended once its whole tree is gone."""
        request = self._request()
        if request is None:
            return
        try:
            self._program = _spawn(request, streams)
        except (OSError, ValueError) as error:
            self._say(error=getattr(error, "errno", None) or errno.EINVAL, text=str(error), place=request["place"])
            return
        for stream in streams:
            os.close(stream)
        self._say(pid=self._program)
        self._watch(float(request["grace"]))
        self._say(code=None if self._status is None else os.waitstatus_to_exitcode(self._status))

    def _request(self) -> dict[str, Any] | None:
        size = self._read(4)
        body = self._read(int.from_bytes(size)) if size else None
        return None if body is None else json.loads(body)

    def _read(self, count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            part = self._engine.recv(count - len(parts))
            if not part:
                return None
            parts += part
        return bytes(parts)

    def _say(self, **message: object) -> None:
        self._engine.sendall(json.dumps(message).encode() + b"\n")

    def _watch(self, grace: float) -> None:
        """Returns when nothing of the program is left."""
        deadline = math.inf
        while self._reap():
            if self._status is not None:
                deadline = min(deadline, time.monotonic() + LINGER)
            wait = deadline - time.monotonic()
            if wait <= 0:
                break
            ready = [descriptor for descriptor, _ in self._poll.poll(None if wait == math.inf else wait * 1000 + 1)]
            if self._process in ready:
                break
            if self._engine.fileno() not in ready:
                continue
            if self._engine.recv(1) != TERM:
                break
            if self._status is None:
                _kill_group(self._program, signal.SIGTERM)
            deadline = min(deadline, time.monotonic() + grace)
        self._sweep()

    def _reap(self) -> bool:
        """Take leave of all that ended; whether something is left."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._program:
                    self._status = status
        except ChildProcessError:
            return False

    def _sweep(self) -> None:
        """Kill all that is left. Groups first and as a whole, so that a fork bomb does not outrun us; orphans come to us."""
        end = time.monotonic() + SWEEP
        if not _LINUX:
            _kill_group(self._program, signal.SIGKILL)
        while self._reap() and time.monotonic() < end:
            if self._status is None:
                _kill_group(self._program, signal.SIGKILL)
            for pid in _descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    _kill_group(os.getpgid(pid), signal.SIGKILL)
            select.select([self._woken], [], [], 0.02)


def _spawn(request: dict[str, Any], streams: list[int]) -> int:
    request["place"] = "folder"
    os.chdir(request["cwd"])
    request["place"] = "program"
    os.environ["PATH"] = request["env"].get("PATH", os.defpath)  # where posix_spawnp looks
    argv, env = request["argv"], request["env"]
    actions = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
    try:
        return os.posix_spawnp(argv[0], argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_DEFAULTS)
    except NotImplementedError:  # macOS below 10.15
        return os.posix_spawnp(argv[0], argv, env, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=_DEFAULTS)


def _kill_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _descendants(root: int) -> list[int]:
    parents = dict(_parents())
    found, family = [], {root}
    while grown := [pid for pid, parent in parents.items() if parent in family and pid not in family]:
        found += grown
        family.update(grown)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Each process and its parent. A process that forks while we read is found in the next round."""
    for name in os.listdir("/proc") if _LINUX else ():
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    yield int(name), int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue


def _watched(engine: int) -> int | None:
    """A pidfd of the engine, which is our parent unless it has ended already."""
    if not hasattr(os, "pidfd_open"):
        return None
    descriptor = os.pidfd_open(engine)
    if os.getppid() != engine:
        sys.exit(0)
    return descriptor


def _be_first_to_go() -> None:
    """Rule 6. More than it is anybody may ask for."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "r+") as file:
        if int(file.read()) < _OOM_SCORE:
            file.write(str(_OOM_SCORE))


def main(requests: int, engine: int) -> None:
    """Serve on a descriptor that was given to us by the process of this number."""
    gc.disable()
    gc.freeze()  # what is never touched stays shared with the guards
    os.set_inheritable(requests, False)
    _be_first_to_go()
    serve(socket.socket(fileno=requests), _watched(engine))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
