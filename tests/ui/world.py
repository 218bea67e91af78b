"""A daemon in which something of everything has happened: what browser tests and screenshots look at.

    with World(tmp_path) as world:
        world.executions["failed"]      # the id of an execution that failed
        world.link()                    # logs a browser in as the admin, once

Rules
1. Everything is made by the API and by events, as users make it; nothing is written into the store.
2. `seed` returns when all of it has come to rest: nothing moves while a picture is taken, but what is named as running.
3. No time of day, id or address of this machine is in what is shown, as far as a daemon can help it.

Used by: conftest.py, screenshots.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.services.daemon import Daemon
from tests.services.process import wait_until

FLOWS = Path(__file__).parent / "flows"
API = "/api/v1/main"
PASSWORD = "correct horse battery staple"
SECONDS = 60
QUOTAS = '[{"running": 2000}, {"namespace": "shop", "running": 1000, "executions_per_minute": 6000, "kv_bytes": 1000000}]'


class World:
    """The daemon, and the ids of what happened in it."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.daemon = Daemon(folder, {"ONBEAT_QUOTAS": QUOTAS, **(env or {})})
        self.executions: dict[str, str] = {}
        self.dead: list[str] = []
        self.events: dict[str, str] = {}
        for path in FLOWS.glob("*.yaml"):
            self.daemon.add_flow(path.stem, path.read_text())

    def __enter__(self) -> "World":
        self.daemon.start()
        try:
            self.seed()
        except BaseException:
            self.daemon.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None) -> None:
        self.daemon.close()

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self.daemon.url

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON that a call below /api/v1/main answers; what is not 2xx is an error."""
        answer = self.daemon.api(method, f"{API}{path}", body, headers)
        if answer.status >= 300:
            raise AssertionError(f"{method} {path} answered {answer.status}: {answer.body.decode()}")
        return answer.json() if answer.body else None

    def link(self) -> str:
        """An address that logs a browser in as the admin, once."""
        return str(self.api("POST", "/login/link")["url"])

    def execution(self, id: str) -> Any:
        """An execution as it is."""
        return self.api("GET", f"/executions/{id}")

    def wait(self, id: str, *states: str) -> Any:
        """The execution when it is in one of the states."""

        def there() -> Any:
            found = self.execution(id)
            return found if found["state"]["current"] in states else None

        return wait_until(there, SECONDS, f"execution {id} in {' or '.join(states)}", lambda: str(self.execution(id))[:2000])

    def start(self, flow: str, /, *states: str, **inputs: str) -> str:
        """Start `namespace.flow` and return its id when it is in one of the states."""
        namespace, _, name = flow.rpartition(".")
        id = str(self._post(f"/executions/{namespace}/{name}?labels=origin:test", inputs)["id"])
        self.wait(id, *states)
        return id

    def started_by(self, parent: str, state: str) -> str:
        """The id of the execution that another one started, as soon as it is in a state."""
        path = f"/executions/search?triggerExecutionId={parent}&state={state}&size=1"
        return str(self.until(lambda: self.api("GET", path)["results"], 1)[0]["id"])

    def resume(self, id: str, /, **inputs: str) -> None:
        """Go on with an execution that is paused."""
        self._post(f"/executions/{id}/resume", inputs)

    def _post(self, path: str, inputs: Mapping[str, str]) -> Any:
        """Post values as a form's fields."""
        boundary = "fields"
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in inputs.items()]
        body = ("".join(parts) + f"--{boundary}--\r\n").encode() if inputs else None
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"} if inputs else {}
        return self.api("POST", path, body, **kind)

    def publish(self, topic: str, data: Any) -> Any:
        """Put an event on a topic; answers its id and the executions that it started."""
        return self.api("POST", f"/events/{topic}", data)

    def seed(self) -> None:
        """Let something of everything happen."""
        for n in range(12):
            self.start("shop.payments.charge", "SUCCESS", bank="answers", amount=str(10 + n))
        for n in range(4):
            published = self.publish("shop.orders", {"id": 100 + n, "total": 40 + n})
            self.wait(published["executions"][0], "SUCCESS")
        large = self.publish("shop.orders", {"id": 7, "total": 250, "customer": {"name": "Ada", "city": "Zürich"}})
        self.events["large"] = large["id"]
        self.executions["order"] = large["executions"][0]
        self.wait(self.executions["order"], "SUCCESS")
        self.executions["approval"] = self.one("shop.orders", "refund", "PAUSED")
        self.executions["failed"] = self.start("shop.payments.charge", "FAILED")
        self.executions["loop"] = self.start("shop.stock.catalogue", "SUCCESS", "WARNING")
        self.executions["paused"] = self.start("shop.stock.supply", "PAUSED")
        self.executions["restock"] = self.start("shop.stock.restock", "RUNNING")
        self.started_by(self.executions["restock"], "PAUSED")
        self.executions["typed"] = self.start("reports.every_type", "SUCCESS")
        self.executions["running"] = self.start("reports.long", "RUNNING")
        self.executions["killed"] = self.start("reports.long", "RUNNING")
        self.api("DELETE", f"/executions/{self.executions['killed']}/kill")
        self.wait(self.executions["killed"], "KILLED")
        self._unstartable()
        self._kept()
        self._people()

    def one(self, namespace: str, flow: str, state: str) -> str:
        """The id of the newest execution of a flow that is in a state, as soon as there is one."""
        path = f"/executions/search?namespace={namespace}&flowId={flow}&state={state}&size=1"
        return str(wait_until(lambda: self.api("GET", path)["results"], SECONDS, f"an execution of {namespace}.{flow} in {state}")[0]["id"])

    def _unstartable(self) -> None:
        """Events that cannot start what listens: they are kept as dead."""
        for n in (1, 2):
            self.events[f"dead{n}"] = self.publish("shop.large", {"id": n, "sum": "no total"})["id"]
        self.dead = [each["id"] for each in self.until(lambda: self.api("GET", "/events/dead/list")["results"], 2)]

    def until(self, ask: Callable[[], list[Any]], count: int) -> list[Any]:
        """The list when it has as many."""
        return wait_until(lambda: found if len(found := ask()) >= count else None, SECONDS, f"{count} of them") or []

    def _kept(self) -> None:
        """Values, files, secrets, a dashboard."""
        self.api("PUT", "/namespaces/shop/kv/currency", '"CHF"', **{"Content-Type": "application/json"})
        self.api("PUT", "/namespaces/shop/kv/limits", {"order": 5000, "refund": 250}, description="What needs a person")
        self.api("PUT", "/namespaces/shop/kv/closed", "true", ttl="P30D", **{"Content-Type": "application/json"})
        self.api("POST", "/namespaces/shop/files?path=/queries/orders.sql", b"select * from orders\nwhere total > 100;\n")
        self.api("POST", "/namespaces/shop/files?path=/README.md", b"# The shop\n\nFiles that its flows read.\n")
        self.api("PUT", "/namespaces/shop/secrets", {"key": "BANK_TOKEN", "value": "never shown", "description": "of the bank"})
        self.api("POST", "/dashboards", DASHBOARD, **{"Content-Type": "application/x-yaml"})

    def _people(self) -> None:
        """Users of two roles."""
        self.api("POST", "/users", {"name": "vera", "password": PASSWORD, "grants": [{"role": "viewer"}]})
        self.api("POST", "/users", {"name": "edda", "password": PASSWORD, "grants": [{"role": "editor", "namespace": "shop"}]})


DASHBOARD = """id: shop
title: The shop
description: How orders go.
timeWindow:
  default: P7D
  max: P365D
charts:
  - id: by_state
    type: io.kestra.plugin.core.dashboard.chart.Pie
    chartOptions:
      displayName: Executions by state
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        state:
          field: STATE
        total:
          agg: COUNT
  - id: by_flow
    type: io.kestra.plugin.core.dashboard.chart.Table
    chartOptions:
      displayName: Executions by flow
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        flow:
          field: FLOW_ID
          displayName: Flow
        total:
          agg: COUNT
          displayName: Executions
"""
