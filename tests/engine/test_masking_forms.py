"""The forms of a secret, and the search for thousands of them: the same as looking for each."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.engine.masking_forms import LEAST_TAIL, SHORTEST, Finder, forms

SECRET = "pä$$/wörd+1 \"x\"'y'"
LETTERS = st.text("ab", max_size=40)


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        repr(SECRET)[1:-1],
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="")
        .replace("%C3", "%c3")
        .replace("%A4", "%a4")
        .replace("%B6", "%b6")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b"),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_a_secret_is_known_in_each_form(shown: str) -> None:
    """Plain, JSON once and twice, Python's, percent-encoded, hex."""
    assert Finder(forms(SECRET)).found(f"before {shown} after") != []


@settings(deadline=None)
@given(st.binary(max_size=7), st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=30), st.binary(max_size=7))
def test_base64_is_known_wherever_it_begins(before: bytes, secret: str, after: bytes) -> None:
    """In either alphabet, whatever stands around it."""
    finder = Finder(forms(secret))
    data = before + secret.encode() + after
    assert finder.found(base64.b64encode(data).decode())
    assert finder.found(base64.urlsafe_b64encode(data).decode())


def test_lines_and_what_is_in_json_are_secret_too() -> None:
    """The longer ones: short ones would hide half of every text; and a secret that is too short has no forms."""
    assert {"first line of it", "second line of it"} <= set(forms("first line of it\nshort\nsecond line of it"))
    assert "short" not in set(forms("first line of it\nshort"))
    assert "a-long-password" in set(forms('{"user": "me", "deep": [{"password": "a-long-password"}]}'))
    assert list(forms("x" * (SHORTEST - 1))) == []
    assert list(forms("x" * SHORTEST)) != []


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=SHORTEST, max_size=24), max_size=60), LETTERS)
def test_it_finds_what_is_there(texts: list[str], text: str) -> None:
    """No more and no less than looking for each, however many there are."""
    assert set(Finder(texts).found(text)) == {each for each in texts if each in text}


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=SHORTEST, max_size=24), max_size=20), LETTERS, st.sampled_from([1, SHORTEST, LEAST_TAIL]))
def test_it_knows_how_a_text_may_go_on(texts: list[str], text: str, least: int) -> None:
    """The longest end of it, of at least so many characters, that is the beginning of one, and not yet the whole."""
    ends = [size for size in range(least, len(text) + 1) if any(each.startswith(text[-size:]) and len(each) > size for each in texts)]
    assert Finder(texts).tail(text, least) == max(ends, default=0)


def test_many_cost_no_more_than_few_find_no_less() -> None:
    """Four thousand of different lengths, each in a text at each place of a word."""
    texts = [f"{'k' * (n % 13)}{n:06d}-{'z' * (n % 5)}" for n in range(4_000)]
    finder = Finder(texts)
    for n in (0, 1, 17, 999, 3_999):
        for lead in range(9):
            assert texts[n] in finder.found(f"{'.' * lead}{texts[n]}.")
    assert finder.found("nothing of it is in here, whatever its length may be") == []
    assert not Finder([])
