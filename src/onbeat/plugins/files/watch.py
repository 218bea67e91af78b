"""Watch a directory: the source and its options. Hints say when to look, the disk what is there, the ledger what is new."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field, model_validator

from onbeat.core.durations import Duration
from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.files import disk
from onbeat.plugins.files.disk import Listing, Version
from onbeat.plugins.files.events import Told, shown, tell
from onbeat.plugins.files.hints import Hints
from onbeat.plugins.files.ledger import Done, Found, Ledger, Moment, Rule, glob, row_key, row_value
from onbeat.ports import LedgerRow, Listener, SourceContext, SourceOptions, Work
from onbeat.ports.waiting import first, until_changed

BATCH = 500
READING = 16
"""Files whose content is in memory at once."""
_AFTER_LOSS = 1.0


class Watch(SourceOptions):
    """Starts once for each complete file in a directory, and again when the file has another version; files that came while the
    daemon was down are found when it starts.

    A file is complete when it has not changed for `stableFor`, or at once when it was renamed from another name in that directory
    (the recommended way: write `x.csv.tmp`, then rename it). Use `stableFor: PT0S` where files are only ever moved into the
    directory. Versions that are overwritten between two looks are not seen. Links are not followed.

    `trigger.*`: `path`, `name`, `directory`, `size`, `modified`, `uri`; `hash` with `key: hash`; `content` with `read`. In `path` and
    `name`, bytes that are not UTF-8 are shown as `\\xff`; `uri` is exact. With `action: move`, `path` and `uri` are the new place.

    Example:

    ```yaml
    triggers:
      - id: order_file
        type: files.Watch
        directory: /srv/orders
        pattern: "*.{csv,json}"
        action: move
        moveTo: /srv/orders/done
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("files.Watch", "fs.local.RealtimeTrigger", "core.trigger.File")
    listens_disabled: ClassVar[bool] = True

    directory: str = Field(min_length=1, validation_alias=AliasChoices("directory", "from"))
    pattern: str = Field("*", min_length=1)
    """Of the name, or, with a `/` in it, of the path below the directory: `reports/**/*.pdf`."""
    recursive: bool = False
    """Look into directories below, too; a pattern with a `/` does."""
    stable_for: Duration = Field(timedelta(seconds=2), alias="stableFor")
    interval: Duration = timedelta(seconds=60)
    """How often everything is looked at, for what no hint came of."""
    ignore: tuple[str, ...] = (".*", "*~", "*.tmp", "*.part", "*.swp")
    key: Literal["path", "hash"] = "path"
    """`hash`: the same content starts once, whatever its name."""
    action: Literal["none", "move", "delete"] = "none"
    """What is done with the file when all triggers have had it."""
    move_to: str | None = Field(None, alias="moveTo")
    """Relative to the directory; on the same file system."""
    max_size: int | None = Field(None, alias="maxSize", ge=1)
    """A larger file, in bytes, becomes a dead event."""
    existing: bool = True
    """Whether files that are there when the trigger is seen first count."""
    polling: bool | Literal["auto"] = "auto"
    """Ask each second instead of listening; `auto` does so on network file systems."""
    read: Literal["text", "json"] | None = None
    """Give the content as `trigger.content`; at most 1 MiB."""

    @model_validator(mode="after")
    def _complete(self) -> "Watch":
        if (self.action == "move") != (self.move_to is not None):
            raise ValueError("`action: move` and `moveTo` go together; write both or neither")
        if self.interval < timedelta(seconds=1):
            raise ValueError("`interval` must be PT1S or more; hints come without it")
        if self.target == self.root:
            raise ValueError("`moveTo` is the directory itself; name another one")
        return self

    @property
    def root(self) -> str:
        """The directory, absolute."""
        return os.path.abspath(self.directory)

    @property
    def target(self) -> str | None:
        """Where files are moved, absolute."""
        return None if self.move_to is None else os.path.abspath(os.path.join(self.root, self.move_to))

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All triggers of a directory share one watch."""
        return f"{type(self).names[0]}:{self.root}"

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Watch until cancelled. Raises OutsideError when the directory is not there."""
        options = [one.options for one in triggers()]
        wishes = {one.polling for one in options}
        remote = await _on_disk(disk.is_remote, self.root)
        hints = Hints(polling=True in wishes or ("auto" in wishes and remote))
        watching = _Watching(context, self.root, hints, remote, Ledger(await context.store.ledger(f"files:{context.name}")))
        try:
            await watching.run(triggers)
        finally:
            hints.close()


class _Watching:
    """A directory, its triggers, and what was done with its files."""

    def __init__(self, context: SourceContext, root: str, hints: Hints, remote: bool, ledger: Ledger) -> None:
        self.context = context
        self.root = root
        self.hints = hints
        self.remote = remote
        self.ledger = ledger
        self.rules: list[Rule] = []
        self._ready = False
        self._trouble: str | None = None
        self._scan_at = 0.0

    async def run(self, triggers: Callable[[], Sequence[Listener]]) -> None:
        clock = self.context.clock
        seen: list[Listener] | None = None
        while True:
            if seen is None or seen != list(triggers()):
                seen = list(triggers())
                self._scan_at = clock.monotonic()
                self.rules = _rules(seen)
            paths, arrived, lost = self.hints.take()
            inside, renamed = ({path.removeprefix(f"{self.root}/") for path in some} for some in (paths - {self.root}, arrived))
            lost |= self.root in paths
            if lost or clock.monotonic() >= self._scan_at or await asyncio.to_thread(self._has_directory, inside):
                await self._look_everywhere(seen, renamed)
                if lost:
                    self._scan_at = min(self._scan_at, clock.monotonic() + _AFTER_LOSS)
            else:
                files = await asyncio.to_thread(disk.look, self.root, inside | self.ledger.waiting(), not self.remote)
                await self._take(files, renamed)
            again = self.ledger.next_look()
            until = self._scan_at if again is None else min(self._scan_at, again)
            await first(self.hints.wait(), until_changed(self.context, triggers, seen), clock.sleep(max(0.001, until - clock.monotonic())))

    def _has_directory(self, paths: Iterable[str]) -> bool:
        """A directory that came or went: what is in it must be found, and listened to."""
        known = {path.removeprefix(f"{self.root}/") for path in self.hints.directories}
        return any(path in known or disk.is_directory(self.root, path) for path in paths)

    # ---- looking -------------------------------------------------------------------------------------------------

    async def _look_everywhere(self, listeners: Sequence[Listener], arrived: set[str]) -> None:
        listing = await self._listen()
        if not self._ready:
            self._ready = True
            self.context.ready()
        self._say(f"directories that cannot be read: {', '.join(map(shown, sorted(listing.unread)))}" if listing.unread else None)
        self._scan_at = self.context.clock.monotonic() + min(one.options.interval.total_seconds() for one in listeners)
        await self._meet(listeners, listing)
        gone = self.ledger.gone(listing)
        if gone:
            await self._remember([LedgerRow(self._name, row_key(*row), None) for row in gone])
            for row in gone:
                del self.ledger.rows[row]
        unseen = self.ledger.waiting() - listing.files.keys()
        await self._take({**listing.files, **dict.fromkeys(unseen)}, arrived)

    async def _listen(self) -> Listing:
        """All files, looked at after all their directories are listened to."""
        while True:
            listing: Listing = await _on_disk(disk.scan, self.root, any(rule.deep for rule in self.rules), not self.remote, self._skips)
            places = {os.path.join(self.root, path) if path else self.root: inode for path, inode in listing.directories.items()}
            if not await self.hints.watch(places):
                return listing

    def _skips(self, path: str) -> bool:
        return all(rule.ignores(path) for rule in self.rules) or os.path.join(self.root, path) in {
            rule.options.target for rule in self.rules
        }

    async def _meet(self, listeners: Sequence[Listener], listing: Listing) -> None:
        """See triggers for the first time; what was there before those that do not want it counts as done."""
        for one in listeners:
            if one.disabled or one.trigger in self.ledger.known:
                continue
            if not one.options.existing:
                await self._pass_over(self.ledger.existing(listing.files, self.rules, one.trigger))
            await self._remember([LedgerRow(self._name, one.trigger, "")])
            self.ledger.known.add(one.trigger)

    # ---- starting ------------------------------------------------------------------------------------------------

    async def _take(self, files: Mapping[str, Version | None], arrived: set[str]) -> None:
        """Start what is new and complete, then move or delete what everybody has had."""
        clock = self.context.clock
        moment = Moment(clock.now(), clock.monotonic(), dated=not self.remote)
        rules = [rule._replace(triggers=rule.triggers - (rule.skipping - self.ledger.known)) for rule in self.rules]
        found = await asyncio.to_thread(self.ledger.select, files, rules, moment, arrived, lambda path: disk.is_closed(self.root, path))
        await self._pass_over([one._replace(triggers=one.triggers - one.started) for one in found])
        starting = [one._replace(triggers=one.started) for one in found if one.started]
        size = READING if any(one.rule.options.read for one in starting) else BATCH
        for begin in range(0, len(starting), size):
            told = await asyncio.to_thread(tell, self.root, starting[begin : begin + size], moment.now)
            if told:
                await self._emit(told)
        done = await asyncio.to_thread(self.ledger.done, files, rules)
        if done:
            await asyncio.to_thread(self._finish, done)
            self._say(self._trouble)

    async def _emit(self, told: Sequence[Told]) -> None:
        received = [one.received for one in told]
        rows = {(trigger, one.found.path): row_value(one.found.version, one.target) for one in told for trigger in one.found.triggers}
        ledger = [LedgerRow(self._name, row_key(*row), value) for row, value in rows.items()]
        while True:
            try:
                await self.context.emit(received, ledger=ledger)
                break
            except Overloaded as error:
                self.context.report(f"{len(received)} files wait: {error}")
                await self.context.wait_room()
                self._say(self._trouble)
        self.ledger.rows |= rows

    async def _pass_over(self, found: Sequence[Found]) -> None:
        """Count versions as had, without starting anything."""
        rows = {(trigger, one.path): one.version.text for one in found for trigger in one.triggers}
        await self._remember([LedgerRow(self._name, row_key(*row), value) for row, value in rows.items()])
        self.ledger.rows |= rows

    async def _remember(self, rows: Sequence[LedgerRow]) -> None:
        for begin in range(0, len(rows), BATCH):
            await self.context.store.write(Work(ledger=tuple(rows[begin : begin + BATCH])))

    def _finish(self, done: Sequence[Done]) -> None:
        self._trouble = None
        for one in done:
            try:
                if one.action == "delete":
                    disk.delete(self.root, one.path, one.version)
                else:
                    disk.move(self.root, one.path, one.version, one.target)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._trouble = f"{shown(one.path)} was started but could not be put away: {error.strerror}"

    def _say(self, trouble: str | None) -> None:
        self.context.report(trouble or self.hints.trouble)

    @property
    def _name(self) -> str:
        return f"files:{self.context.name}"


def _rules(listeners: Sequence[Listener]) -> list[Rule]:
    """The triggers by their options."""
    groups: dict[Watch, list[Listener]] = {}
    for one in listeners:
        groups.setdefault(one.options, []).append(one)
    return [
        Rule(
            options=options,
            triggers=frozenset(one.trigger for one in members),
            skipping=frozenset(one.trigger for one in members if one.disabled),
            stable=options.stable_for.total_seconds(),
            wanted=glob(options.pattern),
            ignored=glob(f"{{{','.join(options.ignore)}}}"),
            whole="/" in options.pattern,
            deep="/" in options.pattern or options.recursive,
        )
        for options, members in groups.items()
    ]


async def _on_disk(work: Callable[..., Any], *values: Any) -> Any:
    """Do it in a thread. Raises OutsideError where the directory cannot be read."""
    try:
        return await asyncio.to_thread(work, *values)
    except OSError as error:
        raise OutsideError(f"the directory {values[0]} cannot be read ({error.strerror}); create it, or let onbeat read it") from error


PROVIDES = (Watch,)
