"""Make the addresses of files in storage, and tell whose an address is.

An address is given on as text: in outputs, inputs and events. Whoever looks at one must be able to tell from the text alone whose file it
is, or an event could name a file of somebody else's.

Rules
1. A file of an execution is `kestra:///<namespace, dots as slashes>/<flow>/executions/<id>/…`, as Kestra has it.
2. No two namespaces share a folder: one whose parts would be read as something else (`a..b`, `a._files`, `a.executions`) keeps its dots.
3. Addresses of before, with the namespace's dots, go on working.
4. A path with `..`, an empty part or NUL is no path.

Called by: whoever keeps a file or looks at one: engine, api, plugins through their context.
"""

from typing import NamedTuple

from onbeat.core.ids import LENGTH
from onbeat.core.names import check_namespace
from onbeat.errors import UserError

SCHEME = "kestra:///"
OF_NAMESPACE = "nsfile://"
EXECUTIONS = "executions"
FILES = "_files"
"""The folder of a namespace's files."""
VALUES = "_values"
"""The folder, in an execution's, of inputs and outputs that are too large for a row."""


class Owner(NamedTuple):
    """Whose a file is. folder: the flow's."""

    folder: str
    execution: str


def namespace_folder(namespace: str) -> str:
    """Where in storage a namespace's things are."""
    parts = namespace.split(".")
    odd = any(not part or part.startswith("_") or part == EXECUTIONS for part in parts)
    return namespace if odd else "/".join(parts)


def execution_folder(namespace: str, flow: str, execution: str) -> str:
    """Where in storage an execution's files are."""
    return f"{namespace_folder(namespace)}/{flow}/{EXECUTIONS}/{execution}"


def value_folder(namespace: str, flow: str, execution: str) -> str:
    """Where in storage the values of an execution are that are too large for a row."""
    return f"{execution_folder(namespace, flow, execution)}/{VALUES}"


def task_folder(namespace: str, flow: str, execution: str, task: str, run: str, attempt: int = 1) -> str:
    """Where in storage the files are that a task run makes; a later attempt has its own, below."""
    folder = f"{execution_folder(namespace, flow, execution)}/tasks/{task.lower().replace('_', '-')}/{run}"
    return folder if attempt == 1 else f"{folder}/{attempt}"


def files_folder(namespace: str) -> str:
    """Where in storage a namespace's files are."""
    return f"{namespace_folder(namespace)}/{FILES}"


def path_of(uri: object) -> str | None:
    """The path of an address; None for what is none."""
    if not isinstance(uri, str) or not uri.startswith(SCHEME):
        return None
    path = uri.removeprefix(SCHEME)
    return path if _is_plain(path) else None


def owner_of(path: str) -> Owner | None:
    """The execution that a path belongs to; None when it is no file of an execution."""
    parts = path.split("/")
    for at in range(2, len(parts) - 2):
        if parts[at] == EXECUTIONS and len(parts[at + 1]) == LENGTH:
            return Owner("/".join(parts[:at]), parts[at + 1])
    return None


def is_of_flow(path: str, namespace: str, flow: str) -> bool:
    """Whether a path is of a file of one of the flow's executions."""
    owner = owner_of(path)
    return owner is not None and owner.folder in (f"{namespace_folder(namespace)}/{flow}", f"{namespace}/{flow}")


def is_of_execution(path: str, namespace: str, flow: str, execution: str) -> bool:
    """Whether a path is of a file of the execution."""
    owner = owner_of(path)
    return owner is not None and owner.execution == execution and is_of_flow(path, namespace, flow)


def stored(uri: str, namespace: str) -> str:
    """The address in storage of a file: `nsfile:///path` is the namespace's, `nsfile://other/path` another's. Raises UserError."""
    text = uri.strip()
    if text.startswith(OF_NAMESPACE):
        owner, _, path = text.removeprefix(OF_NAMESPACE).partition("/")
        return f"{SCHEME}{files_folder(check_namespace(owner or namespace))}/{clean(path)}"
    if path_of(text) is None:
        raise UserError(f"`{text[:200]}` is not the address of a file: write `{SCHEME}…` or `{OF_NAMESPACE}/…`")
    return text


def namespace_file_of(path: str) -> tuple[str, str] | None:
    """The namespace and the path in it that a path in storage means; None when it is no namespace's file."""
    parts = path.split("/")
    if FILES not in parts[1:-1]:
        return None
    at = parts.index(FILES, 1)
    return ".".join(parts[:at]), "/".join(parts[at + 1 :])


def clean(path: str) -> str:
    """A relative path as it is kept, of a path that may begin with `/`. Raises UserError for one that leads out, or is none."""
    found = path.strip("/")
    if not _is_plain(found):
        raise UserError(f"`{path[:200]}` is not a path of a file: write it like `folder/name.txt`")
    return found


def _is_plain(path: str) -> bool:
    return "\0" not in path and all(part not in ("", ".", "..") for part in path.split("/"))
