"""Register what is called with Kestra's clients: each call with the methods that it is a test of.

A call gets a Setting: the client, its package, what there is on the server. It asserts; what it raises is a finding.

Used by: the other modules here, run.py, tests/docs for the table.
"""

import importlib
import time
from collections.abc import Callable, Sequence
from typing import Any

TENANT = "main"
NAMESPACE = "kestra.clients"
_PATIENCE = 20.0

FLOWS = {
    "hello": """
id: hello
namespace: kestra.clients
labels: {team: blue}
inputs: [{id: name, type: STRING, defaults: World}]
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "hello {{ inputs.name }}"}
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.say.value }}"}
  - {id: count, type: io.kestra.plugin.core.metric.Publish, metrics: [{type: counter, name: said, value: 3}]}
outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
""",
    "fails": """
id: fails
namespace: kestra.clients
tasks:
  - {id: ok, type: io.kestra.plugin.core.log.Log, message: fine}
  - {id: bad, type: io.kestra.plugin.core.execution.Fail}
""",
    "waits": """
id: waits
namespace: kestra.clients
tasks: [{id: pause, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: note, type: STRING, required: false}]}]
""",
    "sleeps": """
id: sleeps
namespace: kestra.clients
tasks: [{id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: PT5M}]
""",
    "one": """
id: one
namespace: kestra.clients
concurrency: {limit: 1}
tasks: [{id: pause, type: io.kestra.plugin.core.flow.Pause}]
""",
    "file": """
id: file
namespace: kestra.clients
tasks: [{id: make, type: io.kestra.plugin.core.storage.Write, content: "a,b\\n1,2\\n", extension: .csv}]
""",
    "parent": """
id: parent
namespace: kestra.clients
tasks: [{id: child, type: io.kestra.plugin.core.flow.Subflow, namespace: kestra.clients, flowId: hello, wait: true}]
""",
    "hook": """
id: hook
namespace: kestra.clients
tasks: [{id: log, type: io.kestra.plugin.core.log.Log, message: "{{ trigger.body ?? 'nothing' }}"}]
triggers: [{id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: open-sesame}]
""",
    "clock": """
id: clock
namespace: kestra.clients
tasks: [{id: log, type: io.kestra.plugin.core.log.Log, message: "{{ trigger.date }}"}]
triggers: [{id: yearly, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 1 1 *"}]
""",
}


class Setting:
    """What a call has. kp: the package; v2: it is the newer client."""

    def __init__(self, kp: Any, client: Any, url: str, token: str, v2: bool) -> None:
        self.kp, self.client, self.url, self.token, self.v2 = kp, client, url, token, v2
        self.wrong = importlib.import_module(f"{kp.__name__}.exceptions")

    def ended(self, flow: str = "hello", **more: Any) -> str:
        """The id of an execution that has ended."""
        made = self.client.executions.create_execution(TENANT, NAMESPACE, flow, wait=True, **more)
        return str(made.id)

    def begun(self, flow: str, state: str) -> str:
        """The id of an execution that has come to a state."""
        made = self.client.executions.create_execution(TENANT, NAMESPACE, flow)
        return self.until(str(made.id), state)

    def until(self, id_: str, state: str) -> str:
        """Wait for a state; the id."""
        end = time.monotonic() + _PATIENCE
        while (now := self.state(id_)) != state:
            assert time.monotonic() < end, f"{id_} is {now}, not {state}"
            time.sleep(0.02)
        return id_

    def state(self, id_: str) -> str:
        """The state of an execution."""
        return text(self.client.executions.execution(id_, TENANT).state.current)

    def make(self, name: str, **fields: Any) -> Any:
        """One of the client's models."""
        return getattr(self.kp, name)(**fields)

    def filter(self, field: str, operation: str, value: Any) -> dict[str, Any]:
        """A condition, as both clients take it."""
        return {"field": field, "operation": operation, "value": value}

    def of(self, flow: str, *states: str) -> list[dict[str, Any]]:
        """The executions of a flow, in these states."""
        wanted = [self.filter("NAMESPACE", "EQUALS", NAMESPACE), self.filter("FLOW_ID", "EQUALS", flow)]
        return [*wanted, self.filter("STATE", "IN", ",".join(states))] if states else wanted


Call = Callable[[Setting], None]
CALLS: list[tuple[Sequence[str], Call]] = []


def calls(*methods: str) -> Callable[[Call], Call]:
    """This is a test of these methods, each as `ClassApi.method`; one that only a version has is left out in the other."""

    def register(call: Call) -> Call:
        CALLS.append((methods, call))
        return call

    return register


def text(value: Any) -> str:
    """An enumeration's value, or the text itself."""
    return str(getattr(value, "value", value))


def plain(value: Any) -> Any:
    """A model as a map."""
    return value.to_dict() if hasattr(value, "to_dict") else value


def count_of(answer: Any) -> int:
    """How many a change by query says that it changed."""
    return int(plain(answer)["count"])
