"""`onbeat login`: a link that logs a browser in, once.

Called by: app.py.
"""

import typer

from onbeat.cli import show
from onbeat.cli.client import API, Client


def login(client: Client, as_json: bool) -> None:
    """Print the link."""
    made = client.call("POST", f"{API}/login/link")
    if as_json:
        show.put_json(made)
        return
    show.out(made["url"])
    typer.echo("open it in a browser within five minutes; it works once", err=True)
