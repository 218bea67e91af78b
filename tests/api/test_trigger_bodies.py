"""What the document says of bodies about triggers is what their handlers read."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from onbeat.api.trigger_bodies import CHANGED, FILLED, SWITCHED, TRIGGER, TRIGGERS, taken
from tests.api.client import api

NAMED = {"namespace": "t", "flowId": "hook", "triggerId": "hook"}
BACKFILL = {"start": "2026-01-01T00:00:00Z"}


def fits(schema: dict[str, Any], body: Any) -> bool:
    """Whether the document allows the body."""
    return bool(Draft202012Validator(schema).is_valid(body))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (TRIGGER, [NAMED, {"name": "t.hook.hook"}, {**NAMED, "more": 1}], [{}, {"namespace": "t"}, [], {"name": 1}]),
        (TRIGGERS, [[], [NAMED]], [NAMED, [{}]]),
        (SWITCHED, [{"triggers": [NAMED], "disabled": True}], [{"triggers": [NAMED]}, {"triggers": [NAMED], "disabled": "yes"}]),
        (FILLED, [{**NAMED, "backfill": BACKFILL}], [NAMED, {**NAMED, "backfill": {}}]),
        (CHANGED, [{**NAMED, "disabled": True}, {**NAMED, "backfill": BACKFILL}], [NAMED, {"disabled": True}]),
    ],
)
def test_a_body_is_one_or_not(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    """Named by its whole name, or by namespace, flow and id; with what is to be done."""
    assert [fits(schema, body) for body in good] == [True] * len(good)
    assert [fits(schema, body) for body in bad] == [False] * len(bad)
    assert taken(schema) == {"application/json": schema}


@pytest.mark.parametrize("body", [{**NAMED, "disabled": True}, {"name": "t.hook.hook", "disabled": False}, NAMED, {"disabled": True}, {}])
async def test_the_handler_reads_what_the_document_allows(tmp_path: Path, body: dict[str, Any]) -> None:
    """And refuses what it does not."""
    async with api(tmp_path) as call:
        found = await call("PUT", "/api/v1/main/triggers", body, content_type="application/json")
        assert (found.status == 200) is fits(CHANGED, body), found.json
