"""onChildFailure: its words."""

from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from onbeat.core.on_failure import STOPPED_AS, OnChildFailure
from onbeat.core.states import TASK_RUN, State

WORDS = get_args(get_args(OnChildFailure)[0])


@pytest.mark.parametrize("word", WORDS)
def test_each_word_says_how_those_end_that_are_stopped(word: str):
    """Large or small; what is being stopped can end so."""
    assert TypeAdapter(OnChildFailure).validate_python(word.lower()) == word
    state = STOPPED_AS[word]
    assert state is None or state in TASK_RUN[State.KILLING]


def test_another_word_is_refused():
    """And what is no word."""
    for wrong in ("STOP", "", 1, None):
        with pytest.raises(ValidationError):
            TypeAdapter(OnChildFailure).validate_python(wrong)
