"""Forms: inputs and files as Kestra's clients send them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.api.forms import Sent, sent_inputs
from onbeat.api.routing import TooLarge, TooSlow
from onbeat.client.form import Form
from onbeat.errors import OnbeatError, UserError


class Request:
    """As much of a request as a form needs; its body comes in pieces."""

    def __init__(self, body: bytes, content_type: str, step: int = 65_536, max_body: int = 10_000, max_upload: int = 1_000_000) -> None:
        self.headers = {"content-type": content_type}
        self.app = self
        self.state = self
        self.max_body = max_body
        self.max_upload = max_upload
        self.patience = 30.0
        self._pieces = [body[at : at + step] for at in range(0, len(body), step)]

    async def stream(self) -> AsyncIterator[bytes]:
        """The pieces, then the end."""
        for piece in self._pieces:
            yield piece
        yield b""


async def read(body: bytes, content_type: str, **more: Any) -> tuple[dict[str, Any], dict[str, tuple[bytes, str | None]]]:
    """The inputs and the files of a request, with their content."""
    return await taken(Request(body, content_type, **more))


async def taken(request: Request) -> tuple[dict[str, Any], dict[str, tuple[bytes, str | None]]]:
    """The same, of a request that is there."""
    async with sent_inputs(request) as sent:  # type: ignore[arg-type]  # as much as is used
        return dict(sent.inputs), {name: (upload.path.read_bytes(), upload.name) for name, upload in sent.files.items()}


def form(*parts: tuple[str, bytes]) -> tuple[bytes, str]:
    """A form of parts: what is after `form-data; `, and the content."""
    body = b"".join(
        b"--XX\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts
    )
    return body + b"--XX--\r\n", "multipart/form-data; boundary=XX"


@pytest.mark.parametrize("step", [1, 7, 65_536])
async def test_fields_and_files_are_read(step: int):
    """Rule 1: wherever the pieces are cut."""
    body, kind = form(
        ('name="a"', b"1"),
        ('name="list"', b"x"),
        ('name="list"', "ä".encode()),
        ('name="files"; filename="data"', b"\x00\xff\r\n--X"),
        ('name="report"; filename="my report.csv"', b"a,b"),
        ('name="none"; filename=""', b""),
        ('name="empty"', b""),
    )
    inputs, files = await read(body, kind, step=step)
    assert inputs == {"a": "1", "list": ["x", "ä"], "empty": ""}
    assert files == {"data": (b"\x00\xff\r\n--X", None), "report": (b"a,b", "my report.csv")}


async def test_json_and_url_encoded_forms_are_taken_too():
    """JSON is what it was; nothing at all is no input."""
    assert await read(b'{"a": 1}', "application/json") == ({"a": 1}, {})
    assert await read(b"", "") == ({}, {})
    assert await read(b"a=1&b=x+y&b=z&c=", "application/x-www-form-urlencoded") == ({"a": "1", "b": ["x y", "z"], "c": ""}, {})
    with pytest.raises(UserError, match="JSON object"):
        await read(b"[1]", "application/json")


async def test_files_are_gone_when_the_request_is_over():
    """Rule 2: also when what it was for failed."""
    body, kind = form(('name="files"; filename="data"', b"x"))
    kept: list[Path] = []

    async def use() -> None:
        async with sent_inputs(Request(body, kind)) as sent:  # type: ignore[arg-type]  # as much as is used
            kept.append(sent.files["data"].path)
            assert kept[0].exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await use()
    assert not kept[0].parent.exists()


async def test_a_large_file_is_written_piece_by_piece():
    """Rule 2: off the loop; text is bounded as any body is, and a file is not."""
    body, kind = form(('name="files"; filename="data"', b"x" * 500_000))
    assert len((await read(body, kind))[1]["data"][0]) == 500_000


@pytest.mark.parametrize(
    ("parts", "limits", "said"),
    [
        ([('name="a"', b"x" * 10_001)], {}, "send large values as files"),
        ([('name="a"', b"x" * 6_000), ('name="b"', b"x" * 6_000)], {}, "send large values as files"),
        ([('name="files"; filename="f"', b"x" * 1_000)], {"max_upload": 900}, "limit of 900 bytes"),
    ],
    ids=["a field", "fields together", "all"],
)
async def test_what_is_too_large_is_refused(parts: list[tuple[str, bytes]], limits: dict[str, int], said: str):
    """Rule 3."""
    with pytest.raises(TooLarge, match=said):
        await read(*form(*parts), **limits)


async def test_a_form_of_too_many_parts_is_refused():
    """Rule 3."""
    with pytest.raises(UserError, match="more than 1000 parts"):
        await read(*form(*[(f'name="a{index}"', b"") for index in range(1_001)]), max_body=1_000_000)


async def test_a_form_that_stops_coming_is_given_up():
    """Rule 3."""
    request = Request(b"", "multipart/form-data; boundary=XX")
    request.patience = 0.0

    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    request.stream = never  # type: ignore[method-assign]  # a body that does not come
    with pytest.raises(TooSlow):
        await taken(request)


WHOLE, KIND = form(('name="a"', b"1"), ('name="files"; filename="f"', b"2"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (WHOLE, "multipart/form-data"),
        (WHOLE, "multipart/form-data; boundary=YY"),
        (WHOLE, f"multipart/form-data; boundary={'x' * 300}"),
        (WHOLE[:-6], KIND),
        (WHOLE[: len(WHOLE) // 2], KIND),
        (b"", KIND),
        (form(("", b"x"))[0], KIND),
        (form(('name=""', b"x"))[0], KIND),
        (form(('name="a"', b"\xff"))[0], KIND),
        (form((f'name="{"a" * 5_000}"', b"x"))[0], KIND),
        (b"--XX\r\n" + b"A: b\r\n" * 100, KIND),
    ],
)
async def test_what_is_no_form_is_refused(body: bytes, kind: str):
    """Rule 4: with a sentence."""
    with pytest.raises(UserError):
        await read(body, kind)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=8), st.integers(1, 40))
def test_a_broken_form_is_read_or_refused(at: int, junk: bytes, step: int):
    """Rule 4: whatever is in it, nothing else is raised."""
    with suppress(OnbeatError):
        asyncio.run(read(WHOLE[:at] + junk + WHOLE[at:], KIND, step=step))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text("ab.", min_size=1, max_size=5), st.text(max_size=20), max_size=3))
def test_what_our_client_sends_is_read(fields: dict[str, str]):
    """The CLI's form."""
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    made = Form(fields, {})
    body = b"".join(made)
    assert len(body) == made.length
    assert asyncio.run(read(body, made.content_type)) == (fields, {})


def test_a_field_that_comes_again_makes_a_list():
    """Whatever it holds."""
    sent = Sent()
    for text in ("a", "", "c"):
        sent.add("x", text)
    assert sent.inputs == {"x": ["a", "", "c"]}
