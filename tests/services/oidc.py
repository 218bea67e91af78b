"""A small OpenID Connect provider: it speaks the code flow with PKCE over HTTP, and can be told to do each thing wrong.

async with Provider(clock) as provider:
    code = provider.log_in(address)          # what its login page would do with the address that the browser was sent to
"""

import base64
import json
import secrets
from hashlib import sha256
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from onbeat.ports import Clock

CLIENT, SECRET = "onbeat client", "s:cret/ä"


class Provider:
    """Listens on a free port. claims: what its tokens say beside what they must; header, key: how they are signed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.signing: Any = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.claims: dict[str, Any] = {"email": "ada@example.org", "email_verified": True, "preferred_username": "ada"}
        self.methods = ["client_secret_basic"]
        self.called: list[str] = []
        self.answers: dict[str, web.Response] = {}
        self.issuer = ""
        self._codes: dict[str, dict[str, str]] = {}

    async def __aenter__(self) -> "Provider":
        app = web.Application()
        app.router.add_route("GET", "/authorize", self._ask)
        for method, path in (("GET", "/.well-known/openid-configuration"), ("GET", "/keys"), ("POST", "/token")):
            app.router.add_route(method, path, self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.issuer = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    def log_in(self, address: str) -> str:
        """Somebody logs in at the address that his browser was sent to; the code that goes back. Checks what came."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query, strict_parsing=True).items()}
        assert address.startswith(f"{self.issuer}/authorize?prompt=login&")
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return code

    async def _ask(self, request: web.Request) -> web.Response:
        """The page on which a person says yes or no."""
        asked = request.query
        back = f"{asked['redirect_uri']}?state={asked['state']}"
        code = self.log_in(f"{self.issuer}{request.path_qs}")
        head = '<!doctype html><link rel="icon" href="data:,"><title>A provider</title>'
        links = f'<a href="{back}&code={code}">Log in as Ada</a> <a href="{back}&error=access_denied">No</a>'
        return web.Response(text=head + links, content_type="text/html")

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        self.called.append(name)
        if name in self.answers:
            return self.answers[name]
        if name == "keys":
            return web.json_response({"keys": [self.published.as_dict(private=False)]})
        if name == "token":
            return self._token(await request.post(), request.headers.get("authorization"))
        own = {"authorization_endpoint": "/authorize?prompt=login", "token_endpoint": "/token", "jwks_uri": "/keys"}
        about = {key: self.issuer + path for key, path in own.items()}
        return web.json_response({"issuer": self.issuer, "token_endpoint_auth_methods_supported": self.methods, **about})

    def _token(self, form: Any, authorization: str | None) -> web.Response:
        if authorization is not None:
            name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            client = (unquote(name), unquote(secret))
        else:
            client = (form["client_id"], form.get("client_secret"))
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        right = asked is not None and asked["code_challenge"] == challenge and asked["redirect_uri"] == form["redirect_uri"]
        if not right or asked is None or client != (CLIENT, SECRET) or form["grant_type"] != "authorization_code":
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = self.clock.now() // 1_000_000
        usual = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        return web.json_response({"id_token": self.signed(claims), "access_token": "x", "token_type": "Bearer"})

    def signed(self, claims: dict[str, Any]) -> str:
        """An ID token."""
        if self.header["alg"] == "none":
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (self.header, claims)) + "."
            )
        return jwt.encode(self.header, claims, self.signing, algorithms=["HS256", "RS256"])
