"""A secret does not show itself."""

import copy
import json
import pickle
import traceback

import pytest

from onbeat.core.secret import Secret

VALUE = "hunter22"


def test_it_prints_as_stars() -> None:
    """In whatever way a value becomes text."""
    secret = Secret(VALUE)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>10}", format(secret, "<5"), "%s" % secret, repr([secret, {"a": secret}])]  # noqa: UP031
    assert [text.count("***") for text in shown] == [1, 1, 1, 1, 1, 1, 2]
    assert VALUE not in "".join(shown)


def test_it_is_in_no_dump() -> None:
    """JSON, a pickle, a copy, the variables of a traceback."""
    secret = Secret(VALUE)
    assert json.dumps({"a": secret}, default=str) == '{"a": "***"}'
    assert VALUE.encode() not in pickle.dumps(secret)
    assert copy.copy(secret).reveal() == "***"
    try:
        raise ValueError(secret)
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    assert VALUE not in "".join(line for line in lines if "VALUE" not in line)


def test_it_gives_its_value_to_who_asks_for_it() -> None:
    """And to nobody else; it stays what it is."""
    secret = Secret(VALUE)
    assert secret.reveal() == VALUE
    assert secret == Secret(VALUE)
    assert secret != VALUE
    assert len({secret, Secret(VALUE), Secret("other")}) == 2
    with pytest.raises(AttributeError):
        secret._value = "other"
    assert not hasattr(secret, "__dict__")
