"""The web UI's page and files."""

import gzip
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.api.headers import CSP
from onbeat.api.ui import TYPES, UNBUILT, Build, takes_gzip
from tests.api.client import Answer, Client, api

PAGE = """<!doctype html><meta name="csp-nonce" content="__NONCE__"><meta name="oidc" content="__OIDC__"><style nonce="__NONCE__"></style>
<script type="module" src="/assets/app-a1B2c3D4.js"></script>
"""
SCRIPT = b"console.log(1)\n" * 200
FILES = {
    "app-a1B2c3D4.js": SCRIPT,
    "app-a1B2c3D4.js.gz": gzip.compress(SCRIPT),
    "app-a1B2c3D4.js.map": b"{}",
    "style-_-b2c3D4.css": b"a{}",
    "font-a1B2c3D4.woff2": b"wOF2",
    "icon.svg": b"<svg/>",
    "deep/data-a1B2c3D4.json": b"{}",
    "elk-a1B2c3D4.wasm": b"\0asm",
    "page.html": b"<p>",
    ".env": b"SECRET=1",
}
TRICKS = [
    "../index.html", "..%2findex.html", "%2e%2e/index.html", "..%252findex.html", "....//index.html", "/index.html", "//etc/passwd",
    "./icon.svg", "deep/../icon.svg", "deep/..%2ficon.svg", "..\\index.html", "icon.svg%00", "icon.svg/", "icon.svg%20", "icon.svg;x",
    "deep", "", ".", "..", "../../../../../../etc/passwd", "%c0%ae%c0%ae/index.html", "file:///etc/passwd", "passwd", "ICON.SVG",
    "../secret.js", "secret.js", ".env", "app-a1B2c3D4.js.gz", "app-a1B2c3D4.js.map", "page.html",
]  # fmt: skip


def build(folder: Path) -> Path:
    """A build in a folder, with a secret beside it."""
    (folder / "assets" / "deep").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "secret.js").write_text("secret")
    for name, content in FILES.items():
        (folder / "assets" / name).write_bytes(content)
    return folder


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a daemon with a build, that nobody knows."""
    async with api(tmp_path) as made:
        made.app.state.ui = Build(build(tmp_path / "static"))
        yield made


async def get(call: Client, target: str, **headers: str) -> Answer:
    """What somebody without a token gets."""
    return await call("GET", target, token=None, **headers)


async def test_the_front_page_leads_to_it(call: Client) -> None:
    """To where its own routes are."""
    found = await get(call, "/")
    assert (found.status, found.headers["location"]) == (302, "/ui/")


@pytest.mark.parametrize(
    "target", ["/ui", "/ui/", "/ui/executions/abc/gantt", "/ui/flows/a.b/c?x=1", "/ui/assets/app-a1B2c3D4.js", "/ui/../x"]
)
async def test_every_path_below_it_is_the_page(call: Client, target: str) -> None:
    """Its scripts find out what to show. It is asked for anew."""
    found = await get(call, target)
    assert (found.status, found.headers["content-type"], found.headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
    assert b"app-a1B2c3D4.js" in found.body


@pytest.mark.parametrize(("provider", "said"), [(None, b"off"), (object(), b"on")])
async def test_the_page_says_whether_one_can_log_in_by_a_provider(call: Client, provider: object, said: bytes) -> None:
    """The login form shows the way there where there is one."""
    if provider is not None:
        call.app.state.oidc = provider
    assert b'<meta name="oidc" content="' + said + b'">' in (await get(call, "/ui/")).body


async def test_a_style_counts_with_this_answers_nonce_only(call: Client) -> None:
    """It is in the page everywhere it is to be, in the policy for styles, and never the same again."""
    seen = set()
    for _ in range(3):
        found = await get(call, "/ui/")
        policy = found.headers["content-security-policy"]
        (nonce,) = re.findall(r"'nonce-([A-Za-z0-9_-]{22})'", policy)
        assert policy.replace(f" 'nonce-{nonce}'; style-src-attr 'unsafe-inline'", "") == CSP
        assert "script-src 'self';" in policy
        assert "worker-src 'self';" in policy
        assert (found.body.count(nonce.encode()), found.body.count(b"__NONCE__")) == (2, 0)
        seen.add(nonce)
    assert len(seen) == 3


@pytest.mark.parametrize("name", [name for name in FILES if Path(name).suffix in TYPES])
async def test_its_files_are_served_with_their_type(call: Client, name: str) -> None:
    """And are not guessed to be another."""
    found = await get(call, f"/assets/{name}")
    assert (found.status, found.headers["content-type"], found.body) == (200, TYPES[Path(name).suffix], FILES[name])
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-length"] == str(len(FILES[name]))


async def test_what_bears_its_hash_is_kept_for_ever(call: Client) -> None:
    """Another is asked for again, and not sent again."""
    kept = await get(call, "/assets/style-_-b2c3D4.css")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "etag" not in kept.headers
    asked = await get(call, "/assets/icon.svg")
    assert asked.headers["cache-control"] == "no-cache"
    again = await get(call, "/assets/icon.svg", if_none_match=f'"x", {asked.headers["etag"]}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", asked.headers["etag"])
    assert (await get(call, "/assets/icon.svg", if_none_match='"x"')).status == 200


async def test_what_is_compressed_beside_is_sent_to_who_takes_it(call: Client) -> None:
    """As it is; a cache between us is told that there are two."""
    plain, packed = [await get(call, "/assets/app-a1B2c3D4.js", accept_encoding=each) for each in ("br", "br, gzip")]
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert plain.body == gzip.decompress(packed.body) == SCRIPT
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert "content-encoding" not in (await get(call, "/assets/icon.svg", accept_encoding="gzip")).headers


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzipped", False),
        ("*", False),
    ],
)
def test_gzip_is_sent_to_who_names_it(accepted: str, takes: bool) -> None:
    """And not to who forbids it."""
    assert takes_gzip(accepted) is takes


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_path_leaves_the_folder(call: Client, tmp_path: Path, trick: str) -> None:
    """What was not found in it is not there, whatever it is called."""
    os.symlink("/etc/passwd", tmp_path / "static" / "assets" / "passwd")
    found = await get(call, f"/assets/{trick}")
    assert (found.status, found.headers["content-type"]) == (404, "application/problem+json"), found


async def test_a_new_build_is_served_without_a_restart(call: Client, tmp_path: Path) -> None:
    """And the old one's files are gone with it."""
    static = tmp_path / "static"
    assert (await get(call, "/assets/app-a1B2c3D4.js")).status == 200
    (static / "assets" / "app-a1B2c3D4.js").rename(static / "assets" / "app-zzzzzzzz.js")
    assert (await get(call, "/assets/app-a1B2c3D4.js")).status == 404
    (static / "index.html").write_text("new")
    os.utime(static / "index.html", ns=(1, 1))
    assert (await get(call, "/ui/")).body == b"new"
    assert (await get(call, "/assets/app-zzzzzzzz.js")).status == 200
    assert (await get(call, "/assets/app-a1B2c3D4.js")).status == 404


async def test_without_a_build_it_says_how_to_make_one(tmp_path: Path) -> None:
    """In one sentence, in plain words; the daemon runs."""
    async with api(tmp_path) as call:
        call.app.state.ui = Build(tmp_path / "nothing")
        for target, status in (("/", 200), ("/ui", 404), ("/ui/executions", 404)):
            found = await get(call, target)
            assert (found.status, found.headers["content-type"], found.body.decode()) == (status, "text/plain; charset=utf-8", UNBUILT)
        assert "`make ui`" in UNBUILT
        assert (await get(call, "/assets/icon.svg")).status == 404
        assert (await get(call, "/health")).status == 200
        build(tmp_path / "nothing")
        assert (await get(call, "/ui/")).status == 200


@pytest.mark.parametrize("target", ["/uix", "/assets", "/index.html", "/static/index.html", "/favicon.ico", "/login"])
async def test_elsewhere_what_is_unknown_is_a_problem(call: Client, target: str) -> None:
    """The page is not the answer to everything."""
    found = await get(call, target)
    assert (found.status, found.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("target", ["/", "/ui/", "/assets/icon.svg"])
async def test_it_is_only_looked_at(call: Client, target: str) -> None:
    """Nothing is sent to it."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await call(method, target, token=None)).status == 405
