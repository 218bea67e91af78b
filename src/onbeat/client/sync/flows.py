# Made from onbeat/client/aio/flows.py by `python -m tests.client.test_sync`: edit that one.
"""Flows: what is served, saving and removing them.

Called by: client.
"""

from collections.abc import Generator, Mapping
from typing import Any

from onbeat.client.answers import Checked, Flow, page_of, read, read_all
from onbeat.client.sync.connection import Connection
from onbeat.client.wire import API, part
from onbeat.errors import NotFound

_PAGE = 200
_YAML = {"Content-Type": "application/x-yaml"}


class Flows:
    """Calls about flows."""

    _connection: Connection

    def flows(self, namespace: str | None = None, *, text: str | None = None) -> Generator[Flow, None, None]:
        """The flows that are served. text: part of the name.

        Example:
            for flow in client.flows("shop"):
                print(flow.name, flow.revision, flow.file)
        """
        query: dict[str, Any] = {"namespace": namespace, "q": text, "size": _PAGE, "page": 1}
        seen = 0
        while True:
            found = self._connection.get("/flows/search", query)
            rows = page_of(found)
            for row in rows:
                yield read(Flow, row)
            seen += len(rows)
            query["page"] += 1
            if not rows or seen >= found.get("total", 0):
                return

    def flow(self, namespace: str, id: str, *, revision: int | None = None) -> Flow:
        """One flow with its text, as it is now or was in another revision.

        Example:
            print((client.flow("shop", "greet")).source)

        Raises NotFound.
        """
        query = {"source": True, "revision": revision}
        return read(Flow, self._connection.get(f"/flows/{part(namespace)}/{part(id)}", query))

    def save_flow(self, source: str, *, revision: int | None = None) -> Flow:
        """Save a flow: YAML. A new one is made, one that is there gets a new revision.

        revision: the one that was edited; refused when there is a newer one. 0: there is to be none. Without it the last save wins.

        Example:
            flow = client.save_flow("{id: nap, namespace: shop, tasks: [{id: sleep, type: core.flow.Sleep, duration: PT0.01S}]}")
            print(flow.name, flow.revision)

        Raises UserError (all that is wrong with it), Refused (there is a newer revision, or its file cannot be written).
        """
        checked, query = self.validate(source), {"revision": revision}
        if checked.namespace is not None and checked.id is not None:
            try:
                return self._save("PUT", f"/flows/{part(checked.namespace)}/{part(checked.id)}", source, query)
            except NotFound:
                pass  # it is new
        return self._save("POST", "/flows", source, query)

    def delete_flow(self, namespace: str, id: str) -> None:
        """Remove a flow: nothing starts it any more. What runs goes on, and its executions stay.

        Example:
            client.delete_flow("shop", "obsolete")

        Raises NotFound, Refused (its file cannot be removed).
        """
        self._connection.call("DELETE", f"{API}/flows/{part(namespace)}/{part(id)}")

    def validate(self, source: str) -> Checked:
        """Say what is wrong with a flow's text, without saving it.

        Example:
            checked = client.validate("{id: nap, namespace: shop}")
            if not checked.ok:
                print(checked.problems)
        """
        found = self._connection.call("POST", f"{API}/flows/validate", source.encode(), headers=_YAML, again=True)
        return read_all(Checked, found)[0]

    def _save(self, method: str, path: str, source: str, query: Mapping[str, Any]) -> Flow:
        return read(Flow, self._connection.call(method, API + path, source.encode(), query=query, headers=_YAML))
