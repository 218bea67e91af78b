"""Turn an HTTP request into an event.

The route belongs to the API, what a request means belongs here: pure functions, so that every refusal is tested without a server
and nothing half-read ever starts a flow.

Rules
1. The key is compared in constant time, then the signature or token that `auth` asks for; only the methods a trigger names start it,
   never HEAD or OPTIONS. A webhook that anybody may call is none unless the server allows such.
2. A body is JSON where it is, else text, else base64. What JSON is, is strict: duplicate keys, NaN, depth over 64 and half characters are
   not; `invalidJson` says what happens to a body that says it is JSON and is not.
3. An event's identity is the sender's: an id that it signed, Idempotency-Key, a provider's delivery id, a CloudEvent's source and id;
   else each request is new.
4. The same Idempotency-Key with another request is told from a repetition by the request's fingerprint.
5. What authenticates the sender (Authorization, cookies, signatures, tokens) is masked before it is kept.

Called by: the API's webhook route; the registry for the trigger's options.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

from pydantic import Field, model_validator

from onbeat.core.durations import Duration
from onbeat.core.event import Event, Json, Micros, cloud_key
from onbeat.core.flow import Dynamic
from onbeat.core.signatures import Auth, refusal, signed_id
from onbeat.core.times import from_iso
from onbeat.core.values import normalise
from onbeat.errors import UserError
from onbeat.ports import HttpRequest, LedgerRow, Listener, Received, SourceContext, SourceOptions

LEDGER = "webhook"
"""Where the fingerprints of requests with an Idempotency-Key are remembered."""

MASK = "********"
_SECRET_HEADER = re.compile(
    r"(proxy-)?authorization|cookie|.*signature.*|.*[-_]token|.*api[-_]?key|.*secret.*",
)
_WORD = "[0-9A-Za-z_.+-]+"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "date"})
_KEPT: Micros = 7 * 24 * 3600 * 1_000_000
_LONGEST_KEY = 255
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class BodyTooLarge(UserError):
    """The body is larger than the webhook takes."""


class NotAuthentic(UserError):
    """The signature or the token is not the sender's."""


class Webhook(SourceOptions):
    """Starts when `/api/v1/main/executions/webhook/{namespace}/{flow}/{key}` is called; a 2xx answer means that the start is on disk.

    `trigger.body` is the parsed JSON, else text; `trigger.headers` and `trigger.parameters` hold a list for each name; `trigger.path` is
    what comes behind the key. A body that is
    not text is given as base64, with `trigger.encoding: base64`. Whatever its content type, text that is a JSON object or list is read as
    one. Repeating a request with the same `Idempotency-Key` (or a provider's delivery id) gives the same execution.

    With `wait` the answer comes when the execution has ended: its outputs with `returnOutputs`, else the execution; the status is 200, or
    500 when it failed. An expression in `responseCode`, `responseBody` and `responseHeaders` sees the execution then, and `trigger`
    otherwise. Who waits longer than `waitTimeout` gets a 202 with the execution's id, and the execution goes on.

    Besides the key, `auth` checks who is calling: `auth: {type: github, secret: "{{ secret('GITHUB') }}"}`; anything else is a 401. With
    `auth: none` the key is no secret, which the server's setting `public_webhooks` must allow.

    Example:

    ```yaml
    triggers:
      - id: order_placed
        type: core.trigger.Webhook
        key: 4wjtkzwVGBM9yKnjm3yv8r
        methods: [POST]
        when: "{{ trigger.body.total > 0 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Webhook",)
    verbatim: ClassVar[frozenset[str]] = frozenset({"responseCode", "responseBody", "responseHeaders"})

    key: str = Field(min_length=1, max_length=256, repr=False)
    """The secret part of the address; may be an expression such as `{{ secret('HOOK') }}`."""
    methods: frozenset[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]] = frozenset({"GET", "POST", "PUT"})
    wait: bool = False
    """Answer when the execution has ended."""
    wait_timeout: Duration | None = Field(None, alias="waitTimeout")
    """How long to wait at most; by default what the server's setting `webhook_wait` says."""
    return_outputs: bool = Field(False, alias="returnOutputs")
    """With `wait`, answer its outputs; as `text/plain` a single output is its text."""
    response_code: int | str | None = Field(None, alias="responseCode")
    """Status of the answer; without `wait` one of 200 to 299, because that says the start is on disk."""
    response_content_type: str | None = Field(None, alias="responseContentType", pattern=rf"^{_WORD}/{_WORD}(; ?{_WORD}={_WORD})*$")
    """Content type of the answer, by default `application/json`."""
    response_body: Dynamic = Field(None, alias="responseBody")
    """In place of what is answered otherwise: text as it is, anything else as JSON."""
    response_headers: dict[str, str] = Field(default_factory=dict, alias="responseHeaders")
    """Further headers of the answer."""
    max_body: int = Field(1024 * 1024, alias="maxBody", ge=1)
    """The largest body in bytes."""
    invalid_json: Literal["text", "refuse"] = Field("text", alias="invalidJson")
    """What a body that says it is JSON and is not does: `text` starts with the text, as in Kestra, `refuse` answers 400."""
    auth: Literal["key", "none"] | Auth = "key"
    """How a sender proves who he is: by knowing the `key`, or by what `auth.type` says; `none`: not at all."""

    @model_validator(mode="after")
    def _says_what_it_means(self) -> "Webhook":
        if isinstance(self.response_code, int):
            check_status(self.response_code, self.wait)
        wrong = [name for name in self.response_headers if not _TOKEN.fullmatch(name) or name.lower() in _OURS]
        if wrong:
            raise ValueError(f"`{wrong[0]}` cannot be set in `responseHeaders`; for the content type there is `responseContentType`")
        return self

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All webhooks wait in one place: the API's route. Raises UserError for one that the server does not allow."""
        if self.authentication.type == "none" and not settings.get("public_webhooks"):
            raise UserError("`auth: none` lets anybody start this; set ONBEAT_PUBLIC_WEBHOOKS=true to allow that")
        return type(self).names[0]

    @property
    def authentication(self) -> Auth:
        """What is checked."""
        return self.auth if isinstance(self.auth, Auth) else Auth(type=self.auth)

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Nothing to connect: the route is the API's."""
        context.ready()
        await asyncio.Event().wait()


def check_status(code: int, waited: bool) -> int:
    """The status. Raises ValueError when it is none, or says nothing was kept although it is."""
    if not 200 <= code <= (599 if waited else 299):
        allowed = "200 to 599" if waited else "200 to 299, or set `wait`: any other says that nothing was started"
        raise ValueError(f"`responseCode` is one of {allowed}; it is {code}")
    return code


def verify(options: Webhook, key: str) -> bool:
    """Whether the key in the address is this webhook's, in a time that does not tell how much of it is right."""
    return hmac.compare_digest(options.key.encode("utf-8", "surrogatepass"), key.encode("utf-8", "surrogatepass"))


def check_sender(options: Webhook, request: HttpRequest, now: Micros) -> None:
    """Raises NotAuthentic when the request is not signed as it should be. The body is as it came."""
    if isinstance(options.auth, Auth):
        wrong = refusal(options.auth, request.headers, request.body, now)
        if wrong is not None:
            raise NotAuthentic(wrong)


def allows(options: Webhook, method: str) -> bool:
    """Whether a request with this method may start."""
    return method in options.methods


def receive(options: Webhook, request: HttpRequest, now: Micros, nonce: str) -> Received:
    """What the request is as an event. nonce: makes a request without an identity its own. Raises UserError: nothing is to be kept."""
    body, encoding = _read_body(options, request)
    variables: dict[str, Json] = {"body": body, "headers": _masked(options, request.headers), "parameters": request.parameters}
    if encoding:
        variables["encoding"] = encoding
    if request.rest:
        variables["path"] = request.rest
    attributes = _cloud_event(request, body) or {}
    identity = _identity(options, request, body)
    if identity is None and attributes:
        identity = cloud_key(attributes["source"], attributes["id"])
    event = Event(
        id=attributes.get("id", nonce if identity is None else identity.partition(":")[2]),
        source=attributes.get("source", "onbeat/webhook"),
        type=attributes.get("type", "io.onbeat.webhook"),
        time=_time(attributes, now),
        key=identity or f"request:{nonce}",
        data=attributes.get("data", body),
        subject=attributes.get("subject"),
        variables=normalise(variables),
        hops=_hops(attributes),
        correlation_id=attributes.get("correlationid"),
        causation_id=attributes.get("causationid"),
        traceparent=_traceparent(attributes, request.headers),
    )
    return Received(event=event, key=event.key)


# ---- the same key for another request ------------------------------------------------------------------------------


def ledger_row(trigger: str, received: Received, request: HttpRequest, now: Micros) -> LedgerRow | None:
    """What to remember of a request with an Idempotency-Key, in the transaction that starts it; None for one without.

    The route reads `ledger(LEDGER, [row.key])` first and asks `conflicts`; it lets one request with the same key in at a time.
    """
    if not received.key.startswith("idempotency:"):
        return None
    return LedgerRow(LEDGER, f"{trigger}\n{received.key}", fingerprint(request), now + _KEPT)


def conflicts(remembered: str | None, row: LedgerRow) -> bool:
    """Whether the key was used for another request before: answer 422."""
    return remembered is not None and not hmac.compare_digest(remembered, row.value or "")


def fingerprint(request: HttpRequest) -> str:
    """Tells requests apart: method, path and body."""
    head = f"{request.method} {request.path}\n".encode("utf-8", "surrogatepass")
    return hashlib.sha256(head + hashlib.sha256(request.body).digest()).hexdigest()


# ---- the body ------------------------------------------------------------------------------------------------------


def parse_json(raw: bytes) -> Json:
    """The plain JSON of UTF-8 bytes. Raises UserError that says where it is wrong."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise UserError(f"body is not JSON: byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UserError(f"body is not JSON: line {error.lineno} column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise UserError("body is nested more than 64 levels deep") from None
    except ValueError:  # Python's own bound on digits
        raise UserError("body has an integer of more than 3,900 digits") from None
    return normalise(value)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise UserError("body is not JSON that means one thing: an object has the same key twice")
    return result


def _no_constant(name: str) -> Json:
    raise UserError(f"body is not JSON: {name} is not a number there")


def _read_body(options: Webhook, request: HttpRequest) -> tuple[Json, str | None]:
    raw = request.body
    if len(raw) > options.max_body:
        raise BodyTooLarge(f"the body is larger than {options.max_body} bytes; set `maxBody` on the webhook for larger ones")
    if _header(request.headers, "content-encoding", "identity").lower() != "identity":
        raise UserError("compressed bodies are not taken; send it without Content-Encoding")
    if not raw:
        return None, None
    kind = _header(request.headers, "content-type").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        raise UserError("batches of CloudEvents are not taken; send one event in a request")
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        try:
            return parse_json(raw), None
        except UserError:
            if options.invalid_json == "refuse" or kind == "application/cloudevents+json":
                raise
    elif kind != "application/octet-stream" and raw.lstrip()[:1] in (b"{", b"["):
        try:
            return parse_json(raw), None
        except UserError:
            return _text(raw)
    return _text(raw)


def _text(raw: bytes) -> tuple[str, str | None]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return base64.b64encode(raw).decode(), "base64"
    return text, None


# ---- headers and identity ------------------------------------------------------------------------------------------


def _header(headers: Mapping[str, list[str]], name: str, default: str = "") -> str:
    values = headers.get(name) or [default]
    if len(values) > 1:
        raise UserError(f"the header {name} is given {len(values)} times; send it once")
    return values[0].strip()


def _masked(options: Webhook, headers: Mapping[str, list[str]]) -> dict[str, Json]:
    own = options.auth.secret_headers if isinstance(options.auth, Auth) else ()
    return {
        name: [MASK] * len(values) if name in own or _SECRET_HEADER.fullmatch(name) else list(values) for name, values in headers.items()
    }


def _identity(options: Webhook, request: HttpRequest, body: Json) -> str | None:
    """The delivery's own id, so that a repetition is one; prefixed, so that the ids of two senders are never one."""
    headers = request.headers
    if isinstance(options.auth, Auth) and (signed := signed_id(options.auth, headers, body)):
        return signed
    if "idempotency-key" in headers:
        key = _header(headers, "idempotency-key")
        key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
        if not 0 < len(key) <= _LONGEST_KEY:
            raise UserError(f"Idempotency-Key must have 1 to {_LONGEST_KEY} characters")
        return f"idempotency:{key}"
    for prefix, name in (("github", "x-github-delivery"), ("webhook-id", "webhook-id")):
        if value := _header(headers, name):
            return f"{prefix}:{value}"
    if "stripe-signature" in headers and isinstance(body, dict) and isinstance(body.get("id"), str):
        return f"stripe:{body['id']}"
    return None


def _cloud_event(request: HttpRequest, body: Json) -> dict[str, Any] | None:
    """The CloudEvent's attributes, and `data` when the body is not it; None when it is not a CloudEvent."""
    kind = _header(request.headers, "content-type").partition(";")[0].strip().lower()
    if kind == "application/cloudevents+json":
        if not isinstance(body, dict):
            raise UserError("a CloudEvent is a JSON object")
        attributes = {name: value for name, value in body.items() if name != "data_base64"}
        if "data_base64" in body:
            attributes["data"] = _checked_base64(body["data_base64"])
        attributes.setdefault("data", None)
    elif "ce-specversion" in request.headers:
        names = (name for name in request.headers if name.startswith("ce-"))
        attributes = normalise({name.removeprefix("ce-"): unquote(_header(request.headers, name)) for name in names if name != "ce-data"})
    else:
        return None
    if attributes.get("specversion") != "1.0":
        raise UserError("only CloudEvents with specversion 1.0 are taken")
    for name in ("id", "source", "type"):
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise UserError(f"a CloudEvent needs `{name}`, text that is not empty")
    for name in ("subject", "time", "correlationid", "causationid", "traceparent"):
        if not isinstance(attributes.get(name, ""), str):
            raise UserError(f"the CloudEvent's `{name}` must be text")
    return attributes


def _checked_base64(value: Json) -> str:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise UserError("the CloudEvent's `data_base64` is not base64") from None
    return str(value)


def _time(attributes: Mapping[str, Any], now: Micros) -> Micros:
    if "time" not in attributes:
        return now
    try:
        return from_iso(attributes["time"])
    except (ValueError, OverflowError):
        raise UserError("the CloudEvent's `time` is not an instant such as 2026-11-21T12:00:00Z") from None


def _hops(attributes: Mapping[str, Any]) -> int:
    value = str(attributes.get("onbeathops", 0))
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise UserError("the CloudEvent's `onbeathops` must be a whole number")
    return int(value)


def _traceparent(attributes: Mapping[str, Any], headers: Mapping[str, list[str]]) -> str | None:
    """A trace that is not well-formed is no reason to refuse what it belongs to."""
    value = attributes.get("traceparent") or next(iter(headers.get("traceparent", ())), "")
    return value if _TRACEPARENT.fullmatch(value) else None


PROVIDES = (Webhook,)
