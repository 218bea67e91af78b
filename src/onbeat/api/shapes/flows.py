"""What answers about flows look like: Kestra's."""

from pydantic import Field

from onbeat.api.shapes.base import Free, Instant, Label, Shape

_TASK = {"id": "hello", "type": "io.kestra.plugin.core.log.Log", "message": "Hello"}
_TRIGGER = {"id": "daily", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "0 9 * * *"}
_SOURCE = "id: hello\nnamespace: company.team\ntasks:\n  - id: hello\n    type: io.kestra.plugin.core.log.Log\n    message: Hello\n"


class FlowShape(Shape):
    """A flow as its text says it. file: where it is, on the server; null where it is in the store."""

    id: str = Field(examples=["hello"])
    namespace: str = Field(examples=["company.team"])
    revision: int = Field(ge=1)
    updated: Instant
    description: str | None = None
    disabled: bool
    draft: bool
    deleted: bool
    labels: list[Label]
    inputs: list[Free]
    outputs: list[Free] | None = None
    variables: Free | None = None
    tasks: list[Free] = Field(examples=[[_TASK]])
    errors: list[Free] | None = None
    finally_: list[Free] | None = Field(None, alias="finally")
    after_execution: list[Free] | None = None
    triggers: list[Free] = Field(examples=[[_TRIGGER]])
    schedule: Free | None = None
    concurrency: Free | None = None
    retry: Free | None = None
    sla: list[Free] | None = None
    checks: list[Free] | None = None
    plugin_defaults: list[Free] | None = None
    file: str | None


class FlowWithSource(FlowShape):
    """A flow and its text. exception: what is wrong with a revision that cannot be read any more."""

    source: str | None = Field(None, examples=[_SOURCE])
    exception: str | None = None


class SourceMatch(Shape):
    """Where the text was found, counted from 1."""

    line: int
    column: int
    snippet: str


class SourceFound(Shape):
    """A flow in whose text it was found. model, fragments: as Kestra 1 shows it; the rest as Kestra 2 does."""

    model_config = Shape.model_config | {"protected_namespaces": ()}

    model: FlowShape
    fragments: list[str] = Field(examples=[["    message: [mark]Hello[/mark]"]])
    namespace: str
    id: str
    editable: bool
    matches: list[SourceMatch]


class Validity(Shape):
    """What is wrong with one flow of a text. constraints: nothing where it is right. outdated: there is a newer revision than it names."""

    index: int
    filename: str | None = None
    namespace: str | None = None
    flow: str | None = None
    constraints: str | None = Field(None, examples=["4:3: unknown key `mesage`; did you mean `message`?"])
    outdated: bool = False
    deprecation_paths: list[str]
    warnings: list[str]
    infos: list[str]


class Expression(Shape):
    """Something that an expression can name."""

    expression: str = Field(examples=["{{ inputs.name }}"])
    type: str | None = Field(examples=["STRING"])


class Running(Shape):
    """How many executions of a flow run at once, and how many may."""

    tenant_id: str
    namespace: str
    flow_id: str
    running: int
    limit: int
    behavior: str


class Changed(Shape):
    """How many flows were changed; with `dryRun`, how many would be."""

    count: int
