"""What keys of flows are."""

import re

import pytest

from onbeat.engine.words_of_flows import FLOW_WORDS


@pytest.mark.parametrize("where", FLOW_WORDS)
def test_each_key_has_one_line_that_ends_like_a_sentence(where: str) -> None:
    """It stands in a table, beside a cursor, below a field."""
    assert where.startswith("core.")
    for key, said in FLOW_WORDS[where].items():
        assert re.fullmatch(r"[^\n]+[.)`]", said), f"{where}.{key}: {said}"
