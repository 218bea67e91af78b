"""The options of a request, in their present and their older spellings."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.plugins.http.options import Basic, Bearer, Options


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, None),
        ({"auth": {"type": "BEARER", "token": "t"}}, Bearer(type="BEARER", token="t")),
        ({"auth": {"type": "BASIC", "username": "u"}}, Basic(type="BASIC", username="u")),
        ({"basicAuthUser": "u", "basicAuthPassword": "p"}, Basic(type="BASIC", username="u", password="p")),
        ({"basicAuthUser": "u"}, Basic(type="BASIC", username="u")),
    ],
)
def test_credentials_in_either_spelling(given: dict[str, Any], found: Basic | Bearer | None) -> None:
    """Kestra's older flows have them beside `auth`."""
    assert Options.model_validate(given).credentials == found


def test_credentials_in_both_spellings_are_refused() -> None:
    """Which of them is meant is not for us to guess."""
    with pytest.raises(ValidationError, match="not both"):
        Options.model_validate({"auth": {"type": "BASIC"}, "basicAuthUser": "u"})


def test_timeouts_have_defaults() -> None:
    """Nothing is waited for for ever."""
    timeout = Options().timeout
    assert (timeout.connect, timeout.idle) == (timedelta(seconds=30), timedelta(minutes=5))


def test_secrets_are_not_shown() -> None:
    """A model's text goes into logs when something is wrong."""
    given: list[dict[str, Any]] = [
        {"auth": {"type": "BASIC", "password": "canary"}},
        {"auth": {"type": "BEARER", "token": "canary"}},
        {"basicAuthUser": "u", "basicAuthPassword": "canary"},
        {"proxy": {"password": "canary"}},
    ]
    assert "canary" not in repr([Options.model_validate(each) for each in given])
