"""`onbeat executions …`: look at executions, stop them, go on with them, run them again.

Called by: app.py.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import Client, listed
from onbeat.cli.follow import follow_execution
from onbeat.cli.options import AsJson, Data, Files, Inputs, Server, pairs
from onbeat.client import Execution
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
    execution = Client.of(server, data).execution(id_).raw
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
    lines = [line.raw for line in Client.of(server, data).logs(id_)]
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
    _act(Client.of(server, data).kill, id_)


@app.command(epilog="Example: onbeat executions pause 6VqJx0s3bq0Zk1u8mD2c4e")
def pause(id_: Id, server: Server = None, data: Data = None) -> None:
    """Let what runs end and start nothing new."""
    _act(Client.of(server, data).pause, id_)


@app.command(epilog="Example: onbeat executions resume 6VqJx0s3bq0Zk1u8mD2c4e -i approved=true")
def resume(id_: Id, inputs: Inputs = None, files: Files = None, server: Server = None, data: Data = None) -> None:
    """Go on after a pause, with the answers it asks for."""
    _show(Client.of(server, data).resume(id_, pairs(inputs, "--input"), files=pairs(files, "--file")))


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
    _show(Client.of(server, data).review(id_, decision, comment, pairs(inputs, "--input"), files=pairs(files, "--file")))


@app.command(epilog="Example: onbeat executions restart 6VqJx0s3bq0Zk1u8mD2c4e")
def restart(id_: Id, revision: Revision = None, server: Server = None, data: Data = None) -> None:
    """Run an ended execution again from its failed tasks; with another revision of its flow, as a new execution.

    What succeeded stays as it was. To run that again too, replay it.
    """
    client = Client.of(server, data)
    if revision is None:
        _act(client.restart, id_)
    else:
        _show(client.restart(id_, revision=revision))


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
    client = Client.of(server, data)
    if task is None and revision is None:
        _act(client.replay, id_)
    else:
        _show(client.replay(id_, task_run=None if task is None else _task_run(client, id_, task), revision=revision))


@app.command("set-state", epilog="Example: onbeat executions set-state 6VqJx0s3bq0Zk1u8mD2c4e SUCCESS --task load")
def set_state(
    id_: Id,
    state: Annotated[str, typer.Argument(metavar="STATE", help="SUCCESS, WARNING, FAILED, KILLED or CANCELLED.")],
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Of this task; what follows it goes on.")] = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Say in which state an ended execution, or one of its tasks, ended: for work that somebody did or undid by hand."""
    client = Client.of(server, data)
    _show(client.set_state(id_, state.upper(), task_run=None if task is None else _task_run(client, id_, task)))


def _task_run(client: Client, id_: str, task: str) -> str:
    """The id of the task run that is meant. Raises UserError."""
    runs = client.execution(id_).task_runs
    found = [run for run in runs if task in (run.id, run.task)]
    if not found:
        raise UserError(f"execution {id_} has run no task `{task}`{did_you_mean(task, {run.task for run in runs})}")
    if len(found) > 1:
        each = ", ".join(run.id + (f" ({run.value})" if run.value is not None else "") for run in found[:20])
        raise UserError(f"task `{task}` ran {len(found)} times; say which run is meant: {each}")
    return found[0].id


def _act(action: Callable[[str], Execution], id_: str) -> None:
    """Do what is said of an execution without anything that could be wrong: when it is, it is the state that is."""
    try:
        _show(action(id_))
    except UserError as wrong:
        if type(wrong) is UserError:
            raise Refused(str(wrong)) from None
        raise


def _show(execution: Execution) -> None:
    show.out(f"{execution.id} {show.state(execution.state)}")
