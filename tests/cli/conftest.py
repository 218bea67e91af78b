"""One daemon for all tests that only talk to one, and commands run in this process: quick, and as a user types them."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from onbeat.cli.app import app
from onbeat.cli.client import Client
from onbeat.client.place import find
from onbeat.daemon.logs import LibraryLog
from tests.services.daemon import Daemon

Onbeat = Callable[..., Result]

FLOWS = {
    "heard": """
id: heard
namespace: shop
inputs:
  - id: order
    type: JSON
tasks:
  - id: say
    type: core.log.Log
    message: "order {{ inputs.order.id }}"
  - id: judge
    type: core.flow.If
    condition: "{{ inputs.order.bad ?? false }}"
    then:
      - id: refuse
        type: core.execution.Fail
        errorMessage: a bad order
outputs:
  - id: order
    type: STRING
    value: "{{ inputs.order.id }}"
triggers:
  - id: on_order
    type: core.trigger.Event
    topic: orders
    when: "{{ (trigger.data.id ?? 0) > 0 }}"
    inputs:
      order: "{{ trigger.data }}"
""",
    "nightly": """
id: nightly
namespace: shop
inputs: [{id: what, type: STRING, defaults: usual}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.what }} {{ trigger.date }}"}]
triggers: [{id: yearly, type: core.trigger.Schedule, cron: "@yearly"}]
""",
    "greet": """
id: greet
namespace: shop
inputs:
  - id: name
    type: STRING
tasks:
  - id: hello
    type: core.debug.Return
    format: "Hello, {{ inputs.name }}!"
""",
    "each": """
id: each
namespace: shop
tasks: [{id: loop, type: core.flow.ForEach, values: [a, b], tasks: [{id: say, type: core.debug.Return, format: "1"}]}]
""",
    "decides": """
id: decides
namespace: shop
tasks: [{id: decision, type: core.flow.Approval, onResume: [{id: amount, type: INT}]}]
""",
    "asks": """
id: asks
namespace: shop
tasks:
  - id: wait
    type: core.flow.Pause
    onResume:
      - id: approved
        type: BOOLEAN
""",
    "slow": """
id: slow
namespace: shop
tasks:
  - id: nap
    type: core.flow.Sleep
    duration: PT120S
""",
}


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that serves FLOWS. Do not stop it: see new_daemon."""
    made = Daemon(tmp_path_factory.mktemp("cli"))
    for name, text in FLOWS.items():
        made.add_flow(name, text)
    with made:
        yield made


@pytest.fixture
def client(daemon: Daemon) -> Client:
    """A client of the daemon."""
    return Client(find(None, daemon.data))


@pytest.fixture
def onbeat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Onbeat]:
    """Runs a command: `onbeat("flows", "list", data=daemon.data)`; nothing of our environment's settings reaches it."""
    for name in ("ONBEAT_SERVER", "ONBEAT_TOKEN", "ONBEAT_DATA", "ONBEAT_EVENTS_TOPIC"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, data: Path | None = None, stdin: str | None = None) -> Result:
        place = [] if data is None else ["--data", str(data)]
        return CliRunner().invoke(app, [*arguments, *place], input=stdin)

    yield run
    reset_logs()


def reset_logs() -> None:
    """Undo what a command set up for its process."""
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LibraryLog)]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)
