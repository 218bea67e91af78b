"""What an evaluation makes of secrets is known."""

from typing import Any

import pytest

from onbeat.core.expressions import NeedsOutside, compile_value, make_scope
from onbeat.core.expressions.taint import TAINT, Opened, Taint
from onbeat.core.refs import Ref

SECRET = "s3cret-value"


def evaluated(value: Any, **names: Any) -> tuple[Any, list[str]]:
    """What it gives, and what of it was made of a secret."""
    taint = Taint({"secret:x": Opened(SECRET), "secret:map": Opened({"a": [SECRET, 7, "beside", True, None]}, frozenset([SECRET]))})

    def secret(key: str) -> str:
        taint.touch()
        return SECRET

    scope = {**names, TAINT: taint, "__outside__": {"secret": secret}, "kept": {"v": Ref("secret:x", 1), "m": Ref("secret:map", 1)}}
    return compile_value(value).render(make_scope(scope)), list(taint.made)


@pytest.mark.parametrize(
    ("expression", "made"),
    [
        ("{{ secret('k') }}", SECRET),
        ("{{ secret('k') | upper }}", SECRET.upper()),
        ("{{ secret('k') | base64encode }}", "czNjcmV0LXZhbHVl"),
        ("{{ {'a': secret('k')} | toJson }}", '{"a":"s3cret-value"}'),
        ("{{ secret('k') ~ '!' }}", "s3cret-value!"),
        ("{{ secret('k')[0:3] }}", "s3c"),
        ("{{ secret('k') | length }}", "12"),
        ("{{ [1, 2] | map('string') if secret('k') is defined else 0 }}", None),
        ("before {{ secret('k') | reverse }} after", "eulav-terc3s"),
        ("{% set s = secret('k') %}{{ s | upper }}", SECRET.upper()),
        ("{{ render(\"{{ secret('k') }}\") | upper }}", SECRET.upper()),
        ("{{ kept.v }}", SECRET),
        ("{{ kept.v | upper }}", SECRET.upper()),
        ("x {{ kept.m.a[0] | reverse }}", "eulav-terc3s"),
        ("{{ kept.m.a | length }}", "5"),
    ],
)
def test_what_is_made_of_a_secret_is_noted(expression: str, made: str | None) -> None:
    """Whatever filters, operators and functions do with it."""
    try:
        noted = evaluated(expression)[1]
    except Exception:
        assert made is None
        return
    assert made is None or made in noted


def test_what_is_not_made_of_one_is_not_noted() -> None:
    """Rule 1: other texts of the same value, other expressions and constant text of the same text."""
    value = {"a": "{{ host }}", "b": "https://{{ host }}/{{ secret('k') }}/{{ host }}", "c": ["plain", "{{ host }}-{{ host }}"]}
    result, made = evaluated(value, host="example.com")
    assert result["b"] == f"https://example.com/{SECRET}/example.com"
    assert made == [SECRET]


def test_a_kept_secret_is_opened_for_the_text_that_uses_it() -> None:
    """Rule 2: what stands before it in its text, and other texts, are not noted."""
    result, made = evaluated(["{{ host }} {{ kept.v }}", "{{ host }}"], host="example.com")
    assert result == [f"example.com {SECRET}", "example.com"]
    assert "example.com" not in made
    assert SECRET in made


def test_what_is_beside_a_secret_is_not_noted() -> None:
    """Rule 2: only what of a kept value is secret, and what is made anew."""
    assert evaluated("{{ kept.m.a[2] }}") == ("beside", [SECRET])
    assert evaluated("{{ kept.m }}")[1] == [SECRET]
    assert evaluated("{{ kept.m.a[2] | upper }}")[1] == [SECRET, "BESIDE"]


def test_a_short_part_makes_its_text_secret() -> None:
    """It cannot be looked for inside a text."""
    assert "id-s3c" in evaluated("id-{{ secret('k')[0:3] }}")[1]


def test_booleans_and_null_are_not_noted() -> None:
    """Rule 3."""
    assert evaluated("{{ secret('k') == 'x' }}")[1] == []
    assert evaluated(["{{ 1 + 1 }}", "{{ host }}"], host="h")[1] == []


def test_a_kept_value_that_is_not_open_is_asked_for() -> None:
    """By its address, as any that is kept."""
    with pytest.raises(NeedsOutside) as asked:
        evaluated("{{ other.v }}", other={"v": Ref("secret:y", 1)})
    assert asked.value.uri == "secret:y"
