"""Options that many commands share."""

import pytest
import typer

from onbeat.cli.options import pairs


def test_pairs_are_split_at_the_first_sign():
    """A value may hold an equals sign, and may be empty."""
    assert pairs(["a=1", "b=x=y", "c="], "-i") == {"a": "1", "b": "x=y", "c": ""}
    assert pairs(None, "-i") == {}


@pytest.mark.parametrize("given", ["a", "=1", ""])
def test_what_is_no_pair_is_refused(given: str):
    """With the form that was meant."""
    with pytest.raises(typer.BadParameter, match="KEY=VALUE"):
        pairs([given], "-i")
