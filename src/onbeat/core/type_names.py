"""Read and write the names of types: Kestra's, old and new, and onbeat's own mean the same.

Rules
1. `io.kestra.plugin.core.log.Log`, `io.kestra.core.tasks.log.Log` and `core.log.Log` are one type.
2. What only onbeat has keeps its name when Kestra's clients are told.

Called by: flow, trigger and conditions when they are read, shape when they are shown, the registry.
"""

_PREFIXES = (
    ("io.kestra.plugin.", ""),
    ("io.kestra.core.tasks.flows.", "core.flow."),
    ("io.kestra.core.tasks.executions.", "core.execution."),
    ("io.kestra.core.tasks.debugs.", "core.debug."),
    ("io.kestra.core.tasks.scripts.", "scripts.shell."),
    ("io.kestra.core.tasks.states.", "core.state."),
    ("io.kestra.core.tasks.storages.", "core.storage."),
    ("io.kestra.core.tasks.", "core."),
    ("io.kestra.core.models.triggers.types.", "core.trigger."),
    ("io.kestra.core.models.conditions.types.", "core.condition."),
    ("io.onbeat.", ""),
)


def short_type(name: str) -> str:
    """The type's name as onbeat writes it: Kestra's package prefixes, old and new, taken off."""
    for prefix, replacement in _PREFIXES:
        if name.startswith(prefix):
            return replacement + name[len(prefix) :]
    return name


_OURS = (
    "core.event.",
    "core.trigger.Event",
    "core.trigger.File",
    "core.flow.WaitForEvent",
    "files.",
    "python.",
    "kafka.EventTrigger",
    "mqtt.EventTrigger",
)


def long_type(name: str) -> str:
    """The type's name as Kestra writes it; what only onbeat has keeps its name."""
    return name if "." not in name or name.startswith((*_OURS, "io.")) else f"io.kestra.plugin.{name}"


def long_types(name: str) -> tuple[str, ...]:
    """All names that `short_type` reads as this one, Kestra's present one first."""
    return tuple(prefix + name.removeprefix(short) for prefix, short in _PREFIXES if name.startswith(short))
