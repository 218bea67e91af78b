"""The function `http`, against a real server on loopback."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.engine import outside_http
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.outside import Asked
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.errors import OutsideError, UserError
from onbeat.testing import ManualClock
from tests.plugins.http.server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that answers what a test says."""
    made = Server()
    runner = web.ServerRunner(web.Server(made))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def render(tmp_path: Path, text: str, **names: Any) -> object:
    """The value of a text in an execution of t.f."""
    found = Evaluator(ManualClock(), Payloads(LocalStorage(tmp_path)), lambda bits: 0, {})
    return await found.render_names(compile_value("{{ " + text + " }}"), {**found.outside, **names}, Asked("t", "f", "e"))


async def test_json_is_read_and_anything_else_is_text(tmp_path: Path, server: Server) -> None:
    """Rule 3, and an expression goes on with it; called twice with the same arguments it asks once."""
    server.answers["/categories"] = {"text": '[{"slug": "beauty"}, {"slug": "ü"}]', "content_type": "application/json"}
    server.answers["/problem"] = {"text": '{"a": 1}', "content_type": "application/problem+json"}
    server.answers["/text"] = {"text": '{"a": 1}', "content_type": "text/plain"}
    assert await render(tmp_path, "http(uri = u) | jq('.[].slug')", u=f"{server.url}/categories") == ["beauty", "ü"]
    assert await render(tmp_path, "[http(u ~ '/problem').a, http(u ~ '/text'), http(u ~ '/text')]", u=server.url) == [
        1,
        '{"a": 1}',
        '{"a": 1}',
    ]
    assert [request.path for request in server.seen] == ["/categories", "/problem", "/text"]
    assert server.seen[0].headers["Accept"] == "application/json"


async def test_it_sends_what_kestras_does(tmp_path: Path, server: Server) -> None:
    """Query, body as JSON or as a form, headers (also lists), options; arguments by place have Kestra's order."""
    await render(tmp_path, "http(u, 'post', {'q': [1, 'a b']}, {'k': 'ü'}, headers={'X': ['1', '2']}, accept='text/csv')", u=server.url)
    await render(tmp_path, "http(u, 'PUT', {'only': 'query'})", u=server.url)
    form = "contentType='application/x-www-form-urlencoded'"
    await render(
        tmp_path,
        f"http(u, method='POST', body={{'a': 'b c'}}, {form}, options={{'auth': {{'type': 'BEARER', 'token': 't'}}}})",
        u=server.url,
    )
    first, second, third = server.seen
    assert (first.method, list(first.query.items())) == ("POST", [("q", "1"), ("q", "a b")])
    assert (first.headers["Content-Type"], first.headers["X"], first.headers["Accept"]) == ("application/json", "1, 2", "text/csv")
    assert (second.method, dict(second.query)) == ("PUT", {"only": "query"})
    assert third.headers["Authorization"] == "Bearer t"
    assert server.bodies == ['{"k":"ü"}'.encode(), b"", {"a": "b c"}]


async def test_what_changes_something_carries_the_same_key_each_time(tmp_path: Path, server: Server) -> None:
    """Rule 4: an expression may be evaluated again; another call has another key."""
    for body in ("1", "1", "2"):
        await render(tmp_path, f"http(u, 'POST', body='{body}')", u=server.url)
    keys = [request.headers["Idempotency-Key"] for request in server.seen]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0].startswith("e-")


async def test_a_call_is_bounded(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 2: the size, also where the options say more, the time and the status."""
    server.answers["/large"] = {"text": "x" * 1_000_001}
    server.answers["/wrong"] = {"status": 404, "text": "no"}
    server.answers["/odd"] = {"text": "{", "content_type": "application/json"}
    for options in ("", ", options={'maxContentLength': 5000000}"):
        with pytest.raises(ExpressionError, match="is larger than"):
            await render(tmp_path, f"http(u{options})", u=f"{server.url}/large")
    with pytest.raises(ExpressionError, match=r"the function `http` failed: GET .*/wrong was answered with status 404"):
        await render(tmp_path, "http(u)", u=f"{server.url}/wrong")
    with pytest.raises(ExpressionError, match="says it is JSON and is not"):
        await render(tmp_path, "http(u)", u=f"{server.url}/odd")
    monkeypatch.setattr(outside_http, "LONGEST", 0.0)
    with pytest.raises(ExpressionError, match="got no answer within 0 s"):
        await render(tmp_path, "http(u)", u=server.url)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http()", "takes a text as `uri`"),
        ("http(uri=5)", "takes a text as `uri`"),
        ("http('file:///etc/passwd')", "must begin with http"),
        ("http('gopher://x')", "must begin with http"),
        ("http('http://169.254.169.254/latest')", "link-local and metadata addresses may not be called"),
        ("http('http://x', method='a b')", "cannot take `method`"),
        ("http('http://x', options={'nope': 1})", "cannot take `options.nope`"),
        ("http('http://x', options=5)", "takes a map as `options`"),
        ("http('http://x', headers='x')", "takes a map as `headers`"),
        ("http('http://x', 1, 2, 3, 4, 5, 6, 7, 8)", "the function `http` takes `uri`, `method`"),
    ],
)
async def test_wrong_use_is_told(tmp_path: Path, text: str, reason: str) -> None:
    """Rule 1, and every argument that cannot be."""
    with pytest.raises(UserError, match=reason):
        await render(tmp_path, text)


async def test_no_answer_is_outside(tmp_path: Path, server: Server) -> None:
    """Nobody's mistake: the attempt may be made again."""
    with pytest.raises(OutsideError, match=r"no answer from http://127\.0\.0\.1:9"):
        await render(tmp_path, "http('http://127.0.0.1:9/')")
