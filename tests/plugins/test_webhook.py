"""What a webhook request means."""

import asyncio
import base64
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from onbeat.core.event import Event
from onbeat.errors import UserError
from onbeat.plugins.webhook import (
    MASK,
    PROVIDES,
    BodyTooLarge,
    Webhook,
    allows,
    conflicts,
    fingerprint,
    ledger_row,
    parse_json,
    receive,
    verify,
)
from onbeat.ports import HttpRequest

NOW = 1_780_000_000_000_000
PATH = "/api/v1/main/executions/webhook/shop/orders/k"


def request(body: bytes = b"", method: str = "POST", query: dict[str, list[str]] | None = None, **headers: str) -> HttpRequest:
    """A request; `content_type` is the header content-type."""
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return HttpRequest(method=method, path=PATH, headers=named, parameters=query or {}, body=body)


def event(sent: HttpRequest, nonce: str = "n1", **options: Any) -> Event:
    """The event that it becomes."""
    received = receive(Webhook(key="k", **options), sent, NOW, nonce)
    assert received.event is not None
    assert received.key == received.event.key
    return received.event


def body(raw: bytes, content_type: str = "", **options: Any) -> Any:
    headers = {"content_type": content_type} if content_type else {}
    return event(request(raw, **headers), **options).variables["body"]


# ---- access --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "K", "k ", "kk", "é", "\udcff", "k\0"])
def test_only_the_key_itself_opens(key: str) -> None:
    """Any other text is refused, also text that is not ASCII and text that is not quite text."""
    assert verify(Webhook(key="k"), "k")
    assert verify(Webhook(key="schlüssel"), "schlüssel")
    assert not verify(Webhook(key="k"), key)


def test_head_and_options_never_start() -> None:
    """Link checkers and browsers ask with them; nor can a trigger name them."""
    assert [
        method for method in ("GET", "POST", "PUT", "PATCH", "HEAD", "OPTIONS", "DELETE", "get") if allows(Webhook(key="k"), method)
    ] == [
        "GET",
        "POST",
        "PUT",
    ]
    with pytest.raises(ValidationError):
        Webhook(key="k", methods=["HEAD"])
    assert not allows(Webhook(key="k", methods=["POST"]), "GET")


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_a_key_has_one_to_256_characters(key: str) -> None:
    """An empty one, which an empty secret gives, would open to everybody."""
    with pytest.raises(ValidationError):
        Webhook(key=key)


def test_the_key_is_not_shown() -> None:
    """It is a secret: not in what is printed of the options."""
    assert "topsecret" not in repr(Webhook(key="topsecret"))


# ---- the body ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "content_type", "expected"),
    [
        (b'{"a": 1, "b": true}', "application/json", {"a": 1, "b": True}),
        (b'[{"a": 1}]', "application/json; charset=utf-8", [{"a": 1}]),
        (b"\xef\xbb\xbf1", "text/json", 1),
        (b'{"a": 1}', "application/vnd.github+json", {"a": 1}),
        (b'{"a": 1}', "", {"a": 1}),
        (b'{"a": 1}', "application/x-www-form-urlencoded", {"a": 1}),
        (b"a=1&b=2", "application/x-www-form-urlencoded", "a=1&b=2"),
        (b"{not json", "", "{not json"),
        (b'{"a": 1}', "text/plain", {"a": 1}),
        (b"[1", "text/plain", "[1"),
        (b"5", "text/plain", "5"),
        (b'{"a": 1}', "application/octet-stream", '{"a": 1}'),
        (b"bla", "text/plain", "bla"),
        (b"", "application/json", None),
        (b'{"n": 12345678901234567890123}', "application/json", {"n": "12345678901234567890123"}),
    ],
)
def test_the_content_type_decides_how_the_body_is_read(raw: bytes, content_type: str, expected: Any) -> None:
    """JSON is parsed, text is text, nothing is null; an object or a list is JSON whatever its type says."""
    assert body(raw, content_type) == expected


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a\0b", b"\x89PNG"])
def test_a_body_that_is_not_text_is_base64(raw: bytes) -> None:
    """Nothing is lost, and the flow is told."""
    variables = event(request(raw, content_type="image/png")).variables
    assert base64.b64decode(variables["body"]) == raw
    assert variables["encoding"] == "base64"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"a": 1,}', "line 1 column"),
        (b'{"a":\n 1 "b"}', "line 2 column 4"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'{"a": {"b": 1, "b": 1}}', "same key twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "finite"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b"[" * 65 + b"]" * 65, "64 levels"),
        (b"[" * 100_000, "64 levels"),
        (b"1" * 5_000, "3,900 digits"),
    ],
)
def test_what_is_not_json_can_be_refused_with_the_place(raw: bytes, says: str) -> None:
    """`invalidJson: refuse`: nothing half-read starts a flow; the sender is told where."""
    with pytest.raises(UserError, match=re.escape(says)):
        body(raw, "application/json", invalidJson="refuse")


@pytest.mark.parametrize("raw", [rb"{\"a\":\"\"}", b'{"a": 1, "a": 2}', b"[NaN]", b"[" * 65 + b"]" * 65, b'["\\ud800"]'])
def test_what_is_not_json_is_its_text(raw: bytes) -> None:
    """As in Kestra: the flow gets what was sent, not what could be read of it. A CloudEvent stays strict."""
    assert body(raw, "application/json") == raw.decode()
    with pytest.raises(UserError):
        body(raw, "application/cloudevents+json")


def test_size_and_encoding_have_limits() -> None:
    """A body beyond maxBody, and a compressed one, which could be of any size, are refused."""
    with pytest.raises(BodyTooLarge, match="maxBody"):
        body(b"x" * 11, maxBody=10)
    assert body(b"x" * 10, maxBody=10) == "x" * 10
    with pytest.raises(UserError, match="Content-Encoding"):
        event(request(b"\x1f\x8b", content_encoding="gzip"))


@given(st.binary(max_size=60) | st.text('{}[]",:0123456789.eE+-\\untrfalse \n', max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_no_body_breaks_the_parser(raw: bytes) -> None:
    """Whatever is sent is JSON or a UserError, and what is taken can be written as JSON again."""
    try:
        value = parse_json(raw)
    except UserError:
        return
    assert parse_json(json.dumps(value).encode()) == value


# ---- what a flow sees ----------------------------------------------------------------------------------------------


def test_headers_and_parameters_are_lists_and_secrets_are_masked() -> None:
    """Kestra's form; what authenticates the sender is never kept."""
    secret = {"authorization", "cookie", "proxy-authorization", "x-hub-signature", "x-hub-signature-256", "stripe-signature"}
    secret |= {"x-slack-signature", "webhook-signature", "x-gitlab-token", "x-api-key"}
    headers = {**{name: ["s3cret"] for name in secret}, "accept": ["a", "b"], "x-github-event": ["push"]}
    sent = HttpRequest(method="GET", path=PATH, headers=headers, parameters={"age": ["12", "13"]}, body=b"")
    variables = event(sent).variables
    assert variables["headers"] == {**{name: [MASK] for name in secret}, "accept": ["a", "b"], "x-github-event": ["push"]}
    assert variables["parameters"] == {"age": ["12", "13"]}
    assert variables["body"] is None
    assert "s3cret" not in repr(event(sent))


def test_a_parameter_that_no_store_can_keep_is_refused() -> None:
    """A NUL in the query is a refusal, not a failure later."""
    with pytest.raises(UserError, match="NUL"):
        event(request(query={"a": ["\0"]}))


# ---- identity ------------------------------------------------------------------------------------------------------


def test_the_senders_id_makes_a_repetition_one() -> None:
    """Idempotency-Key first, then the providers' delivery ids; ids of two kinds are never one, and without any each is new."""
    stripe = b'{"id": "x", "object": "event"}'
    keys = [
        event(request(idempotency_key="x", x_github_delivery="y")).key,
        event(request(idempotency_key='"x"')).key,
        event(request(x_github_delivery="x")).key,
        event(request(webhook_id="x")).key,
        event(request(stripe, content_type="application/json", stripe_signature="t=1,v1=0")).key,
        event(request(stripe, content_type="application/json")).key,
        event(request(stripe, content_type="application/json"), nonce="n2").key,
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 6
    assert event(request(), nonce="n1").key == event(request(), nonce="n1").key


@pytest.mark.parametrize("value", ["", '""', "x" * 256])
def test_an_idempotency_key_has_one_to_255_characters(value: str) -> None:
    """An empty one would make all requests one."""
    with pytest.raises(UserError, match="Idempotency-Key"):
        event(request(idempotency_key=value))


def test_a_header_that_identifies_is_given_once() -> None:
    """Two answers to who it is are none."""
    sent = HttpRequest(method="POST", path=PATH, headers={"idempotency-key": ["a", "b"]}, parameters={}, body=b"")
    with pytest.raises(UserError, match="2 times"):
        event(sent)


def test_the_same_key_with_another_request_is_told() -> None:
    """A row is kept for a week with the start; method, path and body make the difference."""
    sent = request(b"one", idempotency_key="k1")
    received = receive(Webhook(key="k"), sent, NOW, "n")
    row = ledger_row("shop.orders.hook", received, sent, NOW)
    assert row is not None
    assert (row.ledger, row.key, row.value) == ("webhook", "shop.orders.hook\nidempotency:k1", fingerprint(sent))
    assert (row.until or 0) - NOW >= 24 * 3600 * 1_000_000
    assert not conflicts(None, row)
    assert not conflicts(row.value, row)
    for other in (request(b"two", idempotency_key="k1"), request(b"one", "PUT", idempotency_key="k1")):
        later = ledger_row("shop.orders.hook", receive(Webhook(key="k"), other, NOW, "m"), other, NOW)
        assert later is not None
        assert later.key == row.key
        assert conflicts(row.value, later)
    plain = request(b"one", x_github_delivery="g")
    assert ledger_row("shop.orders.hook", receive(Webhook(key="k"), plain, NOW, "n"), plain, NOW) is None


# ---- CloudEvents ---------------------------------------------------------------------------------------------------

CLOUD = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "time": "2026-11-21T12:00:00Z", "data": {"x": 1}}


def structured(**changes: Any) -> HttpRequest:
    attributes = {name: value for name, value in {**CLOUD, **changes}.items() if value is not None}
    return request(json.dumps(attributes).encode(), content_type="application/cloudevents+json")


def test_a_cloudevent_is_itself_whatever_carried_it() -> None:
    """Structured and binary give the same identity, data and attributes."""
    extensions = {"correlationid": "c", "causationid": "d", "onbeathops": 3, "subject": "s"}
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    one = event(structured(**extensions, traceparent=trace))
    headers = {f"ce_{name}": str(value) for name, value in {**CLOUD, **extensions, "traceparent": trace}.items() if name != "data"}
    two = event(request(b'{"x": 1}', content_type="application/json", **headers), nonce="n2")
    for name in ("id", "source", "type", "time", "key", "data", "subject", "hops", "correlation_id", "causation_id", "traceparent"):
        assert getattr(one, name) == getattr(two, name), name
    assert (one.key, one.data, one.hops, one.traceparent) == ("/a\n1", {"x": 1}, 3, trace)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"specversion": "0.3"}, "specversion 1.0"),
        ({"id": None}, "`id`"),
        ({"source": ""}, "`source`"),
        ({"type": 1}, "`type`"),
        ({"time": "yesterday"}, "`time`"),
        ({"time": "2026-11-21T12:00:00"}, "`time`"),
        ({"onbeathops": -1}, "onbeathops"),
        ({"onbeathops": "²"}, "onbeathops"),
        ({"subject": {}}, "`subject`"),
        ({"data_base64": "é"}, "data_base64"),
        ({"data_base64": 1}, "data_base64"),
    ],
)
def test_what_only_looks_like_a_cloudevent_is_refused(changes: dict[str, Any], says: str) -> None:
    """Its identity decides what starts: half of one is none."""
    with pytest.raises(UserError, match=re.escape(says)):
        event(structured(**changes))


def test_other_forms_of_cloudevents() -> None:
    """Bytes stay base64, header values are percent-decoded, a list of events is refused, a broken trace is left out."""
    assert event(structured(data=None, data_base64="AAE=")).data == "AAE="
    assert event(structured(data=None)).data is None
    assert event(structured(traceparent="00-0")).traceparent is None
    plain = {"ce_specversion": "1.0", "ce_id": "%C3%A9", "ce_source": "/a", "ce_type": "t"}
    assert event(request(b"x", **plain)).id == "é"
    with pytest.raises(UserError, match="NUL"):
        event(request(b"x", **{**plain, "ce_id": "%00"}))
    with pytest.raises(UserError, match="one event"):
        event(request(b"[]", content_type="application/cloudevents-batch+json"))
    with pytest.raises(UserError, match="JSON object"):
        event(request(b"[]", content_type="application/cloudevents+json"))


# ---- the source ----------------------------------------------------------------------------------------------------


async def test_it_opens_nothing_and_waits() -> None:
    """The route is the API's: the source is ready at once, and stays until it is cancelled. All webhooks share it."""
    ready = asyncio.Event()

    class Context:
        def ready(self) -> None:
            ready.set()

    options = Webhook(key="k")
    assert options.subscription("a", {}) == Webhook(key="other").subscription("b", {})
    async with asyncio.TaskGroup() as group:
        task = group.create_task(options.run(Context(), list))  # type: ignore[arg-type]  # needs ready only
        await ready.wait()
        assert not task.done()
        task.cancel()


def test_the_example_of_the_page_is_a_webhook() -> None:
    """What the documentation shows can be loaded; so can Kestra's options."""
    (page,) = re.findall(r"```yaml\n(.*?)```", Webhook.__doc__ or "", re.DOTALL)
    (example,) = yaml.safe_load(page)["triggers"]
    Webhook.model_validate({name: value for name, value in example.items() if name not in ("id", "type", "when")})
    Webhook.model_validate({"key": "k", "wait": True, "returnOutputs": True, "responseCode": 202, "responseContentType": "text/plain"})
    assert Webhook in PROVIDES


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"responseCode": 404}, "set `wait`"),
        ({"responseCode": 99, "wait": True}, "200 to 599"),
        ({"responseContentType": "text"}, "pattern"),
        ({"responseHeaders": {"Content-Type": "text/html"}}, "responseContentType"),
        ({"responseHeaders": {"a b": "c"}}, "`a b`"),
    ],
)
def test_an_answer_that_cannot_be_sent_is_refused_when_it_is_loaded(options: dict[str, Any], says: str) -> None:
    """And one that would say that nothing was started although it was."""
    with pytest.raises(ValidationError, match=re.escape(says)):
        Webhook.model_validate({"key": "k", **options})


def test_the_answer_may_be_an_expression() -> None:
    """It is evaluated when there is something to answer, not when the file is loaded."""
    options = Webhook.model_validate({"key": "k", "wait": True, "responseCode": "{{ outputs.a.value }}", "responseBody": {"a": "{{ 1 }}"}})
    assert options.response_code == "{{ outputs.a.value }}"
    assert Webhook.verbatim == {"responseCode", "responseBody", "responseHeaders"}
