"""The campaign itself: what it makes is many-sided, and what goes wrong is found."""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz import planted
from tests.fuzz.cases import KINDS, judge, make
from tests.fuzz.lane import Lane
from tests.fuzz.worker import HANG, SLOW

CASES = 400


def test_cases_are_refused_or_taken_and_nothing_else_comes_out() -> None:
    """A small campaign; `make fuzz` is the large one. Both kinds are there, and enough of each is taken to reach what lies behind."""
    seen: Counter[tuple[str, str]] = Counter()
    for number in range(CASES):
        kind, text = make(1, number)
        seen[kind, judge(kind, text, number)] += 1
    assert {kind for kind, _ in seen} == set(KINDS)
    for kind in KINDS:
        assert seen[kind, "taken"] > CASES // 100
        assert seen[kind, "refused"] > CASES // 20


def test_a_case_is_its_seed_and_number() -> None:
    """Rule 1: a finding can be made again."""
    assert [make(7, number) for number in range(50)] == [make(7, number) for number in range(50)]
    assert [make(8, number) for number in range(50)] != [make(7, number) for number in range(50)]


@pytest.mark.timeout(60)
def test_what_goes_wrong_is_found(tmp_path: Path) -> None:
    """An exception, the end of the process, a hang: each is a finding, and the cases behind it are still worked through."""
    lane = Lane(tmp_path, 1, 0, 12, 1, planted.run)
    while not lane.done():
        time.sleep(0.01)
    found = {number: what for number, what, _ in lane.findings}
    assert found.keys() == {planted.RAISES, planted.KILLS, planted.HANGS}
    assert "raised KeyError" in found[planted.RAISES]
    assert "ended the process (-11" in found[planted.KILLS]
    assert "ended the process (-27" in found[planted.HANGS]
    assert lane.slate.read()[0] == 12


def test_the_bounds_are_what_is_promised() -> None:
    """A tenth of a second of processor time for any text that somebody wrote."""
    assert SLOW == 0.1
    assert HANG > 10 * SLOW
