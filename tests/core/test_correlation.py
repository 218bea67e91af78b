"""Correlation: what a group of events comes to, event by event and deadline by deadline."""

from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.correlation import Arrival, Fired, Group, Kept, Rule, arrive, begin, due
from onbeat.core.event import Event
from onbeat.core.windows import DAY, Daily, Every, Length

S = 1_000_000
WINDOW = Length(10 * S)
JOIN = Rule(kind="join", window=WINDOW, terms=("a", "b"), least=2)
ABSENT = Rule(kind="join", window=WINDOW, terms=("a",), least=1, never=("n",))
COUNT = Rule(kind="count", window=WINDOW, count=3)
COLLECT = Rule(kind="collect", window=WINDOW, count=3)
WITHIN = Rule(kind="within", window=WINDOW)
AFTER = Rule(kind="after", window=WINDOW)
QUIET = Rule(kind="quiet", window=WINDOW)
SILENCE = Rule(kind="silence", window=WINDOW, never=("n",))
KEYED_SILENCE = Rule(kind="silence", window=WINDOW, never=("n",), keyed=True)


class Play:
    """A group as the engine keeps it: what is due is seen to, and all of it survives as JSON. late: nobody looks between events."""

    def __init__(self, rule: Rule, start: int = 0, *, late: bool = False) -> None:
        self.rule = rule
        self.late = late
        self.group = begin(rule, start * S)
        self.fired: list[Fired] = []
        self._count = 0

    def at(self, second: float) -> "Play":
        """Time passes."""
        now = round(second * S)
        while not self.late and self.group is not None and self.group.due is not None and self.group.due <= now:
            self.group, fired = due(self.rule, self.group, self.group.due)
            self._note(fired)
        return self

    def event(self, second: float, *terms: str, at: float | None = None) -> "Play":
        """An event comes; `at`: when it happened."""
        self.at(second)
        self._count += 1
        id_ = f"e{self._count}"
        event = Event(id=id_, source="s", type="t", time=0, key=id_, variables={"n": self._count})
        self.group, fired = arrive(self.rule, self.group, Arrival(event, round((second if at is None else at) * S), id_, terms), "k")
        return self._note(fired)

    def _note(self, fired: tuple[Fired, ...]) -> "Play":
        self.fired += fired
        self.group = None if self.group is None else msgspec.json.decode(msgspec.json.encode(self.group), type=Group)
        return self

    @property
    def ids(self) -> list[list[str]]:
        """Which events each firing was for."""
        return [[one.event.id for one in each.events] for each in self.fired]


# ---- each kind, by example -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("events", "fired"), [
    ([(0, "a"), (9.9, "b")], [["e1", "e2"]]),
    ([(0, "a"), (10, "b")], []),
    ([(0, "a"), (8, "a"), (12, "b")], [["e2", "e3"]]),
    ([(0, "a"), (1, "b"), (2, "b")], [["e1", "e2"]]),
    ([(0, "a"), (1, "b"), (2, "a"), (3, "b")], [["e1", "e2"], ["e3", "e4"]]),
    ([(0, "x"), (1, "b")], []),
])  # fmt: skip
def test_all_of_them_within_a_window(events: list[Any], fired: list[list[str]]):
    """The latest of each counts, as long as they are less than the window apart; what has fired is used up."""
    play = Play(JOIN)
    for second, term in events:
        play.event(second, term)
    assert play.ids == fired


def test_one_event_may_be_several_of_them():
    """An event that is both is enough."""
    assert Play(JOIN).event(0, "a", "b").ids == [["e1"]]
    assert Play(JOIN).event(0, "a").event(1, "a", "b").ids == [["e2"]]


def test_some_of_them_are_enough():
    """`atLeast` counts different ones, not events."""
    rule = Rule(kind="join", window=WINDOW, terms=("a", "b", "c"), least=2)
    assert Play(rule).event(0, "a").event(1, "a").ids == []
    assert Play(rule).event(0, "a").event(1, "c").ids == [["e1", "e2"]]


def test_events_that_are_read_late_count_as_when_they_happened():
    """Read in one go after a night, events of an hour apart are not together; and those that were together are."""
    assert Play(JOIN, late=True).event(1000, "a", at=0).event(1000, "b", at=60).ids == []
    assert Play(JOIN, late=True).event(1000, "b", at=65).event(1000, "a", at=60).ids == [["e1", "e2"]]
    assert Play(JOIN, late=True).event(1000, "a", at=60).event(1000, "a", at=50).event(1000, "b", at=55).ids == [["e1", "e3"]]


@pytest.mark.parametrize(("events", "until", "fired"), [
    ([(0, "a")], 9.9, []),
    ([(0, "a")], 10, [["e1"]]),
    ([(0, "a"), (9, "n")], 30, []),
    ([(0, "a"), (2, "n"), (4, "a")], 14, [["e3"]]),
    ([(0, "n"), (2, "a")], 12, [["e2"]]),
    ([(0, "a"), (5, "a")], 10, [["e1"]]),
    ([(0, "a"), (11, "n")], 30, [["e1"]]),
])  # fmt: skip
def test_what_must_not_come_after_it(events: list[Any], until: float, fired: list[list[str]]):
    """At the end of the window it fires, unless it came; what came before does not count, and a second first one changes nothing."""
    play = Play(ABSENT)
    for second, term in events:
        play.event(second, term)
    assert play.at(until).ids == fired


def test_what_must_not_come_takes_back_what_was_collected():
    """Between the first and the last of `all`, too."""
    rule = Rule(kind="join", window=WINDOW, terms=("a", "b"), least=2, never=("n",))
    assert Play(rule).event(0, "a").event(1, "n").event(2, "b").at(60).ids == []
    assert Play(rule).event(0, "a").event(1, "b").at(60).ids == [["e1", "e2"]]


def test_so_many_within_a_window():
    """Any of them less than the window apart; then it counts from none."""
    assert Play(COUNT).event(0).event(5).event(10).ids == []
    assert Play(COUNT).event(0).event(5).event(10).event(14).ids == [["e2", "e3", "e4"]]
    assert Play(COUNT).event(0).event(1).event(2).event(3).event(4).ids == [["e1", "e2", "e3"]]


def test_collected_for_a_while_or_up_to_a_number():
    """From the first on; whatever comes first."""
    play = Play(COLLECT).event(0).event(1).event(2).event(3).at(60)
    assert play.ids == [["e1", "e2", "e3"], ["e4"]]
    assert [each.by for each in play.fired] == ["e3", None]


def test_once_within_is_the_first():
    """What comes within the window after it does nothing, and does not make it longer."""
    assert Play(WITHIN).event(0).event(5).event(9).event(10).event(19).ids == [["e1"], ["e4"]]


def test_once_after_is_once_at_the_end():
    """For the last of them, with how many there were."""
    play = Play(AFTER).event(0).event(5).event(9).at(10)
    assert play.ids == [["e3"]]
    assert (play.fired[0].count, play.fired[0].start, play.fired[0].end) == (3, 0, 10 * S)


def test_once_quiet_waits_until_nothing_comes():
    """Each event puts it off."""
    assert Play(QUIET).event(0).event(5).event(12).at(21).ids == []
    assert Play(QUIET).event(0).event(5).event(12).at(22).ids == [["e3"]]


def test_a_silence_is_told_once():
    """From the beginning on; again only once something has come."""
    play = Play(SILENCE).at(9.9)
    assert play.ids == []
    assert play.at(10).ids == [[]]
    assert play.at(100).ids == [[]]
    assert play.event(100, "n").event(105, "n").at(114).ids == [[]]
    assert play.at(115).at(200).ids == [[], ["e2"]]


def test_a_silence_of_a_key_begins_with_its_first_event():
    """Nothing is missed of a key that nobody knows; and nothing is kept of one that fell silent."""
    play = Play(KEYED_SILENCE).at(100)
    assert (play.group, play.ids) == (None, [])
    assert play.event(100, "n").at(110).ids == [["e1"]]
    assert play.group is None


# ---- windows with edges --------------------------------------------------------------------------------------------

HOURLY = Every(3600 * S)


def test_only_what_is_in_the_same_window_counts():
    """Edges are the window's: what came before is gone, though it was a minute ago."""
    rule = msgspec.structs.replace(JOIN, window=HOURLY)
    assert Play(rule).event(3500, "a").event(3599, "b").ids == [["e1", "e2"]]
    assert Play(rule).event(3599, "a").event(3600, "b").ids == []
    assert Play(rule, late=True).event(3700, "a").event(3701, "b", at=3599).ids == []


def test_outside_of_a_daily_window_nothing_counts():
    """From six to nine."""
    rule = msgspec.structs.replace(JOIN, window=Daily(6 * 3600 * S, 3 * 3600 * S))
    assert Play(rule).event(6 * 3600, "a").event(9 * 3600 - 1, "b").ids == [["e1", "e2"]]
    assert Play(rule).event(6 * 3600 - 1, "a").event(7 * 3600, "b").ids == []
    assert Play(rule).event(8 * 3600, "a").event(9 * 3600, "b").event(24 * 3600 + 7 * 3600, "b").ids == []


@pytest.mark.parametrize(("again", "fired"), [
    ("anew", [["e1", "e2"], ["e3", "e4"]]),
    ("keep", [["e1", "e2"], ["e2", "e3"], ["e3", "e4"]]),
    ("once", [["e1", "e2"]]),
])  # fmt: skip
def test_what_is_left_after_it_fired(again: Any, fired: list[list[str]]):
    """Nothing, or all of it (each further event fires again), or nothing more until the window ends."""
    rule = msgspec.structs.replace(JOIN, window=HOURLY, again=again)
    play = Play(rule).event(0, "a").event(1, "b").event(2, "a").event(3, "b")
    assert play.ids == fired
    assert play.event(3600, "a").event(3601, "b").ids[-1] == ["e5", "e6"]


def test_once_without_edges_is_once_in_its_length():
    """A look back that fires once: then not before it has passed."""
    rule = msgspec.structs.replace(JOIN, again="once")
    assert Play(rule).event(0, "a").event(1, "b").event(2, "a").event(3, "b").event(11, "a").event(12, "b").ids == [
        ["e1", "e2"],
        ["e5", "e6"],
    ]


@pytest.mark.parametrize("again", ["anew", "keep", "once"])
def test_a_window_that_ends_without_is_told(again: Any):
    """With what had come; also when nothing had; not when it had fired. The next window begins by itself."""
    rule = msgspec.structs.replace(JOIN, window=HOURLY, again=again, missed=True)
    play = Play(rule).event(10, "a").at(3600)
    assert [(each.missed, len(each.events)) for each in play.fired] == [(True, 1)]
    play.at(7200)
    assert [(each.missed, each.start // S) for each in play.fired[1:]] == [(True, 3600)]
    play.event(7300, "a").event(7301, "b").at(10800)
    assert [each.missed for each in play.fired] == [True, True, False]
    assert play.group is not None
    assert play.group.due == 14400 * S


def test_of_many_windows_that_were_slept_through_one_is_told():
    """A daemon that was away for a day does not come back with a failure for every hour."""
    rule = msgspec.structs.replace(JOIN, window=HOURLY, missed=True)
    group = begin(rule, 0)
    assert group is not None
    after, fired = due(rule, group, DAY + 5)
    assert [each.missed for each in fired] == [True]
    assert after is not None
    assert after.start == DAY


# ---- what is true of all of them -----------------------------------------------------------------------------------

RULES = [JOIN, ABSENT, COUNT, COLLECT, WITHIN, AFTER, QUIET, SILENCE, KEYED_SILENCE,
         msgspec.structs.replace(JOIN, again="once"), msgspec.structs.replace(JOIN, window=Every(10 * S)),
         msgspec.structs.replace(JOIN, window=Every(10 * S), again="keep")]  # fmt: skip
STREAMS = st.lists(st.tuples(st.integers(0, 15), st.sampled_from("abn")), max_size=25)


def stream(gaps: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Events in order, with the seconds between them made instants."""
    second, found = 0, []
    for gap, term in gaps:
        second += gap
        found.append((second, term))
    return found


def played(rule: Rule, events: list[tuple[int, str]], *, late: bool = False, until: int = 0) -> Play:
    """All of it."""
    play = Play(rule, late=late)
    for second, term in events:
        play.event(second, term)
    return play.at(until)


@given(gaps=STREAMS, rule=st.sampled_from(RULES))
def test_when_deadlines_are_looked_at_makes_no_difference(gaps: list[tuple[int, str]], rule: Rule):
    """At once, or only when the next event comes: the same firings in the same order, but for those still due."""
    events = stream(gaps)
    prompt, late = played(rule, events), played(rule, events, late=True)
    assert late.fired == prompt.fired[: len(late.fired)]
    late.late = False
    assert late.at(events[-1][0] if events else 0).fired == prompt.fired
    assert late.group == prompt.group


@given(gaps=STREAMS, rule=st.sampled_from(RULES))
def test_a_group_has_an_end_and_an_identity_is_never_used_twice(gaps: list[tuple[int, str]], rule: Rule):
    """Nothing is kept for ever; nothing starts twice by one name."""
    events = stream(gaps)
    play = played(rule, events)
    if play.group is not None:
        assert play.group.due is not None or play.group.phase == "mute"
        assert [one.n for one in play.group.kept] == sorted({one.n for one in play.group.kept})
        assert all(one.n <= play.group.last for one in play.group.kept)
    end = (events[-1][0] if events else 0) + 100
    play.at(end)
    assert play.group is None or (rule.kind == "silence" and play.group.phase == "mute" and not play.group.kept)
    identities = [each.identity for each in play.fired]
    assert len(set(identities)) == len(identities)


@given(gaps=STREAMS)
def test_a_join_is_what_looking_back_would_say(gaps: list[tuple[int, str]]):
    """For each event: is there one of each since the last firing, less than the window ago?"""
    events = [event for event in stream(gaps) if event[1] != "n"]
    expected, since = [], 0
    for index, (second, _) in enumerate(events):
        last = {term: at for at, term in events[since : index + 1]}
        if len(last) == 2 and second - min(last.values()) < 10:
            expected.append(index + 1)
            since = index + 1
    assert [int(ids[-1][1:]) for ids in played(JOIN, events).ids] == expected


@given(gaps=STREAMS)
def test_a_count_is_what_looking_back_would_say(gaps: list[tuple[int, str]]):
    """Three since the last firing, the first of them less than the window ago."""
    events = stream(gaps)
    expected, since = [], 0
    for index, (second, _) in enumerate(events):
        if index + 1 - since >= 3 and second - events[index - 2][0] < 10:
            expected.append([f"e{index - 1}", f"e{index}", f"e{index + 1}"])
            since = index + 1
    assert played(COUNT, events).ids == expected


@given(gaps=STREAMS)
def test_collecting_loses_and_doubles_nothing(gaps: list[tuple[int, str]]):
    """Every event is in exactly one list, in order; no list has more than the number or spans the window."""
    events = stream(gaps)
    ids = played(COLLECT, events, until=10_000).ids
    assert [id_ for each in ids for id_ in each] == [f"e{index + 1}" for index in range(len(events))]
    for each in ids:
        seconds = [events[int(id_[1:]) - 1][0] for id_ in each]
        assert len(each) <= 3
        assert seconds[-1] - seconds[0] < 10


@given(gaps=STREAMS)
def test_quiet_and_silence_are_the_gaps_of_a_stream(gaps: list[tuple[int, str]]):
    """One firing for each gap as long as the window, and for the end."""
    events = stream(gaps)
    seconds = [second for second, _ in events]
    ends = [here for here, there in zip(seconds, [*seconds, 10_000][1:], strict=True) if there - here >= 10]
    for rule in (QUIET, KEYED_SILENCE):
        assert [each.end // S - 10 for each in played(rule, events, until=20_000).fired] == ends


@given(gaps=STREAMS)
def test_once_within_and_once_after_are_windows_from_the_first(gaps: list[tuple[int, str]]):
    """Both cut the stream at the same places."""
    events = stream(gaps)
    firsts: list[int] = []
    for second, _ in events:
        if not firsts or second - firsts[-1] >= 10:
            firsts.append(second)
    assert [each.start // S for each in played(WITHIN, events, until=20_000).fired] == firsts
    after = played(AFTER, events, until=20_000).fired
    assert [each.start // S for each in after] == firsts
    assert sum(each.count for each in after) == len(events)


class Looked(Kept, frozen=True):
    """One that counts how often anything of such is looked at."""

    times: ClassVar[list[int]] = []

    def __getattribute__(self, name: str) -> Any:
        if name == "at":
            self.times.append(1)
        return super().__getattribute__(name)


def test_what_counts_is_not_looked_at_again_with_each_event() -> None:
    """Within its window a group grows by what came: a thousand events cost a thousand steps, not a million."""
    rule = Rule(kind="count", window=WINDOW, count=5_000)
    group: Group | None = None
    Looked.times.clear()
    for n in range(1_000):
        event = Event(id=str(n), source="s", type="t", time=n, key=str(n))
        group, fired = arrive(rule, group, Arrival(event, n, str(n)))
        assert group is not None
        assert fired == ()
        last = group.kept[-1]
        group = msgspec.structs.replace(group, kept=(*group.kept[:-1], Looked(last.n, last.at, last.event)))
    assert group is not None
    assert (group.count, group.start, group.due) == (1_000, 0, 999 + 10 * S)
    assert len(Looked.times) < 10
