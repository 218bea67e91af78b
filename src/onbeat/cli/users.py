"""`onbeat users …`: who may log in, and what he may.

A password is asked for, or read from stdin: what stands in a command line is seen by others.

Called by: app.py.
"""

import getpass
import sys
from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, part
from onbeat.cli.options import AsJson, Data, Server
from onbeat.cli.reach import read_reach, show_reach
from onbeat.errors import UserError

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name; a mail address is one, too.")]
Grants = Annotated[
    list[str] | None,
    typer.Option(
        "--grant",
        metavar="ROLE[:NAMESPACE][@TOPIC,…]",
        help="viewer, operator, editor or admin; everywhere, or in a namespace and below it. Repeat it for more.",
    ),
]
Email = Annotated[str | None, typer.Option("--email", help="A mail address, to log in with instead of the name.")]


@app.command("list", epilog="Example: onbeat users list")
def list_(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List users and what they may."""
    found = Client.of(server, data).get("/users")
    if as_json:
        show.put_json(found)
        return
    rows = [(each["name"], each["email"], _grants(each), _state(each), show.when(each["created"])) for each in found["results"]]
    show.table(("NAME", "EMAIL", "MAY", "LOGIN", "CREATED"), rows, "no users; `onbeat users add` makes one")


@app.command(epilog="Example: onbeat users add ada@example.org --grant editor:shop")
def add(
    name: Name,
    grants: Grants = None,
    email: Email = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="A user for programs: he has tokens only.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Make a user; the password is asked for, or read from stdin."""
    body: dict[str, Any] = {"name": name, "grants": _read(grants)}
    if email is not None:
        body["email"] = email
    client = Client.of(server, data)
    if not no_password:
        body["password"] = ask_password(name)
    _show(client.call("POST", f"{API}/users", body), as_json)


@app.command("set", epilog="Example: onbeat users set ada@example.org --grant viewer --grant operator:shop@orders.*")
def set_(
    name: Name,
    grants: Grants = None,
    email: Email = None,
    disabled: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether he is let in.")] = None,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Change what a user may; --grant replaces all his grants."""
    body: dict[str, Any] = {}
    if grants:
        body["grants"] = _read(grants)
    if email is not None:
        body["email"] = email or None
    if disabled is not None:
        body["disabled"] = disabled
    if not body:
        raise UserError("say what to change: --grant, --email, --disable or --enable")
    _show(Client.of(server, data).call("PATCH", f"{API}/users/{part(name)}", body), as_json)


@app.command(epilog="Example: onbeat users password ada@example.org")
def password(name: Name, server: Server = None, data: Data = None) -> None:
    """Set a user's password; who is logged in with the old one is not any more."""
    client = Client.of(server, data)
    client.call("PATCH", f"{API}/users/{part(name)}", {"password": ask_password(name)})
    show.out(f"user {show.plain(name)} has a new password")


@app.command(epilog="Example: onbeat users delete ada@example.org")
def delete(name: Name, server: Server = None, data: Data = None) -> None:
    """Remove a user, with his tokens and sessions."""
    Client.of(server, data).call("DELETE", f"{API}/users/{part(name)}")


def ask_password(name: str) -> str:
    """A new password, asked for twice; from stdin when that is no terminal. Raises UserError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given = getpass.getpass(f"New password of {name}: ")
    if getpass.getpass("Once more: ") != given:
        raise UserError("the two are not the same")
    return given


def _read(grants: list[str] | None) -> list[dict[str, Any]]:
    found = []
    for each in grants or ():
        role, reach = read_reach(each, "--grant")
        found.append({"role": role, **reach})
    return found


def _show(user: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show.put_json(user)
    else:
        show.out(f"user {show.plain(user['name'])} may: {_grants(user) or 'nothing yet'}{' (disabled)' if user['disabled'] else ''}")


def _grants(user: dict[str, Any]) -> str:
    return show.plain(" ".join(show_reach(grant["role"], grant) for grant in user["grants"]))


def _state(user: dict[str, Any]) -> str:
    return "disabled" if user["disabled"] else "password" if user["hasPassword"] else "tokens only"
