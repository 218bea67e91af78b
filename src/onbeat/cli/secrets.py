"""`onbeat secrets …`: the secrets that onbeat keeps for namespaces. None is ever printed.

Called by: app.py.
"""

import getpass
import sys
from typing import Annotated

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client, part
from onbeat.cli.options import AsJson, Data, Server

app = typer.Typer(no_args_is_help=True)
Namespace = Annotated[str, typer.Argument(metavar="NAMESPACE", help="The namespace; flows of those below it see its secrets, too.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key.")]


@app.command("list", epilog="Example: onbeat secrets list company.team")
def list_(namespace: Namespace, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """List the keys of a namespace, and those that it has from above; never a value."""
    client = Client.of(server, data)
    own = client.get(f"/namespaces/{part(namespace)}/secrets")["results"]
    above = client.get(f"/namespaces/{part(namespace)}/inherited-secrets")
    if as_json:
        show.put_json({"own": own, "inherited": above})
        return
    rows = [(each["key"], namespace, show.when(each["updateDate"]), each["description"] or "") for each in own]
    rows += [(key, where, "", "") for where, keys in above.items() for key in keys]
    show.table(("KEY", "NAMESPACE", "UPDATED", "DESCRIPTION"), rows, "no secrets")


@app.command("set", epilog="Example: onbeat secrets set company.team DB_PASSWORD < password.txt")
def set_(
    namespace: Namespace,
    key: Key,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Keep a secret. Its value is asked for, or read from stdin: what stands in a command line is seen by others."""
    value = getpass.getpass(f"{key}: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    body = {"value": value, "description": description}
    Client.of(server, data).call("PUT", f"{API}/namespaces/{part(namespace)}/secrets/{part(key)}", body)


@app.command(epilog="Example: onbeat secrets delete company.team DB_PASSWORD")
def delete(namespace: Namespace, key: Key, server: Server = None, data: Data = None) -> None:
    """Remove a secret."""
    Client.of(server, data).call("DELETE", f"{API}/namespaces/{part(namespace)}/secrets/{part(key)}")


@app.command(epilog="Example: onbeat secrets rotate")
def rotate(server: Server = None, data: Data = None) -> None:
    """Make a new key and encrypt all secrets with it. Older keys stay: what executions keep is opened with them."""
    done = Client.of(server, data).call("POST", f"{API}/secrets/rotate")
    show.out(f"{done['secrets']} secret(s) encrypted with the new key {done['keyId']}; keep a copy of DATA/secret.key")
