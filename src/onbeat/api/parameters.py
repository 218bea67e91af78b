"""Say in the document what a text of a query or a body looks like where its handler reads it itself.

A pattern that the framework checks refuses with a pattern; the handler refuses with the right word. So the document has the pattern, and
the handler checks: both must say the same, which the requests of `make schema` hold against each other.

Called by: the models of queries and bodies.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from onbeat.core.names import NAMESPACE, NAMESPACE_LENGTH
from onbeat.core.states import TERMINATED, State
from onbeat.engine.tasklog import LEVELS

_PART = r"(?!\.{1,2}(?:/|$))[^/\x00]+"

Instant = Annotated[str, Field(json_schema_extra={"anyOf": [{"format": "date-time"}, {"maxLength": 0}]})]
"""An instant, such as 2026-11-21T12:00:00Z; an empty one is none."""
Label = Annotated[str, Field(json_schema_extra={"pattern": r"^([^:]+:[\s\S]+)?$"})]
"""A label as key:value; an empty one asks for nothing."""
Labels = Annotated[list[Label], Field(description="Each as key:value.", examples=[["team:blue"]])]
FilePath = Annotated[str, Query(min_length=1, json_schema_extra={"pattern": rf"^/*{_PART}(?:/{_PART})*/*$"}, examples=["folder/name.txt"])]
"""The path of a file or folder of a namespace."""
FolderPath = Annotated[str, Query(json_schema_extra={"pattern": rf"^/*(?:{_PART}(?:/{_PART})*/*)?$"}, examples=["folder"])]
"""The same, where none is the folder that all are in."""
FileUri = Annotated[str, Query(min_length=1, examples=["kestra:///…"])]
"""The address of a file of an execution."""
Scopes = Annotated[list[Annotated[str, Field(json_schema_extra={"enum": ["", "USER", "SYSTEM"]})]], Field(description="USER, SYSTEM.")]
NamespaceName = Annotated[str, Field(json_schema_extra={"pattern": NAMESPACE, "maxLength": NAMESPACE_LENGTH})]
PageSize = Annotated[int | None, Query(description="Rows of a page: 25 unless told otherwise, 1,000 at most.")]
PageNumber = Annotated[int | None, Query(description="Which page, from 1.")]


AnyState = Annotated[str, Field(json_schema_extra={"enum": ["", *State]})]
"""A state; an empty one asks for nothing."""
StateName = Annotated[str, Field(json_schema_extra={"enum": [*State]})]
EndedState = Annotated[str, Field(json_schema_extra={"enum": sorted(TERMINATED)})]
Level = Annotated[str, Field(json_schema_extra={"enum": ["", *LEVELS]})]
TimeRange = Annotated[str, Field(json_schema_extra={"pattern": "^(P[0-9]{1,3}D|PT[0-9]{1,3}[HM])?$"})]
"""How long ago; an empty one is none."""


def sort_field(names: Iterable[str]) -> Any:
    """`sort=FIELD:asc` of these fields, as a field of a model."""
    known = sorted(names)
    pattern = f"^(({'|'.join(map(re.escape, known))})(:(asc|desc))?)?$"
    shown: dict[str, Any] = {"items": {"type": "string", "pattern": pattern}}
    return Field([], description="As field:asc or field:desc.", examples=[[f"{known[0]}:asc"]], json_schema_extra=shown)


def one_of(names: Iterable[str]) -> Any:
    """That a text is one of these, for the document."""
    return Field(json_schema_extra={"enum": [*names]})
