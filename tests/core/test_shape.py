"""Kestra's JSON of executions: what its clients and the CLI's `run --json` show."""

from onbeat.core.decide import decided
from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head, Trigger
from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.core.shape import execution_json
from onbeat.core.signals import Begin, Dispatched, TaskEnded
from onbeat.core.states import State

FLOW = """
id: f
namespace: t
tasks:
  - id: each
    type: core.flow.ForEach
    values: [x]
    tasks:
      - {id: a, type: core.log.Log, message: m}
      - {id: never, type: core.log.Log, message: m, when: "{{ false }}"}
"""


def run() -> tuple[Execution, Flow]:
    """An execution of FLOW to its end."""
    flow, _ = parse_flow(FLOW, "f.yaml")
    trigger = Trigger("on", "x", {"a": 1})
    head = Head(id="e", namespace="t", flow="f", revision=3, created=0, correlation_id="root", parent="p", trigger=trigger)
    execution = create(head)
    for signal in (Begin(), Dispatched(2), TaskEnded(2, 1, State.SUCCESS, {"o": 1})):
        _, execution = decided(flow, execution, [signal], execution.version * 1_000_000)
    return execution, flow


def test_an_execution_is_kestras() -> None:
    """State with its history, labels as a list with the correlation id, where it came from."""
    shown = execution_json(*run())
    assert (shown["id"], shown["flowId"], shown["flowRevision"], shown["parentId"]) == ("e", "f", 3, "p")
    assert shown["state"]["current"] == "SUCCESS"
    assert [each["state"] for each in shown["state"]["histories"]] == ["CREATED", "RUNNING", "SUCCESS"]
    assert shown["state"]["startDate"] == "1970-01-01T00:00:00.000000Z"
    assert shown["state"]["endDate"] > shown["state"]["startDate"]
    assert shown["labels"] == [{"key": "system.correlationId", "value": "root"}]
    assert shown["trigger"] == {"id": "on", "type": "x", "variables": {"a": 1}}
    assert "error" not in shown


def test_when_it_is_to_start_is_told() -> None:
    """As Kestra does; one that was not scheduled has no such date."""
    head = Head(id="e", namespace="t", flow="f", revision=3, created=0, correlation_id="e", scheduled=2_500_000)
    assert execution_json(create(head))["scheduleDate"] == "1970-01-01T00:00:02.500000Z"
    assert "scheduleDate" not in execution_json(*run())


def test_task_runs_are_in_order_with_their_loop_value() -> None:
    """A flowable has no attempts, a skipped one has one, a loop's direct child its value."""
    each, a, never = execution_json(*run())["taskRunList"]
    assert "attempts" not in each
    assert (a["value"], a["iteration"], a["parentTaskRunId"], a["outputs"]) == ("x", 0, each["id"], {"o": 1})
    assert [attempt["state"]["current"] for attempt in a["attempts"]] == ["SUCCESS"]
    assert (never["state"]["current"], len(never["attempts"])) == ("SKIPPED", 1)
