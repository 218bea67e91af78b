"""What all shapes share: Kestra's camelCase for our snake_case, and nothing that is not declared."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")
Id = Annotated[str, Field(examples=["6VqJx0s3bq0Zk1u8mD2c4e"])]
"""An execution's."""
Instant = Annotated[str, Field(examples=["2026-11-21T12:00:00.123456Z"], json_schema_extra={"format": "date-time"})]
Span = Annotated[str, Field(examples=["PT1.5S"])]
"""A length of time in ISO 8601."""


class Shape(BaseModel):
    """An object."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", defer_build=True)


class Paged(Shape, Generic[T]):
    """One page of a list. total: how many there are on all pages; lists that could be endless are counted up to 10,000, executions with a
    text (`q`) up to 1,000 or the end of the page, and one more means that there are more."""

    results: list[T]
    total: int


class Label(Shape):
    """A label."""

    key: str = Field(examples=["team"])
    value: str = Field(examples=["blue"])


class Invalid(Shape):
    """One that the change cannot be made to."""

    message: str = Field(examples=["execution not found"])
    invalid_value: str = Field(examples=["6VqJx0s3bq0Zk1u8mD2c4e"])
    path: str = Field(examples=["execution"])


class Done(Shape):
    """How many were changed; with `dryRun`, how many would be. refused: of a change by query, those that changed meanwhile."""

    count: int
    refused: list[Invalid] | None = None


class Refusal(Shape):
    """Why nothing was changed, as a problem and as Kestra's bulk error."""

    type: str
    title: str
    status: int
    detail: str
    message: str
    invalids: list[Invalid]


Free = dict[str, Any]
"""An object whose names are not known before."""
