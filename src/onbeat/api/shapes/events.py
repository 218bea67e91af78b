"""What is answered about events."""

from pydantic import Field

from onbeat.api.shapes.base import Id, Shape


class PublishedShape(Shape):
    """An event that is on its topic; on the embedded bus also what it started, and whether it was there already."""

    id: str = Field(examples=["order-17"])
    executions: list[Id] | None = None
    duplicate: bool | None = None
