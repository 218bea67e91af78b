"""`onbeat tokens …`: access for programs.

Called by: app.py.
"""

from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, part
from onbeat.cli.options import AsJson, Data, Server
from onbeat.cli.reach import read_reach, show_reach
from onbeat.errors import UserError

app = typer.Typer(no_args_is_help=True)
User = Annotated[str | None, typer.Option("--user", help="Its owner, when that is not you; for admins.")]


@app.command("list", epilog="Example: onbeat tokens list")
def list_(user: User = None, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List your tokens, and as an admin those of all; never their text."""
    found = Client.of(server, data).get("/tokens", {"user": user})
    if as_json:
        show.put_json(found)
        return
    rows = [
        (
            each["id"],
            each["name"],
            each["user"] or "admin-token",
            _scopes(each),
            show.when(each["expires"]) or "never",
            show.when(each["used"]),
        )
        for each in found["results"]
    ]
    show.table(("ID", "NAME", "OWNER", "MAY", "EXPIRES", "LAST USED"), rows, "no tokens")


@app.command(epilog="Example: onbeat tokens create ci --scope run,read:shop --days 30")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="PERMISSION,…[:NAMESPACE][@TOPIC,…]",
            help="read, run, publish, write, evaluate, admin; without one it may all that its owner may. Repeat it for more.",
        ),
    ] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="Days that it lives.  (default: 90)")] = None,
    forever: Annotated[bool, typer.Option("--forever", help="It never expires.")] = False,
    user: User = None,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Make a token and print it: it is shown this once. Programs send it as `Authorization: Bearer …`, commands take ONBEAT_TOKEN."""
    if forever and days is not None:
        raise UserError("write one of --days and --forever")
    body: dict[str, Any] = {"name": name}
    if scopes:
        body["scopes"] = [_read(each) for each in scopes]
    if forever:
        body["expires"] = None
    elif days is not None:
        body["expires"] = f"P{days}D"
    if user is not None:
        body["user"] = user
    made = Client.of(server, data).call("POST", f"{API}/tokens", body)
    if as_json:
        show.put_json(made)
        return
    show.out(made["token"])
    until = "never expires" if made["expires"] is None else f"expires {show.when(made['expires'])}"
    typer.echo(f"{made['id']} {until}; it is shown this once", err=True)


@app.command(epilog="Example: onbeat tokens revoke 0123456789abcdef")
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `onbeat tokens list` shows it.")],
    server: Server = None,
    data: Data = None,
) -> None:
    """Take a token back: the next request with it is refused."""
    Client.of(server, data).call("DELETE", f"{API}/tokens/{part(id_)}")


def _read(text: str) -> dict[str, Any]:
    what, reach = read_reach(text, "--scope")
    return {"permissions": what.split(","), **reach}


def _scopes(token: dict[str, Any]) -> str:
    if token["scopes"] is None:
        return "all"
    return " ".join(show_reach(",".join(each["permissions"]), each) for each in token["scopes"])
