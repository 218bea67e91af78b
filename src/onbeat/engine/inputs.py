"""Check the inputs of a start against what the flow declares."""

from collections.abc import Callable, Mapping

from onbeat.core.event import Json
from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.flow import Flow


def renderer(flow: Flow) -> Callable[[Json, Mapping[str, Json]], Json]:
    """How defaults of a flow's inputs are evaluated: over the inputs so far and the flow's facts."""
    facts = {"flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}, "vars": flow.variables}

    def render(value: Json, names: Mapping[str, Json]) -> Json:
        template = compile_value(value)
        return value if template.constant else template.render(make_scope({**facts, **names}))

    return render
