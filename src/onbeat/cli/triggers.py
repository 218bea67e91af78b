"""`onbeat triggers …`: what starts flows, how it is, and switching it off and on.

Called by: app.py.
"""

from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, listed
from onbeat.cli.options import AsJson, Data, Server

app = typer.Typer(no_args_is_help=True)
Name = Annotated[
    str, typer.Argument(metavar="TRIGGER", help="Its name as `onbeat triggers list` shows it, or its id where only one has it.")
]


@app.command("list", epilog="Example: onbeat triggers list")
def list_triggers(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List triggers: whether they listen, what came last, what is wrong."""
    found = Client.of(server, data).get("/triggers/search")
    if as_json:
        show.put_json(found)
        return
    rows: list[tuple[Any, ...]] = [
        (
            each["status"],
            each["name"],
            each["type"],
            ", ".join(each["flows"]),
            each["received"],
            "" if each.get("lag") is None else each["lag"],
            show.when(each["lastEvent"]),
            each["pausedBecause"] or "",
        )
        for each in listed(found)
    ]
    titles = ("STATE", "TRIGGER", "TYPE", "STARTS", "EVENTS", "LAG", "LAST EVENT", "PAUSED BECAUSE")
    show.table(titles, rows, "no triggers are served")


@app.command("disable", epilog="Example: onbeat triggers disable shop.orders.on_order")
def disable(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Let a trigger start nothing, from now on and after restarts; what comes meanwhile is skipped."""
    _switch(Client.of(server, data), name, True, as_json)


@app.command("enable", epilog="Example: onbeat triggers enable shop.orders.on_order")
def enable(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Let a trigger start again what it should."""
    _switch(Client.of(server, data), name, False, as_json)


def _switch(client: Client, name: str, disabled: bool, as_json: bool) -> None:
    found = client.call("PUT", f"{API}/triggers", {"name": name, "disabled": disabled})
    if as_json:
        show.put_json(found)
    else:
        show.out(f"trigger {found['name']} is {'disabled' if disabled else 'enabled'}")
