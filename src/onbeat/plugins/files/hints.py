"""Listen for changes of files: hints that somebody should look, never the truth.

watchfiles says quickly that something happened, but it drops the kernel's note that its queue overflowed, dies of a name that is not
UTF-8, and with `recursive` it follows links out of the directory. So it is given each directory by itself, whatever ends it is told as
`lost`, and whoever listens looks for himself.

Rules
1. When `watch` has returned, changes in those directories are heard; changing the directories leaves no gap.
2. A watcher that ends, and more changes at once than its queue is sure to hold, are told as lost: everything must be looked at.
3. When the system has no watches left it is asked again and again instead (polling); `trouble` says so.

Called by: watch.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping

from watchfiles import Change, watch

from onbeat.errors import OutsideError

STEP = 10
"""Milliseconds between the watcher's looks at its own queue: half of the latency, and half a percent of a processor."""
MANY = 2_000
KEPT = 10_000
"""Paths that are kept while nobody takes them."""
_POLL = 1_000

Changes = set[tuple[Change, str]]


class _Watcher:
    """One thread with its watcher. `is_set` is asked by it at each step: the first time means that it listens."""

    def __init__(self, owner: "Hints", directories: Mapping[str, int], polling: bool) -> None:
        self.directories = directories
        self.begun: asyncio.Future[Exception | None] = owner.loop.create_future()
        self._owner = owner
        self._polling = polling
        self._listens = False
        self._stopped = False
        threading.Thread(target=self._listen, name="onbeat-files", daemon=True).start()

    def is_set(self) -> bool:
        if not self._listens:
            self._listens = True
            self._tell(self._begin, None)
        return self._stopped

    def stop(self) -> None:
        self._stopped = True

    def _listen(self) -> None:
        error: Exception | None = None
        try:
            for changes in watch(
                *self.directories,
                watch_filter=None,
                debounce=50,
                step=STEP,
                stop_event=self,
                rust_timeout=0,
                raise_interrupt=False,
                force_polling=self._polling,
                poll_delay_ms=_POLL,
                recursive=False,
                ignore_permission_denied=False,
            ):
                self._tell(self._owner.hear, changes)
        except Exception as problem:
            error = problem
        self._tell(self._end, error)

    def _tell(self, what: Callable[..., None], *values: object) -> None:
        try:
            self._owner.loop.call_soon_threadsafe(what, *values)
        except RuntimeError:  # the loop has ended
            self._stopped = True

    def _begin(self, error: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_result(error)

    def _end(self, error: Exception | None) -> None:
        self._begin(error)
        if not self._stopped:
            self._owner.lose(self)


class Hints:
    """What was heard since it was taken last: `paths` that changed, `arrived` of them by a rename, or `lost` when it is not known what.

    polling: whether to ask instead of listening.
    """

    def __init__(self, polling: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.polling = polling
        self.trouble: str | None = None
        self.paths: set[str] = set()
        self.arrived: set[str] = set()
        self.lost = False
        self._heard = asyncio.Event()
        self._watcher: _Watcher | None = None

    @property
    def directories(self) -> Mapping[str, int]:
        """Those that are listened to, with their inodes: another directory of the same name must be listened to anew."""
        return self._watcher.directories if self._watcher else {}

    async def watch(self, directories: Mapping[str, int]) -> bool:
        """Listen to these directories from now on; whether others were listened to before. Raises OutsideError when it is impossible."""
        wanted = {path: inode for path, inode in directories.items() if _is_text(path)}
        while wanted != self.directories:
            watcher = _Watcher(self, wanted, self.polling)
            try:
                error = await watcher.begun
            except BaseException:
                watcher.stop()
                raise
            if error is None:
                before, self._watcher = self._watcher, watcher
                if before is not None:
                    before.stop()
                return True
            if isinstance(error, FileNotFoundError):  # one of them has gone meanwhile
                self.lose(watcher)
                return False
            if self.polling:
                raise OutsideError(f"files cannot be watched: {error}") from error
            self.polling = True
            self.trouble = f"files are polled each second, for the system has no watches left ({error}); raise fs.inotify.max_user_watches"
        return False

    async def wait(self) -> None:
        """Returns when something was heard."""
        await self._heard.wait()

    def take(self) -> tuple[set[str], set[str], bool]:
        """What was heard: paths, those of them that arrived by a rename, and whether more was missed."""
        taken = self.paths, self.arrived, self.lost
        self.paths, self.arrived, self.lost = set(), set(), False
        self._heard.clear()
        return taken

    def hear(self, changes: Changes) -> None:
        """Something changed. A path that appears while another in its directory disappears may have been renamed."""
        left = {os.path.dirname(path) for change, path in changes if change is Change.deleted}
        self.arrived |= {path for change, path in changes if change is Change.added and os.path.dirname(path) in left}
        self.paths |= {path for _, path in changes}
        if len(changes) >= MANY or len(self.paths) >= KEPT:
            self.paths, self.arrived, self.lost = set(), set(), True
        self._heard.set()

    def lose(self, watcher: object) -> None:
        """Nobody knows what changed since."""
        if self._watcher is watcher:
            self._watcher = None
        self.lost = True
        self._heard.set()

    def close(self) -> None:
        """Stop listening; the thread ends by itself."""
        if self._watcher is not None:
            self._watcher.stop()


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
