"""`onbeat executions …`: look at executions, stop them, go on with them.

Called by: app.py.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, listed, part
from onbeat.cli.follow import follow_execution
from onbeat.cli.form import Form
from onbeat.cli.options import AsJson, Data, Files, Inputs, Server, pairs
from onbeat.errors import Refused, UserError

app = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")]


@app.command("list", epilog="Example: onbeat executions list --state FAILED --limit 10")
def list_(
    state: Annotated[list[str] | None, typer.Option("--state", "-s", help="Only in this state; repeat it for more.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only of flows in this namespace.")] = None,
    flow: Annotated[str | None, typer.Option("--flow", "-f", help="Only of the flow with this id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 25,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """List executions, newest first."""
    query = {"state": [each.upper() for each in state or ()], "namespace": namespace, "flowId": flow, "size": limit}
    found = Client.of(server, data).get("/executions/search", query)
    if as_json:
        show.put_json(found)
        return
    rows = [
        (
            each["state"]["current"],
            f"{each['namespace']}.{each['flowId']}",
            each["id"],
            show.when(each["state"]["startDate"]),
            show.span(each["state"]),
            each.get("trigger") or (f"by {each['parentId']}" if each.get("parentId") else ""),
        )
        for each in listed(found)
    ]
    show.table(("STATE", "FLOW", "EXECUTION", "STARTED", "TOOK", "TRIGGER"), rows, "no executions")


@app.command("show", epilog="Example: onbeat executions show 6VqJx0s3bq0Zk1u8mD2c4e")
def show_(id_: Id, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Show one execution with its tasks."""
    execution = Client.of(server, data).get(f"/executions/{part(id_)}")
    if as_json:
        show.put_json(execution)
        return
    head = execution["state"]
    show.out(f"{execution['namespace']}.{execution['flowId']} {execution['id']}, revision {execution['flowRevision']}")
    show.out(f"{show.state(head['current'])}  {show.when(head['startDate'])}  {show.span(head)}".rstrip())
    if execution.get("error"):
        show.out(f"error: {show.plain(execution['error']['message'])}")
    for name in ("trigger", "inputs", "outputs"):
        if execution.get(name):
            show.out(f"{name}: {show.compact(execution[name], 400)}")
    rows = [_run_row(run) for run in execution["taskRunList"]]
    show.table(("TASK", "STATE", "TOOK", "ATTEMPTS", "OUTPUTS"), rows, "no task has run yet")


def _run_row(run: Mapping[str, Any]) -> tuple[object, ...]:
    name = run["taskId"] + (f" [{run['value']}]" if run.get("value") is not None else "")
    ending = run.get("error") or (show.compact(run["outputs"], 80) if run.get("outputs") else "")
    return name, run["state"]["current"], show.span(run["state"]), len(run.get("attempts") or ()) or "", ending


@app.command(epilog="Example: onbeat executions logs 6VqJx0s3bq0Zk1u8mD2c4e")
def logs(id_: Id, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Print what the tasks of an execution logged."""
    client, after, lines = Client.of(server, data), 0, list[Any]()
    while page := client.get(f"/logs/{part(id_)}", {"after": after}):
        after = page[-1]["seq"]
        lines += page
    if as_json:
        show.put_json(lines)
        return
    for line in lines:
        at, level = show.dim(show.clock(line["timestamp"])), show.state(line["level"], 5)
        show.out(f"{at}  {level}  {line['taskId']}  {show.plain(line['message'])}")


@app.command(epilog="Example: onbeat executions follow 6VqJx0s3bq0Zk1u8mD2c4e")
def follow(id_: Id, server: Server = None, data: Data = None) -> None:
    """Show what an execution does as it does it, until it has ended."""
    follow_execution(Client.of(server, data), id_)


@app.command(epilog="Example: onbeat executions kill 6VqJx0s3bq0Zk1u8mD2c4e")
def kill(id_: Id, server: Server = None, data: Data = None) -> None:
    """Stop an execution and what it started."""
    _act(server, data, "DELETE", id_, "kill")


@app.command(epilog="Example: onbeat executions pause 6VqJx0s3bq0Zk1u8mD2c4e")
def pause(id_: Id, server: Server = None, data: Data = None) -> None:
    """Let what runs end and start nothing new."""
    _act(server, data, "POST", id_, "pause")


@app.command(epilog="Example: onbeat executions resume 6VqJx0s3bq0Zk1u8mD2c4e -i approved=true")
def resume(id_: Id, inputs: Inputs = None, files: Files = None, server: Server = None, data: Data = None) -> None:
    """Go on after a pause, with the answers it asks for."""
    given, kept = pairs(inputs, "--input"), pairs(files, "--file")
    _act(server, data, "POST", id_, "resume", Form(given, kept) if kept else given)


@app.command(epilog="Example: onbeat executions restart 6VqJx0s3bq0Zk1u8mD2c4e")
def restart(id_: Id, server: Server = None, data: Data = None) -> None:
    """Run an ended execution again from its failed tasks."""
    _act(server, data, "POST", id_, "restart")


def _act(server: Any, data: Any, method: str, id_: str, action: str, body: Any = None) -> None:
    client = Client.of(server, data)
    try:
        after = client.call(method, f"{API}/executions/{part(id_)}/{action}", body)
    except UserError as wrong:
        if body is None and type(wrong) is UserError:  # nothing was sent that could be wrong: it is the state that is
            raise Refused(str(wrong)) from None
        raise
    current = (after or client.get(f"/executions/{part(id_)}"))["state"]["current"]
    show.out(f"{id_} {show.state(current)}")
