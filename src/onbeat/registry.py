"""Find the class of a task's or a source's type name; import its plugin on first use only.

A daemon whose flows use two plugins imports two: a Kafka client costs nobody who has no Kafka. Plugins from outside come by the
entry point group `onbeat.plugins` (a module with PROVIDES); their metadata is read without importing them.

Rules
1. An unknown type is an error with the nearest right name; a missing library says what to install.
2. Nothing registers itself.

Called by: loader and runner, the CLI for lists.
"""

import importlib
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points

from onbeat.core.flow import PluginDefault
from onbeat.core.names import did_you_mean
from onbeat.core.type_names import short_type
from onbeat.errors import UserError
from onbeat.ports import SourceOptions, TaskOptions

TASKS: dict[str, str] = {
    "core.log.Log": "log",
    "core.log.Fetch": "log",
    "core.log.PurgeLogs": "log",
    "core.metric.Publish": "metric",
    "core.templating.TemplatedTask": "templating",
    "core.trigger.Toggle": "trigger",
    "core.debug.Return": "debug",
    "core.debug.Echo": "debug",
    "core.debug.Version": "debug",
    "core.output.OutputValues": "output",
    "core.execution.Fail": "execution",
    "core.execution.Exit": "execution",
    "core.execution.Assert": "execution",
    "core.execution.Labels": "execution",
    "core.execution.SetVariables": "execution",
    "core.execution.UnsetVariables": "execution",
    "core.execution.Count": "execution",
    "core.execution.Resume": "execution",
    "core.execution.Kill": "execution",
    "core.execution.PurgeExecutions": "execution",
    "core.kv.Set": "kv",
    "core.kv.Get": "kv",
    "core.kv.GetKeys": "kv",
    "core.kv.Delete": "kv",
    "core.kv.PurgeKV": "kv",
    "core.state.Set": "state",
    "core.state.Get": "state",
    "core.state.Delete": "state",
    "core.storage.Write": "storage",
    "core.storage.Concat": "storage",
    "core.storage.Size": "storage",
    "core.storage.Delete": "storage",
    "core.storage.PurgeCurrentExecutionFiles": "storage",
    "core.storage.PurgeExecution": "storage",
    "core.storage.LocalFiles": "storage",
    "core.storage.Split": "items",
    "core.storage.Reverse": "items",
    "core.storage.FilterItems": "items",
    "core.storage.DeduplicateItems": "items",
    "core.namespace.UploadFiles": "namespace",
    "core.namespace.DownloadFiles": "namespace",
    "core.namespace.DeleteFiles": "namespace",
    "core.namespace.PurgeFiles": "namespace",
    "core.http.Request": "http",
    "core.http.Download": "http",
    "core.http.SseRequest": "http",
    "core.flow.Sleep": "flow",
    "core.flow.PurgeFlows": "revision",
    "core.flow.ForEachItemMerge": "flow",
    "core.event.Publish": "event",
    "scripts.shell.Script": "scripts",
    "scripts.shell.Commands": "scripts",
    "scripts.python.Script": "scripts",
    "scripts.python.Commands": "scripts",
    "scripts.node.Script": "scripts",
    "scripts.node.Commands": "scripts",
    "python.Call": "python",
    "kafka.Produce": "kafka",
    "mqtt.Publish": "mqtt",
}
"""Task type -> module in onbeat.plugins."""

SOURCES: dict[str, str] = {
    "core.trigger.Webhook": "webhook",
    "core.trigger.Schedule": "schedule",
    "core.trigger.ScheduleOnDates": "schedule",
    "core.trigger.Event": "bus",
    "core.http.Trigger": "http",
    "core.trigger.Flow": "flow_trigger",
    "files.Watch": "files",
    "core.trigger.File": "files",
    "fs.local.RealtimeTrigger": "files",
    "kafka.RealtimeTrigger": "kafka",
    "kafka.EventTrigger": "kafka",
    "mqtt.RealtimeTrigger": "mqtt",
    "mqtt.EventTrigger": "mqtt",
}
"""Source type -> module in onbeat.plugins."""

RENAMED: dict[str, str] = {
    "core.execution.Counts": "core.execution.Count",
    "core.storage.Purge": "core.execution.PurgeExecutions",
    "core.storages.Purge": "core.execution.PurgeExecutions",
    "fs.http.Download": "core.http.Download",
    "fs.http.Request": "core.http.Request",
    "fs.http.Trigger": "core.http.Trigger",
}
"""Names that Kestra had for types before -> the present ones."""


class Registry:
    """The plugins of this installation. aliases: type names that mean another one here (which bus `core.trigger.Event` is on).

    defaults: what the server fills in for types, below each flow's own `pluginDefaults`.
    """

    def __init__(self, aliases: dict[str, str] | None = None, defaults: Sequence[PluginDefault] = ()) -> None:
        self._aliases = aliases or {}
        self.defaults = tuple(defaults)
        self._tasks: dict[str, type[TaskOptions]] = {}
        self._sources: dict[str, type[SourceOptions]] = {}
        self._outside: dict[str, EntryPoint] | None = None

    def task(self, name: str) -> type[TaskOptions]:
        """The class of a task type. Raises UserError."""
        name = short_type(name)
        name = RENAMED.get(name, name)
        if name not in self._tasks:
            self._load(name, TASKS.get(name), "task")
        return self._tasks[name]

    def source(self, name: str) -> type[SourceOptions]:
        """The class of a trigger type. Raises UserError."""
        name = short_type(name)
        name = RENAMED.get(name, name)
        name = self._aliases.get(name, name)
        if name not in self._sources:
            self._load(name, SOURCES.get(name), "trigger")
        return self._sources[name]

    def names(self) -> tuple[list[str], list[str]]:
        """All task types and all trigger types, sorted."""
        return sorted(TASKS), sorted(name for name in SOURCES if not name.endswith("EventTrigger"))

    def _load(self, name: str, module: str | None, kind: str) -> None:
        for provided in self._provided(name, module, kind):
            for known in provided.names:
                if issubclass(provided, TaskOptions):
                    self._tasks[known] = provided
                else:
                    self._sources[known] = provided
        if name not in (self._tasks if kind == "task" else self._sources):
            raise self._unknown(name, kind)

    def _provided(self, name: str, module: str | None, kind: str) -> "Iterator[type[TaskOptions] | type[SourceOptions]]":
        if module is None:
            if self._outside is None:
                self._outside = {point.name: point for point in entry_points(group="onbeat.plugins")}
            point = self._outside.get(name.rpartition(".")[0]) or self._outside.get(name)
            if point is None:
                raise self._unknown(name, kind)
            yield from point.load().PROVIDES
            return
        try:
            plugin = importlib.import_module(f"onbeat.plugins.{module}")
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.startswith("onbeat"):
                raise
            raise UserError(f"`{name}` needs the library `{missing.name}`: pip install 'onbeat[{module}]'") from missing
        yield from plugin.PROVIDES

    def _unknown(self, name: str, kind: str) -> UserError:
        known = [*TASKS, *self._tasks] if kind == "task" else [*SOURCES, *self._sources]
        return UserError(f"there is no {kind} type `{name}`{did_you_mean(name, known)}")
