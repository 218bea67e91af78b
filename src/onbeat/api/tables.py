"""Write rows as a table for a spreadsheet: CSV.

Rules
1. A text that a spreadsheet would take for a formula begins with an apostrophe.

Called by: the routes that export.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], name: str) -> Response:
    """A file of that name with these columns of the rows."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(csv_text(columns, rows), headers=headers, media_type="text/csv")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, head: bool = True) -> str:
    """The rows as CSV. head: with the names of the columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | list() | dict():
            return orjson.dumps(value).decode()
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return str(value)
