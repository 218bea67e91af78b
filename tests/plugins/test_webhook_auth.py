"""How a webhook's sender proves who he is: in the settings, and in what is kept of a request."""

import hashlib
import hmac
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.event import Event
from onbeat.core.signatures import Auth
from onbeat.errors import UserError
from onbeat.plugins.webhook import MASK, NotAuthentic, Webhook, check_sender, receive
from onbeat.ports import HttpRequest

NOW = 1_780_000_000_000_000
SECRET = "It's a Secret to Everybody"


def request(body: bytes = b"{}", **headers: str) -> HttpRequest:
    """A request."""
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return HttpRequest(method="POST", path="/", headers=named, parameters={}, body=body)


def event(options: Webhook, sent: HttpRequest) -> Event:
    """What it becomes."""
    found = receive(options, sent, NOW, "n").event
    assert found is not None
    return found


def webhook(**auth: Any) -> Webhook:
    """One that checks that."""
    return Webhook(key="k", auth=auth)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["key", {"type": "key"}])
def test_by_default_the_key_is_all(given: Any) -> None:
    """And it is known by both spellings."""
    for options in (Webhook(key="k"), Webhook(key="k", auth=given)):
        assert options.authentication.type == "key"
        check_sender(options, request(), NOW)


@pytest.mark.parametrize("given", ["none", {"type": "none"}])
def test_a_webhook_for_anybody_needs_the_servers_leave(given: Any) -> None:
    """It is refused, loudly, where the setting does not allow it; all others need none."""
    options = Webhook(key="k", auth=given)
    for settings in ({}, {"public_webhooks": False}):
        with pytest.raises(UserError, match="ONBEAT_PUBLIC_WEBHOOKS"):
            options.subscription("t", settings)
    assert options.subscription("t", {"public_webhooks": True}) == Webhook(key="k").subscription("t", {})
    assert webhook(type="github", secret=SECRET).subscription("t", {}) == "core.trigger.Webhook"


def test_a_signature_is_asked_for_besides_the_key() -> None:
    """Right it goes on, wrong it is refused without a word of the secret."""
    options = webhook(type="github", secret=[SECRET])
    signature = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    check_sender(options, request(x_hub_signature_256=f"sha256={signature}"), NOW)
    for sent in (request(), request(b"{ }", x_hub_signature_256=f"sha256={signature}")):
        with pytest.raises(NotAuthentic) as refused:
            check_sender(options, sent, NOW)
        assert "Everybody" not in str(refused.value)


@pytest.mark.parametrize("auth", ["open", {"secret": SECRET}, {"type": "github"}, {"type": "github", "secret": SECRET, "secrets": []}])
def test_a_misspelt_auth_is_refused(auth: Any) -> None:
    """Nothing is open by mistake."""
    with pytest.raises(ValidationError):
        Webhook(key="k", auth=auth)


def test_the_header_of_ones_own_signature_is_masked() -> None:
    """Whatever it is called."""
    options = webhook(type="hmac", secret=SECRET, header="X-Proof")
    headers = event(options, request(x_proof="abc", x_other="abc")).variables["headers"]
    assert headers == {"x-proof": [MASK], "x-other": ["abc"]}
    assert event(Webhook(key="k"), request(x_proof="abc")).variables["headers"] == {"x-proof": ["abc"]}


def test_a_signed_id_goes_before_an_idempotency_key() -> None:
    """Else who captured a request could send it again under another key."""
    sent = request(
        b'{"id": "evt_1", "event_id": "Ev1"}', idempotency_key="k1", webhook_id="msg_1", x_id="7", content_type="application/json"
    )
    keys = {
        "stripe": "stripe:evt_1",
        "slack": "slack:Ev1",
        "standard": "webhook-id:msg_1",
        "github": "idempotency:k1",
    }
    for type_, key in keys.items():
        secret = "whsec_" + "QUFB" * 8 if type_ == "standard" else SECRET
        assert event(webhook(type=type_, secret=secret), sent).key == key
    assert event(webhook(type="hmac", secret=SECRET, header="S", idHeader="X-Id"), sent).key == "delivery:7"
    assert event(webhook(type="hmac", secret=SECRET, header="S"), sent).key == "idempotency:k1"


def test_what_is_checked_is_not_printed() -> None:
    """A trigger's settings are logged here and there."""
    assert SECRET not in repr(Webhook(key="k", auth=Auth(type="github", secret=[SECRET])))
