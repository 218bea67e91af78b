"""Answer the functions `encrypt` and `decrypt` as Kestra does, so that each reads what the other wrote.

AES-GCM: base64 of a nonce of 12 bytes, what is encrypted, and its tag. The key is base64 of 16, 24 or 32 bytes: `secret('NAME')`.

Called by: outside_late.py, which loads this module, and the library with it, with the first call.
"""

import base64
import binascii
import os
from typing import Any

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError
from onbeat.engine.arguments import bound, text_of
from onbeat.engine.cipher import AESGCM, InvalidTag

_NONCE = 12
_LENGTHS = (16, 24, 32)


async def encrypt(asked: object, arguments: tuple[Any, ...]) -> Json:
    """The text, encrypted with the key. Null and an empty text stay what they are."""
    given = bound("encrypt", arguments, "key", "plaintext")
    if not given["plaintext"]:
        return given["plaintext"]
    nonce = os.urandom(_NONCE)
    sealed = _cipher("encrypt", given["key"]).encrypt(nonce, text_of("encrypt", "plaintext", given["plaintext"]).encode(), None)
    return base64.b64encode(nonce + sealed).decode()


async def decrypt(asked: object, arguments: tuple[Any, ...]) -> Json:
    """The text that was encrypted with the key. Raises ExpressionError when it was another key, or the text was changed."""
    given = bound("decrypt", arguments, "key", "encrypted")
    if not given["encrypted"]:
        return given["encrypted"]
    cipher = _cipher("decrypt", given["key"])
    try:
        data = base64.b64decode(text_of("decrypt", "encrypted", given["encrypted"]), validate=True)
        return cipher.decrypt(data[:_NONCE], data[_NONCE:], None).decode()
    except (InvalidTag, ValueError):
        raise ExpressionError("the function `decrypt` got a text that was not encrypted with this key") from None


def _cipher(function: str, key: object) -> AESGCM:
    try:
        found = base64.b64decode(text_of(function, "key", key), validate=True)
    except binascii.Error:
        found = b""
    if len(found) not in _LENGTHS:
        raise ExpressionError(f"the function `{function}` takes a key that is base64 of 16, 24 or 32 bytes")
    return AESGCM(found)


ANSWERS = {"encrypt": encrypt, "decrypt": decrypt}
