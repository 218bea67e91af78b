"""`onbeat events …`: topics, dead events and their replay, and why an event started nothing.

Called by: app.py.
"""

from typing import Annotated

import typer

from onbeat.cli import show
from onbeat.cli.client import Client, listed
from onbeat.cli.options import AsJson, Data, Server

app = typer.Typer(no_args_is_help=True)
dead = typer.Typer(no_args_is_help=True, help="Events that could not start what they should have: kept whole, replayable.")
app.add_typer(dead, name="dead")
DeadId = Annotated[str, typer.Argument(metavar="ID", help="The dead event's id.")]


@app.command(epilog="Example: onbeat events topics")
def topics(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List the topics of the bus, and those that triggers wait for."""
    found = Client.of(server, data).get("/events")
    if as_json:
        show.put_json(found)
        return
    show.table(("TOPIC", "EVENTS"), [(each["topic"], each["records"]) for each in found["topics"]], "no topics")


@app.command(epilog="Example: onbeat events explain orders/6VqJx0s3bq0Zk1u8mD2c4e")
def explain(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="TOPIC/ID, or an id that only one topic has.")],
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Say for each listening trigger what it did with an event, and why."""
    found = Client.of(server, data).explain(event)
    if as_json:
        show.put_json(found)
        return
    told = found["event"]
    show.out(f"event {told['id']} on {told['topic']}, {show.when(told['time'])}: {show.compact(told['data'], 200)}")
    rows = [
        (each["result"], each["trigger"], ", ".join(each["flows"]), ", ".join(each.get("executions") or ()) or each.get("why") or "")
        for each in found["triggers"]
    ]
    show.table(("RESULT", "TRIGGER", "STARTS", "WHY"), rows, f"no trigger listens to `{told['topic']}`")
    for reason in found["dead"]:
        show.out(f"kept as a dead event: {show.plain(reason)}")


@dead.command("list", epilog="Example: onbeat events dead list")
def list_dead(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List dead events, newest first."""
    found = Client.of(server, data).get("/events/dead/list")
    if as_json:
        show.put_json(found)
        return
    rows = [
        (each["id"], show.when(each["at"]), each["trigger"] or each["subscription"], "yes" if each["replayedAt"] else "", each["reason"])
        for each in listed(found)
    ]
    show.table(("ID", "AT", "TRIGGER", "REPLAYED", "REASON"), rows, "no dead events")


@dead.command("show", epilog="Example: onbeat events dead show 6VqJx0s3bq0Zk1u8mD2c4e")
def show_dead(id_: DeadId, server: Server = None, data: Data = None) -> None:
    """Print a dead event, whole, as JSON."""
    show.put_json(Client.of(server, data).dead_event(id_).raw)


@dead.command(epilog="Example: onbeat events dead replay 6VqJx0s3bq0Zk1u8mD2c4e")
def replay(id_: DeadId, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Give a dead event to its trigger again."""
    done = Client.of(server, data).replay_dead(id_)
    if as_json:
        show.put_json(done.raw)
    else:
        show.out(f"started {', '.join(done.executions)}" if done.executions else "nothing was started: its condition is false now")
