"""Health and status."""

from pathlib import Path

from tests.api.client import FLOWS, api


async def test_health_is_200_only_when_a_start_would_be_taken(tmp_path: Path) -> None:
    """Not while it starts or stops, and not when it is full."""
    async with api(tmp_path, max_active=1) as call:
        assert (await call("GET", "/health", token=None)).status == 200
        id_ = (await call("POST", "/api/v1/executions/t/sleep")).json["id"]
        full = await call("GET", "/health", token=None)
        assert full.status == 503
        assert full.headers["retry-after"] == "1"
        await call("DELETE", f"/api/v1/executions/{id_}/kill")
        await call.node.engine.ended(id_)
        await call.node.engine.wait_room()
        assert (await call("GET", "/health", token=None)).status == 200
        call.node.ready = False
        assert (await call("GET", "/health", token=None)).status == 503
        assert (await call("POST", "/api/v1/executions/t/hello")).status == 503
        assert (await call("POST", "/api/v1/events/things", {})).status == 503


async def test_status_tells_trouble_and_figures(tmp_path: Path) -> None:
    """A file that is wrong is named with its line."""
    async with api(tmp_path) as call:
        good = (await call("GET", "/api/v1/status")).json
        assert (good["ready"], good["trouble"], good["flows"]) == (True, [], len(FLOWS))
        (tmp_path / "flows" / "bad.yaml").write_text("id: x\nnamespace: t\ntaks: []\n")
        await call.node.loader.load_all()
        (trouble,) = (await call("GET", "/api/v1/status")).json["trouble"]
        assert "bad.yaml:" in trouble
