"""Call web services.

A task may call any address but the ones that hand out this machine's own credentials: cloud metadata services answer whoever can reach
them. The check sits where the socket is made, so that names, redirects, numbers written in other ways and mapped addresses all meet it.

Rules
1. A status of 400 and more fails the task (or, with `allowedResponseCodes`, any other than those); what came is kept as outputs.
2. A connection that fails is an OutsideError; an address or option that cannot work is a UserError.
3. Other than GET carries `Idempotency-Key`, the same for each attempt, unless the flow sets its own.
4. Link-local and metadata addresses are refused. Loopback and private networks are allowed.
5. A response is held to `options.maxContentLength`, 10 MB unless said otherwise, after decompression.
6. Neither messages nor outputs show the query or the user of an address: secrets live there.

Called by: the runner.
"""

import ipaddress
import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from yarl import URL

from onbeat.core.durations import Duration
from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.errors import OutsideError, UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

MEGABYTE = 1024 * 1024
_PIECE = 64 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_REFUSED = tuple(
    ipaddress.ip_network(network) for network in ("169.254.0.0/16", "100.100.100.200/32", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HIDDEN = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})
_SHOWN = 2_000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Text = Annotated[str, BeforeValidator(to_text)]


class Part(BaseModel):
    """A part of the options: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Timeouts(Part):
    """How long to wait for the connection, and for each next piece of the response."""

    connect: Duration = Field(timedelta(seconds=30), alias="connectTimeout")
    idle: Duration = Field(timedelta(minutes=5), alias="readIdleTimeout")


class Basic(Part):
    """User and password."""

    type: Literal["BASIC"]
    username: str = ""
    password: str = Field("", repr=False)


class Bearer(Part):
    """A token."""

    type: Literal["BEARER"]
    token: str = Field(repr=False)


class Ssl(Part):
    """insecureTrustAllCertificates: do not check who answers."""

    insecure: bool = Field(False, alias="insecureTrustAllCertificates")


class Proxy(Part):
    """The way out, when there is one. With a proxy it is the proxy that decides what may be reached."""

    type: Literal["DIRECT", "HTTP"] = "HTTP"
    address: str | None = None
    port: int = 8080
    username: str | None = None
    password: str | None = Field(None, repr=False)


class Options(Part):
    """How to call. connectTimeout, readTimeout and readIdleTimeout are older names of the timeouts."""

    timeout: Timeouts = Timeouts()
    connect_timeout: Duration | None = Field(None, alias="connectTimeout")
    read_timeout: Duration | None = Field(None, alias="readTimeout")
    read_idle_timeout: Duration | None = Field(None, alias="readIdleTimeout")
    follow_redirects: bool = Field(True, alias="followRedirects")
    allow_failed: bool = Field(False, alias="allowFailed")
    allowed_response_codes: list[int] | None = Field(None, alias="allowedResponseCodes")
    auth: Annotated[Basic | Bearer, Field(discriminator="type")] | None = None
    ssl: Ssl = Ssl()
    proxy: Proxy | None = None
    default_charset: str = Field("UTF-8", alias="defaultCharset")
    max_content_length: int = Field(10 * MEGABYTE, alias="maxContentLength", ge=1, le=100 * MEGABYTE)
    logs: list[Literal["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"]] = []


class Request(TaskOptions):
    """Sends a request and gives the response: `code`, `headers` (each a list), `body` (text; `json(outputs.x.body)` reads it), `uri`.

    A `body` that is a map or a list is sent as JSON. `formData` is sent as a form, with `contentType: multipart/form-data` in parts: a
    `kestra://` address there is a file, `{name, content}` gives it a name. Each attempt carries the same `Idempotency-Key`, so that a
    service that knows the header does the work once.

    Example:

    ```yaml
    tasks:
      - id: charge
        type: core.http.Request
        uri: https://payments.example.com/charges
        method: POST
        body:
          order: "{{ trigger.data.id }}"
          amount: "{{ trigger.data.total }}"
        options:
          auth:
            type: BEARER
            token: "{{ secret('PAYMENTS_TOKEN') }}"
          timeout:
            readIdleTimeout: PT20S
        retry:
          type: exponential
          interval: PT1S
          maxInterval: PT30S
          maxAttempts: 5
      - id: use
        type: core.log.Log
        message: "{{ outputs.charge.code }} {{ json(outputs.charge.body).status }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.http.Request",)

    uri: str
    method: Annotated[str, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)] = Field(
        "GET", pattern="^[A-Z]{1,20}$"
    )
    body: Any = Field(None, repr=False)
    form_data: dict[str, Any] | None = Field(None, alias="formData", repr=False)
    content_type: str | None = Field(None, alias="contentType")
    headers: dict[str, Text] = Field({}, repr=False)
    params: dict[str, Any] = Field({}, repr=False)
    options: Options = Options()

    async def run(self, context: TaskContext) -> Outcome:
        """Send it and read the response."""
        url = self._url()
        refused: list[str] = []
        try:
            async with (
                self._session(refused) as session,
                session.request(
                    self.method,
                    url,
                    data=await self._body(context),
                    headers=self._headers(context),
                    allow_redirects=self.options.follow_redirects,
                    ssl=not self.options.ssl.insecure,
                    **self._proxy(),
                ) as response,
            ):
                self._show(context, "REQUEST_HEADERS", response.request_info.headers)
                self._show(context, "RESPONSE_HEADERS", response.headers)
                outputs: dict[str, Json] = {
                    "uri": _shown(response.url),
                    "code": response.status,
                    "headers": {name: response.headers.getall(name) for name in response.headers},
                    "body": self._text(await self._read(response), response),
                }
        except aiohttp.NonHttpUrlClientError as error:
            raise OutsideError(f"no answer from {_shown(url)}: it redirects to what is not http") from error
        except aiohttp.InvalidURL as error:
            raise UserError(f"{_shown(url)} is not an address, or redirects to what is none") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if refused:
                raise UserError(f"{_shown(url)} leads to {refused[0]}: link-local and metadata addresses may not be called") from None
            raise OutsideError(f"no answer from {_shown(url)}: {_reason(error)}") from error
        except ValueError as error:
            raise UserError(f"the request to {_shown(url)} cannot be sent: {error}") from error
        if "RESPONSE_BODY" in self.options.logs:
            context.log("INFO", outputs["body"][:_SHOWN])
        self._judge(context, outputs)
        return Outcome(outputs=outputs)

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

    def _session(self, refused: list[str]) -> aiohttp.ClientSession:
        def make_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
            family, kind, protocol, _, address = info
            if self.options.proxy is None and is_refused(address[0]):
                refused.append(address[0])
                raise PermissionError("refused")
            return socket.socket(family, kind, protocol)

        options = self.options
        connect, idle = options.connect_timeout or options.timeout.connect, options.timeout.idle
        idle = options.read_timeout or options.read_idle_timeout or idle
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=make_socket, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect.total_seconds(), sock_read=idle.total_seconds()),
        )

    def _headers(self, context: TaskContext) -> dict[str, str]:
        headers = dict(self.headers)
        names = {name.lower() for name in headers}
        if self.method not in _SAFE and "idempotency-key" not in names:
            headers["Idempotency-Key"] = context.idempotency_key
        match self.options.auth:
            case Basic(username=user, password=password):
                headers["Authorization"] = aiohttp.encode_basic_auth(user, password, "utf-8")
            case Bearer(token=token):
                headers["Authorization"] = f"Bearer {token}"
        if "content-type" not in names and self.form_data is None and (self.body is not None or self.content_type):
            headers["Content-Type"] = self.content_type or "application/json"
        return headers

    async def _body(self, context: TaskContext) -> bytes | aiohttp.FormData | None:
        if self.form_data is not None:
            return await self._form(context, self.form_data)
        if self.body is None:
            return None
        text = to_text(self.body)
        if "REQUEST_BODY" in self.options.logs:
            context.log("INFO", text[:_SHOWN])
        try:
            return text.encode(self.options.default_charset)
        except (LookupError, UnicodeEncodeError) as error:
            raise UserError(f"the body cannot be written in `{self.options.default_charset}`") from error

    async def _form(self, context: TaskContext, values: Mapping[str, Any]) -> aiohttp.FormData:
        if self.content_type not in (None, _FORM, _MULTIPART):
            raise UserError(f"`formData` is sent as {_FORM} or {_MULTIPART}, not as {self.content_type}")
        multipart = self.content_type == _MULTIPART
        form = aiohttp.FormData(quote_fields=True, default_to_multipart=multipart)
        for name, value in values.items():
            file = value if isinstance(value, dict) and value.keys() == {"name", "content"} else {"name": name, "content": value}
            content = file["content"]
            if multipart and isinstance(content, str) and content.startswith("kestra://"):
                form.add_field(name, await context.services.storage.get(content), filename=to_text(file["name"]))
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

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            body += piece
            if len(body) > self.options.max_content_length:
                size = f"{self.options.max_content_length / MEGABYTE:g} MB"
                raise TaskFailed(f"the response of {_shown(response.url)} is larger than {size} (`options.maxContentLength`)", retry=False)
        return bytes(body)

    def _text(self, body: bytes, response: aiohttp.ClientResponse) -> str:
        charset = response.charset or self.options.default_charset
        try:
            text = body.decode(charset)
            if "\0" not in text:
                return text
        except (LookupError, UnicodeDecodeError):
            pass
        raise TaskFailed(f"the response of {_shown(response.url)} is not text in {charset}", retry=False)

    def _show(self, context: TaskContext, what: Literal["REQUEST_HEADERS", "RESPONSE_HEADERS"], headers: Mapping[str, str]) -> None:
        if what in self.options.logs:
            shown = {name: "******" if name.lower() in _HIDDEN else value for name, value in headers.items()}
            context.log("INFO", json.dumps(shown, ensure_ascii=False))

    def _judge(self, context: TaskContext, outputs: dict[str, Json]) -> None:
        """Rule 1."""
        code, allowed = outputs["code"], self.options.allowed_response_codes
        if self.options.allow_failed or (code in allowed if allowed else code < 400):
            return
        if outputs["body"]:
            context.log("WARN", outputs["body"][:_SHOWN])
        raise TaskFailed(f"{self.method} {outputs['uri']} was answered with status {code}", outputs)


def is_refused(text: str) -> bool:
    """Whether an address may not be called, in whatever way it is written."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return any(inner in network for inner in _inside(address) for network in _REFUSED if network.version == inner.version)


def _inside(address: Address) -> list[Address]:
    """The address and those that it carries: mapped, translated or tunnelled ones."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    carried: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
    if address in _NAT64 or int(address) >> 32 == 0:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(inner for inner in carried if inner is not None)]


def _shown(url: URL) -> str:
    """Rule 6."""
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


PROVIDES = (Request,)
