"""Take a picture of every page, light and dark, on a desk and on a phone: `make screenshots`.

They are for looking at: alignment, rhythm, contrast, what overflows, what is empty. Beside the pictures there is one contact sheet for
each of the four, so that all pages are seen at once.

    --out FOLDER    .cache/screenshots
    --only TEXT     pages whose name holds it

Used by: people.
"""

import argparse
import html
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.ui.browser import DESKTOP, PHONE, chromium, visit
from tests.ui.places import PROVOKED, places
from tests.ui.world import World

KINDS = {"desk-light": (DESKTOP, False), "desk-dark": (DESKTOP, True), "phone-light": (PHONE, False), "phone-dark": (PHONE, True)}
QUIET = 500
"""Milliseconds without a change of the page until its picture is taken."""
MOST = 5_000
"""Milliseconds after which a page that never rests is taken as it is; one that loads has thrice as many."""


def settle(page: Page) -> None:
    """Wait until the page has what it loads and has not changed for a while. Raises playwright's error when it loads for too long."""
    watch_settling(page)
    page.evaluate("window.settled")


def watch_settling(page: Page) -> None:
    """Begin to look whether the page changes: the promise `window.settled` is kept once it has not for a while, and shows no loading.

    It must have its title as well: a page whose script is still to come is empty, and at rest.
    """
    page.evaluate(
        """([quiet, most]) => {
            window.settled = new Promise((done, broken) => {
                const loads = () => document.querySelector('[aria-busy="true"]') || !document.querySelector('h1');
                const rest = () => loads() || done();
                let timer = setTimeout(rest, quiet);
                setTimeout(rest, most);
                setTimeout(() => loads() ? broken(new Error(`${location.pathname} still loads`)) : done(), 3 * most);
                new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(rest, quiet); })
                    .observe(document.body, { subtree: true, childList: true, attributes: true });
            });
            window.settled.catch(() => undefined);
        }""",
        [QUIET, MOST],
    )


def take(browser: Browser, world: World, kind: str, out: Path, only: str) -> list[str]:
    """The pictures of one kind; answers what went wrong in the pages."""
    size, dark = KINDS[kind]
    folder = out / kind
    folder.mkdir(parents=True, exist_ok=True)
    flaws: list[str] = []
    with visit(browser, world.url, world.link(), size, dark) as made:
        made.expect_wrong(PROVOKED)
        for name, address in places(world).items():
            if only not in name:
                continue
            page = made.go(address)
            settle(page)
            page.screenshot(path=folder / f"{name}.png")
            flaws += [f"{kind} {name}: {flaw}" for flaw in made.flaws]
            made.wrong.clear()
    sheet(browser, folder, out / f"sheet-{kind}.png", size)
    return flaws


def sheet(browser: Browser, folder: Path, target: Path, size: tuple[int, int]) -> None:
    """All pictures of a folder on one, with their names."""
    width = 480 if size == DESKTOP else 240
    height = width * size[1] // size[0]
    cells = "".join(
        f'<figure><img src="{path.as_uri()}" width="{width}" height="{height}"><figcaption>{html.escape(path.stem)}</figcaption></figure>'
        for path in sorted(folder.resolve().glob("*.png"))
    )
    style = "body{margin:16px;display:flex;flex-wrap:wrap;gap:16px;font:13px sans-serif;background:#888}figure{margin:0}img{display:block}"
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:
        file.write(f"<!doctype html><style>{style}</style>{cells}")
        file.flush()
        page = browser.new_page(viewport={"width": 4 * (width + 16) + 32, "height": 900})
        page.goto(Path(file.name).as_uri())
        page.screenshot(path=target, full_page=True)
        page.close()


def main() -> int:
    """Take them all and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.ui.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".cache/screenshots"))
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    flaws: list[str] = []
    with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world, chromium() as browser:
        for kind in asked.kind or KINDS:
            flaws += take(browser, world, kind, asked.out, asked.only)
            print(f"{kind}: {asked.out / kind}, all on {asked.out / f'sheet-{kind}.png'}", flush=True)
    print("\n".join(flaws) or "Nothing went wrong in any page.")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
