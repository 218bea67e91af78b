"""What is new among files, without a disk."""

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from onbeat.plugins.files.disk import Listing, Version
from onbeat.plugins.files.ledger import Done, Found, Ledger, Moment, Rule, glob, row_key, row_value
from onbeat.plugins.files.watch import Watch

OLD = Version(3, 1_000_000_000_000, 7)


def rule(*triggers: str, stable: float = 2, skipping: frozenset[str] = frozenset(), **options: object) -> Rule:
    """A rule of these triggers."""
    watch = Watch.model_validate({"directory": "/in", **options})
    names = frozenset(triggers or ("t",))
    return Rule(watch, names, skipping, stable, glob(watch.pattern), glob("{.*,*.tmp}"), "/" in watch.pattern, deep=True)


def at(seconds: float, *, dated: bool = True) -> Moment:
    """A look so many seconds after the oldest version was written."""
    return Moment(int(1_000_000_000 + seconds * 1_000_000), seconds, dated)


def paths(found: list[Found]) -> list[str]:
    return [one.path for one in found]


def test_a_file_that_has_not_changed_for_long_is_complete_at_first_sight() -> None:
    """Its time of modification says so, where the clock is the same."""
    assert paths(Ledger({}).select({"a": OLD}, [rule()], at(2))) == ["a"]
    assert paths(Ledger({}).select({"a": OLD}, [rule()], at(1.9))) == []


def test_a_time_of_modification_from_elsewhere_proves_nothing() -> None:
    """On a network file system, and with a time in the future, only two looks count."""
    for moment, version in ((lambda s: at(s, dated=False), OLD), (at, OLD._replace(modified=OLD.modified + 10**12))):
        ledger = Ledger({})
        assert paths(ledger.select({"a": version}, [rule()], moment(100))) == []
        assert ledger.next_look() == pytest.approx(102)
        assert paths(ledger.select({"a": version}, [rule()], moment(101.9))) == []
        assert paths(ledger.select({"a": version}, [rule()], moment(102))) == ["a"]


def test_a_file_that_is_still_written_is_not_started() -> None:
    """Each change begins the wait anew."""
    ledger = Ledger({})
    for second in range(1, 10):
        version = Version(second, 1_000_000_000_000 + second * 10**9, 7)
        assert ledger.select({"a": version}, [rule()], at(second + 0.1)) == []
    assert ledger.waiting() == {"a"}
    assert paths(ledger.select({"a": version}, [rule()], at(11.0))) == ["a"]
    assert ledger.waiting() == set()


def test_a_renamed_file_is_complete_when_nobody_writes_it() -> None:
    """A hint of a rename is believed only with the kernel's word that nobody has it open, and not for an empty file."""
    asked: list[str] = []

    def closed(path: str) -> bool:
        asked.append(path)
        return path != "open"

    files = {"moved": OLD, "open": OLD, "empty": OLD._replace(size=0), "other": OLD}
    found = Ledger({}).select(files, [rule()], at(0.1), {"moved", "open", "empty"}, closed)
    assert paths(found) == ["moved"]
    assert sorted(asked) == ["moved", "open"]


def test_a_version_is_new_once_for_each_trigger() -> None:
    """What one trigger has had is still new to another, and a next version to both."""
    ledger = Ledger({row_key("t", "a"): row_value(OLD, "")})
    rules = [rule("t", "u")]
    (found,) = ledger.select({"a": OLD}, rules, at(9))
    assert found.triggers == {"u"}
    newer = OLD._replace(size=4)
    (found,) = ledger.select({"a": newer}, rules, at(9))
    assert found.triggers == {"t", "u"}


def test_what_is_gone_is_forgotten_but_not_below_an_unreadable_directory() -> None:
    """A directory that cannot be read is no evidence that its files have gone."""
    rows = {row_key("t", path): OLD.text for path in ("here", "gone", "shut/x", "shutter")}
    ledger = Ledger(rows)
    assert sorted(ledger.gone(Listing({"here": OLD}, {"": 1}, {"shut"}))) == [("t", "gone"), ("t", "shutter")]
    assert sorted(ledger.gone(Listing({"here": OLD}))) == [("t", "gone"), ("t", "shut/x"), ("t", "shutter")]


def test_a_file_is_put_away_when_all_who_want_it_have_had_it() -> None:
    """One trigger moves, another is still waiting for it: it stays; later it goes where the start was told."""
    rules = [rule("mover", action="move", moveTo="done", pattern="*.csv"), rule("slow", stable=60, pattern="a*")]
    ledger = Ledger({row_key("mover", "a.csv"): row_value(OLD, "/in/done/a.csv")})
    assert ledger.done({"a.csv": OLD}, rules) == []
    ledger.rows["slow", "a.csv"] = OLD.text
    assert ledger.done({"a.csv": OLD, "b.csv": OLD, "c": None}, rules) == [Done("a.csv", OLD, "move", "/in/done/a.csv")]
    assert ledger.done({"a.csv": OLD._replace(size=9)}, rules) == []


@pytest.mark.parametrize("name", ["a b", "új", "x\ny", "a\udcff.csv", "%41", "t\n\n", "a/b c"])
def test_any_name_survives_the_store(name: str) -> None:
    """Names are others' bytes; a row is text, and gives the same name back."""
    key, value = row_key("ns.flow.t", name), row_value(OLD, f"/done/{name}")
    assert (key + value).isascii()
    ledger = Ledger({key: value})
    assert ledger.rows == {("ns.flow.t", name): value}
    (done,) = ledger.done({name: OLD}, [rule("ns.flow.t", action="move", moveTo="done", pattern="**")])
    assert done.target == f"/done/{name}"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["a", "a.b", "new\nline"], ["a/b"]),
        ("*.{csv,json}", ["a.csv", ".json"], ["a.cs", "a.csv.gz", "csv"]),
        ("report-[0-9]?.pdf", ["report-1x.pdf"], ["report-x1.pdf", "report-1.pdf", "report-1/.pdf"]),
        ("[!a]b", ["bb"], ["ab", "/b"]),
        ("in/**/*.pdf", ["in/a.pdf", "in/x/y/a.pdf"], ["in/a.txt", "out/a.pdf", "inx/a.pdf"]),
        ("in/**", ["in/a", "in/x/y"], ["in"]),
        ("a.b+(c)$", ["a.b+(c)$"], ["aXb+(c)$", "a.bb(c)"]),
        ("[", ["["], ["a"]),
        ("{a,b", ["a", "b"], ["{a,b"]),
    ],
)
def test_patterns_mean_what_a_shell_means(pattern: str, yes: list[str], no: list[str]) -> None:
    """Stars stay within a name, `**` does not, braces are alternatives, everything else is itself."""
    expression = glob(pattern)
    assert [name for name in yes if not expression.fullmatch(name)] == []
    assert [name for name in no if expression.fullmatch(name)] == []


@given(st.text("*?[]!{},a-z/.\\^$()|+\n", max_size=12), st.text("ab/.-\n", max_size=8))
@hypothesis_settings(max_examples=300, deadline=None)
def test_no_pattern_breaks(pattern: str, name: str) -> None:
    """Whatever is written is a pattern; one without signs means itself."""
    glob(pattern).fullmatch(name)
    assert glob(name).fullmatch(name) if re.fullmatch(r"[ab./\-\n]*", name) else True


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """What people and machines do in a directory: (what, name, other name)."""
    name = st.sampled_from(["a", "b", "c.tmp", "d"])
    what = st.sampled_from(["write", "write", "rename", "delete", "look", "look", "wait", "restart", "crash", "listing"])
    return draw(st.lists(st.tuples(what, name, name), max_size=40))


@given(days(), st.booleans())
@hypothesis_settings(max_examples=300, deadline=None)
def test_each_complete_version_starts_exactly_once(day: list[tuple[str, str, str]], dated: bool) -> None:
    """Create, modify, rename, delete, look and restart in any order: every version that lasts until the end was started, each
    version started once, and none that changed within the two seconds before."""
    clock, inode = 1_000.0, 0
    disk: dict[str, Version] = {}
    store: dict[str, str] = {}
    ledger = Ledger(store)
    started: list[tuple[str, Version]] = []
    rules = [rule()]

    def look(listing: bool = False, crash: str = "") -> None:
        nonlocal ledger
        if listing:
            for row in ledger.gone(Listing(dict(disk))):
                del ledger.rows[row]
                store.pop(row_key(*row))
        files = {path: disk.get(path) for path in {*disk, *ledger.waiting()}}
        for one in ledger.select(files, rules, Moment(int(clock * 1e6), clock, dated)):
            if crash == "before":
                break
            assert one.version.modified <= (clock - 2) * 1e9 or not dated
            started.append((one.path, one.version))
            store[row_key("t", one.path)] = one.version.text
            if crash == "after":
                break
            ledger.rows["t", one.path] = one.version.text
        if crash:
            ledger = Ledger(store)

    for what, name, other in day:
        clock += 0.7
        if what == "write":
            inode += name not in disk
            size = disk[name].size + 1 if name in disk else 1
            disk[name] = Version(size, int(clock * 1e9), disk[name].inode if name in disk else inode)
        elif what == "rename" and name in disk and name != other:
            disk[other] = disk.pop(name)
        elif what == "delete":
            disk.pop(name, None)
        elif what == "wait":
            clock += 2.5
        elif what in ("look", "listing"):
            look(what == "listing")
        elif what == "restart":
            ledger = Ledger(store)
        elif what == "crash":
            look(crash="before" if name < other else "after")
    for _ in range(3):
        clock += 3
        look(listing=True)
    expected = {(path, version) for path, version in disk.items() if not path.endswith(".tmp")}
    assert expected <= set(started)
    repeated = {one for one in started if started.count(one) > 1}
    assert not repeated or _came_back(day), "a version that never left the directory started twice"
    assert not any(path.endswith(".tmp") for path, _ in started)


def _came_back(day: list[tuple[str, str, str]]) -> bool:
    """A version can only come again by being renamed away, forgotten and renamed back: two renames and a listing between them."""
    kinds = [what for what, *_ in day if what in ("rename", "listing")]
    return "rename,listing" in ",".join(kinds) and kinds.count("rename") > 1
