"""`onbeat serve` beside the daemon: what it says when it is ready."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from onbeat.cli import serve
from onbeat.cli.serve import announce
from onbeat.daemon.serve import Serving


def ready(token: str | None, trouble: list[str]) -> Serving:
    """A daemon that is ready."""
    subscriptions = [SimpleNamespace(triggers={"a": 1, "b": 2}), SimpleNamespace(triggers={"c": 3})]
    node = SimpleNamespace(
        intake=SimpleNamespace(subscriptions=lambda: subscriptions),
        catalog=SimpleNamespace(served=lambda: [1, 2]),
        trouble=lambda: trouble,
    )
    return Serving("http://127.0.0.1:1", Path("data"), token, node)  # type: ignore[arg-type]  # only what is shown


def test_it_says_where_it_is_and_what_is_wrong(capsys: pytest.CaptureFixture[str]):
    """The token is not in a log; its file is."""
    announce(ready("geheim", ["flows/a.yaml: wrong"]))
    said = capsys.readouterr().out
    assert "is ready at http://127.0.0.1:1, with 2 flows and 3 triggers" in said
    assert "data/admin-token" in said
    assert "flows/a.yaml: wrong" in said
    assert "geheim" not in said


def test_a_person_at_a_terminal_sees_the_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """And nobody is left in doubt when there is none."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    announce(ready("geheim", []))
    assert "geheim" in capsys.readouterr().out
    announce(ready(None, []))
    assert "whoever reaches this address may do everything" in capsys.readouterr().out


def test_it_says_where_its_pages_are(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """And how to log in there; without a build, how to make one."""
    monkeypatch.setattr(serve, "BUILT", tmp_path)
    announce(ready("geheim", []))
    assert "`make ui`" in capsys.readouterr().out
    (tmp_path / "index.html").write_text("")
    announce(ready("geheim", []))
    said = capsys.readouterr().out
    assert "http://127.0.0.1:1/ui/   (`onbeat login --data " in said
    announce(ready(None, []))
    assert "onbeat login" not in capsys.readouterr().out
