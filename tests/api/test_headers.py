"""What browsers are told with every answer."""

from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from onbeat.api.headers import CSP, SecurityHeaders, page_policy
from tests.api.house import house

WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": CSP,
}


@pytest.mark.parametrize("target", ["/", "/api/v1/me", "/api/v1/nothing", "/login", "/api/v1/users/nobody"])
async def test_every_answer_has_them(tmp_path: Path, target: str) -> None:
    """Pages, data, refusals."""
    async with house(tmp_path) as home:
        for token in (None, "wrong", "test-token"):
            answer = await home("GET", target, token=token)
            assert answer.headers.items() >= WANTED.items(), answer
            assert (answer.headers.get("cache-control") == "no-store") is target.startswith("/api/")


def test_no_page_runs_what_is_written_in_it() -> None:
    """And nobody frames it."""
    assert "unsafe" not in CSP
    assert "frame-ancestors 'none'" in CSP
    assert "default-src 'none'" in CSP


def test_a_pages_nonce_is_for_its_styles_only() -> None:
    """All else is as for every answer, but for the attributes `style` that browsers write into edited text."""
    policy = page_policy("abc")
    changed = {"style-src 'self'", "style-src 'self' 'nonce-abc'", "style-src-attr 'unsafe-inline'"}
    assert set(policy.split("; ")) ^ set(CSP.split("; ")) == changed


async def sent_by(app: Any, path: str = "/api/x", kind: str = "http") -> list[dict[str, Any]]:
    """The messages of an application that is called through."""
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await SecurityHeaders(app)({"type": kind, "path": path, "method": "GET", "headers": []}, None, send)  # type: ignore[arg-type]
    return messages


async def test_what_a_route_says_itself_stays() -> None:
    """Once: a header twice would be neither."""
    own = {"Cache-Control": "no-cache", "Content-Security-Policy": "sandbox", "X-Thing": "1"}
    start, body = await sent_by(PlainTextResponse("x", headers=own))
    names = [name for name, _ in start["headers"]]
    assert len(names) == len(set(names))
    assert (
        dict(start["headers"]).items() >= {b"cache-control": b"no-cache", b"content-security-policy": b"sandbox", b"x-thing": b"1"}.items()
    )
    assert dict(start["headers"])[b"x-content-type-options"] == b"nosniff"
    assert body["body"] == b"x"


async def test_what_is_not_http_goes_through() -> None:
    """As it is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": scope["type"]})

    assert await sent_by(app, kind="lifespan") == [{"type": "lifespan"}]
