"""A daemon that is killed in the middle of a WorkingDirectory: the next one goes on in the same directory and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.daemon import Daemon

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FLOW = """
id: build
namespace: company.team
inputs: [{id: gate, type: STRING}]
tasks:
  - id: wd
    type: core.flow.WorkingDirectory
    inputFiles: {lines: "begun\\n"}
    outputFiles: [lines]
    tasks:
      - {id: first, type: scripts.shell.Script, script: echo first >> lines}
      - id: second
        type: scripts.shell.Script
        script: |
          echo second >> lines
          touch "{{ inputs.gate }}.$ONBEAT_ATTEMPT"
          while [ ! -e "{{ inputs.gate }}" ]; do sleep 0.05; done
      - {id: third, type: scripts.shell.Script, script: echo third >> lines, inputFiles: {mine: x}, outputFiles: [mine]}
  - {id: alone, type: scripts.shell.Script, script: cat lines, inputFiles: {lines: "{{ outputs.wd.outputFiles['lines'] }}"}}
"""


def test_a_kill_in_the_middle_leaves_nothing_wrong(tmp_path: Path) -> None:
    """What the tasks before it did is there and not done again; the task that ran is run again; directories and programs are gone."""
    gate = tmp_path / "gate"
    with Daemon(tmp_path / "daemon") as daemon:
        daemon.add_flow("build", FLOW)
        path = "/api/v1/executions/company.team/build"
        started: Any = daemon.until(lambda: _started(daemon, path, gate), "the flow to start")
        daemon.until(lambda: gate.with_suffix(".1").exists(), "the second task to begin")
        daemon.kill()
        daemon.start()
        daemon.until(lambda: gate.with_suffix(".2").exists(), "the second task to begin again")
        gate.touch()
        ended = daemon.until(lambda: _ended(daemon, started["id"]), "the execution to end")
        assert ended["state"]["current"] == "SUCCESS", ended
        logs = daemon.api("GET", f"/api/v1/main/logs/{started['id']}").json()
        assert [line["message"] for line in logs if line["taskId"] == "alone"] == ["begun", "first", "second", "second", "third"]
        daemon.until(lambda: list((daemon.data / "work").iterdir()) == [], "the directories to go")
        assert daemon.stop() == 0


def _started(daemon: Daemon, path: str, gate: Path) -> Any:
    """The execution, once the daemon knows the flow."""
    answer = daemon.api("POST", path, {"gate": str(gate)})
    return answer.json() if answer.status < 300 else None


def _ended(daemon: Daemon, execution: str) -> Any:
    """The execution, once it has ended."""
    found = daemon.api("GET", f"/api/v1/executions/{execution}").json()
    return found if found["state"]["current"] in ("SUCCESS", "WARNING", "FAILED", "KILLED") else None
