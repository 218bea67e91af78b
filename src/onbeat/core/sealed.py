"""Stand for the value of a SECRET input, which is kept encrypted.

In rows a sealed value is Kestra's map {"type": "io.kestra.datatype:aes_encrypted", "value": text} in the place of the value. For
expressions it is a Ref: touching it asks the shell to open it, so the clear value is never in what is decided or written.

Rules
1. Only inputs that the flow declares as SECRET are opened; data that looks like a sealed value by itself stays data.
2. What the shell is asked to open names the input, so that a sealed value that was moved elsewhere opens nothing.

Called by: context for expressions, engine/payloads seals and opens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from onbeat.core.event import Json
from onbeat.core.refs import Ref

TYPE = "io.kestra.datatype:aes_encrypted"
_SCHEME = "sealed:"


def mark(text: str) -> dict[str, Json]:
    """What stands in the row: the encrypted text."""
    return {"type": TYPE, "value": text}


def reference(id_: str, text: str) -> Ref:
    """What stands for it in expressions."""
    return Ref(f"{_SCHEME}{id_}:{text}", len(text))


def parts_of(uri: str) -> tuple[str, str] | None:
    """The input and the encrypted text of a reference's address; None when the address is of something else."""
    if not uri.startswith(_SCHEME):
        return None
    id_, _, text = uri.removeprefix(_SCHEME).partition(":")
    return id_, text


def texts(inputs: Mapping[str, Json], ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The sealed ones of these inputs: id and encrypted text."""
    for id_ in ids:
        at: Json = dict(inputs)
        for part in id_.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, dict) and at.get("type") == TYPE and isinstance(at.get("value"), str):
            yield id_, at["value"]


def sealed_ids(inputs: Mapping[str, Json]) -> Iterator[str]:
    """The ids of the inputs that look sealed, whatever the flow declares."""
    waiting = [(name, value) for name, value in inputs.items() if isinstance(value, dict)]
    while waiting:
        id_, value = waiting.pop()
        if value.get("type") == TYPE:
            yield id_
        waiting.extend((f"{id_}.{name}", inner) for name, inner in value.items() if isinstance(inner, dict))


def opened(inputs: dict[str, Any], ids: Iterable[str]) -> dict[str, Any]:
    """The inputs as expressions see them."""
    for id_, text in texts(inputs, ids):
        inputs = _replaced(inputs, id_.split("."), reference(id_, text))
    return inputs


def sealed(inputs: dict[str, Json], ids: Iterable[str], seal: Callable[[str, str], str]) -> dict[str, Json]:
    """The inputs as a row holds them: `seal` makes the encrypted text of an input's id and its value."""
    for id_ in ids:
        at: Json = inputs
        for part in id_.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, str):
            inputs = _replaced(inputs, id_.split("."), mark(seal(id_, at)))
    return inputs


def _replaced(values: dict[str, Any], way: list[str], value: Any) -> dict[str, Any]:
    """A copy with the value at the end of the way."""
    first, *rest = way
    return {**values, first: _replaced(values[first], rest, value) if rest else value}
