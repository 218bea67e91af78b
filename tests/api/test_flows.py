"""Flows over HTTP."""

from pathlib import Path

from tests.api.client import FLOWS, api


async def test_flows_are_listed_and_shown_with_their_source(tmp_path: Path) -> None:
    """By part of the name; the source is the file's text."""
    async with api(tmp_path) as call:
        assert (await call("GET", "/api/v1/main/flows/search")).json["total"] == len(FLOWS)
        (found,) = (await call("GET", "/api/v1/main/flows/search?q=HELL")).json["results"]
        assert (found["id"], found["revision"]) == ("hello", 1)
        assert found["inputs"] == [{"id": "name", "type": "STRING", "required": True}]
        shown = (await call("GET", "/api/v1/main/flows/t/hello?source=true")).json
        assert shown["source"] == FLOWS["hello.yaml"]
        assert (await call("GET", "/api/v1/main/flows/t/hello?revision=9")).status == 404
        assert (await call("GET", "/api/v1/main/flows/t/helo")).status == 404
