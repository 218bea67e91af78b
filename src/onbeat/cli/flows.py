"""`onbeat flows …`: what is served, how it is, and starting a flow by hand.

Called by: app.py.
"""

from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, listed, part
from onbeat.cli.errors import Exit
from onbeat.cli.follow import GOOD, follow_execution
from onbeat.client.form import Form
from onbeat.cli.options import AsJson, Data, Files, Inputs, Server, pairs
from onbeat.core.names import did_you_mean
from onbeat.errors import NotFound

_PAGE = 1_000
flows = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="FLOW", help="The flow: namespace.id, or its id where only one flow has it.")]


@flows.command("list", epilog="Example: onbeat flows list")
def list_flows(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List the flows that are served."""
    found = _served(Client.of(server, data))
    if as_json:
        show.put_json({"results": found, "total": len(found)})
        return
    rows = [
        (
            f"{flow['namespace']}.{flow['id']}",
            flow["revision"],
            "disabled" if flow["disabled"] else "",
            ", ".join(trigger["id"] for trigger in flow["triggers"]),
            flow["file"] or "",
        )
        for flow in found
    ]
    show.table(("FLOW", "REVISION", "", "TRIGGERS", "FILE"), rows, "no flows are served: put YAML files into the flows folder")


@flows.command("show", epilog="Example: onbeat flows show demo.order_received")
def show_flow(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Print a flow as its file has it."""
    client = Client.of(server, data)
    flow = client.get(_path(client, name), {"source": "true"})
    if as_json:
        show.put_json(flow)
    else:
        show.out((flow["source"] or "").rstrip("\n"))


@flows.command("run", epilog="Example: onbeat flows run demo.greeting -i name=Ada")
def run_flow(
    name: Name,
    inputs: Inputs = None,
    files: Files = None,
    labels: Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; repeat it for more.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Begin then: 2026-01-31T12:00:00Z.")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Show what it does until it ends.")] = True,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Start a flow; exit code 1 when it fails."""
    client = Client.of(server, data)
    namespace, id_ = find_flow(client, name)
    query = {"labels": [f"{key}:{value}" for key, value in pairs(labels, "--label").items()], "scheduleDate": at}
    given, kept = pairs(inputs, "--input"), pairs(files, "--file")
    started = client.call("POST", f"{API}/executions/{part(namespace)}/{part(id_)}", Form(given, kept) if kept else given, query=query)
    if not follow:
        if as_json:
            show.put_json(started)
        else:
            show.out(started["id"])
        return
    end = follow_execution(client, started["id"], quiet=as_json)
    if as_json:
        show.put_json(client.get(f"/executions/{part(started['id'])}"))
    raise typer.Exit(Exit.SUCCESS if end in GOOD else Exit.FAILED)


def find_flow(client: Client, name: str) -> tuple[str, str]:
    """Namespace and id of a flow by its name. Raises NotFound with the nearest one."""
    served = [(str(flow["namespace"]), str(flow["id"])) for flow in _served(client)]
    whole = [flow for flow in served if ".".join(flow) == name]
    found = whole or [flow for flow in served if flow[1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{len(found)} flows are called `{name}`; say which: {', '.join('.'.join(flow) for flow in found)}")
    names = [".".join(flow) for flow in served]
    raise NotFound(f"there is no flow `{name}`{did_you_mean(name, [*names, *(id_ for _, id_ in served)])}")


def _served(client: Client) -> list[dict[str, Any]]:
    """All flows that are served, page by page."""
    found: list[dict[str, Any]] = []
    while rows := listed(client.get("/flows/search", {"size": _PAGE, "page": len(found) // _PAGE + 1})):
        found.extend(rows)
        if len(rows) < _PAGE:
            break
    return found


def _path(client: Client, name: str) -> str:
    namespace, id_ = find_flow(client, name)
    return f"/flows/{part(namespace)}/{part(id_)}"
