"""Say which files a task's directory begins with, and which of it are kept.

Scripts and `WorkingDirectory` write the same keys, and Kestra's flows write each of them in several ways: as a map, as text that is JSON,
as the address of a file that holds it. They are read here, once.

Rules
1. What an expression gave counts as what stood there: `"true"` is true, text that is a JSON list is that list.
2. An address is a whole text on one line: a content that merely begins like one is a content.

Called by: core/plan/working_directory and script tasks for their keys, engine/workspace for what they mean.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from onbeat.core.addresses import SCHEME, execution_folder
from onbeat.core.execution import Execution
from onbeat.core.expressions import to_text, truthy
from onbeat.core.flow import Dynamic
from onbeat.core.frozen import Frozen

OF_NAMESPACE = "nsfile://"


def _texts(value: object) -> object:
    """A list of texts: the list itself, text that is a JSON list, or one text."""
    if value is None:
        return ()
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("[") and text.endswith("]"):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                return (value,)
        else:
            return (value,) if text else ()
    return tuple(to_text(item) for item in value) if isinstance(value, list | tuple) else value


def _named(value: object) -> object:
    """A map of names and contents: the map itself, text that is a JSON map, or the address of such a text."""
    if value is None:
        return {}
    if not isinstance(value, str) or is_address(value):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be a map of names and contents, JSON text that is one, or the address of such a text") from None


Text = Annotated[str, BeforeValidator(to_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
InputFiles = Annotated[dict[str, Any] | str, BeforeValidator(_named)]
"""Name -> content or address; a text is the address of JSON text that is such a map."""


class WantedFiles(Frozen):
    """Which files of which namespaces are put into a directory. include, exclude: patterns of their paths."""

    enabled: Dynamic = True
    include: Dynamic = None
    exclude: Dynamic = None
    namespaces: Dynamic = None
    folder_per_namespace: Dynamic = Field(False, alias="folderPerNamespace")
    if_exists: Dynamic = Field("OVERWRITE", alias="ifExists")

    @property
    def wanted(self) -> bool:
        """Whether any are, once it is rendered."""
        return truthy(self.enabled)


class NamespaceChoice(BaseModel):
    """WantedFiles that are rendered: what the values mean."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    include: Texts = ()
    exclude: Texts = ()
    namespaces: Texts = ()
    folder_per_namespace: bool = False
    if_exists: Annotated[str, Field(pattern="^(OVERWRITE|FAIL|WARN|IGNORE)$")] = "OVERWRITE"

    @classmethod
    def of(cls, wish: WantedFiles) -> "NamespaceChoice":
        """Raises pydantic's ValidationError for a value that means nothing."""
        return cls.model_validate({**dict(wish), "folder_per_namespace": truthy(wish.folder_per_namespace)})


class Files(Protocol):
    """What a directory begins with and what is kept of it, rendered."""

    @property
    def input_files(self) -> dict[str, Any] | str:
        """Name -> content or address, or the address of such a map."""

    @property
    def output_files(self) -> tuple[str, ...]:
        """Names or patterns."""

    @property
    def namespace_files(self) -> WantedFiles | None:
        """Which files of namespaces."""


class TaskFiles(BaseModel):
    """The keys of a WorkingDirectory, rendered, that are about files."""

    model_config = ConfigDict(frozen=True)

    input_files: InputFiles = Field(default_factory=dict, alias="inputFiles", repr=False)
    output_files: Texts = Field((), alias="outputFiles")
    namespace_files: WantedFiles | None = Field(None, alias="namespaceFiles")


def is_address(text: str) -> bool:
    """Whether a content is to be fetched: from storage, or from the files of a namespace."""
    text = text.strip()
    return text.startswith((SCHEME, OF_NAMESPACE)) and "\n" not in text


def namespace_file(address: str, own: str) -> tuple[str, str]:
    """The namespace and path of `nsfile:///path` (of the own namespace) or `nsfile://namespace/path`."""
    namespace, _, path = address.strip().removeprefix(OF_NAMESPACE).partition("/")
    return namespace or own, path


def log_path(execution: Execution, n: int, attempt: int) -> str:
    """Where storage keeps the log of an attempt whose task says `logToFile`."""
    head = execution.head
    folder = execution_folder(head.namespace, head.flow, head.id)
    return f"{folder}/logs/{execution.runs[n].task}/{execution.run_id(n)}/{attempt}.log"


def addresses(value: object) -> set[str]:
    """The addresses in storage that are somewhere in a value."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and item.startswith(SCHEME) and "\n" not in item:
            found.add(item)
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return found
