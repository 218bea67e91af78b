"""A daemon whose users log in by a provider: what it needs, and that it has the routes only then."""

import sys

import pytest

from onbeat.daemon.serve import provider_of
from onbeat.errors import UserError
from onbeat.settings import Settings
from onbeat.testing.clock import ManualClock


def settings(**more: str) -> Settings:
    """Settings with a provider."""
    return Settings(**{"oidc_issuer": "https://accounts.example", "oidc_client_id": "onbeat", **more})  # type: ignore[arg-type]


def test_a_provider_needs_its_settings() -> None:
    """What is missing or wrong is named."""
    assert provider_of(settings(), ManualClock()) is not None
    with pytest.raises(UserError, match="ONBEAT_OIDC_CLIENT_ID"):
        provider_of(settings(oidc_client_id=""), ManualClock())
    with pytest.raises(UserError, match="oidc_issuer"):
        provider_of(settings(oidc_issuer="http://accounts.example"), ManualClock())


def test_a_provider_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is not there for who did not ask for it; the sentence says how to get it."""
    for name in [name for name in sys.modules if name == "onbeat.engine.oidc" or name.partition(".")[0] == "joserfc"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(UserError, match=r"pip install 'onbeat\[oidc\]'"):
        provider_of(settings(), ManualClock())


def test_the_way_is_there_where_a_provider_is_set_up(new_daemon) -> None:
    """It need not answer for the daemon to start; who logs in is told that it does not."""
    daemon = new_daemon(env={"ONBEAT_OIDC_ISSUER": "http://127.0.0.1:9", "ONBEAT_OIDC_CLIENT_ID": "onbeat"}).start()
    answered = daemon.request("GET", "/oidc/login")
    assert (answered.status, answered.json()["title"]) == (502, "Something outside failed")
    plain = new_daemon().start()
    assert plain.api("GET", "/oidc/login").status == 404
