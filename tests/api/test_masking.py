"""No secret of the daemon leaves by an answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Message

from onbeat.api.masking import MaskedAnswers
from onbeat.engine.masking import MASK, Mask
from tests.api.client import Client, api

SECRET = "s3cret-value-1234"


async def answered(mask: Mask, kind: str, *pieces: bytes, path: str = "/api/x") -> tuple[bytes, dict[bytes, bytes], int]:
    """What comes of an answer in these pieces: body, headers, messages."""

    async def app(scope: object, receive: object, send: object) -> None:
        length = (b"content-length", str(sum(map(len, pieces))).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode()), length]})  # type: ignore[operator]
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})  # type: ignore[operator]

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await MaskedAnswers(app, lambda: mask)({"type": "http", "path": path}, None, send)  # type: ignore[arg-type]  # it reads nothing
    return b"".join(message["body"] for message in sent[1:]), dict(sent[0]["headers"]), len(sent)


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "application/problem+json"])
async def test_a_secret_is_hidden_in_an_answer(kind: str) -> None:
    """Rule 1; the length is that of what is sent."""
    body, headers, _ = await answered(Mask([SECRET]), kind, b'{"a":"' + SECRET.encode() + b'"}')
    assert body == b'{"a":"' + MASK.encode() + b'"}'
    assert headers[b"content-length"] == str(len(body)).encode()


async def test_a_secret_in_pieces_is_hidden() -> None:
    """Rule 1: however a stream is cut, letters of several bytes too."""
    whole = f"data: ä {SECRET} ü {SECRET}\n\n".encode()
    for at in range(1, len(whole)):
        body, headers, _ = await answered(Mask([SECRET]), "text/event-stream", whole[:at], whole[at:])
        assert body.decode() == f"data: ä {MASK} ü {MASK}\n\n"
        assert b"content-length" not in headers


async def test_files_and_answers_without_secrets_are_as_they_are() -> None:
    """Rules 2 and 3."""
    assert (await answered(Mask([SECRET]), "application/octet-stream", SECRET.encode()))[0] == SECRET.encode()
    assert (await answered(Mask([SECRET]), "application/json", b'"x"'))[0] == b'"x"'
    assert (await answered(Mask(), "application/json", b'"\xff"'))[0] == b'"\xff"'
    assert (await answered(Mask([SECRET]), "text/plain", b"\xff"))[0] == b"\xff"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with api(tmp_path) as made:
        yield made


async def test_the_application_masks_its_answers(client: Client) -> None:
    """Also what is wrong with a request."""
    await client.node.secrets.put("t", "TOKEN", SECRET)
    found = await client("GET", f"/api/v1/main/executions/{SECRET}")
    assert found.status == 404
    assert SECRET.encode() not in found.body


async def test_the_web_ui_is_given_as_it_is() -> None:
    """Rule 2: its files are compressed or scripts, and the same for everybody."""
    for path, hidden in (("/ui/executions", False), ("/assets/index.js", False), ("/api/ui/x", True)):
        body, _, _ = await answered(Mask([SECRET]), "text/javascript", SECRET.encode(), path=path)
        assert (body == MASK.encode()) is hidden
