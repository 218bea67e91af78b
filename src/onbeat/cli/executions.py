"""`onbeat executions …`: look at executions, stop them, go on with them, run them again.

Called by: app.py.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, listed, part
from onbeat.cli.follow import follow_execution
from onbeat.client.form import Form
from onbeat.cli.options import AsJson, Data, Files, Inputs, Server, pairs
from onbeat.core.names import did_you_mean
from onbeat.errors import Refused, UserError

app = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")]
Revision = Annotated[int | None, typer.Option("--revision", "-r", min=1, help="With this revision of the flow.")]


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
            (each.get("trigger") or {}).get("id") or (f"by {each['parentId']}" if each.get("parentId") else ""),
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


@app.command(epilog="Example: onbeat executions review 6VqJx0s3bq0Zk1u8mD2c4e DENIED --comment 'not on a Friday'")
def review(
    id_: Id,
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="APPROVED or DENIED, or what the task has in `decisions`.")],
    comment: Annotated[str | None, typer.Option("--comment", "-m", help="Why; it is in the task's outputs.")] = None,
    inputs: Inputs = None,
    files: Files = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Decide what an Approval waits for, with the answers it asks for."""
    said = {"decision": decision} if comment is None else {"decision": decision, "comment": comment}
    given, kept = {**pairs(inputs, "--input"), **said}, pairs(files, "--file")
    _act(server, data, "POST", id_, "actions/review", Form(given, kept) if kept else given)


@app.command(epilog="Example: onbeat executions restart 6VqJx0s3bq0Zk1u8mD2c4e")
def restart(id_: Id, revision: Revision = None, server: Server = None, data: Data = None) -> None:
    """Run an ended execution again from its failed tasks; with another revision of its flow, as a new execution.

    What succeeded stays as it was. To run that again too, replay it.
    """
    _act(server, data, "POST", id_, "restart", query={"revision": revision})


@app.command(epilog="Example: onbeat executions replay 6VqJx0s3bq0Zk1u8mD2c4e --from load --revision 4")
def replay(
    id_: Id,
    task: Annotated[str | None, typer.Option("--from", metavar="TASK", help="From this task on; what came before is copied.")] = None,
    revision: Revision = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Repeat an execution as a new one: from the start, or from a task on. The first one stays as it is.

    TASK is the task's id; where it ran more than once (in a loop), the id of the task run.
    """
    run = None if task is None else _task_run(Client.of(server, data), id_, task)
    _act(server, data, "POST", id_, "replay", query={"taskRunId": run, "revision": revision})


@app.command("set-state", epilog="Example: onbeat executions set-state 6VqJx0s3bq0Zk1u8mD2c4e SUCCESS --task load")
def set_state(
    id_: Id,
    state: Annotated[str, typer.Argument(metavar="STATE", help="SUCCESS, WARNING, FAILED, KILLED or CANCELLED.")],
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Of this task; what follows it goes on.")] = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Say in which state an ended execution, or one of its tasks, ended: for work that somebody did or undid by hand."""
    if task is None:
        _act(server, data, "POST", id_, "change-status", query={"status": state.upper()})
        return
    run = _task_run(Client.of(server, data), id_, task)
    _act(server, data, "POST", id_, "state", {"taskRunId": run, "state": state.upper()})


def _task_run(client: Client, id_: str, task: str) -> str:
    """The id of the task run that is meant. Raises UserError."""
    runs = client.get(f"/executions/{part(id_)}")["taskRunList"]
    found = [run for run in runs if task in (run["id"], run["taskId"])]
    if not found:
        raise UserError(f"execution {id_} has run no task `{task}`{did_you_mean(task, {run['taskId'] for run in runs})}")
    if len(found) > 1:
        each = ", ".join(run["id"] + (f" ({run['value']})" if run.get("value") is not None else "") for run in found[:20])
        raise UserError(f"task `{task}` ran {len(found)} times; say which run is meant: {each}")
    return str(found[0]["id"])


def _act(server: Any, data: Any, method: str, id_: str, action: str, body: Any = None, query: Mapping[str, object] | None = None) -> None:
    client = Client.of(server, data)
    asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
    try:
        after = client.call(method, f"{API}/executions/{part(id_)}/{action}{'?' if asked else ''}{asked}", body)
    except UserError as wrong:
        if body is None and not asked and type(wrong) is UserError:  # nothing was sent that could be wrong: it is the state that is
            raise Refused(str(wrong)) from None
        raise
    shown = after or client.get(f"/executions/{part(id_)}")
    show.out(f"{shown['id']} {show.state(shown['state']['current'])}")
