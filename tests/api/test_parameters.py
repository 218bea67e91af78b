"""The document's patterns and the handlers that read say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from onbeat.api import parameters
from onbeat.api.parameters import sort_field
from onbeat.core.states import TERMINATED, State
from tests.api.client import api


def schema_of(kind: Any) -> dict[str, Any]:
    """What the document says of a parameter."""
    return TypeAdapter(kind).json_schema()


@pytest.mark.parametrize(
    ("path", "fits"),
    [("a", True), ("/a/b.txt", True), ("a//", True), ("..", False), ("a/../b", False), ("a/./b", False), ("a\0b", False), ("a..b", True)],
)
async def test_a_path_is_one_for_both(tmp_path: Path, path: str, fits: bool) -> None:
    """The document's pattern takes what the handler takes: a file that is not there, but could be."""
    pattern = schema_of(parameters.FilePath)["pattern"]
    assert (re.search(pattern, path) is not None) is fits
    async with api(tmp_path) as call:
        quoted = path.replace("\0", "%00")
        found = await call("GET", f"/api/v1/main/namespaces/t/files?path={quoted}")
        assert (found.status == 404) is fits, found.json


@pytest.mark.parametrize(
    ("name", "kind", "good", "bad"),
    [
        ("labels", parameters.Label, "team:blue", "blue"),
        ("state", parameters.AnyState, "FAILED", "BROKEN"),
        ("timeRange", parameters.TimeRange, "P7D", "7 days"),
        ("startDate", parameters.Instant, "2026-11-21T12:00:00Z", "yesterday"),
    ],
)
async def test_a_text_is_one_for_both(tmp_path: Path, name: str, kind: Any, good: str, bad: str) -> None:
    """What the document has is taken, empty is nothing asked for, and anything else is refused with its name."""
    shown = schema_of(kind)
    if "pattern" in shown:
        assert [re.search(shown["pattern"], text) is not None for text in (good, "", bad)] == [True, True, False]
    if "enum" in shown:
        assert [text in shown["enum"] for text in (good, "", bad)] == [True, True, False]
    async with api(tmp_path) as call:
        for text, status in ((good, 200), ("", 200), (bad, 400)):
            assert (await call("GET", f"/api/v1/main/executions/search?{name}={text}")).status == status, text


def test_states_are_those_that_there_are() -> None:
    """All of them, or those in which something ends."""
    assert schema_of(parameters.StateName)["enum"] == [*State]
    assert schema_of(parameters.EndedState)["enum"] == sorted(TERMINATED)


def test_what_can_be_sorted_by_is_named() -> None:
    """Each field, with and without a direction, and nothing else."""

    class Query(BaseModel):
        sort: list[str] = sort_field(["id", "state.startDate"])

    pattern = Query.model_json_schema()["properties"]["sort"]["items"]["pattern"]
    texts = {"id": True, "id:asc": True, "state.startDate:desc": True, "": True, "id:up": False, "name": False, "stateXstartDate": False}
    assert {text: re.search(pattern, text) is not None for text in texts} == texts
