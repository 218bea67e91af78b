"""Keep values under keys of a namespace, and read them back: across flows, executions and restarts.

Rules
1. Without `namespace` it is the flow's own; a value that is not there is looked for in the namespaces above it.
2. A value keeps its type; `kvType` says which a text is.

Called by: the runner.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from onbeat.core.durations import Duration, format_duration, parse_duration
from onbeat.core.event import Json
from onbeat.core.expressions import to_text
from onbeat.core.inputs import readers
from onbeat.core.names import lineage
from onbeat.errors import UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions

Text = Annotated[str, BeforeValidator(to_text)]
Kind = Literal["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"]


class Set(TaskOptions):
    """Keeps a value under a key: `{{ kv('KEY') }}` reads it, in any flow. With `ttl` it is gone after that time.

    Example:

    ```yaml
    tasks:
      - id: remember
        type: core.kv.Set
        key: last_order
        value: "{{ trigger.data.id }}"
        ttl: P1D
      - id: use
        type: core.log.Log
        message: "the last order is {{ kv('last_order') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.kv.Set",)

    key: Text
    """The key: letters, digits, `.`, `_` and `-`."""
    value: Any
    """The value, of any type."""
    namespace: str | None = None
    """The namespace; without it the flow's."""
    kind: Annotated[Kind, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)] | None = Field(
        None, alias="kvType"
    )
    """Its type; a text is read as one."""
    ttl: Duration | None = None
    """Time after which it is gone."""
    overwrite: bool = True
    """Whether a value that is there is replaced; else the task fails."""
    description: str | None = Field(None, alias="kvDescription")
    """What it is."""

    async def run(self, context: TaskContext) -> Outcome:
        """Keep it."""
        await context.services.values.put(
            self.namespace or context.namespace,
            self.key,
            self.value if self.kind is None else typed(self.value, self.kind),
            type=self.kind,
            ttl=None if self.ttl is None else self.ttl.total_seconds(),
            description=self.description,
            overwrite=self.overwrite,
        )
        return Outcome()


class Get(TaskOptions):
    """Gives the value of a key: `{{ outputs.ID.value }}`, null when there is none. `{{ kv('KEY') }}` does the same in an expression.

    Example:

    ```yaml
    tasks:
      - id: rate
        type: core.kv.Get
        key: exchange_rate
        namespace: company
      - id: use
        type: core.log.Log
        message: "{{ outputs.rate.value ?? 'no rate is kept' }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.kv.Get",)

    key: Text
    """The key."""
    namespace: str | None = None
    """The namespace, and only that; without it the flow's and those above it."""
    error_on_missing: bool = Field(False, alias="errorOnMissing")
    """Whether the task fails when there is no value."""

    async def run(self, context: TaskContext) -> Outcome:
        """Read it."""
        for namespace in [self.namespace] if self.namespace not in (None, context.namespace) else lineage(context.namespace):
            found = await context.services.values.get(namespace or context.namespace, self.key)
            if found is not None:
                return Outcome(outputs={"value": found.value})
        if self.error_on_missing:
            raise TaskFailed(f"there is no value `{self.key}` in namespace {self.namespace or context.namespace}")
        return Outcome(outputs={"value": None})


class GetKeys(TaskOptions):
    """Lists the keys of a namespace that begin with `prefix`: `{{ outputs.ID.keys }}`, in order.

    Example:

    ```yaml
    tasks:
      - id: customers
        type: core.kv.GetKeys
        prefix: customer.
      - id: use
        type: core.log.Log
        message: "{{ outputs.customers.keys | length }} customers are known"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.kv.GetKeys",)

    prefix: Text = ""
    """How the keys begin."""
    namespace: str | None = None
    """The namespace; without it the flow's."""

    async def run(self, context: TaskContext) -> Outcome:
        """List them."""
        found = await context.services.values.entries(self.namespace or context.namespace, self.prefix)
        return Outcome(outputs={"keys": [value.key for value in found]})


class Delete(TaskOptions):
    """Removes the value of a key; `{{ outputs.ID.deleted }}` says whether there was one.

    Example:

    ```yaml
    tasks:
      - id: forget
        type: core.kv.Delete
        key: last_order
      - id: use
        type: core.log.Log
        message: "{{ outputs.forget.deleted ? 'forgotten' : 'nothing was kept' }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.kv.Delete",)

    key: Text
    """The key."""
    namespace: str | None = None
    """The namespace; without it the flow's."""
    error_on_missing: bool = Field(False, alias="errorOnMissing")
    """Whether the task fails when there is no value."""

    async def run(self, context: TaskContext) -> Outcome:
        """Remove it."""
        namespace = self.namespace or context.namespace
        deleted = await context.services.values.delete(namespace, self.key)
        if self.error_on_missing and not deleted:
            raise TaskFailed(f"there is no value `{self.key}` in namespace {namespace}")
        return Outcome(outputs={"deleted": deleted})


class PurgeBehavior(BaseModel):
    """What is removed: those that have expired, or with `expiredOnly: false` all. Of a `version` nothing: there is one of each value."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    type: Literal["key", "version"] = "key"
    """Of `version` there is nothing to remove: onbeat keeps one version of a value."""
    expired_only: bool = Field(True, alias="expiredOnly")
    """Whether values stay that have not expired."""
    before: str | None = None
    """Taken for Kestra's sake."""
    keep_amount: int | None = Field(None, alias="keepAmount")
    """Taken for Kestra's sake."""


class PurgeKV(TaskOptions):
    """Removes values that have expired, of many namespaces at once; `{{ outputs.ID.size }}` says how many.

    They are not seen any more as it is, and are removed within the hour; with `behavior: {type: key, expiredOnly: false}` it removes values
    that have not expired.

    Example:

    ```yaml
    tasks:
      - id: purge
        type: core.kv.PurgeKV
        namespaces:
          - company
        keyPattern: "session_*"
      - id: use
        type: core.log.Log
        message: "{{ outputs.purge.size }} values are gone"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.kv.PurgeKV",)

    namespaces: list[str] | None = None
    """The namespaces; without them all."""
    namespace_pattern: str | None = Field(None, alias="namespacePattern")
    """A pattern of namespaces, instead of `namespaces`."""
    include_child_namespaces: bool = Field(True, alias="includeChildNamespaces")
    """Whether those below `namespaces` are meant too."""
    key_pattern: str = Field("*", alias="keyPattern")
    """Only keys that fit."""
    behavior: PurgeBehavior = PurgeBehavior()
    """What is removed."""
    expired_only: bool | None = Field(None, alias="expiredOnly")
    """The older way to say `behavior.expiredOnly`."""

    @model_validator(mode="after")
    def _one_choice(self) -> "PurgeKV":
        if self.namespaces is not None and self.namespace_pattern is not None:
            raise ValueError("write `namespaces` or `namespacePattern`, not both")
        return self

    async def run(self, context: TaskContext) -> Outcome:
        """Remove them."""
        values, gone = context.services.values, 0
        expired_only = self.behavior.expired_only if self.expired_only is None else self.expired_only
        if self.expired_only is None and self.behavior.type == "version":
            return Outcome(outputs={"size": 0, "count": 0})
        for namespace in filter(self._wants, await values.namespaces()):
            gone += await values.purge(namespace, self.key_pattern)
            if not expired_only:
                for value in await values.entries(namespace):
                    if fnmatchcase(value.key, self.key_pattern):
                        gone += await values.delete(namespace, value.key)
        return Outcome(outputs={"size": gone, "count": gone})

    def _wants(self, namespace: str) -> bool:
        if self.namespaces is None:
            return fnmatchcase(namespace, self.namespace_pattern or "*")
        return any(namespace == each or (self.include_child_namespaces and namespace.startswith(f"{each}.")) for each in self.namespaces)


def typed(value: Json, kind: Kind) -> Json:
    """The value as one of that kind. Raises UserError."""
    try:
        return _TYPED[kind](value)
    except (ValueError, UserError) as wrong:
        raise UserError(f"`value` is not a {kind}: {str(wrong) or 'it cannot be read as one'}") from None


def _number(value: Json) -> Json:
    try:
        return readers.read_integer(value)
    except ValueError:
        return readers.read_number(value)


_TYPED: dict[Kind, Callable[[Json], Json]] = {
    "STRING": to_text,
    "NUMBER": _number,
    "BOOLEAN": readers.read_boolean,
    "DATETIME": lambda value: readers.write_datetime(readers.read_datetime(value)),
    "DATE": lambda value: readers.read_date(value).isoformat(),
    "DURATION": lambda value: format_duration(parse_duration(to_text(value))),
    "JSON": readers.read_json,
}

PROVIDES = (Set, Get, GetKeys, Delete, PurgeKV)
