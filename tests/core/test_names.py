import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core import names
from onbeat.errors import UserError

KEYS = ["id", "namespace", "tasks", "triggers", "inputs", "timeout", "retry", "allowFailure", "errors", "finally"]


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("task", "tasks"),
        ("TASKS", "tasks"),
        ("timout", "timeout"),
        ("retrry", "retry"),
        ("allowfailure", "allowFailure"),
        ("trigers", "triggers"),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case(word: str, right: str) -> None:
    """A misspelt key names the key that was meant."""
    assert names.nearest(word, KEYS) == right
    assert names.did_you_mean(word, KEYS) == f"; did you mean `{right}`?"


@pytest.mark.parametrize("word", ["", "zzz", "kubernetes", "x"])
def test_nothing_is_suggested_when_nothing_is_near(word: str) -> None:
    """A wild guess would mislead more than silence."""
    assert names.nearest(word, KEYS) is None
    assert names.did_you_mean(word, KEYS) == ""
    assert names.did_you_mean(word, []) == ""


def test_of_two_choices_that_differ_in_case_the_first_is_kept() -> None:
    """Both are right; the answer must not depend on chance."""
    assert names.nearest("TaskS", ["tasks", "TASKS"]) == "tasks"


@settings(deadline=None)
@given(st.text(max_size=5000))
def test_any_word_has_an_answer(word: str) -> None:
    """A name from outside, however long or strange, never breaks the message about it."""
    assert names.nearest(word, KEYS) in {None, *KEYS}


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.check_flow_id, ["a", "A1", "etl.daily_v2-x", "1_each"], ["", "-a", ".a", "a b", "é", "a/b", "a\n", "x" * 101]),
        (names.check_namespace, ["io.kestra.tests", "a", "9-a_b"], ["", "Io", ".a", "a b", "a/b", "a\n", "x" * 151]),
        (names.check_task_id, ["2-1-1_t1", "T"], ["", "a.b", "_a", "a b", "a\n", "x" * 257]),
        (names.check_input_id, ["nested.more.int", "a-b"], ["", "wrong one", ".a", "a\n", "x" * 257]),
    ],
)
def test_a_check_returns_the_name_or_says_what_to_write(check, good: list[str], bad: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Names are Kestra's: what is refused is refused with the characters that are allowed."""
    assert [check(name) for name in good] == good
    for name in bad:
        with pytest.raises(UserError, match=r"; use "):
            check(name)


@pytest.mark.parametrize("pattern", [names.FLOW_ID, names.NAMESPACE, names.TASK_ID, names.INPUT_ID])
def test_the_patterns_are_anchored_at_both_ends(pattern: str) -> None:
    """They are searched for by the models, and a search must not accept a good name inside a bad one."""
    assert re.search(pattern, "ok")
    assert not re.search(pattern, "ok nok")
    assert not re.search(pattern, "/ok")


def test_a_namespace_and_those_above_it() -> None:
    """The nearest first."""
    assert names.lineage("a.b.c") == ["a.b.c", "a.b", "a"]
    assert names.lineage("a") == ["a"]
