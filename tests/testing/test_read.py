"""A file of tests is read, or all that is wrong with it is told."""

from pathlib import Path

import pytest

from onbeat.errors import InvalidFile, NotFound
from onbeat.testing.read import parse_tests, read_tests

GOOD = """
flow: a.yaml
tests:
  - id: one
    inputs: {}
    expect:
      state: SUCCESS
"""


def wrong(text: str) -> list[str]:
    """What is wrong with a text."""
    with pytest.raises(InvalidFile) as raised:
        parse_tests(text, Path("a.test.yaml"))
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("expect", "expct"), "a.test.yaml:6:5: unknown key `expct`; did you mean `expect`?"),
        (GOOD.replace("state:", "sttae:"), "a.test.yaml:7:7: unknown key `sttae`; did you mean `state`?"),
        (GOOD.replace("flow:", "flw:"), "a.test.yaml:2:1: `flow` is missing"),
        (GOOD.replace("inputs: {}", "mocks: {a: {output: {}}}"), "a.test.yaml:5:17: unknown key `output`; did you mean `outputs`?"),
        (GOOD.replace("inputs: {}", "event: {topc: a}"), "a.test.yaml:5:13: unknown key `topc`; did you mean `topic`?"),
        (GOOD.replace("inputs: {}", "mocks: {a: {delay: 5s}}"), "`tests.0.mocks.a.delay`"),
        (GOOD.replace("SUCCESS", "[a"), "a.test.yaml:"),
        ("- a", "a.test.yaml:1:1: a file of flow tests is a map with `flow` and `tests`"),
        ("flow: a.yaml\ntests: []\n", "a.test.yaml:2:8: `tests`: there must be at least one"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, said: str):
    """And the nearest right word."""
    assert any(said in line for line in wrong(text)), wrong(text)


def test_all_is_told_at_once():
    """Rule 2."""
    assert len(wrong(GOOD.replace("expect", "expct").replace("inputs", "inpts"))) == 2


def test_an_id_is_used_once():
    """Rule 2: at the second one's place."""
    assert wrong(GOOD + "  - id: one\n") == ["a.test.yaml:8:9: the id `one` is used more than once in this file"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    """By its name."""
    with pytest.raises(NotFound, match=r"gone\.test\.yaml cannot be read"):
        read_tests(tmp_path / "gone.test.yaml")


def test_places_are_those_of_the_file(tmp_path: Path):
    """A failure is where the expectation stands."""
    path = tmp_path / "a.test.yaml"
    path.write_text(GOOD)
    tests = read_tests(path)
    assert tests.place((*tests.cases[0].path, "expect", "state")) == f"{path}:7:7"
