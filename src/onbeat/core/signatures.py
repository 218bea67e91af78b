"""Say whether a request is its sender's: by a signature as GitHub, Stripe, Slack and Standard Webhooks make it, by one's own, by a token.

The key in a webhook's address is as secret as addresses are: proxies log them. A signature proves that the sender knows a secret that
never travels, and that nobody changed a byte on the way.

Rules
1. The signature is over the bytes as they came: nothing is parsed before.
2. Texts are compared in constant time, and all secrets are tried: while one is exchanged for another, both count.
3. A missing, repeated, cut or otherwise made signature is none, and so is one by another algorithm.
4. Where the provider signs a time, a request that is older or newer than `tolerance` is refused: a captured one is not sent again.
5. An id that is signed is what makes a delivery one, before any header that is not.
6. No message repeats a secret, nor what was sent as one.

Called by: plugins/webhook.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from onbeat.core.durations import Duration
from onbeat.core.event import Json, Micros

Headers = Mapping[str, list[str]]
"""By lower-case name."""
_SECOND: Micros = 1_000_000
_SHORTEST = 8
_MOST = 20
"""Signatures of one request that are looked at, and secrets that count at once."""
_NUMBER = re.compile(r"[0-9]{1,12}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN = {"token": frozenset({"header", "prefix"}), "hmac": frozenset({"header", "prefix", "algorithm", "encoding", "idHeader"})}
_TIMED = frozenset({"stripe", "slack", "standard"})
_OPEN = frozenset({"key", "none"})


class Auth(BaseModel):
    """How a webhook's sender proves who he is, besides by knowing the key.

    `github`, `stripe`, `slack`, `standard` (Standard Webhooks): as they sign. `hmac`: a signature of the body in `header`. `token`: a
    secret in `header`, by default as `Authorization: Bearer …`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    type: Literal["key", "none", "token", "github", "stripe", "slack", "standard", "hmac"]
    """What is checked. `key`: only the key in the address; `none`: nothing, the key may be known to all, which the server must allow."""
    secret: list[str] = Field([], max_length=_MOST, repr=False)
    """The secret, or several of which each counts while one is exchanged for another."""
    tolerance: Duration = timedelta(minutes=5)
    """How old or new a signed time may be (`stripe`, `slack`, `standard`)."""
    header: str | None = None
    """Header of the signature (`hmac`) or the token."""
    prefix: str = Field("", max_length=100)
    """What stands before the signature or the token in its header, such as `sha256=`."""
    algorithm: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    """Hash of the signature (`hmac`)."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written (`hmac`)."""
    id_header: str | None = Field(None, alias="idHeader")
    """Header of the delivery's id, by which a repetition is the same execution (`hmac`)."""

    @field_validator("secret", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("header", "id_header")
    @classmethod
    def _is_header(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError("this is no name of a header")
        return None if value is None else value.lower()

    @model_validator(mode="after")
    def _says_what_it_means(self) -> "Auth":
        given = {name if name != "id_header" else "idHeader" for name in self.model_fields_set} - {"type", "secret"}
        wrong = sorted(given - _OWN.get(self.type, frozenset()) - ({"tolerance"} if self.type in _TIMED else set()))
        if wrong:
            raise ValueError(f"`{wrong[0]}` means nothing with `type: {self.type}`")
        if self.type in _OPEN:
            if self.secret:
                raise ValueError(f"`secret` means nothing with `type: {self.type}`")
        elif not self.secret or any(len(secret) < _SHORTEST for secret in self.secret):
            raise ValueError(f"`secret` is needed with `type: {self.type}`, of {_SHORTEST} characters at least")
        if self.type == "hmac" and self.header is None:
            raise ValueError("`header` is needed with `type: hmac`: the one of the signature")
        if not timedelta(seconds=1) <= self.tolerance <= timedelta(days=1):
            raise ValueError("`tolerance` is from PT1S to P1D")
        if self.type == "standard":
            list(_standard_keys(self.secret))
        return self

    @property
    def secret_headers(self) -> frozenset[str]:
        """The headers whose values nobody is to see."""
        return frozenset() if self.header is None else frozenset({self.header})


def refusal(auth: Auth, headers: Headers, body: bytes, now: Micros) -> str | None:
    """Why the request is not from who it should be; None when it is."""
    match auth.type:
        case "key" | "none":
            return None
        case "token":
            return _by_token(auth, headers)
        case "github":
            return _signed(auth.secret, body, "sha256", "hex", _after("sha256=", _one(headers, "x-hub-signature-256")))
        case "hmac":
            return _signed(auth.secret, body, auth.algorithm, auth.encoding, _after(auth.prefix, _one(headers, auth.header or "")))
        case "slack":
            time = _one(headers, "x-slack-request-timestamp")
            given = _after("v0=", _one(headers, "x-slack-signature"))
            return _signed(auth.secret, _joined("v0:", time, ":", body), "sha256", "hex", given) or _timely(auth, time, now)
        case "stripe":
            parts = [part.strip().partition("=") for part in (_one(headers, "stripe-signature") or "").split(",")]
            times = [value for name, _, value in parts if name == "t"]
            time = times[0] if len(times) == 1 else None
            given = [value for name, _, value in parts if name == "v1"]
            return _signed(auth.secret, _joined("", time, ".", body), "sha256", "hex", given) or _timely(auth, time, now)
        case "standard":
            time, id_ = _one(headers, "webhook-timestamp"), _one(headers, "webhook-id")
            parts = [part.partition(",") for part in (_one(headers, "webhook-signature") or "").split()]
            given = [value for name, _, value in parts if name == "v1"] if id_ else []
            wrong = _signed(list(_standard_keys(auth.secret)), _joined(f"{id_}.", time, ".", body), "sha256", "base64", given)
            return wrong or _timely(auth, time, now)


def signed_id(auth: Auth, headers: Headers, body: Json) -> str | None:
    """The delivery's id where the provider signs it, or where `idHeader` names it; prefixed with whose it is."""
    name = "webhook-id" if auth.type == "standard" else auth.id_header
    if name is not None:
        given = _one(headers, name)
        return f"{'webhook-id' if auth.type == 'standard' else 'delivery'}:{given}" if given else None
    names = {"stripe": "id", "slack": "event_id"}
    if auth.type in names and isinstance(body, dict):
        found = body.get(names[auth.type])
        return f"{auth.type}:{found}" if isinstance(found, str) and found else None
    return None


def challenge(auth: Auth, body: Json) -> str | None:
    """What Slack wants to hear back before it sends events."""
    if auth.type == "slack" and isinstance(body, dict) and body.get("type") == "url_verification":
        found = body.get("challenge")
        return found if isinstance(found, str) else None
    return None


def _by_token(auth: Auth, headers: Headers) -> str | None:
    given = _one(headers, auth.header or "authorization")
    if given is None:
        return "the token is missing"
    if auth.header in (None, "authorization") and not auth.prefix:
        scheme, _, text = given.partition(" ")
        given = text.strip() if scheme.lower() == "bearer" else ""
    else:
        given = next(iter(_after(auth.prefix, given)), "")
    right = [hmac.compare_digest(_bytes(secret), _bytes(given)) for secret in auth.secret]
    return None if any(right) else "the token is wrong"


def _signed(secrets: list[str] | list[bytes], content: bytes | None, algorithm: str, encoding: str, given: list[str]) -> str | None:
    """Why none of the given signatures is right; None when one is. content: None when what is signed is not there."""
    if not given:
        return "the signature is missing, or is not as this provider makes it"
    if content is None:
        return "the signed time is missing"
    right = False
    for secret in secrets:
        digest = hmac.new(secret if isinstance(secret, bytes) else _bytes(secret), content, getattr(hashlib, algorithm)).digest()
        wanted = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
        for each in given[:_MOST]:
            right |= hmac.compare_digest(wanted.encode(), _bytes(each))
    return None if right else "the signature is wrong"


def _timely(auth: Auth, time: str | None, now: Micros) -> str | None:
    if time is None or not _NUMBER.fullmatch(time):
        return "the signed time is no number of seconds"
    if abs(now - int(time) * _SECOND) > auth.tolerance / timedelta(microseconds=1):
        return "the signed time is too old or too new; a request is sent once, and clocks are right"
    return None


def _standard_keys(secrets: list[str]) -> Iterator[bytes]:
    """The keys of Standard Webhooks' secrets. Raises ValueError."""
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a `secret` of Standard Webhooks is `whsec_` and base64") from None
        if len(key) < _SHORTEST:
            raise ValueError(f"a `secret` of Standard Webhooks has {_SHORTEST} bytes at least")
        yield key


def _one(headers: Headers, name: str) -> str | None:
    """The value of a header; None when it is not there, or more than once."""
    values = headers.get(name, [])
    return values[0].strip() if len(values) == 1 else None


def _after(prefix: str, text: str | None) -> list[str]:
    """What stands after the prefix; nothing when the text has not got it."""
    return [text.removeprefix(prefix)] if text is not None and text.startswith(prefix) and len(text) > len(prefix) else []


def _joined(before: str, time: str | None, after: str, body: bytes) -> bytes | None:
    return None if time is None else _bytes(f"{before}{time}{after}") + body


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
