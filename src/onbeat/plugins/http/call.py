"""Send a request and judge its answer: what the tasks and the trigger share.

Rules
1. A status of 400 and more fails (or, with `allowedResponseCodes`, any other than those); what came is kept.
2. A connection that fails is an OutsideError; an address or option that cannot work is a UserError.
3. Other than GET carries `Idempotency-Key`, the same for each attempt, unless the flow sets its own.
4. A response that is held in memory is held to `options.maxContentLength`, 10 MB unless said otherwise, after decompression.
5. Neither messages nor outputs show the query or the user of an address: secrets live there.

Called by: request, download, sse and trigger.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, NamedTuple

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from yarl import URL

from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.errors import OutsideError, UserError
from onbeat.plugins.http.address import Egress, Gate, Resolver, literal
from onbeat.plugins.http.options import MEGABYTE, Basic, Bearer, Options
from onbeat.ports import Storage, TaskContext, TaskFailed, TaskLog

PIECE = 64 * 1024
SHOWN = 2_000
"""Characters of a body that go into a log line."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_HIDDEN = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})

Text = Annotated[str, BeforeValidator(to_text)]
Response = aiohttp.ClientResponse


class Caller(NamedTuple):
    """Who calls. key: its Idempotency-Key. storage: where files of a form come from; None: there are none. trace: its `traceparent`.
    egress: what may be reached."""

    log: TaskLog
    key: str | None = None
    storage: Storage | None = None
    trace: str | None = None
    egress: Egress = Egress()

    @classmethod
    def of(cls, context: TaskContext) -> "Caller":
        """A task."""
        services = context.services
        return cls(context.log, context.idempotency_key, services.storage, context.traceparent, Egress(services.settings))


class Call(BaseModel):
    """The options of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    uri: str
    """Where to: `http://` or `https://`."""
    method: Annotated[str, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)] = Field(
        "GET", pattern="^[A-Z]{1,20}$"
    )
    """How: any method."""
    body: Any = Field(None, repr=False)
    """What is sent; a map or a list as JSON."""
    form_data: dict[str, Any] | None = Field(None, alias="formData", repr=False)
    """A form, instead of a body."""
    content_type: str | None = Field(None, alias="contentType")
    """The type of the body; JSON unless said otherwise."""
    headers: dict[str, Text] = Field({}, repr=False)
    """Headers of the request."""
    params: dict[str, Any] = Field({}, repr=False)
    """Added to the query of `uri`; each item of a list is one."""
    options: Options = Options()
    """How it is sent: timeouts, redirects, credentials, proxy."""

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        """Kestra had `allowFailed` and `sslOptions` beside `options` before."""
        if not isinstance(data, dict) or not ({"allowFailed", "sslOptions"} & data.keys()):
            return data
        moved = {new: data[old] for old, new in (("allowFailed", "allowFailed"), ("sslOptions", "ssl")) if old in data}
        kept = {name: value for name, value in data.items() if name not in ("allowFailed", "sslOptions")}
        options = kept.get("options") or {}
        return {**kept, "options": {**moved, **options}} if isinstance(options, dict) else data

    @asynccontextmanager
    async def answered(self, caller: Caller) -> AsyncIterator[Response]:
        """The response when its head is there; its body is to be read inside. Raises OutsideError, UserError, also of the reading."""
        url = self._url()
        gate = Gate(caller.egress)
        try:
            self._check_literal(gate, url)
            async with self._session(gate) as session, await self._send(session, url, caller) as response:
                self._show(caller.log, "REQUEST_HEADERS", response.request_info.headers)
                self._show(caller.log, "RESPONSE_HEADERS", response.headers)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if gate.refused:
                where = f"{shown(url)} leads to {gate.refused[0]}"
                raise UserError(f"{where}: {gate.egress.reason}") from None
            raise OutsideError(f"no answer from {shown(url)}: {_reason(error)}") from error

    async def _send(self, session: aiohttp.ClientSession, url: URL, caller: Caller) -> Response:
        try:
            return await session.request(
                self.method,
                url,
                data=await self._body(caller),
                headers=self._headers(caller),
                allow_redirects=self.options.follow_redirects,
                ssl=not self.options.ssl.insecure,
                **self._proxy(),
            )
        except aiohttp.NonHttpUrlClientError as error:
            raise OutsideError(f"no answer from {shown(url)}: it redirects to what is not http") from error
        except aiohttp.InvalidURL as error:
            raise UserError(f"{shown(url)} is not an address, or redirects to what is none") from error
        except aiohttp.ClientError:
            raise
        except ValueError as error:
            raise UserError(f"the request to {shown(url)} cannot be sent: {error}") from error

    def _url(self) -> URL:
        try:
            url = URL(self.uri.strip())
            query = {name: value if isinstance(value, list) else [value] for name, value in self.params.items()}
            url = url.extend_query([(name, to_text(item)) for name, items in query.items() for item in items])
        except ValueError as error:
            raise UserError("`uri` is not an address; it begins with http:// or https://") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise UserError("`uri` must begin with http:// or https:// and name a host")
        return url

    def _check_literal(self, gate: Gate, url: URL) -> None:
        """An address that is written as one is checked here: a proxy, if there is one, would call it for us."""
        address = literal(url.host or "")
        if address is not None and not gate.egress.allows_host(address):
            gate.check(address)

    def _session(self, gate: Gate) -> aiohttp.ClientSession:
        options = self.options
        connect, idle = options.connect_timeout or options.timeout.connect, options.timeout.idle
        idle = options.read_timeout or options.read_idle_timeout or idle
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=gate.make_socket, resolver=Resolver(gate), force_close=True),
            trace_configs=gate.traces(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect.total_seconds(), sock_read=idle.total_seconds()),
        )

    def _headers(self, caller: Caller) -> dict[str, str]:
        headers = dict(self.headers)
        names = {name.lower() for name in headers}
        if caller.key is not None and self.method not in _SAFE and "idempotency-key" not in names:
            headers["Idempotency-Key"] = caller.key
        if caller.trace is not None and "traceparent" not in names:
            headers["traceparent"] = caller.trace
        match self.options.credentials:
            case Basic(username=user, password=password):
                headers["Authorization"] = aiohttp.encode_basic_auth(user, password, "utf-8")
            case Bearer(token=token):
                headers["Authorization"] = f"Bearer {token}"
        if "content-type" not in names and self.form_data is None and (self.body is not None or self.content_type):
            headers["Content-Type"] = self.content_type or "application/json"
        return headers

    async def _body(self, caller: Caller) -> bytes | aiohttp.FormData | None:
        if self.form_data is not None:
            return await self._form(caller, self.form_data)
        if self.body is None:
            return None
        text = to_text(self.body)
        if "REQUEST_BODY" in self.options.logs:
            caller.log("INFO", text[:SHOWN])
        try:
            return text.encode(self.options.default_charset)
        except (LookupError, UnicodeEncodeError) as error:
            raise UserError(f"the body cannot be written in `{self.options.default_charset}`") from error

    async def _form(self, caller: Caller, values: Mapping[str, Any]) -> aiohttp.FormData:
        if self.content_type not in (None, _FORM, _MULTIPART):
            raise UserError(f"`formData` is sent as {_FORM} or {_MULTIPART}, not as {self.content_type}")
        multipart = self.content_type == _MULTIPART
        form = aiohttp.FormData(quote_fields=True, default_to_multipart=multipart)
        for name, value in values.items():
            file = value if isinstance(value, dict) and value.keys() == {"name", "content"} else {"name": name, "content": value}
            content = file["content"]
            if multipart and isinstance(content, str) and content.startswith("kestra://"):
                if caller.storage is None:
                    raise UserError(f"`formData.{name}`: a file from storage can be sent by a task only")
                form.add_field(name, await caller.storage.get(content), filename=to_text(file["name"]))
            elif multipart and file is value:
                form.add_field(name, to_text(content).encode(), filename=to_text(file["name"]))
            else:
                form.add_field(name, to_text(value))
        return form

    def _proxy(self) -> dict[str, Any]:
        proxy = self.options.proxy
        if proxy is None or proxy.type == "DIRECT" or not proxy.address:
            return {}
        return {"proxy": URL.build(scheme="http", user=proxy.username, password=proxy.password, host=proxy.address, port=proxy.port)}

    def _show(self, log: TaskLog, what: Literal["REQUEST_HEADERS", "RESPONSE_HEADERS"], headers: Mapping[str, str]) -> None:
        if what in self.options.logs:
            safe = {name: "********" if name.lower() in _HIDDEN else value for name, value in headers.items()}
            log("INFO", json.dumps(safe, ensure_ascii=False))

    # ---- answers -----------------------------------------------------------------------------------------------

    def allows(self, code: int) -> bool:
        """Rule 1."""
        allowed = self.options.allowed_response_codes
        return self.options.allow_failed or (code in allowed if allowed else code < 400)

    def refusal(self, outputs: Mapping[str, Json]) -> str:
        """What is said of a status that fails."""
        return f"{self.method} {outputs['uri']} was answered with status {outputs['code']}"

    async def read(self, response: Response) -> bytes:
        """The body. Raises TaskFailed."""
        body = bytearray()
        async for piece in response.content.iter_chunked(PIECE):
            body += piece
            if len(body) > self.options.max_content_length:
                size = f"{self.options.max_content_length / MEGABYTE:g} MB"
                raise TaskFailed(f"the response of {shown(response.url)} is larger than {size} (`options.maxContentLength`)", retry=False)
        return bytes(body)

    def text(self, body: bytes, response: Response) -> str:
        """The body as text. Raises TaskFailed."""
        charset = response.charset or self.options.default_charset
        try:
            text = body.decode(charset)
            if "\0" not in text:
                return text
        except (LookupError, UnicodeDecodeError):
            pass
        raise TaskFailed(f"the response of {shown(response.url)} is not text in {charset}", retry=False)


def head(response: Response) -> dict[str, Json]:
    """What every answer gives: `uri`, `code` and `headers`."""
    headers = {_plain(name): [_plain(value) for value in response.headers.getall(name)] for name in response.headers}
    return {"uri": shown(response.url), "code": response.status, "headers": headers}


def _plain(text: str) -> str:
    """A header as plain text: what is not UTF-8 in it is what it was before, Latin-1."""
    try:
        return text.encode().decode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")


def shown(url: URL) -> str:
    """Rule 5."""
    return str(url.with_user(None).with_query(None).with_fragment(None))


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "it took too long"
        case aiohttp.TooManyRedirects():
            return "it redirects without end"
        case aiohttp.ClientResponseError():
            return error.message
    return str(error) or type(error).__name__
