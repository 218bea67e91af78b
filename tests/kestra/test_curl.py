"""What people type who follow Kestra's documentation: curl, with Basic or Bearer, forms, YAML and JSON, with the tenant and without."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kestra.calls import FLOWS
from tests.services.daemon import Daemon

Curl = Callable[[str], Any]
PATIENCE = 20.0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One with the flows of the calls."""
    made = Daemon(tmp_path_factory.mktemp("curl"))
    for name, text in FLOWS.items():
        made.add_flow(name, text)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def curl(daemon: Daemon, tmp_path: Path) -> Curl:
    """A command line without `curl`, host and access; the answer as JSON, else as text. A status of 400 or more fails."""
    token = (daemon.data / "admin-token").read_text().strip()

    def run(line: str) -> Any:
        words = [word.replace("HOST", daemon.url) for word in shlex.split(line)]
        command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--user", f"admin@kestra.io:{token}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    return run


def until(curl: Curl, id_: str, state: str) -> Any:
    """The execution when it is so."""
    end = time.monotonic() + PATIENCE
    while (found := curl(f"HOST/api/v1/main/executions/{id_}"))["state"]["current"] != state:
        assert time.monotonic() < end, found["state"]
        time.sleep(0.02)
    return found


def test_a_flow_is_made_run_and_removed(curl: Curl, tmp_path: Path) -> None:
    """YAML as data and as a file; a run with and without inputs; a form."""
    text = "id: typed\nnamespace: company.team\ninputs: [{id: greeting, type: STRING, defaults: hi}]\n"
    text += 'tasks: [{id: say, type: io.kestra.plugin.core.log.Log, message: "{{ inputs.greeting }}"}]\n'
    (tmp_path / "flow.yaml").write_text(text)
    made = curl("-X POST HOST/api/v1/main/flows -H 'Content-Type: application/x-yaml' --data-binary @flow.yaml")
    assert (made["id"], made["revision"]) == ("typed", 1)
    (tmp_path / "flow.yaml").write_text(text.replace("defaults: hi", "defaults: hello"))
    assert (
        curl("-X PUT HOST/api/v1/flows/company.team/typed -H 'Content-Type: application/x-yaml' --data-binary @flow.yaml")["revision"] == 2
    )
    assert curl("-X POST -F fileUpload=@flow.yaml HOST/api/v1/main/flows/import") == []
    assert "typed" in [each["id"] for each in curl("HOST/api/v1/main/flows/search?q=typed&namespace=company.team")["results"]]
    plain = curl("-X POST HOST/api/v1/main/executions/company.team/typed")
    assert until(curl, plain["id"], "SUCCESS")["inputs"] == {"greeting": "hello"}
    given = curl(
        "-X POST HOST/api/v1/executions/company.team/typed?wait=true -H 'Content-Type: multipart/form-data' -F 'greeting=hey there'"
    )
    assert (given["state"]["current"], given["inputs"]["greeting"]) == ("SUCCESS", "hey there")
    assert "hey there" in curl(f"HOST/api/v1/main/logs/{given['id']}/download")
    assert [each["message"] for each in curl(f"HOST/api/v1/main/logs/{given['id']}?minLevel=INFO")] == ["hey there"]
    assert curl("-X DELETE HOST/api/v1/main/flows/company.team/typed") == ""


def test_a_webhook_is_called(curl: Curl) -> None:
    """Without any access, and with data."""
    path = "executions/webhook/kestra.clients/hook/open-sesame"
    for line in (f"HOST/api/v1/main/{path}", f"-X POST HOST/api/v1/{path} -H 'Content-Type: application/json' -d '{{\"a\": 1}}'"):
        until(curl, curl(line)["id"], "SUCCESS")


def test_an_execution_is_resumed_replayed_and_killed(curl: Curl) -> None:
    """As the documentation of Pause has it."""
    waiting = curl("-X POST HOST/api/v1/main/executions/kestra.clients/waits")["id"]
    until(curl, waiting, "PAUSED")
    curl(f"-X POST HOST/api/v1/main/executions/{waiting}/resume -H 'Content-Type: multipart/form-data' -F 'note=Fine'")
    ended = until(curl, waiting, "SUCCESS")
    assert ended["taskRunList"][0]["outputs"]["onResume"]["note"] == "Fine"
    again = curl(f"-X POST HOST/api/v1/main/executions/{waiting}/replay")["id"]
    until(curl, again, "PAUSED")
    curl(f"-X DELETE HOST/api/v1/main/executions/{again}/kill")
    until(curl, again, "KILLED")
    shown = curl(f"--no-buffer HOST/api/v1/main/executions/{again}/follow")
    assert '"KILLED"' in shown


def test_values_and_files_are_kept(curl: Curl, tmp_path: Path) -> None:
    """A value by PUT; a file by form."""
    base = "HOST/api/v1/main/namespaces/company.team"
    curl(f"-X PUT -H 'Content-Type: application/json' {base}/kv/my_key -d '\"Hello World\"'")
    assert curl(f"{base}/kv/my_key") == {"type": "STRING", "value": "Hello World"} | curl(f"{base}/kv/my_key")
    assert curl(f"-X DELETE {base}/kv/my_key") is True
    (tmp_path / "hello.py").write_text("print('hi')\n")
    curl(f"-X POST '{base}/files?path=/scripts/hello.py' -H 'Content-Type: multipart/form-data' -F fileContent=@hello.py")
    assert curl(f"'{base}/files?path=/scripts/hello.py'") == "print('hi')\n"


def test_a_token_is_taken_as_bearer(daemon: Daemon) -> None:
    """And nothing without one."""
    token = (daemon.data / "admin-token").read_text().strip()
    for header, status in ((f"Authorization: Bearer {token}", "200"), ("X-Nothing: here", "401"), ("Authorization: Bearer wrong", "401")):
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", header, f"{daemon.url}/api/v1/main/flows/search"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == status
