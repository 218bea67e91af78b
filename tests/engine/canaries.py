"""Fifty secrets that are known when they are seen again, and how to look for them: by means of its own, not by the mask's."""

import base64
import json
import random
import string
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

COUNT = 50


def make(seed: int) -> list[str]:
    """The canaries: each with something that every encoding writes in its own way."""
    chance = random.Random(seed)
    letters = string.ascii_letters + string.digits
    return [f'cnry{number:02d}"é/\\{"".join(chance.choices(letters, k=18))}' for number in range(COUNT)]


def encodings(canary: str) -> dict[str, list[bytes]]:
    """What of it is written, by the name of the encoding."""
    data = canary.encode()
    shifted = [base64.b64encode(bytes(before) + data)[(0, 2, 3)[before] :][:24] for before in range(3)]
    return {
        "plain": [data],
        "json": [json.dumps(canary)[1:-1].encode(), json.dumps(canary, ensure_ascii=False)[1:-1].encode()],
        "url": [quote(canary, safe="").encode(), quote(canary).encode()],
        "hex": [data.hex().encode(), data.hex().upper().encode()],
        "base64": [*shifted, *(code.replace(b"+", b"-").replace(b"/", b"_") for code in shifted)],
        "its tail": [data[-16:], data[-16:][::-1], data[-16:].upper()],
    }


def found_in(content: bytes, canaries: list[str]) -> Iterator[tuple[str, str]]:
    """Which canaries are there, and in which encoding."""
    for canary in canaries:
        for name, written in encodings(canary).items():
            if any(form in content for form in written):
                yield canary, name


def found_under(folder: Path, canaries: list[str]) -> list[tuple[str, str, str]]:
    """Which canaries are in the files of a folder: file, canary, encoding."""
    return [
        (path.relative_to(folder).as_posix(), canary, encoding)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for canary, encoding in found_in(path.read_bytes(), canaries)
    ]
