"""Hold the flows that are served, and the revisions that running executions are pinned to.

An execution goes on with the revision it started with, whatever is edited meanwhile: the store keeps each revision's source before
its first use, and this gives it back, parsed once.

Called by: loader puts flows in, intake and engine take them out.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from onbeat.core.expressions import Template, compile_value
from onbeat.core.flow import Flow, PluginDefault, RunnableTask, TaskSpec
from onbeat.core.parse import parse_flow
from onbeat.core.plan.for_each import ForEach
from onbeat.core.plan.subflow import Subflow
from onbeat.errors import NotFound
from onbeat.ports import Store

_KEPT = 512
WIDE = 500
"""Task runs at once from which on deciding is no work for the loop."""


class LoadedFlow:
    """A revision of a flow with what is compiled of it. wide: whether a loop of it may work on more than WIDE values at once."""

    __slots__ = ("_templates", "flow", "path", "wide")

    def __init__(self, flow: Flow, path: str | None = None) -> None:
        self.flow = flow
        self.path = path
        self.wide = any(isinstance(task, ForEach) and not 0 < task.limit <= WIDE for task in flow.all_tasks())
        self._templates: dict[str, Template] = {}

    def template(self, task: str) -> Template:
        """The compiled options of a task."""
        template = self._templates.get(task)
        if template is None:
            template = self._templates[task] = compile_value(_options(self.flow.by_id[task]))
        return template


def _options(spec: TaskSpec) -> dict[str, Any]:
    if isinstance(spec, RunnableTask):
        return spec.options
    if isinstance(spec, Subflow):
        options = {"namespace": spec.namespace, "flowId": spec.flow_id, "inputs": spec.inputs, "labels": spec.labels}
        return options if spec.schedule_date is None else {**options, "scheduleDate": spec.schedule_date}
    return {}


class Catalog:
    """The flows by name. `served` is what new executions start with; older revisions come from the store.

    defaults: the server's own plugin defaults.
    """

    def __init__(self, store: Store, defaults: Sequence[PluginDefault] = ()) -> None:
        self._store = store
        self._defaults = defaults
        self._served: dict[tuple[str, str], LoadedFlow] = {}
        self._revisions: OrderedDict[tuple[str, str, int], LoadedFlow] = OrderedDict()

    def serve(self, loaded: LoadedFlow) -> None:
        """New executions of the flow start with this revision from now on."""
        flow = loaded.flow
        self._served[flow.namespace, flow.id] = loaded
        self._keep(loaded)

    def withdraw(self, namespace: str, flow: str) -> None:
        """No new executions of it; those that run go on."""
        self._served.pop((namespace, flow), None)

    def served(self) -> list[LoadedFlow]:
        """The served flows, by name."""
        return [self._served[name] for name in sorted(self._served)]

    def find(self, namespace: str, flow: str) -> LoadedFlow | None:
        """The served revision of a flow."""
        return self._served.get((namespace, flow))

    def names(self) -> list[str]:
        """`namespace.id` of the served flows."""
        return [f"{namespace}.{flow}" for namespace, flow in sorted(self._served)]

    def present(self, namespace: str, flow: str, revision: int) -> LoadedFlow | None:
        """A revision when it is in memory."""
        return self._revisions.get((namespace, flow, revision))

    async def revision(self, namespace: str, flow: str, revision: int) -> LoadedFlow:
        """A revision, from memory or the store. Raises NotFound."""
        loaded = self._revisions.get((namespace, flow, revision))
        if loaded is not None:
            return loaded
        stored = await self._store.flow(namespace, flow, revision)
        if stored is None:
            raise NotFound(f"the store has no revision {revision} of flow {namespace}.{flow}")
        parsed, _ = parse_flow(stored.source, stored.path or f"{namespace}.{flow}.yaml", self._defaults)
        loaded = LoadedFlow(parsed.model_copy(update={"revision": revision}), stored.path)
        self._keep(loaded)
        return loaded

    def _keep(self, loaded: LoadedFlow) -> None:
        flow = loaded.flow
        self._revisions[flow.namespace, flow.id, flow.revision] = loaded
        self._revisions.move_to_end((flow.namespace, flow.id, flow.revision))
        while len(self._revisions) > _KEPT + len(self._served):
            self._revisions.popitem(last=False)
