"""Masks: secrets are hidden in whatever form they show up."""

import base64
import json
import random
import re
import string
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.engine.masking import MASK, LineMask, Mask

VALUE = 'pa/ss+"wörd\\1 &=?'

ENCODINGS = {
    "plain": lambda text: text,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps({"x": text})),
    "orjson": lambda text: orjson.dumps(text).decode(),
    "repr": lambda text: repr(text)[1:-1],
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "url": lambda text: quote(text, safe=""),
    "url with slashes": quote,
    "url lower": lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    **{f"base64 after {n}": lambda text, n=n: base64.b64encode(b"x" * n + text.encode() + b"yz").decode() for n in range(7)},
    **{f"base64url after {n}": lambda text, n=n: base64.urlsafe_b64encode(b"x" * n + text.encode() + b"yz").decode() for n in range(3)},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_hidden_in_each_encoding(encoding: str) -> None:
    """Alone and inside a text; what stands around it stays."""
    mask, written = Mask([VALUE]), ENCODINGS[encoding](VALUE)
    assert MASK in mask.mask(written)
    shown = mask.mask(f"before {written} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert mask.mask(shown) == shown


def test_basic_auth_hides_the_password() -> None:
    """`user:password` in base64 is where it shows up most."""
    header = base64.b64encode(b"somebody:hunter22hunter").decode()
    assert "aHVudGVy" not in Mask(["hunter22hunter"]).mask(header)


def test_a_text_without_secrets_is_the_same_object() -> None:
    """Rule 1, with few and with many secrets."""
    many = Mask(_random_secrets(1_000))
    for mask in (Mask(), Mask(["hunter22"]), many):
        for value in ("some text", "x" * 100_000, {"a": [1, "b"]}, [], None, 7, True):
            assert mask.mask_value(value) is value


def test_what_overlaps_is_hidden_together() -> None:
    """Rule 1: no tail of one is left by another."""
    assert Mask(["abcdefgh", "efghijkl"]).mask("-abcdefghijkl-") == f"-{MASK}-"
    assert Mask(["hunter", "hunter22"]).mask("hunter22") == MASK
    assert Mask(["aaaa"]).mask("aaaaaaa") == MASK


def test_short_values_are_hidden_by_taint_only() -> None:
    """Rule 2."""
    assert Mask(["abc"]).mask("abc") == "abc"
    mask = Mask().also([], ["abc", "42"])
    assert mask.mask_value(["abc", "abcd", 42, 420, True]) == [MASK, "abcd", MASK, 420, True]
    assert mask.mask("abc and abc") == "abc and abc"


def test_numbers_are_hidden_too() -> None:
    """A PIN that was read as a number."""
    assert Mask(["12345678"]).mask_value({"pin": 12345678, "n": 1}) == {"pin": MASK, "n": 1}


def test_map_keys_are_hidden() -> None:
    """Rule 4 as well: what cannot be written is replaced."""
    assert Mask(["s3cret99"]).mask_value({"s3cret99": {"x": ["a s3cret99"]}}) == {MASK: {"x": [f"a {MASK}"]}}
    assert Mask().mask("a\udcffb") == "a?b"


def test_a_mask_on_top_of_another_leaves_that_as_it_was() -> None:
    """Rule 5."""
    base = Mask(["hunter22"])
    more = base.also(["frodo123"])
    assert more.mask("hunter22 frodo123") == f"{MASK} {MASK}"
    assert base.mask("hunter22 frodo123") == f"{MASK} frodo123"
    assert base.also([]) is base


@pytest.mark.parametrize("length", [4, 5, 7, 8, 11, 15, 16, 17, 40, 200])
def test_one_of_very_many_is_found_wherever_it_stands(length: int) -> None:
    """Rule 4: steps of several bytes skip nothing."""
    secrets = _random_secrets(60, length)
    mask = Mask(secrets)
    for at in range(18):
        for text in (secrets[7], secrets[7].encode().hex(), quote(secrets[7], safe="")):
            assert mask.mask("é" * (at % 2) + "." * at + text + "." * (18 - at)).count(MASK) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), max_size=4), st.text(max_size=20), st.text(max_size=20))
def test_nothing_of_a_secret_is_left(values: list[str], before: str, after: str) -> None:
    """Whatever its characters are, and whatever stands around it."""
    mask = Mask(values)
    for value in values:
        if len(value) >= 4 and value not in MASK * 9:
            for text in (value, json.dumps(value), quote(value, safe=""), value.encode().hex()):
                assert text not in mask.mask(before + text + after) or text in MASK * 9


# ---- lines ---------------------------------------------------------------------------------------------------------


def _lines(mask: Mask, *lines: str) -> list[str]:
    masked = LineMask(lambda: mask)
    shown = [line for number, each in enumerate(lines) for _, line in masked.feed(number, each)]
    return [*shown, *(line for _, line in masked.end())]


def test_a_secret_over_several_lines_is_hidden_in_each() -> None:
    """Rule 3: as `base64` and `fold` print it."""
    secret = "".join(random.Random(1).choices(string.ascii_letters, k=200))
    code = base64.b64encode(b"xx" + secret.encode()).decode()
    lines = [code[at : at + 76] for at in range(0, len(code), 76)]
    shown = _lines(Mask([secret]), "before", *lines, "after")
    assert len(shown) == len(lines) + 2
    assert (shown[0], shown[-1]) == ("before", "after")
    assert all(MASK in line and len(line) < 20 for line in shown[1:-1])


def test_a_line_waits_only_for_what_may_go_on() -> None:
    """What only looks like the beginning of one is shown with the next line."""
    mask = Mask(["abcdefghijklmnop"])
    lines = LineMask(lambda: mask)
    assert list(lines.feed(1, "hello")) == [(1, "hello")]
    assert list(lines.feed(2, "x abcdefghij")) == []
    assert list(lines.feed(3, "no")) == [(2, "x abcdefghij"), (3, "no")]
    assert list(lines.feed(4, "x abcdefghij")) == []
    assert list(lines.feed(5, "klmnop y")) == [(4, f"x {MASK}"), (5, f"{MASK} y")]
    assert list(lines.feed(6, "abcdefghijk")) == []
    assert list(lines.end()) == [(6, MASK)]
    assert list(lines.end()) == []


def _random_secrets(count: int, length: int = 24) -> list[str]:
    chance = random.Random(length)
    return ["".join(chance.choices(string.ascii_letters + string.digits + "+/", k=length)) for _ in range(count)]
