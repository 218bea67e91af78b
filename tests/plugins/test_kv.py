"""The tasks that keep values under keys."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.errors import Refused, UserError
from onbeat.plugins.kv import Delete, Get, GetKeys, PurgeKV, Set
from onbeat.ports import Outcome, TaskFailed
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


async def test_a_value_is_kept_and_read(world: FakeWorld) -> None:
    """In the flow's own namespace, keeping its type; nothing else is known of it."""
    assert await world.run(Set, {"key": "k", "value": {"x": [1]}}) == Outcome()
    assert (await world.run(Get, {"key": "k"})).outputs == {"value": {"x": [1]}}
    assert [*world.values.kept] == [("company.team", "k")]
    assert world.values.puts == [{"type": None, "ttl": None, "description": None, "overwrite": True}]


async def test_what_is_said_of_a_value_is_kept_too(world: FakeWorld) -> None:
    """Its time, its description, that it must not be there, another namespace."""
    options = {"key": 5, "value": "1", "namespace": "other", "ttl": "PT1M", "kvType": "number", "kvDescription": "d", "overwrite": False}
    await world.run(Set, options)
    assert world.values.puts == [{"type": "NUMBER", "ttl": 60.0, "description": "d", "overwrite": False}]
    assert world.values.kept["other", "5"].value == 1
    with pytest.raises(Refused):
        await world.run(Set, options)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("STRING", 5, "5"),
        ("STRING", {"a": 1}, '{"a":1}'),
        ("NUMBER", "5", 5),
        ("NUMBER", "0.5", 0.5),
        ("NUMBER", 7, 7),
        ("BOOLEAN", "True", True),
        ("DATETIME", "2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00Z"),
        ("DATE", "2026-01-31", "2026-01-31"),
        ("DURATION", "PT90S", "PT1M30S"),
        ("JSON", '{"a": [1, null]}', {"a": [1, None]}),
        ("JSON", [1], [1]),
    ],
)
async def test_a_text_is_read_as_its_kind(world: FakeWorld, kind: str, value: Json, kept: Json) -> None:
    """`kvType` says which."""
    await world.run(Set, {"key": "k", "value": value, "kvType": kind})
    assert world.values.kept["company.team", "k"].value == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [("NUMBER", "x"), ("BOOLEAN", "yes"), ("DATETIME", "2026-01-31"), ("DATE", "31.1."), ("DURATION", "1h"), ("JSON", "{")],
)
async def test_a_text_that_is_not_of_its_kind_is_told(world: FakeWorld, kind: str, value: str) -> None:
    """And nothing is kept."""
    with pytest.raises(UserError, match=f"`value` is not a {kind}"):
        await world.run(Set, {"key": "k", "value": value, "kvType": kind})
    assert world.values.kept == {}


async def test_a_value_above_is_found(world: FakeWorld) -> None:
    """From the own namespace; where another is named, there only."""
    await world.run(Set, {"key": "k", "value": 1, "namespace": "company"})
    assert (await world.run(Get, {"key": "k"})).outputs == {"value": 1}
    assert (await world.run(Get, {"key": "k", "namespace": "company.team"})).outputs == {"value": 1}
    assert (await world.run(Get, {"key": "k", "namespace": "company.other"})).outputs == {"value": None}


@pytest.mark.parametrize("kind", [Get, Delete])
async def test_a_missing_value_may_be_an_error(world: FakeWorld, kind: Any) -> None:
    """That names it."""
    with pytest.raises(TaskFailed, match="no value `k` in namespace"):
        await world.run(kind, {"key": "k", "errorOnMissing": True})


async def test_keys_and_removing(world: FakeWorld) -> None:
    """By prefix, in order; removing says whether it was there."""
    for key in ("b2", "a", "b1"):
        await world.run(Set, {"key": key, "value": 1})
    assert (await world.run(GetKeys, {"prefix": "b"})).outputs == {"keys": ["b1", "b2"]}
    assert (await world.run(Delete, {"key": "a"})).outputs == {"deleted": True}
    assert (await world.run(Delete, {"key": "a"})).outputs == {"deleted": False}
    assert (await world.run(GetKeys, {})).outputs == {"keys": ["b1", "b2"]}
    assert (await world.run(GetKeys, {"namespace": "other"})).outputs == {"keys": []}


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, ["a.b/new", "a/new", "ab/new"]),
        ({"namespaces": ["a"]}, ["a.b/new", "a/new", "ab/new", "ab/old"]),
        ({"namespaces": ["a"], "includeChildNamespaces": False}, ["a.b/new", "a.b/old", "a/new", "ab/new", "ab/old"]),
        ({"namespacePattern": "a?"}, ["a.b/new", "a.b/old", "a/new", "a/old", "ab/new"]),
        ({"keyPattern": "n*"}, ["a.b/new", "a.b/old", "a/new", "a/old", "ab/new", "ab/old"]),
        ({"expiredOnly": False}, []),
        (
            {"behavior": {"type": "key", "expiredOnly": False}, "keyPattern": "n*", "namespaces": ["ab"]},
            ["a.b/new", "a.b/old", "a/new", "a/old", "ab/old"],
        ),
        ({"behavior": {"type": "version", "keepAmount": 1}}, ["a.b/new", "a.b/old", "a/new", "a/old", "ab/new", "ab/old"]),
    ],
)
async def test_a_purge_takes_what_it_says(world: FakeWorld, options: dict[str, Any], left: list[str]) -> None:
    """Expired values only unless told otherwise; of a namespace and those below it."""
    for namespace in ("a", "a.b", "ab"):
        for key in ("old", "new"):
            await world.run(Set, {"key": key, "value": 1, "namespace": namespace})
    world.values.expired.add("old")
    gone = 6 - len(left)
    assert (await world.run(PurgeKV, options)).outputs == {"size": gone, "count": gone}
    assert sorted(f"{namespace}/{key}" for namespace, key in world.values.kept) == left


def test_a_purge_is_told_one_choice_of_namespaces() -> None:
    """Names or a pattern."""
    with pytest.raises(ValidationError, match="not both"):
        PurgeKV.model_validate({"namespaces": ["a"], "namespacePattern": "a*"})
