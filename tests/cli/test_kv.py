"""`onbeat kv …` against a real daemon."""

import json

import pytest


def test_a_value_is_kept_shown_listed_and_removed(onbeat, daemon):
    """Each step says what it did, or nothing."""
    kept = onbeat("kv", "set", "shop.kv", "rate", "1.5", data=daemon.data)
    assert (kept.exit_code, kept.stdout) == (0, "")
    assert onbeat("kv", "get", "shop.kv", "rate", data=daemon.data).stdout == "1.5\n"
    rows = [line.split() for line in onbeat("kv", "list", "shop.kv", data=daemon.data).stdout.splitlines()]
    assert rows[0][:3] == ["KEY", "TYPE", "UPDATED"]
    assert rows[1][:2] == ["rate", "NUMBER"]
    assert onbeat("kv", "list", "shop.kv", "--prefix", "x", data=daemon.data).stderr == "no values\n"
    assert onbeat("kv", "delete", "shop.kv", "rate", data=daemon.data).exit_code == 0
    for command in (("get", "rate"), ("delete", "rate")):
        gone = onbeat("kv", command[0], "shop.kv", command[1], data=daemon.data)
        assert (gone.exit_code, gone.stderr) == (2, "there is no value `rate` in namespace shop.kv\n")


@pytest.mark.parametrize(
    ("given", "kind", "value", "shown"),
    [
        ('{"a": [1]}', "JSON", {"a": [1]}, '{"a": [1]}'),
        ("grüß Gott", "STRING", "grüß Gott", "grüß Gott"),
        ('"5"', "STRING", "5", "5"),
        ("NaN", "STRING", "NaN", "NaN"),
        ("true", "BOOLEAN", True, "true"),
    ],
)
def test_a_value_is_json_or_text(onbeat, daemon, given: str, kind: str, value: object, shown: str):
    """Quotes make a text of what would be JSON."""
    assert onbeat("kv", "set", "shop.kv", "k", given, data=daemon.data).exit_code == 0
    found = json.loads(onbeat("kv", "get", "shop.kv", "k", "--json", data=daemon.data).stdout)
    assert (found["type"], found["value"]) == (kind, value)
    assert onbeat("kv", "get", "shop.kv", "k", data=daemon.data).stdout == f"{shown}\n"


def test_a_value_may_expire(onbeat, daemon):
    """After a time that is one."""
    assert onbeat("kv", "set", "shop.kv", "short", "1", "--ttl", "PT1H", data=daemon.data).exit_code == 0
    (entry,) = json.loads(onbeat("kv", "list", "shop.kv", "--prefix", "short", "--json", data=daemon.data).stdout)
    assert entry["expirationDate"] > entry["updateDate"]
    assert onbeat("kv", "set", "shop.kv", "short", "1", "--ttl", "1h", data=daemon.data).exit_code == 2


def test_what_is_no_key_is_told(onbeat, daemon):
    """Exit code 2."""
    refused = onbeat("kv", "set", "shop.kv", "a b", "1", data=daemon.data)
    assert (refused.exit_code, "is not a key" in refused.stderr) == (2, True)
