"""What people and programs show to be let in is nowhere afterwards: not in the log, not on disk."""

import base64
from pathlib import Path
from urllib.parse import urlsplit


def basic(name: str, password: str) -> dict[str, str]:
    """The header of Basic."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def found(folder: Path, canaries: dict[str, str]) -> list[tuple[str, str]]:
    """Which of them is in which file."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "admin-token"]
    return [(path.name, name) for path in files for name, text in canaries.items() if text.encode() in path.read_bytes()]


def test_no_credential_is_kept_or_logged(new_daemon) -> None:
    """Passwords, tokens, sessions and links, right and wrong ones, with the log at its most talkative."""
    daemon = new_daemon(env={"ONBEAT_LOG_LEVEL": "debug"}).start()
    password, wrong = "correct-horse-canary", "wrong-horse-canary"
    daemon.api("POST", "/api/v1/users", {"name": "ada", "password": password, "grants": [{"role": "viewer"}]})
    token = daemon.api("POST", "/api/v1/tokens", {"name": "ci", "user": "ada"}).json()["token"]
    link = daemon.api("POST", "/api/v1/login/link").json()["url"].rpartition("/")[2]
    session = daemon.api("POST", f"/login/{link}").headers["set-cookie"].partition(";")[0].partition("=")[2]
    for headers in (basic("ada", password), {"Authorization": f"Bearer {token}"}, {"Cookie": f"onbeat_session={session}"}):
        assert daemon.request("GET", "/api/v1/me", None, headers).status == 200
    for headers in (basic("ada", wrong), {"Authorization": f"Bearer {wrong}"}, {"Cookie": f"onbeat_session={wrong}"}):
        assert daemon.request("GET", "/api/v1/me", None, headers).status == 401
    assert daemon.request("GET", f"/login/{wrong}").status == 404
    later = daemon.api("POST", "/api/v1/login/link").json()["url"]
    canaries = {"password": password, "wrong": wrong, "token": token.rpartition("_")[2], "link": link, "session": session}
    canaries |= {"admin": daemon.token, "later": urlsplit(later).path.rpartition("/")[2]}
    assert all(len(text) > 15 for text in canaries.values())
    assert found(daemon.data.parent, canaries) == []
    daemon.stop()
    assert found(daemon.data.parent, canaries) == []
