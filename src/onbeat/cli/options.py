"""The options that many commands share, said once.

Called by: app.py and the groups of commands.
"""

from pathlib import Path
from typing import Annotated

import typer

Server = Annotated[str | None, typer.Option("--server", help="Address of the daemon; else ONBEAT_SERVER, else DATA/server.json.")]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder of the daemon; else ONBEAT_DATA, else .onbeat.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Inputs = Annotated[list[str] | None, typer.Option("--input", "-i", metavar="KEY=VALUE", help="An input; repeat it for more.")]
Files = Annotated[list[str] | None, typer.Option("--file", metavar="KEY=PATH", help="A FILE input; repeat it for more.")]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """KEY=VALUE options as a map. Raises typer.BadParameter."""
    found = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"`{each}` is not KEY=VALUE", param_hint=option)
        found[name] = value
    return found
