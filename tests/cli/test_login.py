"""`onbeat login` against a real daemon."""

import http.client
import json
from urllib.parse import urlsplit


def test_it_prints_a_link_that_logs_a_browser_in_once(onbeat, daemon):
    """Looking at it changes nothing; its button opens a session and leads to the front page."""
    printed = onbeat("login", data=daemon.data)
    assert (printed.exit_code, "works once" in printed.stderr) == (0, True), printed.stderr
    parts = urlsplit(printed.stdout.strip())
    assert f"http://{parts.netloc}" == daemon.url

    def ask(method: str, path: str, **headers: str) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheader("set-cookie"), body

    assert [ask("GET", parts.path)[:2] for _ in range(2)] == [(200, None)] * 2
    status, cookie, _ = ask("POST", parts.path, Origin=daemon.url)
    assert (status, ask("POST", parts.path)[0]) == (303, 404)
    assert cookie is not None
    status, _, me = ask("GET", "/api/v1/me", Cookie=cookie.partition(";")[0])
    assert (status, json.loads(me)["name"]) == (200, "admin-token")


def test_programs_get_it_as_json(onbeat, daemon):
    """With the time it ends."""
    made = json.loads(onbeat("login", "--json", data=daemon.data).stdout)
    assert set(made) == {"url", "expires"}
