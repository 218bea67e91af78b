"""What expressions may use."""

from pathlib import Path

from tests.api.client import api
from tests.api.shapes import ask

BASE = "/api/v1/main/pebble"


async def test_the_language_is_named(tmp_path: Path) -> None:
    """Filters, tests and functions, each with those that everybody uses, by name."""
    async with api(tmp_path) as call:
        filters = (await ask(call, "GET", f"{BASE}/filters")).json
        tests = (await ask(call, "GET", f"{BASE}/tests")).json
        functions = [each["name"] for each in (await ask(call, "GET", f"{BASE}/functions")).json]
        for names, known in ((filters, {"upper", "jq", "default"}), (tests, {"defined"}), (functions, {"now", "secret", "kv"})):
            assert (names == sorted(names), known <= set(names)) == (True, True), known - set(names)
        assert (await call("GET", f"{BASE}/filters", token=None)).status == 401
