"""Words: what keys are."""

import pytest

from onbeat.core.plan.for_each import EachParallel
from onbeat.engine.words import said_of, where, without_links
from onbeat.plugins.log import Log


def test_a_sentence_is_of_the_class_that_has_the_field() -> None:
    """Not of those made from it."""
    assert said_of(Log, "message", "message") == "What to log. A list is a line each."
    assert said_of(EachParallel, "tasks", "tasks") == said_of(EachParallel.__mro__[1], "tasks", "tasks")
    assert said_of(Log, "no_such", "noSuch") is None
    assert where(Log) == "plugins.log.Log"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Try again; see [retry](#retry).", "Try again; see retry."),
        ("See [its page](../how-to/x.md#a) and [b](c).", "See its page and b."),
        ("A list `[1]` (of one).", "A list `[1]` (of one)."),
    ],
)
def test_links_are_left_out(said: str, shown: str) -> None:
    """Their words stay."""
    assert without_links(said) == shown
