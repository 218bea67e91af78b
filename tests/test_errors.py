"""The error tree: who must act is the first split, and the docstring is the default message."""

import pytest

from onbeat import errors
from onbeat.errors import Conflict, InvalidFile, OnbeatError, OutsideError, Overloaded, Problem, Refused, StoreBroken, UserError


def test_the_first_split_is_who_must_act() -> None:
    """What the user must mend is no OutsideError, what is outside is no UserError; a Conflict is neither."""
    assert issubclass(Refused, UserError)
    assert issubclass(Overloaded, OutsideError)
    assert not issubclass(Overloaded, UserError)
    assert not issubclass(StoreBroken, UserError | OutsideError)
    assert not issubclass(Conflict, OnbeatError)


@pytest.mark.parametrize("kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OnbeatError)])
def test_every_error_is_drawn_in_the_tree(kind: type[OnbeatError]) -> None:
    """A class that is not in the module's docstring is one that nobody decided on; files' problems come under UserError."""
    assert kind.__name__ in (errors.__doc__ or "") or kind is InvalidFile


def test_the_docstring_is_the_default_message() -> None:
    """Short, and never out of date."""
    assert str(Overloaded()) == Overloaded.__doc__
    assert str(Overloaded("busy")) == "busy"


def test_a_files_problems_are_told_in_order_of_line() -> None:
    """All of them, one a line."""
    wrong = InvalidFile([Problem("f.yaml", 9, 1, "b"), Problem("f.yaml", 2, 3, "a")])
    assert str(wrong) == "f.yaml:2:3: a\nf.yaml:9:1: b"
