"""Serve the web UI: its page, and the files that it is built of.

All that it knows it asks of the API, so there is nothing in it that not everybody may have.

Rules
1. `/ui` and all below it is the one page, whose scripts find out what to show; `/` leads there. It is asked for anew each time.
2. A style in the page's text counts only with the nonce of this answer; a script only as a file from here. Whether one can log in by a
   provider stands in the page, too: who is not logged in asks nothing of the API.
3. A file is served when it was found in the folder and is of a type that belongs to pages: no request's path ever reaches the file system.
4. A file whose name has its hash is kept for ever; another is asked for again, and not sent again when it is the same.
5. Where there is no build, one sentence says how to make it; the daemon runs all the same. A new build is served without a restart.

Called by: app.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.headers import page_policy
from onbeat.api.problems import problem
from onbeat.api.routing import one_route

BUILT = Path(__file__).parents[1] / "static"
HOME = "/ui/"
UNBUILT = "onbeat is running, but its web UI is not built here: run `make ui` in the checkout, or install a release, which has it inside.\n"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_NONCE = b"__NONCE__"
_OIDC = b"__OIDC__"
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")
_FOR_EVER = "public, max-age=31536000, immutable"


class Build:
    """The files of a build in a folder, as they are when its page was last written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page = b""
        self._assets: Mapping[str, Path] = {}
        self._written: int | None = None

    async def page(self) -> bytes | None:
        """The page; None where there is no build."""
        await asyncio.to_thread(self._look)
        return self._page if self._written is not None else None

    async def asset(self, name: str) -> Path | None:
        """The file of that name; None when there is none to serve."""
        if name not in self._assets:
            await asyncio.to_thread(self._look)
        return self._assets.get(name)

    def _look(self) -> None:
        page = self._folder / "index.html"
        try:
            written = page.stat().st_mtime_ns
            if written == self._written:
                return
            self._page = page.read_bytes()
        except FileNotFoundError:
            self._written, self._assets = None, {}
            return
        root = self._folder / "assets"
        files = (path for path in root.rglob("*") if path.suffix in TYPES and path.is_file())
        self._written, self._assets = written, {path.relative_to(root).as_posix(): path for path in files}


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        one_route("/", front, Permission.PUBLIC),
        one_route("/ui", page, Permission.PUBLIC),
        one_route("/ui/{path:path}", page, Permission.PUBLIC),
        one_route("/assets/{name:path}", asset, Permission.PUBLIC),
    ]


async def front(request: Request) -> Response:
    """Lead to the web UI."""
    if await _build(request).page() is None:
        return Response(UNBUILT, media_type="text/plain")
    return Response(status_code=302, headers={"location": HOME, "cache-control": "no-cache"})


async def page(request: Request) -> Response:
    """The web UI's page, whatever it is to show."""
    text = await _build(request).page()
    if text is None:
        return Response(UNBUILT, 404, media_type="text/plain")
    nonce = secrets.token_urlsafe(16)
    headers = {"cache-control": "no-cache", "content-security-policy": page_policy(nonce)}
    offered = b"off" if getattr(request.app.state, "oidc", None) is None else b"on"
    return Response(text.replace(_NONCE, nonce.encode()).replace(_OIDC, offered), headers=headers, media_type="text/html")


async def asset(request: Request) -> Response:
    """A file of the web UI."""
    name = request.path_params["name"]
    found = await _build(request).asset(name)
    if found is None:
        return problem(404, "Not found", "there is no such file; after an update, load the page again")
    compressed = takes_gzip(request.headers.get("accept-encoding", ""))
    try:
        body, encoding = await asyncio.to_thread(_read, found, compressed)
    except FileNotFoundError:
        return problem(404, "Not found", "this file was replaced just now; load the page again")
    headers = {"vary": "accept-encoding", **encoding}
    if _HASHED.search(name):
        headers["cache-control"] = _FOR_EVER
    else:
        headers |= {"cache-control": "no-cache", "etag": f'"{sha256(body).hexdigest()[:32]}"'}
        if headers["etag"] in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": TYPES[found.suffix]})


def _read(path: Path, compressed: bool) -> tuple[bytes, dict[str, str]]:
    """A file, or what the build put compressed beside it."""
    if compressed:
        try:
            return path.with_name(f"{path.name}.gz").read_bytes(), {"content-encoding": "gzip"}
        except FileNotFoundError:
            pass  # too small to be worth it
    return path.read_bytes(), {}


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip, and not to forbid it."""
    for each in accepted.lower().split(","):
        name, _, weight = (part.strip() for part in each.partition(";"))
        if name in ("gzip", "x-gzip"):
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False


def _build(request: Request) -> Build:
    build: Build = request.app.state.ui
    return build
