"""`onbeat triggers …`: what starts flows, how it is, and switching it off and on.

Called by: app.py.
"""

from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import Client
from onbeat.cli.options import AsJson, Data, Server
from onbeat.client import TriggerState

app = typer.Typer(no_args_is_help=True)
Name = Annotated[
    str, typer.Argument(metavar="TRIGGER", help="Its name as `onbeat triggers list` shows it, or its id where only one has it.")
]


@app.command("list", epilog="Example: onbeat triggers list")
def list_triggers(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List triggers: whether they listen, what came last, what is wrong."""
    found = list(Client.of(server, data).triggers.list())
    if as_json:
        show.put_json({"results": [each.raw for each in found], "total": len(found)})
        return
    rows: list[tuple[Any, ...]] = [
        (
            each.state,
            each.name,
            each.type,
            ", ".join(each.flows),
            each.received,
            "" if each.lag is None else each.lag,
            show.when(each.raw["lastEvent"]),
            each.why or "",
        )
        for each in found
    ]
    titles = ("STATE", "TRIGGER", "TYPE", "STARTS", "EVENTS", "LAG", "LAST EVENT", "PAUSED BECAUSE")
    show.table(titles, rows, "no triggers are served")


@app.command("disable", epilog="Example: onbeat triggers disable shop.orders.on_order")
def disable(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Let a trigger start nothing, from now on and after restarts; what comes meanwhile is skipped."""
    _show(Client.of(server, data).triggers.disable(name), as_json)


@app.command("enable", epilog="Example: onbeat triggers enable shop.orders.on_order")
def enable(name: Name, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Let a trigger start again what it should."""
    _show(Client.of(server, data).triggers.enable(name), as_json)


def _show(trigger: TriggerState, as_json: bool) -> None:
    if as_json:
        show.put_json(trigger.raw)
    else:
        show.out(f"trigger {trigger.name} is {'disabled' if trigger.disabled else 'enabled'}")
