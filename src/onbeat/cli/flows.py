"""`onbeat flows …`: what is served, how it is, and starting a flow by hand.

Called by: app.py.
"""

from typing import Annotated

import typer

from onbeat.cli import show
from onbeat.cli.client import Client
from onbeat.cli.errors import Exit
from onbeat.cli.follow import follow_execution
from onbeat.cli.options import AsJson, Data, Files, Inputs, Server, pairs
from onbeat.client import GOOD
from onbeat.core.names import did_you_mean
from onbeat.errors import NotFound

flows = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="FLOW", help="The flow: namespace.id, or its id where only one flow has it.")]


@flows.command("list", epilog="Example: onbeat flows list")
def list_flows(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List the flows that are served."""
    found = list(Client.of(server, data).flows())
    if as_json:
        show.put_json({"results": [flow.raw for flow in found], "total": len(found)})
        return
    rows = [
        (
            flow.name,
            flow.revision,
            "disabled" if flow.disabled else "",
            ", ".join(str(trigger["id"]) for trigger in flow.triggers),
            flow.file or "",
        )
        for flow in found
    ]
    show.table(("FLOW", "REVISION", "", "TRIGGERS", "FILE"), rows, "no flows are served: put YAML files into the flows folder")


@flows.command("show", epilog="Example: onbeat flows show demo.order_received")
def show_flow(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Print a flow as its file has it."""
    client = Client.of(server, data)
    flow = client.flow(*find_flow(client, name))
    if as_json:
        show.put_json(flow.raw)
    else:
        show.out((flow.source or "").rstrip("\n"))


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
    given, kept = pairs(inputs, "--input"), pairs(files, "--file")
    started = client.start(namespace, id_, given, labels=pairs(labels, "--label"), files=kept, at=at)
    if not follow:
        if as_json:
            show.put_json(started.raw)
        else:
            show.out(started.id)
        return
    end = follow_execution(client, started.id, quiet=as_json)
    if as_json:
        show.put_json(client.execution(started.id).raw)
    raise typer.Exit(Exit.SUCCESS if end in GOOD else Exit.FAILED)


def find_flow(client: Client, name: str) -> tuple[str, str]:
    """Namespace and id of a flow by its name. Raises NotFound with the nearest one."""
    served = [(flow.namespace, flow.id) for flow in client.flows()]
    whole = [flow for flow in served if ".".join(flow) == name]
    found = whole or [flow for flow in served if flow[1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{len(found)} flows are called `{name}`; say which: {', '.join('.'.join(flow) for flow in found)}")
    names = [".".join(flow) for flow in served]
    raise NotFound(f"there is no flow `{name}`{did_you_mean(name, [*names, *(id_ for _, id_ in served)])}")
