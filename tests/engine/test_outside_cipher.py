"""`encrypt` and `decrypt`: what Kestra's own services write and read."""

import base64
from pathlib import Path

import pytest

from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.outside import Asked
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage
from onbeat.testing import ManualClock

KEY = base64.b64encode(bytes(range(32))).decode()
KNOWN = "AAECAwQFBgcICQoLLGy5bKvFtn71NUn/+pbpuyPQJ88XwOlMrng="
"""`known text` under that key: the nonce 0 to 11, then AES-256-GCM without additional data, its tag of 16 bytes at the end."""


async def render(tmp_path: Path, text: str, **names: object) -> object:
    """The value of a text."""
    found = Evaluator(ManualClock(), Payloads(LocalStorage(tmp_path)), lambda bits: 0, {})
    return await found.render_names(compile_value(text), {**found.outside, "key": KEY, **names}, Asked("t", "f", "e"))


async def test_what_was_encrypted_is_decrypted(tmp_path: Path) -> None:
    """By place and by name; each time it is written otherwise."""
    text = "{{ encrypt(key, 'tötö') }}"
    first, second = await render(tmp_path, text), await render(tmp_path, text)
    assert first != second
    assert await render(tmp_path, "{{ decrypt(key, sealed) }}", sealed=first) == "tötö"
    assert await render(tmp_path, "{{ decrypt(encrypted=sealed, key=key) }}", sealed=second) == "tötö"
    assert len(base64.b64decode(str(first))) == 12 + 6 + 16
    assert await render(tmp_path, "{{ decrypt(key, sealed) }}", sealed=KNOWN) == "known text"


async def test_nothing_stays_nothing(tmp_path: Path) -> None:
    """Null and an empty text, as in Kestra."""
    assert await render(tmp_path, "{{ [encrypt(key, ''), encrypt(key, null), decrypt(key, ''), decrypt(key, null)] }}") == [
        "",
        None,
        "",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ encrypt('toto') }}", None),
        ("{{ encrypt('toto', 'x') }}", "takes a key that is base64 of 16, 24 or 32 bytes"),
        ("{{ encrypt('YQ==', 'x') }}", "takes a key that is base64 of 16, 24 or 32 bytes"),
        ("{{ encrypt(key, 5) }}", "takes a text as `plaintext`"),
        ("{{ encrypt(5, 'x') }}", "takes a text as `key`"),
        ("{{ decrypt(key, 'x') }}", "a text that was not encrypted with this key"),
        ("{{ decrypt(key, 'AAAA') }}", "a text that was not encrypted with this key"),
        ("{{ decrypt(other, encrypt(key, 'x')) }}", "a text that was not encrypted with this key"),
        ("{{ encrypt(key, 'x', 'y') }}", "takes `key`, `plaintext`"),
    ],
)
async def test_wrong_use_is_told(tmp_path: Path, text: str, reason: str | None) -> None:
    """And never with the key or the text in it."""
    other = base64.b64encode(b"x" * 16).decode()
    if reason is None:
        assert await render(tmp_path, text) is None
        return
    with pytest.raises(ExpressionError, match=reason):
        await render(tmp_path, text, other=other)
