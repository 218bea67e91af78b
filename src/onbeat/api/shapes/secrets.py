"""Secrets as the API shows them: by name, never by value."""

from pydantic import Field

from onbeat.api.shapes.base import Instant, Shape


class SecretMeta(Shape):
    """A secret."""

    namespace: str = Field(examples=["company.team"])
    key: str = Field(examples=["GITHUB_TOKEN"])
    description: str | None = Field(None, examples=["may read the repository"])
    tags: list[str] = Field([], description="Kestra's; onbeat keeps none.")
    update_date: Instant | None = None


class Secrets(Shape):
    """Secrets in a list."""

    read_only: bool = Field(False, description="Whether they are somebody else's to change; here they never are.")
    results: list[SecretMeta]
    total: int


class Rotated(Shape):
    """A new key."""

    key_id: str = Field(description="Its id: each sealed text begins with it.")
    secrets: int = Field(description="How many were sealed by it.")
