"""A daemon that is killed while flows wait for an event, undo what they did, and go through a loop: the next one goes on."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.daemon import Daemon

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

WAITS = """
id: waits
namespace: t
tasks:
  - {id: answer, type: core.flow.WaitForEvent, topic: answers, key: "7", matches: "{{ event.data.good }}"}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.answer.data.said }}"}
"""

UNDOES = """
id: undoes
namespace: t
inputs: [{id: gate, type: STRING}]
tasks:
  - id: first
    type: core.debug.Return
    format: "1"
    compensate: [{id: undo_first, type: core.log.Log, message: "undone {{ compensated.outputs.value }}"}]
  - id: second
    type: core.debug.Return
    format: "2"
    compensate:
      - id: undo_second
        type: scripts.shell.Script
        env: {GATE: "{{ inputs.gate }}"}
        script: |
          touch "$GATE.$ONBEAT_ATTEMPT"
          while [ ! -e "$GATE" ]; do sleep 0.05; done
  - {id: broken, type: core.execution.Fail}
"""

LOOPS = """
id: loops
namespace: t
inputs: [{id: gate, type: STRING}]
tasks:
  - id: each
    type: core.flow.Loop
    values: [a, b, c]
    tasks:
      - id: work
        type: scripts.shell.Script
        env: {GATE: "{{ inputs.gate }}.{{ item.value }}"}
        script: |
          touch "$GATE.$ONBEAT_ATTEMPT"
          while [ "{{ item.value }}" = b ] && [ ! -e "$GATE" ]; do sleep 0.05; done
    outputs: [{id: value, type: STRING, value: "{{ item.value }}"}]
outputs:
  - {id: values, type: JSON, value: "{{ loopOutputs(outputs.each.outputs, 'value') }}"}
"""


def begun(daemon: Daemon, flow: str, **inputs: str) -> str:
    """The id of a new execution, once the daemon knows the flow."""

    def begin() -> Any:
        answer = daemon.api("POST", f"/api/v1/main/executions/t/{flow}", inputs)
        return answer.json()["id"] if answer.status < 300 else None

    return str(daemon.until(begin, f"{flow} to start"))


def ended(daemon: Daemon, execution: str) -> Any:
    """The execution, once it has ended."""

    def look() -> Any:
        found = daemon.api("GET", f"/api/v1/main/executions/{execution}").json()
        return found if found["state"]["current"] in ("SUCCESS", "WARNING", "FAILED", "KILLED") else None

    return daemon.until(look, f"{execution} to end")


def publish(daemon: Daemon, said: str, good: bool) -> None:
    """An event that the wait may be for."""
    answer = daemon.api("POST", "/api/v1/main/events/answers?key=7", {"said": said, "good": good})
    assert answer.status < 300, answer.body


def test_a_wait_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Events that did not fit before the kill do not fit after it; the first that does ends the wait, and ends it once."""
    with Daemon(tmp_path) as daemon:
        daemon.add_flow("waits", WAITS)
        execution = begun(daemon, "waits")
        publish(daemon, "no", good=False)
        daemon.kill()
        daemon.start()
        publish(daemon, "yes", good=True)
        publish(daemon, "too late", good=True)
        assert ended(daemon, execution)["outputs"] == {"said": "yes"}
        assert daemon.stop() == 0


def test_undoing_goes_on_after_a_kill(tmp_path: Path) -> None:
    """The step that was under way is tried again, then comes the one before it; nothing is undone twice."""
    gate = tmp_path / "gate"
    with Daemon(tmp_path / "daemon") as daemon:
        daemon.add_flow("undoes", UNDOES)
        execution = begun(daemon, "undoes", gate=str(gate))
        daemon.until(lambda: gate.with_suffix(".1").exists(), "the undoing to begin")
        daemon.kill()
        daemon.start()
        daemon.until(lambda: gate.with_suffix(".2").exists(), "the undoing to go on")
        gate.touch()
        found = ended(daemon, execution)
        assert [run["taskId"] for run in found["taskRunList"]] == ["first", "second", "broken", "undo_second", "undo_first"]
        assert found["state"]["current"] == "FAILED"
        logs = daemon.api("GET", f"/api/v1/main/logs/{execution}").json()
        assert [line["message"] for line in logs if line["taskId"] == "undo_first"] == ["undone 1"]
        assert daemon.stop() == 0


def test_a_loop_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Rounds that had ended are not begun again, the one that ran goes on, the rest follow in order."""
    gate = tmp_path / "gate"
    with Daemon(tmp_path / "daemon") as daemon:
        daemon.add_flow("loops", LOOPS)
        execution = begun(daemon, "loops", gate=str(gate))
        daemon.until(lambda: gate.with_suffix(".b.1").exists(), "the second round to begin")
        daemon.kill()
        daemon.start()
        daemon.until(lambda: gate.with_suffix(".b.2").exists(), "the second round to go on")
        gate.with_suffix(".b").touch()
        assert ended(daemon, execution)["outputs"] == {"values": ["a", "b", "c"]}
        assert sorted(path.name for path in tmp_path.glob("gate.*")) == ["gate.a.1", "gate.b", "gate.b.1", "gate.b.2", "gate.c.1"]
        assert daemon.stop() == 0
