"""Say which versions of which files are new to which trigger: what is on the disk against what has been started.

The disk is the truth and the ledger remembers what was done with it, so nothing depends on having heard of a change: files that
came while the daemon was down, or while the kernel's queue was full, are found by the next look.

Rules
1. A version is a path's size, time of modification and inode; each complete one is started once for each trigger that wants it.
2. A file is complete when it has not changed for `stableFor`: by its time of modification, or seen so by two looks; or when it
   arrived by a rename and nobody has it open for writing.
3. What is gone from the disk is forgotten; should the same version come back, its event has the same key.
4. A trigger without `existing` does not start what was there when it was seen first; a disabled one lets versions pass.
5. A file is moved or deleted when all triggers that want it have had its version.

Called by: watch, in a thread. It reads no disk itself.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import fsdecode, fsencode
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from onbeat.core.event import Micros
from onbeat.plugins.files.disk import Listing, Version


class Rule(NamedTuple):
    """Triggers with equal options. skipping: those of them that are disabled. stable: seconds. whole: the pattern is of the whole path,
    not of the name. deep: files in directories below count, too."""

    options: Any
    triggers: frozenset[str]
    skipping: frozenset[str]
    stable: float
    wanted: re.Pattern[str]
    ignored: re.Pattern[str]
    whole: bool
    deep: bool

    def matches(self, path: str) -> bool:
        """Whether the file is one of those that it waits for."""
        above, _, name = path.rpartition("/")
        if above and not self.deep:
            return False
        return bool(self.wanted.fullmatch(path if self.whole else name)) and not self.ignores(path)

    def ignores(self, path: str) -> bool:
        """Whether a part of the path is ignored."""
        return any(self.ignored.fullmatch(part) for part in path.split("/"))


class Moment(NamedTuple):
    """When a look was. dated: whether files' times are of this machine's clock."""

    now: Micros
    monotonic: float
    dated: bool


class Found(NamedTuple):
    """A complete version that is new to these triggers."""

    path: str
    version: Version
    rule: Rule
    triggers: frozenset[str]

    @property
    def started(self) -> frozenset[str]:
        """The triggers that it is to start."""
        return self.triggers - self.rule.skipping


class Done(NamedTuple):
    """A version that all have had, and that is now to be moved (to target) or deleted."""

    path: str
    version: Version
    action: str
    target: str


@dataclass(slots=True)
class _Look:
    version: Version
    since: float
    again: float = 0


class Ledger:
    """What was started, and what is still being written."""

    def __init__(self, stored: Mapping[str, str]) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.known: set[str] = set()
        self._looks: dict[str, _Look] = {}
        for key, value in stored.items():
            trigger, newline, path = key.partition("\n")
            if newline:
                self.rows[trigger, fsdecode(unquote_to_bytes(path))] = value
            else:
                self.known.add(trigger)

    def select(
        self,
        files: Mapping[str, Version | None],
        rules: Sequence[Rule],
        moment: Moment,
        arrived: Collection[str] = (),
        is_closed: Callable[[str], bool] = lambda path: False,
    ) -> list[Found]:
        """The new complete versions among these files, oldest first; the others are to be looked at again."""
        found = [one for path, version in files.items() for one in self._new(path, version, rules, moment, arrived, is_closed)]
        return sorted(found, key=lambda one: (one.version.modified, one.path))

    def _new(
        self,
        path: str,
        version: Version | None,
        rules: Sequence[Rule],
        moment: Moment,
        arrived: Collection[str],
        is_closed: Callable[[str], bool],
    ) -> Iterator[Found]:
        wanting = [] if version is None else [Found(path, version, *wants) for wants in self._wanting(path, version, rules)]
        if version is None or not wanting:
            self._looks.pop(path, None)
            return
        look = self._looks.get(path)
        if look is None or look.version != version:
            look = self._looks[path] = _Look(version, moment.monotonic)
        renamed = path in arrived and version.size > 0 and is_closed(path)
        waits = [0.0 if renamed else _wait(one.rule.stable, look, moment) for one in wanting]
        for one, wait in zip(wanting, waits, strict=True):
            if wait <= 0:
                yield one
        if max(waits) <= 0:
            del self._looks[path]
        else:
            look.again = moment.monotonic + min(wait for wait in waits if wait > 0)

    def _wanting(self, path: str, version: Version, rules: Sequence[Rule]) -> Iterator[tuple[Rule, frozenset[str]]]:
        for rule in rules:
            if rule.matches(path):
                triggers = frozenset(name for name in rule.triggers if not self._has(name, path, version))
                if triggers:
                    yield rule, triggers

    def _has(self, trigger: str, path: str, version: Version) -> bool:
        row = self.rows.get((trigger, path))
        return row is not None and row.partition(" ")[0] == version.text

    def waiting(self) -> set[str]:
        """The paths that are not complete yet."""
        return set(self._looks)

    def next_look(self) -> float | None:
        """When the first of them may be, in monotonic seconds."""
        return min((look.again for look in self._looks.values()), default=None)

    def existing(self, files: Mapping[str, Version], rules: Sequence[Rule], trigger: str) -> list[Found]:
        """What was there before a trigger that only wants what comes from now on."""
        mine = [rule for rule in rules if trigger in rule.triggers]
        return [Found(path, version, rule, frozenset({trigger})) for path, version in files.items() for rule in mine if rule.matches(path)]

    def done(self, files: Mapping[str, Version | None], rules: Sequence[Rule]) -> list[Done]:
        """The files that all triggers have had, and that one of them wants out of the way."""
        acting = [rule for rule in rules if rule.options.action != "none" and rule.triggers - rule.skipping]
        done: list[Done] = []
        for path, version in files.items() if acting else ():
            rule = next((rule for rule in acting if rule.matches(path)), None)
            if rule is None or version is None or any(self._wanting(path, version, rules)):
                continue
            rows = (self.rows.get((name, path), "") for name in sorted(rule.triggers))
            target = next((target for row in rows if (target := row.partition(" ")[2])), "")
            if rule.options.action == "delete" or target:
                done.append(Done(path, version, rule.options.action, fsdecode(unquote_to_bytes(target))))
        return done

    def gone(self, listing: Listing) -> list[tuple[str, str]]:
        """The rows of files that are not there any more; not those below a directory that could not be read."""
        unread = tuple(f"{path}/" for path in listing.unread)
        return [row for row in self.rows if row[1] not in listing.files and not row[1].startswith(unread or "\n")]


def row_key(trigger: str, path: str) -> str:
    """The key of a row in the store: text, whatever the file's name is."""
    return f"{trigger}\n{quote(fsencode(path))}"


def row_value(version: Version, target: str) -> str:
    """The value of a row: the version, and where its file goes."""
    return f"{version.text} {quote(fsencode(target))}" if target else version.text


def _wait(stable: float, look: _Look, moment: Moment) -> float:
    """Seconds until the version is complete if it does not change."""
    seen = stable - (moment.monotonic - look.since)
    if not moment.dated:
        return seen
    return min(seen, stable - (moment.now - look.version.modified // 1_000) / 1e6)


def glob(pattern: str) -> re.Pattern[str]:
    """The pattern as an expression: `*`, `?` and `[…]` stay within a name, `**/` is any number of directories, `{a,b}` is either."""
    return re.compile(_glob(pattern), re.DOTALL)


def _glob(pattern: str) -> str:
    result = ""
    braces = 0
    for part in re.findall(r"\*\*/|\*+|\[!?\]?[^]/]*\]|.", pattern, re.DOTALL):
        if part == "**/":
            result += "(?:.*/)?"
        elif part == "**" or part[0] == "*":
            result += ".*" if part == "**" else "[^/]*"
        elif part == "?":
            result += "[^/]"
        elif part[0] == "[" and len(part) > 2:
            result += _choice(part[1:-1])
        elif part == "{":
            braces += 1
            result += "(?:"
        elif part == "}" and braces:
            braces -= 1
            result += ")"
        elif part == "," and braces:
            result += "|"
        else:
            result += re.escape(part)
    return result + ")" * braces


def _choice(body: str) -> str:
    """One character of `abc`, `a-z` or `!…`: none of them. A range that goes down holds nothing."""
    negated = body.startswith("!")
    ranges = re.findall(r"(.)-(.)|(.)", body[negated:], re.DOTALL)
    kept = [f"{re.escape(low)}-{re.escape(high)}" if low else re.escape(one) for low, high, one in ranges if one or low <= high]
    if not kept:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(kept)}]"
