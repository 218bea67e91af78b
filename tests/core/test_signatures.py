"""Signatures: each provider's own is right, and whatever differs in a bit is not."""

import base64
import hashlib
import hmac
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from onbeat.core.signatures import Auth, challenge, refusal, signed_id

NOW = 1_780_000_000
BODY = '{"b": 1, "a": "grüße ☃ \\ud83d", "c": [1, 2]}'.encode()
SECRET, OTHER = "It's a Secret to Everybody", "another secret of somebody"
STANDARD = "whsec_" + base64.b64encode(bytes(range(24))).decode()
Headers = dict[str, list[str]]


def sign(secret: str | bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    """The HMAC."""
    return hmac.new(secret if isinstance(secret, bytes) else secret.encode(), content, algorithm).digest()


def github(secret: str = SECRET, body: bytes = BODY, time: int = NOW) -> Headers:
    """As GitHub sends it."""
    return {"x-hub-signature-256": [f"sha256={sign(secret, body).hex()}"]}


def stripe(secret: str = SECRET, body: bytes = BODY, time: int = NOW) -> Headers:
    """As Stripe sends it."""
    return {"stripe-signature": [f"t={time},v0={'0' * 64},v1={sign(secret, f'{time}.'.encode() + body).hex()}"]}


def slack(secret: str = SECRET, body: bytes = BODY, time: int = NOW) -> Headers:
    """As Slack sends it."""
    digest = sign(secret, f"v0:{time}:".encode() + body).hex()
    return {"x-slack-request-timestamp": [str(time)], "x-slack-signature": [f"v0={digest}"]}


def standard(secret: str = STANDARD, body: bytes = BODY, time: int = NOW, id_: str = "msg_1") -> Headers:
    """As Standard Webhooks say."""
    digest = base64.b64encode(sign(base64.b64decode(secret.removeprefix("whsec_")), f"{id_}.{time}.".encode() + body)).decode()
    return {"webhook-id": [id_], "webhook-timestamp": [str(time)], "webhook-signature": [f"v1a,AAAA v1,{digest}"]}


def own(secret: str = SECRET, body: bytes = BODY, time: int = NOW) -> Headers:
    """As somebody else might."""
    return {"x-sign": [f"h:{base64.b64encode(sign(secret, body, 'sha512')).decode()}"]}


OWN = {"header": "X-Sign", "algorithm": "sha512", "encoding": "base64", "prefix": "h:"}
SENDERS: dict[str, Any] = {"github": github, "stripe": stripe, "slack": slack, "standard": standard, "hmac": own}
SIGNATURE = {
    "github": "x-hub-signature-256", "stripe": "stripe-signature", "slack": "x-slack-signature", "standard": "webhook-signature",
    "hmac": "x-sign",
}  # fmt: skip
TIMED = ["stripe", "slack", "standard"]
ALL = pytest.mark.parametrize("type_", SENDERS)


def auth(type_: str, *secrets: str, **more: Any) -> Auth:
    """How a webhook is told about it."""
    usual = [STANDARD] if type_ == "standard" else [SECRET]
    return Auth(type=type_, secret=list(secrets) or usual, **({**OWN, **more} if type_ == "hmac" else more))  # type: ignore[arg-type]


def refused(type_: str, headers: Headers, body: bytes = BODY, now: int = NOW, **more: Any) -> str | None:
    """Why a request is refused now."""
    return refusal(auth(type_, **more), headers, body, now * 1_000_000)


def test_the_vector_that_github_publishes() -> None:
    """Secret, payload and signature as its documentation on validating deliveries has them."""
    headers = {"x-hub-signature-256": ["sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"]}
    assert refusal(Auth(type="github", secret=["It's a Secret to Everybody"]), headers, b"Hello, World!", 0) is None


def test_the_vector_that_standard_webhooks_publish() -> None:
    """Secret, id, time, payload and signature of the specification's own test."""
    headers = {
        "webhook-id": ["msg_p5jXN8AQM9LWM0D4loKWxJek"],
        "webhook-timestamp": ["1614265330"],
        "webhook-signature": ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    }
    made = Auth(type="standard", secret=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    assert refusal(made, headers, b'{"test": 2432232314}', 1_614_265_330_000_000) is None


def test_the_vector_that_slack_publishes() -> None:
    """Secret, time and form as its documentation on verifying requests has them."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": ["1531420618"],
        "x-slack-signature": ["v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"],
    }
    made = Auth(type="slack", secret=["8f742231b10e8888abcd99yyyzzz85a5"])
    assert refusal(made, headers, body, 1_531_420_618_000_000) is None


@ALL
def test_what_the_sender_signed_is_his(type_: str) -> None:
    """Bytes that are no text, and none at all, too."""
    for body in (BODY, b"", b"\xff\x00\x80"):
        assert refused(type_, SENDERS[type_](body=body), body) is None


@ALL
def test_another_body_secret_or_time_is_refused(type_: str) -> None:
    """A space more, keys in another order, unicode written otherwise, another secret."""
    headers = SENDERS[type_]()
    others = [BODY + b" ", BODY[:-1], b'{"a": "gr\\u00fc\\u00dfe", "b": 1}', BODY.decode().replace("ü", "u\u0308").encode(), b""]
    assert [refused(type_, headers, other) for other in others] == ["the signature is wrong"] * len(others)
    wrong = "whsec_" + base64.b64encode(b"0" * 24).decode() if type_ == "standard" else OTHER
    assert refused(type_, SENDERS[type_](wrong)) == "the signature is wrong"
    if type_ in TIMED:
        later = {name: [value.replace(str(NOW), str(NOW + 1)) for value in values] for name, values in headers.items()}
        assert refused(type_, later) == "the signature is wrong"


@ALL
def test_a_missing_cut_or_repeated_signature_is_none(type_: str) -> None:
    """And one that is not text, or as another provider makes it."""
    headers, name = SENDERS[type_](), SIGNATURE[type_]
    (value,) = headers[name]
    changed: list[list[str]] = [
        [],
        [""],
        [value[:-1]],
        [value[:-5]],
        [value, value],
        [value + "0"],
        [value[:-10] + value[-9:]],
        ["é" * 64],
        ["\udcff" * 9],
    ]
    changed += [[value.replace("sha256=", "sha1=").replace("v0=", "v1=").replace("v1=", "v2=").replace("v1,", "v2,").replace("h:", "x:")]]
    changed += [["sha256="], ["v0="], ["h:"], ["v1,"], ["v1"], ["t=,v1="], [f"t={NOW}"], [f"t={NOW},v1"], [","]]
    for given_ in changed:
        assert refused(type_, {**headers, name: given_}) is not None, given_
    assert refused(type_, {}) is not None


@ALL
def test_another_algorithm_is_refused(type_: str) -> None:
    """Even where the secret is right: what is weaker is not asked for."""
    content = {"stripe": f"{NOW}.".encode(), "slack": f"v0:{NOW}:".encode(), "standard": f"msg_1.{NOW}.".encode()}.get(type_, b"") + BODY
    secret: str | bytes = base64.b64decode(STANDARD.removeprefix("whsec_")) if type_ == "standard" else SECRET
    for algorithm in ("md5", "sha1", "sha384"):
        digest = sign(secret, content, algorithm)
        text = base64.b64encode(digest).decode() if type_ in ("standard", "hmac") else digest.hex()
        headers, name = SENDERS[type_](), SIGNATURE[type_]
        prefix = {"github": "sha256=", "stripe": f"t={NOW},v1=", "slack": "v0=", "standard": "v1,", "hmac": "h:"}[type_]
        assert refused(type_, {**headers, name: [prefix + text]}) == "the signature is wrong"


@pytest.mark.parametrize("type_", TIMED)
@pytest.mark.parametrize(("seconds", "right"), [(0, True), (300, True), (301, False), (-300, True), (-301, False), (86_400, False)])
def test_a_signed_time_is_within_five_minutes(type_: str, seconds: int, right: bool) -> None:
    """Before and after; `tolerance` says otherwise."""
    headers = SENDERS[type_](time=NOW - seconds)
    why = refused(type_, headers)
    assert (why is None) is right
    assert right or "too old or too new" in str(why)
    assert (refused(type_, headers, tolerance="PT10M") is None) is (abs(seconds) <= 600)


@pytest.mark.parametrize("type_", TIMED)
@pytest.mark.parametrize("time", ["", "x", "-5", "1.5", "1e9", "9" * 13, "٣", " "])
def test_a_time_that_is_none_is_refused(type_: str, time: str) -> None:
    """Also where it is signed."""
    assert refused(type_, SENDERS[type_](time=time)) is not None  # type: ignore[arg-type]


def test_a_time_twice_is_none() -> None:
    """Which of them was signed is not ours to choose."""
    (value,) = stripe()["stripe-signature"]
    for given_ in (f"t={NOW + 1},{value}", f"{value},t={NOW + 1}", f"{value},t={NOW}"):
        assert refused("stripe", {"stripe-signature": [given_]}) is not None


@ALL
def test_while_secrets_are_exchanged_each_counts(type_: str) -> None:
    """The old one and the new one, in any place; a third does not."""
    new = "whsec_" + base64.b64encode(b"n" * 24).decode() if type_ == "standard" else "the new secret of all"
    usual = STANDARD if type_ == "standard" else SECRET
    third = "whsec_" + base64.b64encode(b"t" * 24).decode() if type_ == "standard" else "a third secret of all"
    for secrets in ([usual, new], [new, usual]):
        made = auth(type_, *secrets)
        for secret, right in ((usual, True), (new, True), (third, False)):
            assert (refusal(made, SENDERS[type_](secret), BODY, NOW * 1_000_000) is None) is right


@pytest.mark.parametrize("type_", ["stripe", "standard"])
def test_a_provider_signs_with_both_secrets_too(type_: str) -> None:
    """Several signatures in a header: one that is right is enough, among a few."""
    headers, name = SENDERS[type_](), SIGNATURE[type_]
    (value,) = headers[name]
    more = f"{value},v1={'0' * 64}" if type_ == "stripe" else f"v1,{'A' * 43}= {value}"
    assert refused(type_, {**headers, name: [more]}) is None
    flood = ",v1=0" * 50 if type_ == "stripe" else "v1,AA " * 50
    many = f"t={NOW}{flood},{value.partition(',')[2]}" if type_ == "stripe" else flood + value
    assert refused(type_, {**headers, name: [many]}) == "the signature is wrong"


@pytest.mark.parametrize(
    ("options", "headers", "why"),
    [
        ({}, {"authorization": [f"Bearer {SECRET}"]}, None),
        ({}, {"authorization": [f"bearer {SECRET}"]}, None),
        ({}, {"authorization": [SECRET]}, "the token is wrong"),
        ({}, {"authorization": [f"Basic {SECRET}"]}, "the token is wrong"),
        ({}, {"authorization": [f"Bearer {SECRET[:-1]}"]}, "the token is wrong"),
        ({}, {"authorization": ["Bearer "]}, "the token is wrong"),
        ({}, {"authorization": [f"Bearer {SECRET}"] * 2}, "the token is missing"),
        ({}, {"x-token": [SECRET]}, "the token is missing"),
        ({"header": "X-Gitlab-Token"}, {"x-gitlab-token": [SECRET]}, None),
        ({"header": "X-Gitlab-Token"}, {"x-gitlab-token": [f"Bearer {SECRET}"]}, "the token is wrong"),
        ({"header": "X-Gitlab-Token"}, {"x-gitlab-token": [""]}, "the token is wrong"),
        ({"header": "X-Token", "prefix": "Key "}, {"x-token": [f"Key {SECRET}"]}, None),
        ({"header": "X-Token", "prefix": "Key "}, {"x-token": [SECRET]}, "the token is wrong"),
        ({"header": "Authorization", "prefix": "ApiKey "}, {"authorization": [f"ApiKey {SECRET}"]}, None),
    ],
)
def test_a_token_is_as_it_was_agreed(options: dict[str, str], headers: Headers, why: str | None) -> None:
    """Bearer, or the whole of a header of its own."""
    assert refusal(Auth(type="token", secret=[OTHER, SECRET], **options), headers, BODY, 0) == why  # type: ignore[arg-type]


@pytest.mark.parametrize("type_", ["key", "none"])
def test_without_a_signature_nothing_is_checked(type_: str) -> None:
    """The route looks at the key."""
    assert refusal(Auth(type=type_), {}, BODY, 0) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@given(st.binary(max_size=200), st.text(min_size=8, max_size=50))
def test_ones_own_signature_is_what_hmac_gives(algorithm: str, encoding: str, body: bytes, secret: str) -> None:
    """Any body, any secret, without a prefix too."""
    digest = hmac.new(secret.encode("utf-8", "surrogatepass"), body, getattr(hashlib, algorithm)).digest()
    text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    made = Auth(type="hmac", secret=[secret], header="S", algorithm=algorithm, encoding=encoding)  # type: ignore[arg-type]
    assert refusal(made, {"s": [text]}, body, 0) is None
    assert refusal(made, {"s": [text]}, body + b"x", 0) is not None


@pytest.mark.parametrize(
    ("type_", "headers", "body", "id_"),
    [
        ("standard", standard(), None, "webhook-id:msg_1"),
        ("standard", {}, None, None),
        ("stripe", {}, {"id": "evt_1"}, "stripe:evt_1"),
        ("stripe", {}, {"id": 5}, None),
        ("slack", {}, {"event_id": "Ev1"}, "slack:Ev1"),
        ("slack", {}, "text", None),
        ("github", {"x-github-delivery": ["1"]}, {"id": "x"}, None),
        ("hmac", {"x-id": ["7"]}, {}, "delivery:7"),
        ("hmac", {}, {}, None),
    ],
)
def test_a_signed_id_makes_a_delivery_one(type_: str, headers: Headers, body: Any, id_: str | None) -> None:
    """GitHub signs none."""
    assert signed_id(auth(type_, **({"id_header": "X-Id"} if type_ == "hmac" else {})), headers, body) == id_


def test_slacks_challenge_is_answered() -> None:
    """Only Slack's, only when it asks."""
    asked = {"type": "url_verification", "challenge": "abc"}
    assert challenge(auth("slack"), asked) == "abc"
    for type_, body in (("github", asked), ("slack", {"type": "event_callback"}), ("slack", {**asked, "challenge": 5}), ("slack", "x")):
        assert challenge(auth(type_), body) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"type": "github"}, "`secret` is needed"),
        ({"type": "github", "secret": []}, "`secret` is needed"),
        ({"type": "github", "secret": ""}, "`secret` is needed"),
        ({"type": "github", "secret": ["long enough", "short"]}, "8 characters at least"),
        ({"type": "github", "secret": ["long enough"] * 21}, "at most 20"),
        ({"type": "key", "secret": "long enough"}, "`secret` means nothing"),
        ({"type": "none", "header": "X"}, "`header` means nothing"),
        ({"type": "github", "secret": SECRET, "algorithm": "sha1"}, "`algorithm` means nothing"),
        ({"type": "github", "secret": SECRET, "tolerance": "PT1M"}, "`tolerance` means nothing"),
        ({"type": "token", "secret": SECRET, "encoding": "hex"}, "`encoding` means nothing"),
        ({"type": "stripe", "secret": SECRET, "idHeader": "X"}, "`idHeader` means nothing"),
        ({"type": "hmac", "secret": SECRET}, "`header` is needed"),
        ({"type": "hmac", "secret": SECRET, "header": "a b"}, "no name of a header"),
        ({"type": "hmac", "secret": SECRET, "header": "S", "algorithm": "md5"}, "algorithm"),
        ({"type": "stripe", "secret": SECRET, "tolerance": "PT0S"}, "from PT1S to P1D"),
        ({"type": "slack", "secret": SECRET, "tolerance": "P2D"}, "from PT1S to P1D"),
        ({"type": "standard", "secret": "whsec_hush-hush-hush"}, "`whsec_` and base64"),
        ({"type": "standard", "secret": "whsec_aHVzaA=="}, "8 bytes at least"),
        ({"type": "basic", "secret": SECRET}, "type"),
    ],
)
def test_what_means_nothing_is_told(settings: dict[str, Any], said: str) -> None:
    """By its name; a secret is not repeated."""
    with pytest.raises(ValidationError, match=re.escape(said)) as wrong:
        Auth.model_validate(settings)
    assert "hush" not in str(wrong.value)


def test_a_secret_is_not_printed() -> None:
    """Whoever logs the settings of a trigger."""
    assert SECRET not in repr(auth("github")) + str(auth("github"))
