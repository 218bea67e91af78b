"""What answers about plugins look like: Kestra's."""

from pydantic import Field

from onbeat.api.shapes.base import Free, Shape


class Element(Shape):
    """A type of task, trigger or condition."""

    cls: str = Field(examples=["io.kestra.plugin.core.log.Log"])
    title: str
    description: str
    deprecated: bool


class Plugin(Shape):
    """Types that belong together."""

    name: str
    title: str
    group: str = Field(examples=["io.kestra.plugin.core"])
    sub_group: str | None
    tasks: list[Element]
    triggers: list[Element]
    conditions: list[Element]


class PluginSchema(Shape):
    """The JSON Schema of its properties, and what that refers to."""

    properties: Free
    outputs: Free | None
    definitions: Free


class Page(Shape):
    """What a type can do."""

    model_config = Shape.model_config | {"protected_namespaces": ()}

    markdown: str
    schema_: PluginSchema = Field(alias="schema")


class InputType(Shape):
    """A type of input."""

    type: str = Field(examples=["STRING"])
    cls: str


class TriggerType(Shape):
    """A type of trigger."""

    id: str
    name: str
    description: str
    group: str
    cls: str


class Versions(Shape):
    """The versions of a type that are here: one."""

    type: str
    versions: list[str]
