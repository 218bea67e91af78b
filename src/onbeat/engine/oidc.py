"""Log users in by an OpenID Connect provider: the code flow with PKCE, state and nonce.

Rules
1. What comes back through the browser proves nothing: who it is says a signed token that the provider gave to us, for this login.
2. The token is by a key of the provider's, by an algorithm with two keys, for this client, with this login's nonce, and of now.
3. A login that was begun is ended once, within ten minutes, and by the browser that began it (the caller compares its cookie).
4. A mail address counts when the provider says that it is verified.
5. What the provider answers is bounded in size and time, and never followed elsewhere.

Called by: the API's oidc. Loaded when the setting `oidc_issuer` is there: it needs `onbeat[oidc]`.
"""

import base64
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from onbeat.core.event import Micros
from onbeat.errors import OutsideError, Unauthorized, UserError
from onbeat.ports import Clock

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SECOND: Micros = 1_000_000
_LIFE: Micros = 600 * _SECOND
_KNOWN: Micros = 3_600 * _SECOND
"""How long what the provider says of itself is remembered."""
_KEYS_AGAIN: Micros = 60 * _SECOND
_LEEWAY = 60
_MOST_BEGUN = 10_000
_MOST_BYTES = 512 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=10)


class _Begun(NamedTuple):
    nonce: str
    verifier: str
    redirect: str
    at: Micros


class Oidc:
    """A provider, and the logins that were begun with it. claim: the one of its tokens that names the user."""

    def __init__(self, issuer: str, client: str, secret: str | None, claim: str, clock: Clock) -> None:
        self._issuer = _checked(issuer, "oidc_issuer")
        self._client = client
        self._secret = secret
        self._claim = claim
        self._clock = clock
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._about: tuple[Micros, dict[str, Any]] | None = None
        self._keys: tuple[Micros, KeySet] | None = None

    async def begin(self, redirect: str) -> tuple[str, str]:
        """Where to send the browser, and the state that it is to keep. Raises OutsideError."""
        about = await self._metadata()
        state, begun = secrets.token_urlsafe(32), _Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(48), redirect, self._clock.now())
        self._begun[state] = begun
        while len(self._begun) > _MOST_BEGUN:
            self._begun.popitem(last=False)
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": redirect,
            "scope": "openid profile email",
            "state": state,
            "nonce": begun.nonce,
            "code_challenge": base64.urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = _checked(about.get("authorization_endpoint"), "authorization_endpoint")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", state

    async def finish(self, state: str, code: str) -> str:
        """The name of who logged in. Raises Unauthorized, OutsideError."""
        begun = self._begun.pop(state, None)
        if begun is None or self._clock.now() - begun.at > _LIFE:
            raise Unauthorized("this login has ended already, or took too long; begin again")
        return self._name(await self._claims(await self._token(begun, code), begun.nonce))

    # ---- the token -----------------------------------------------------------------------------------------------

    async def _token(self, begun: _Begun, code: str) -> str:
        about = await self._metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect,
            "client_id": self._client,
            "code_verifier": begun.verifier,
        }
        headers = {}
        if self._secret is not None:
            if "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
                both = f"{quote(self._client, safe='')}:{quote(self._secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
            else:
                form["client_secret"] = self._secret
        answer = await self._ask("POST", _checked(about.get("token_endpoint"), "token_endpoint"), headers, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Unauthorized("the provider gave no ID token")
        return token

    async def _claims(self, text: str, nonce: str) -> Mapping[str, Any]:
        try:
            claims = jwt.decode(text, await self._keys_now(again=False), list(_ALGORITHMS)).claims
        except (JoseError, ValueError):  # perhaps by a key that is new
            try:
                claims = jwt.decode(text, await self._keys_now(again=True), list(_ALGORITHMS)).claims
            except (JoseError, ValueError):
                raise Unauthorized("the provider's ID token is not signed as it should be") from None
        wrong = self._wrong(claims, nonce)
        if wrong is not None:
            raise Unauthorized(f"the provider's ID token is {wrong}")
        return claims

    def _wrong(self, claims: Mapping[str, Any], nonce: str) -> str | None:
        """What is wrong with claims that are signed; None when nothing is."""
        now = self._clock.now() // _SECOND
        audience = claims.get("aud")
        audience = [audience] if isinstance(audience, str) else audience
        if claims.get("iss") != self._issuer:
            return "by somebody else"
        if not isinstance(audience, list) or self._client not in audience:
            return "for somebody else"
        if claims.get("azp", self._client) != self._client or (len(audience) > 1 and "azp" not in claims):
            return "for somebody else"
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode("utf-8", "surrogatepass"), nonce.encode()):
            return "of another login"
        expires, issued, begins = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or not isinstance(issued, int | float) or not isinstance(begins, int | float):
            return "without its times"
        if not (now - _LEEWAY < expires and max(issued, begins) < now + _LEEWAY):
            return "not of now; are the clocks right?"
        return None

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = claims.get(self._claim)
        if not isinstance(name, str) or not name:
            raise Unauthorized(f"the provider's ID token has no `{self._claim}`; name another claim in ONBEAT_OIDC_CLAIM")
        if self._claim == "email" and claims.get("email_verified") is not True:
            raise Unauthorized("the provider does not say that the mail address is verified; name another claim in ONBEAT_OIDC_CLAIM")
        return name

    # ---- the provider --------------------------------------------------------------------------------------------

    async def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself."""
        now = self._clock.now()
        if self._about is None or now - self._about[0] > _KNOWN:
            found = await self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self._issuer:
                raise OutsideError(
                    f"the OpenID Connect provider calls itself {str(found.get('issuer'))[:200]}; set ONBEAT_OIDC_ISSUER to that"
                )
            self._about = (now, found)
        return self._about[1]

    async def _keys_now(self, *, again: bool) -> KeySet:
        """The provider's keys; asked for again not more than once a minute."""
        now = self._clock.now()
        if self._keys is None or now - self._keys[0] > (_KEYS_AGAIN if again else _KNOWN):
            about = await self._metadata()
            found = await self._ask("GET", _checked(about.get("jwks_uri"), "jwks_uri"))
            try:
                self._keys = (now, KeySet.import_key_set({"keys": [key for key in found.get("keys", []) if key.get("kty") != "oct"]}))
            except (JoseError, ValueError, TypeError, AttributeError):
                raise OutsideError("the OpenID Connect provider's keys cannot be read") from None
        return self._keys[1]

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A JSON object from the provider. Raises OutsideError; Unauthorized when it refuses the code."""
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.request(
                    method, address, data=form, allow_redirects=False, headers={"Accept": "application/json", **(headers or {})}
                ) as answer,
            ):
                content = await answer.content.read(_MOST_BYTES)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise OutsideError(f"the OpenID Connect provider does not answer: {type(problem).__name__}") from None
        if method == "POST" and status in (400, 401):
            raise Unauthorized("the provider does not take this login; begin again")
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            found = None
        if status != 200 or not isinstance(found, dict):
            raise OutsideError(f"the OpenID Connect provider answered {status} where JSON was expected")
        return found


def _checked(address: object, name: str) -> str:
    """An address that may be asked: https, or on this machine. Raises UserError."""
    parts = urlsplit(address) if isinstance(address, str) else None
    if (
        parts is None
        or not parts.hostname
        or parts.scheme not in ("https", "http")
        or (parts.scheme == "http" and not _is_here(parts.hostname))
    ):
        raise UserError(f"`{name}` of the OpenID Connect provider is no address with https")
    return str(address)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
