"""`onbeat backfill`: run a schedule for times that are past, see how far that is, and stop it.

Called by: app.py.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from onbeat.cli import show
from onbeat.cli.client import API, Client
from onbeat.cli.flows import find_flow
from onbeat.errors import UserError


def backfill(
    client: Client,
    flow: str,
    trigger: str,
    start: str | None,
    end: str | None,
    inputs: Mapping[str, str],
    labels: Mapping[str, str],
    action: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Begin one where there is a start, else change or show the one that goes on. action: pause, resume or delete."""
    namespace, id_ = find_flow(client, flow)
    body: dict[str, Any] = {"namespace": namespace, "flowId": id_, "triggerId": trigger}
    if start is None:
        if end is not None or inputs or labels or dry_run:
            raise UserError("say from when: --start 2026-01-01T00:00:00Z")
        _show(_changed(client, body, action), as_json)
        return
    if action not in (None, "pause"):
        raise UserError(f"--{action} is for a backfill that goes on: leave --start out")
    body["backfill"] = {"start": instant(start), "inputs": dict(inputs), "labels": dict(labels), "paused": action == "pause"}
    if end is not None:
        body["backfill"]["end"] = instant(end)
    if not dry_run:
        _show(client.call("PUT", f"{API}/triggers", body), as_json)
        return
    found = client.call("POST", f"{API}/triggers/backfill/preview", body)
    if as_json:
        show.put_json(found)
        return
    for date in found["dates"]:
        show.out(date)
    rest = found["total"] - len(found["dates"])
    show.out(f"{found['total']} run(s)" + (f", {rest} of them not shown" if rest else ""))


def instant(text: str) -> str:
    """A date or an instant as the API reads it; without an offset it is UTC. Raises UserError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"`{text}` is no time; write it like 2026-01-31, or 2026-01-31T12:00:00+01:00") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).isoformat()


def _changed(client: Client, body: dict[str, Any], action: str | None) -> Any:
    match action:
        case "pause":
            return client.call("PUT", f"{API}/triggers/backfill/pause", body)
        case "resume":
            return client.call("PUT", f"{API}/triggers/backfill/unpause", body)
        case "delete":
            return client.call("POST", f"{API}/triggers/backfill/delete", body)
        case _:
            query = {"namespace": body["namespace"], "flowId": body["flowId"]}
            found = client.get("/triggers/search", query)["results"]
            of_it = [each["triggerContext"] for each in found if each["triggerId"] == body["triggerId"]]
            if not of_it:
                raise UserError(f"flow {body['namespace']}.{body['flowId']} has no trigger {body['triggerId']}")
            return of_it[0]


def _show(context: Any, as_json: bool) -> None:
    found = context["backfill"]
    if as_json:
        show.put_json(context)
    elif found is None:
        show.out(f"no backfill of trigger {context['name']} is going on")
    else:
        state = "waits" if found["paused"] else "goes on"
        show.out(f"the backfill of trigger {context['name']} {state}: {found['runs']} of {found['total']} runs, at {found['currentDate']}")
