"""`make screenshots` with what it is told by default."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.ui.screenshots import take
from tests.ui.world import World


def test_pictures_and_their_sheet_come_into_a_folder_named_from_here(
    browser: Browser, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default is such a folder; the sheet was not made there."""
    monkeypatch.chdir(tmp_path)
    assert take(browser, world, "phone-dark", Path("pictures"), "not-found") == []
    assert sorted(path.name for path in Path("pictures").rglob("*.png")) == ["not-found.png", "sheet-phone-dark.png"]
