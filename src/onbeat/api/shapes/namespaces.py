"""What answers about namespaces, their values and their files look like: Kestra's."""

from typing import Any, Literal

from pydantic import Field

from onbeat.api.shapes.base import Instant, Shape


class Namespace(Shape):
    """A namespace. disabled: nothing is in it itself, only in those below it."""

    id: str = Field(examples=["company.team"])
    description: str | None = None
    deleted: bool
    disabled: bool


class ValueLine(Shape):
    """A value of a namespace, without itself."""

    namespace: str = Field(examples=["company.team"])
    key: str = Field(examples=["last_run"])
    type: str
    description: str | None
    creation_date: Instant
    update_date: Instant
    expiration_date: Instant | None


class ValueDetail(Shape):
    """A value."""

    type: Literal["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"]
    value: Any = Field(examples=["2026-11-21"])
    description: str | None
    updated: Instant


class Keys(Shape):
    """The keys that there were."""

    keys: list[str]


class FileShape(Shape):
    """A file or folder. Times are milliseconds since 1970."""

    file_name: str = Field(examples=["query.sql"])
    type: Literal["File", "Directory"]
    size: int
    last_modified_time: int
    creation_time: int


class FileRevision(Shape):
    """A revision of a file: there is one, the present content."""

    revision: int = 1
