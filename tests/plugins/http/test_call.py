"""Requests to a real server on loopback, and addresses that no request may reach."""

import asyncio
import gzip
import socket
import ssl
from typing import Any

import orjson
import pytest
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from pydantic import ValidationError

from onbeat.errors import OutsideError, UserError
from onbeat.plugins.http import Request
from onbeat.ports import Outcome, TaskFailed
from tests.plugins.context import FakeWorld
from tests.plugins.http.server import Server, raw_server


async def call(world: FakeWorld, server: Server, path: str = "/", **options: Any) -> Outcome:
    return await world.run(Request, {"uri": server.url + path, **options})


async def test_the_response_is_given_as_text_with_status_and_headers(world: FakeWorld, server: Server) -> None:
    """Kestra's outputs; JSON stays text."""
    server.answers["/x"] = {"text": '{"a": "ü"}', "content_type": "application/json", "headers": {"X-One": "1"}}
    outputs = (await call(world, server, "/x")).outputs
    assert outputs
    assert (outputs["uri"], outputs["code"], outputs["body"]) == (f"{server.url}/x", 200, '{"a": "ü"}')
    assert outputs["headers"]["X-One"] == ["1"]


async def test_headers_are_plain_text_whatever_the_server_sends(world: FakeWorld) -> None:
    """They are kept as JSON: a type of our client's, or bytes that are not UTF-8, cannot be."""
    async with raw_server(b"HTTP/1.1 200 OK\r\nX-A: gr\xc3\xb6\xdfe\r\nX-B: gr\xc3\xb6\r\nContent-Length: 0\r\n\r\n") as uri:
        outputs = (await world.run(Request, {"uri": uri})).outputs
    assert outputs
    assert orjson.loads(orjson.dumps(outputs))["headers"] == {
        "X-A": ["gr\u00c3\u00b6\u00dfe"],
        "X-B": ["gr\u00f6"],
        "Content-Length": ["0"],
    }


async def test_a_map_is_sent_as_json_and_text_as_it_is(world: FakeWorld, server: Server) -> None:
    """The content type is JSON unless said otherwise."""
    await call(world, server, method="post", body={"a": [1, "ü"]})
    await call(world, server, method="PUT", body="a;ä", contentType="text/csv", options={"defaultCharset": "latin-1"})
    assert server.bodies == ['{"a":[1,"ü"]}'.encode(), "a;ä".encode("latin-1")]
    assert [request.headers["Content-Type"] for request in server.seen] == ["application/json", "text/csv"]
    assert [request.method for request in server.seen] == ["POST", "PUT"]


async def test_forms_are_sent_encoded_or_in_parts_with_files(world: FakeWorld, server: Server) -> None:
    """A storage address is a file; `{name, content}` names it."""
    world.storage.files["kestra:///f.bin"] = b"\0\1"
    await call(world, server, method="POST", formData={"user": "a b", "n": 1})
    parts = {"user": "x", "list": [1], "f": "kestra:///f.bin", "g": {"name": "g.txt", "content": "kestra:///f.bin"}}
    await call(world, server, method="POST", contentType="multipart/form-data", formData=parts)
    assert server.bodies[0] == {"user": "a b", "n": "1"}
    assert server.bodies[1] == {"user": "x", "list": "[1]", "f": ("f", b"\0\1"), "g": ("g.txt", b"\0\1")}


async def test_parameters_are_added_to_the_query(world: FakeWorld, server: Server) -> None:
    """Each item of a list is one."""
    await call(world, server, "/x?a=1", params={"b": [2, "x y&"], "c": True})
    assert list(server.seen[0].query.items()) == [("a", "1"), ("b", "2"), ("b", "x y&"), ("c", "true")]


async def test_what_changes_something_carries_an_idempotency_key(world: FakeWorld, server: Server) -> None:
    """The same for each attempt; GET has none, and the flow's own wins."""
    await call(world, server)
    await call(world, server, method="POST")
    await call(world, server, method="DELETE", headers={"idempotency-key": "mine"})
    assert [request.headers.get("Idempotency-Key") for request in server.seen] == [None, "k" * 32, "mine"]


async def test_a_request_is_part_of_the_trace(world: FakeWorld, server: Server) -> None:
    """Whoever is called goes on with it; the flow's own header wins, and without a trace there is none."""
    given, mine = f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-00"
    await call(world, server)
    for headers in ({}, {"Traceparent": mine}):
        await Request(uri=server.url, headers=headers).run(world.context(traceparent=given))
    assert [request.headers.get("traceparent") for request in server.seen] == [None, given, mine]


@pytest.mark.parametrize(
    ("auth", "header"),
    [({"type": "BASIC", "username": "ü", "password": "p"}, "Basic w7w6cA=="), ({"type": "BEARER", "token": "t"}, "Bearer t")],
)
async def test_credentials_are_sent(world: FakeWorld, server: Server, auth: dict[str, str], header: str) -> None:
    """Basic and bearer."""
    await call(world, server, options={"auth": auth})
    assert server.seen[0].headers["Authorization"] == header


async def test_credentials_do_not_follow_a_redirect_to_another_host(world: FakeWorld, server: Server) -> None:
    """A token is for the host that the flow named."""
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.answers["/x"] = {"status": 307, "headers": {"Location": f"{elsewhere}/y"}}
    await call(world, server, "/x", options={"auth": {"type": "BEARER", "token": "t"}})
    assert [request.headers.get("Authorization") for request in server.seen] == ["Bearer t", None]


async def test_redirects_are_followed_unless_told_not_to(world: FakeWorld, server: Server) -> None:
    """Then the redirect itself is the response, and no failure."""
    server.answers["/x"] = {"status": 302, "headers": {"Location": "/y"}}
    followed = (await call(world, server, "/x")).outputs
    kept = (await call(world, server, "/x", options={"followRedirects": False})).outputs
    assert followed
    assert kept
    assert (followed["code"], followed["uri"], kept["code"]) == (200, f"{server.url}/y", 302)


async def test_a_failed_status_fails_the_task_and_keeps_the_response(world: FakeWorld, server: Server) -> None:
    """The message names no query; what came is in the outputs and the log."""
    server.answers["/x"] = {"status": 404, "text": "no such order"}
    with pytest.raises(TaskFailed) as failed:
        await call(world, server, "/x?token=canary")
    assert str(failed.value) == f"GET {server.url}/x was answered with status 404"
    assert failed.value.outputs
    assert (failed.value.outputs["code"], failed.value.outputs["body"]) == (404, "no such order")
    assert "canary" not in str(failed.value.outputs)
    assert world.log.lines == [("WARN", "no such order")]


async def test_failed_statuses_may_be_allowed(world: FakeWorld, server: Server) -> None:
    """All of them, or exactly those named."""
    server.answers["/x"] = {"status": 404}
    assert await call(world, server, "/x", options={"allowFailed": True})
    assert await call(world, server, "/x", options={"allowedResponseCodes": [404]})
    with pytest.raises(TaskFailed, match="status 200"):
        await call(world, server, "/", options={"allowedResponseCodes": [404]})


async def test_a_response_is_bounded_also_a_compressed_one(world: FakeWorld, server: Server) -> None:
    """A gzip bomb does not fill the memory."""
    server.answers["/x"] = {"body": gzip.compress(bytes(20_000_000)), "headers": {"Content-Encoding": "gzip"}}
    with pytest.raises(TaskFailed, match=r"is larger than 10 MB \(`options.maxContentLength`\)") as failed:
        await call(world, server, "/x")
    assert not failed.value.retry
    assert await call(world, server, "/y", options={"maxContentLength": 2})


@pytest.mark.parametrize(
    "answer", [{"body": b"\xff\xfe\xfa"}, {"body": b"a\0"}, {"body": b"a", "headers": {"Content-Type": "text/x; charset=zz"}}]
)
async def test_a_response_that_is_not_text_fails_the_task(world: FakeWorld, server: Server, answer: dict[str, Any]) -> None:
    """Outputs are JSON; bytes are not silently changed."""
    server.answers["/x"] = answer
    with pytest.raises(TaskFailed, match="is not text"):
        await call(world, server, "/x")


async def test_headers_and_bodies_are_logged_on_request_without_credentials(world: FakeWorld, server: Server) -> None:
    """For finding out what a service wants."""
    options = {
        "logs": ["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"],
        "auth": {"type": "BEARER", "token": "canary"},
    }
    server.answers["/"] = {"text": "fine", "headers": {"Set-Cookie": "canary"}}
    await call(world, server, method="POST", body="order", headers={"X-Mine": "1"}, options=options)
    text = "\n".join(line for _, line in world.log.lines)
    assert all(part in text for part in ("X-Mine", "order", "fine", "********"))
    assert "canary" not in text


async def test_no_answer_is_an_outside_error(world: FakeWorld) -> None:
    """It may be tried again; the message tells no query."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(OutsideError, match=rf"^no answer from http://127.0.0.1:{port}/x: Cannot connect") as failed:
        await world.run(Request, {"uri": f"http://u:canary@127.0.0.1:{port}/x?k=canary"})
    assert "canary" not in str(failed.value)


async def test_a_server_that_is_silent_is_an_outside_error(world: FakeWorld) -> None:
    """The time between two pieces is bounded."""

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    uri = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    with pytest.raises(OutsideError, match="it took too long"):
        await world.run(Request, {"uri": uri, "options": {"timeout": {"readIdleTimeout": "PT0.05S"}}})
    for writer in writers:
        writer.close()
    listening.close()
    await listening.wait_closed()


async def test_an_endless_redirect_is_an_outside_error(world: FakeWorld, server: Server) -> None:
    """And shows no query."""
    server.answers["/x"] = {"status": 302, "headers": {"Location": "/x?k=canary"}}
    with pytest.raises(OutsideError, match="it redirects without end") as failed:
        await call(world, server, "/x")
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "http://2852039166/"])
async def test_a_redirect_to_what_is_not_http_is_refused(world: FakeWorld, server: Server, location: str) -> None:
    """Files are not served to a server that asks."""
    server.answers["/x"] = {"status": 302, "headers": {"Location": location}}
    with pytest.raises((OutsideError, UserError), match="redirects to what is no"):
        await call(world, server, "/x")


@pytest.mark.parametrize("uri", ["ftp://host/x", "file:///etc/passwd", "host/x", "http:///x", "", "http://[::1/", "/x"])
async def test_what_is_not_an_http_address_is_refused(world: FakeWorld, uri: str) -> None:
    """With the reason, before anything is sent."""
    with pytest.raises(UserError, match=r"^`uri` "):
        await world.run(Request, {"uri": uri})


async def test_a_header_cannot_smuggle_another(world: FakeWorld, server: Server) -> None:
    """Values from events may hold line ends."""
    with pytest.raises(UserError, match="cannot be sent"):
        await call(world, server, headers={"X-A": "1\r\nX-B: 2"})
    assert server.seen == []


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[fe80::1]", "169.254.169.254."],
)
async def test_a_refused_address_is_never_connected_to(world: FakeWorld, host: str) -> None:
    """Whichever way the name is written; the system's resolver reads numbers in many bases."""
    with pytest.raises(UserError, match=r"link-local and metadata addresses may not be called|is not an address"):
        await world.run(Request, {"uri": f"http://{host}/latest/meta-data?k=canary"})


async def test_a_redirect_to_a_refused_address_is_refused(world: FakeWorld, server: Server) -> None:
    """The check sits at the socket."""
    server.answers["/x"] = {"status": 302, "headers": {"Location": "http://169.254.169.254/latest"}}
    with pytest.raises(UserError, match=r"leads to 169\.254\.169\.254"):
        await call(world, server, "/x")


async def test_a_name_that_resolves_to_a_refused_address_is_refused(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a name server says today is not what it said before."""

    async def resolve(self: AbstractResolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        answer = {"hostname": host, "host": "169.254.169.254", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [answer, {**answer, "host": "169.254.169.253"}]

    for resolver in (ThreadedResolver, *ThreadedResolver.__subclasses__()):
        monkeypatch.setattr(resolver, "resolve", resolve)
    with pytest.raises(UserError, match=r"leads to 169\.254\.169\.25"):
        await world.run(Request, {"uri": "http://innocent.example.com/"})


async def test_a_name_that_leads_elsewhere_the_next_time_is_still_pinned(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: one answer is checked and used; one bad address among good ones refuses all."""
    asked: list[str] = []

    async def resolve(self: AbstractResolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        asked.append(host)
        good = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [good, {**good, "host": "169.254.169.254"}] if host == "mixed.example.com" else [good]

    for resolver in (ThreadedResolver, *ThreadedResolver.__subclasses__()):
        monkeypatch.setattr(resolver, "resolve", resolve)
    with pytest.raises(UserError, match=r"leads to 169\.254\.169\.254"):
        await world.run(Request, {"uri": "http://mixed.example.com/"})
    with pytest.raises(OutsideError):
        await world.run(Request, {"uri": "http://rebinding.example.com:1/"})
    assert asked == ["mixed.example.com", "rebinding.example.com"]


async def test_the_servers_setting_decides(world: FakeWorld, server: Server) -> None:
    """`public-only` refuses even loopback, a redirect there too, and a proxy; what is named is allowed."""
    world.settings = {"egress": "public-only"}
    with pytest.raises(UserError, match=r"leads to 127\.0\.0\.1: only public addresses"):
        await call(world, server, "/x")
    proxy = {"address": "127.0.0.1", "port": 1}
    with pytest.raises(UserError, match="only public addresses"):
        await world.run(Request, {"uri": "http://example.com/x", "options": {"proxy": proxy}})
    with pytest.raises(UserError, match="only public addresses"):
        await world.run(Request, {"uri": "http://10.0.0.1/x", "options": {"proxy": proxy}})
    assert server.seen == []
    world.settings = {"egress": "public-only", "egress_allow": ["localhost", "127.0.0.0/8"]}
    assert (await call(world, server, "/x")).outputs


async def test_what_proves_who_we_are_goes_to_no_other_host(world: FakeWorld, server: Server) -> None:
    """A redirect elsewhere loses it; one on the same server keeps it."""
    secret = {"Authorization": "Bearer a", "X-Api-Key": "b", "Cookie": "c=d", "X-Vault-Token": "e"}
    other = server.url.replace("127.0.0.1", "localhost")
    server.answers["/away"] = {"status": 302, "headers": {"Location": f"{other}/there"}}
    server.answers["/home"] = {"status": 302, "headers": {"Location": "/there"}}
    await call(world, server, "/away", headers={**secret, "X-Plain": "f"})
    assert not [name for name in secret if name in server.seen[1].headers]
    assert server.seen[1].headers["X-Plain"] == "f"
    await call(world, server, "/home", headers=secret)
    assert [server.seen[3].headers.get(name) for name in secret] == list(secret.values())


async def test_certificates_are_checked_unless_told_not_to(world: FakeWorld, tls: tuple[str, ssl.SSLContext]) -> None:
    """A certificate that nobody signed is no answer."""
    uri, _ = tls
    with pytest.raises(OutsideError, match="certificate verify failed"):
        await world.run(Request, {"uri": uri})
    assert (await world.run(Request, {"uri": uri, "options": {"ssl": {"insecureTrustAllCertificates": True}}})).outputs


async def test_a_proxy_is_asked_with_its_own_credentials(world: FakeWorld, server: Server) -> None:
    """And decides itself what may be reached."""
    proxy = {"address": "127.0.0.1", "port": int(server.url.rpartition(":")[2]), "username": "u", "password": "p"}
    await world.run(Request, {"uri": "http://inside.example.com/x", "options": {"proxy": proxy}})
    assert server.seen[0].headers["Proxy-Authorization"] == "Basic dTpw"
    assert str(server.seen[0].url) == "http://inside.example.com/x"


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, ("uri",)),
        ({"uri": "http://x", "boddy": 1}, ("boddy",)),
        ({"uri": "http://x", "method": "GET /"}, ("method",)),
        ({"uri": "http://x", "options": {"folowRedirects": True}}, ("options", "folowRedirects")),
        ({"uri": "http://x", "options": {"auth": {"type": "NTLM"}}}, ("options", "auth")),
        ({"uri": "http://x", "options": {"maxContentLength": 10**9}}, ("options", "maxContentLength")),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], where: tuple[str, ...]) -> None:
    """With its path."""
    with pytest.raises(ValidationError) as wrong:
        Request.model_validate(options)
    assert [error["loc"] for error in wrong.value.errors()] == [where]


def test_secrets_are_not_shown() -> None:
    """A model's text goes into logs when something is wrong."""
    shown = repr(
        Request.model_validate(
            {
                "uri": "http://x",
                "headers": {"X": "canary"},
                "body": "canary",
                "params": {"k": "canary"},
                "options": {"auth": {"type": "BASIC", "password": "canary"}, "proxy": {"password": "canary"}},
            }
        )
    )
    assert "canary" not in shown
