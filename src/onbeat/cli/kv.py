"""`onbeat kv …`: the values that namespaces keep.

Called by: app.py.
"""

import json
from typing import Annotated, Any

import typer

from onbeat.cli import show
from onbeat.cli.client import Client
from onbeat.cli.options import AsJson, Data, Server
from onbeat.errors import NotFound

app = typer.Typer(no_args_is_help=True)
Namespace = Annotated[str, typer.Argument(metavar="NAMESPACE", help="The namespace.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key.")]


@app.command("list", epilog="Example: onbeat kv list company.team --prefix session_")
def list_(
    namespace: Namespace,
    prefix: Annotated[str | None, typer.Option("--prefix", help="How the keys begin.")] = None,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """List the keys of a namespace."""
    found = [entry.raw for entry in Client.of(server, data).kv.list(namespace, prefix)]
    if as_json:
        show.put_json(found)
        return
    rows = [
        (each["key"], each["type"], show.when(each["updateDate"]), show.when(each["expirationDate"]), each["description"] or "")
        for each in found
    ]
    show.table(("KEY", "TYPE", "UPDATED", "EXPIRES", "DESCRIPTION"), rows, "no values")


@app.command(epilog="Example: onbeat kv get company.team exchange_rate")
def get(namespace: Namespace, key: Key, as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Print a value: a text as it is, anything else as JSON."""
    found = Client.of(server, data).kv.value(namespace, key)
    if as_json:
        show.put_json(found.raw)
    else:
        show.out(found.value if isinstance(found.value, str) else json.dumps(found.value, ensure_ascii=False))


@app.command("set", epilog="Example: onbeat kv set company.team exchange_rate 1.08 --ttl P1D")
def set_(
    namespace: Namespace,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value: JSON, or text.")],
    ttl: Annotated[str | None, typer.Option("--ttl", metavar="DURATION", help="Time after which it is gone: PT1H.")] = None,
    server: Server = None,
    data: Data = None,
) -> None:
    """Keep a value under a key; one that is there is replaced."""
    Client.of(server, data).kv.set(namespace, key, _read(value), ttl=ttl)


@app.command(epilog="Example: onbeat kv delete company.team exchange_rate")
def delete(namespace: Namespace, key: Key, server: Server = None, data: Data = None) -> None:
    """Remove a value."""
    if not Client.of(server, data).kv.delete(namespace, key):
        raise NotFound(f"there is no value `{key}` in namespace {namespace}")


def _read(text: str) -> Any:
    """JSON as what it says, anything else as text."""
    try:
        return json.loads(text, parse_constant=lambda _: text)
    except ValueError:
        return text
