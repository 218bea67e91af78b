"""Show things to people: columns, times of day, states in colour; JSON for programs.

Rules
1. Colours go to terminals only, and never carry meaning alone.
2. What others wrote cannot move the cursor: control characters are shown, not sent.

Called by: every command that prints.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

_COLOURS = {
    "SUCCESS": "green",
    "WARNING": "yellow",
    "FAILED": "red",
    "KILLED": "red",
    "CANCELLED": "red",
    "KILLING": "red",
    "RUNNING": "blue",
    "PAUSED": "magenta",
    "RETRYING": "yellow",
    "ERROR": "red",
    "WARN": "yellow",
    "ready": "green",
    "failing": "red",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDEST = 60


def out(text: str = "") -> None:
    """One line on stdout."""
    typer.echo(text)


def put_json(content: Any) -> None:
    """Exactly one JSON document on stdout, in one line, in UTF-8."""
    typer.echo(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def plain(text: object) -> str:
    """Text from outside, with control characters made visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(text))


def state(name: str, width: int = 0) -> str:
    """A state or level in its colour."""
    return typer.style(name.ljust(width), fg=_COLOURS.get(name))


def dim(text: str) -> str:
    """Beside the point."""
    return typer.style(text, dim=True)


def clock(text: str | None) -> str:
    """An ISO instant as this place's time of day, with milliseconds."""
    return "" if not text else datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S.%f")[:-3]


def when(text: str | None) -> str:
    """An ISO instant as this place's date and time."""
    return "" if not text else datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(shown: Mapping[str, Any]) -> str:
    """How long a state's owner took so far, as of its JSON; empty while it runs."""
    if not shown.get("endDate"):
        return ""
    took = datetime.fromisoformat(shown["endDate"]) - datetime.fromisoformat(shown["startDate"])
    return seconds(took.total_seconds())


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def compact(value: Any, width: int = _WIDEST) -> str:
    """A value as JSON in one line, cut where it grows too long."""
    return cut(plain(json.dumps(value, ensure_ascii=False)), width)


def cut(text: str, width: int) -> str:
    """Text that is no longer than that."""
    return text if len(text) <= width else text[: width - 1] + "…"


def table(titles: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Rows under titles. The last column is as wide as it is; a state is coloured."""
    if not rows:
        typer.echo(empty, err=True)
        return
    shown = [[plain("" if cell is None else cell) for cell in row] for row in rows]
    widths = [max(len(title), *(len(row[at]) for row in shown)) for at, title in enumerate(titles)]
    out(typer.style("  ".join(title.ljust(width) for title, width in zip(titles, widths, strict=True)).rstrip(), bold=True))
    for row in shown:
        cells = [state(cell, width) if cell in _COLOURS else cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        out("  ".join(cells).rstrip())
