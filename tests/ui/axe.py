"""Ask axe what of a page keeps people from using it. Its text comes from the UI's development packages (`make ui` installs them).

Used by: test_pages.py.
"""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "src" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


@cache
def _source() -> str:
    return SOURCE.read_text()


def serious(page: Page) -> list[str]:
    """The serious faults: rule, what it asks, and the first elements that break it."""
    page.evaluate(_source())
    found: Any = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then(result => result.violations)")
    broken = [each for each in found if each["impact"] in SERIOUS]
    return [f"{each['id']}: {each['help']}: " + "; ".join(map(_element, each["nodes"][:3])) for each in broken]


def _element(node: Any) -> str:
    detail = next((check["message"] for kind in ("any", "all", "none") for check in node[kind]), "")
    return f"{node['target']} {node['html'][:120]} {detail}"
