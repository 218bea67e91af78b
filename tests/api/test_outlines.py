"""What is shown of a flow to who may start it."""

from onbeat.api.outlines import flow_outline
from onbeat.api.shapes.executions import FlowOutline
from onbeat.core.parse import parse_flow

FLOW = """
id: f
namespace: t
labels: {team: blue}
inputs: [{id: name, type: STRING}]
tasks:
  - {id: say, type: core.log.Log, message: "the secret plan"}
  - id: if
    type: core.flow.If
    condition: "{{ true }}"
    then: [{id: child, type: core.flow.Subflow, namespace: t, flowId: other}]
errors: [{id: bad, type: core.log.Log, message: bad}]
triggers: [{id: hook, type: core.trigger.Webhook, key: hidden}]
"""


def test_a_flow_is_shown_by_what_it_is() -> None:
    """Tasks and triggers by id and type with those inside, subflows by name; no property of a task, no key of a webhook."""
    flow, _ = parse_flow(FLOW, "f.yaml")
    shown = flow_outline(flow)
    FlowOutline.model_validate(shown)
    assert [each["id"] for each in shown["tasks"]] == ["say", "if"]
    assert shown["tasks"][1]["tasks"][0]["subflowId"] == {"namespace": "t", "flowId": "other", "revision": None}
    assert shown["triggers"] == [{"id": "hook", "type": "io.kestra.plugin.core.trigger.Webhook"}]
    assert shown["labels"] == [{"key": "team", "value": "blue"}]
    assert "plan" not in str(shown)
    assert "hidden" not in str(shown)
