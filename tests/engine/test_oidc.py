"""Logins by OpenID Connect against a small real provider: each thing it can do wrong lets nobody in."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from joserfc.jwk import OctKey, RSAKey

from onbeat.engine.oidc import Oidc
from onbeat.errors import OutsideError, Unauthorized, UserError
from onbeat.testing.clock import ManualClock
from tests.services.oidc import CLIENT, SECRET, Provider

BACK = "http://127.0.0.1:8080/oidc/callback"


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[Provider]:
    """One that listens."""
    async with Provider(clock) as made:
        yield made


@pytest.fixture
def oidc(provider: Provider, clock: ManualClock) -> Oidc:
    """Its client."""
    return Oidc(provider.issuer, CLIENT, SECRET, "email", clock)


async def log_in(oidc: Oidc, provider: Provider) -> str:
    """Who it is, all the way."""
    address, state = await oidc.begin(BACK)
    return await oidc.finish(state, provider.log_in(address))


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
async def test_a_login_goes_there_and_back(oidc: Oidc, provider: Provider, methods: list[str]) -> None:
    """Whichever way the client says who it is; what the provider says of itself is asked once."""
    provider.methods = methods
    for _ in range(2):
        assert await log_in(oidc, provider) == "ada@example.org"
    assert provider.called == ["openid-configuration", "token", "keys", "token"]


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": [CLIENT, "another client"]},
        {"aud": None},
        {"azp": "another client"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"exp": 0},
        {"exp": None},
        {"exp": "never"},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"nbf": 4_000_000_000},
        {"email": None},
        {"email": ["ada@example.org"]},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
    ],
)
async def test_a_token_that_says_something_else_is_refused(oidc: Oidc, provider: Provider, claims: dict[str, Any]) -> None:
    """Although it is signed."""
    provider.claims |= claims
    with pytest.raises(Unauthorized):
        await log_in(oidc, provider)


async def test_what_is_right_in_other_words_is_taken(oidc: Oidc, provider: Provider) -> None:
    """Several audiences with us as the party, clocks that differ by a minute."""
    now = provider.clock.now() // 1_000_000
    provider.claims |= {"aud": [CLIENT, "other"], "azp": CLIENT, "exp": now - 30, "iat": now + 30}
    assert await log_in(oidc, provider) == "ada@example.org"


async def test_a_token_by_another_key_or_algorithm_is_refused(oidc: Oidc, provider: Provider) -> None:
    """Not signed at all, with the public key as a secret, by a stranger's key of the same name."""
    public = provider.key.as_pem(private=False)
    for header, key in (
        ({"alg": "none"}, provider.key),
        ({"alg": "HS256", "kid": "one"}, OctKey.import_key(base64.b64encode(public).decode())),
        ({"alg": "RS256", "kid": "one"}, RSAKey.generate_key(2048, {"kid": "one"})),
        ({"alg": "RS256", "kid": "two"}, RSAKey.generate_key(2048, {"kid": "two"})),
    ):
        provider.header, provider.signing = header, key
        with pytest.raises(Unauthorized, match="not signed"):
            await log_in(oidc, provider)


async def test_a_new_key_is_asked_for_but_not_all_the_time(oidc: Oidc, provider: Provider, clock: ManualClock) -> None:
    """Providers change keys; who sends nonsense does not make us ask for each."""
    assert await log_in(oidc, provider) == "ada@example.org"
    provider.signing = provider.published = RSAKey.generate_key(2048, {"kid": "two"})
    provider.header = {"alg": "RS256", "kid": "two"}
    with pytest.raises(Unauthorized):
        await log_in(oidc, provider)
    assert provider.called.count("keys") == 1
    await clock.advance(61)
    assert await log_in(oidc, provider) == "ada@example.org"
    assert provider.called.count("keys") == 2


async def test_a_login_ends_once_and_in_time(oidc: Oidc, provider: Provider, clock: ManualClock) -> None:
    """A second time, too late, or one that was never begun: it is none."""
    address, state = await oidc.begin(BACK)
    code = provider.log_in(address)
    await oidc.finish(state, code)
    with pytest.raises(Unauthorized, match="begin again"):
        await oidc.finish(state, provider.log_in(address))
    _, state = await oidc.begin(BACK)
    await clock.advance(601)
    for each in (state, "never begun"):
        with pytest.raises(Unauthorized, match="begin again"):
            await oidc.finish(each, "code")


async def test_a_stolen_code_is_good_for_nothing(oidc: Oidc, provider: Provider) -> None:
    """It belongs to the login that it was made for: PKCE."""
    address, _ = await oidc.begin(BACK)
    _, other = await oidc.begin(BACK)
    with pytest.raises(Unauthorized, match="does not take"):
        await oidc.finish(other, provider.log_in(address))


@pytest.mark.parametrize("place", ["openid-configuration", "token", "keys"])
@pytest.mark.parametrize(("status", "text"), [(500, "{}"), (200, "no json"), (200, "[]"), (302, "{}"), (200, "[" * 600_000)])
async def test_a_provider_that_is_broken_is_said_to_be(oidc: Oidc, provider: Provider, place: str, status: int, text: str) -> None:
    """Whatever it answers; and it is not followed elsewhere."""
    provider.answers[place] = web.Response(status=status, text=text, headers={"location": f"{provider.issuer}/keys"})
    with pytest.raises(OutsideError):
        await log_in(oidc, provider)


@pytest.mark.parametrize("answer", [{"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "RSA"}]}, {"keys": [{"kty": "oct", "k": "AAAA"}]}])
async def test_keys_that_are_none_let_nobody_in(oidc: Oidc, provider: Provider, answer: Any) -> None:
    """A secret among public keys is not one of them."""
    provider.answers["keys"] = web.json_response(answer)
    with pytest.raises((OutsideError, Unauthorized)):
        await log_in(oidc, provider)


async def test_a_provider_is_who_it_says(oidc: Oidc, provider: Provider) -> None:
    """Its own name is what we asked for; its places have https."""
    own = {"issuer": provider.issuer, "token_endpoint": f"{provider.issuer}/token", "jwks_uri": f"{provider.issuer}/keys"}
    provider.answers["openid-configuration"] = web.json_response({**own, "issuer": "https://evil.example"})
    with pytest.raises(OutsideError, match="calls itself"):
        await oidc.begin(BACK)
    provider.answers["openid-configuration"] = web.json_response({**own, "authorization_endpoint": "http://plain.example/authorize"})
    with pytest.raises(UserError, match="no address with https"):
        await oidc.begin(BACK)


@pytest.mark.parametrize("issuer", ["", "accounts.example", "http://accounts.example", "ftp://x", "https://"])
def test_an_issuer_has_https(issuer: str) -> None:
    """Or is on this machine."""
    with pytest.raises(UserError):
        Oidc(issuer, CLIENT, None, "email", ManualClock())


async def test_a_provider_that_is_not_there_is_outside(clock: ManualClock) -> None:
    """It is tried again by who logs in."""
    with pytest.raises(OutsideError, match="does not answer"):
        await Oidc("http://127.0.0.1:9", CLIENT, None, "email", clock).begin(BACK)


async def test_logins_that_are_begun_are_bounded(oidc: Oidc, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of them takes no memory; the oldest go."""
    monkeypatch.setattr("onbeat.engine.oidc._MOST_BEGUN", 3)
    begun = [await oidc.begin(BACK) for _ in range(5)]
    with pytest.raises(Unauthorized):
        await oidc.finish(begun[0][1], provider.log_in(begun[0][0]))
    assert await oidc.finish(begun[4][1], provider.log_in(begun[4][0])) == "ada@example.org"
