"""Errors as they are kept with a task run."""

from onbeat.core.errors_text import LONGEST, short


def test_a_problem_is_its_message():
    """Without a traceback; one that says nothing is named."""
    assert short(ValueError("no disk")) == "no disk"
    assert short(KeyError()) == "KeyError"


def test_a_long_message_is_cut():
    """To LONGEST characters, and it shows that it was."""
    assert short(ValueError("x" * LONGEST)) == "x" * LONGEST
    cut = short(ValueError("x" * (LONGEST + 1)))
    assert (len(cut), cut[-2:]) == (LONGEST, "x…")
