"""Start the daemon for a person or a supervisor, and say when and where it is ready.

The token is shown on a terminal only: a supervisor's log is no place for it.

Called by: app.py.
"""

import shlex
import sys
from collections.abc import Mapping
from typing import Any

from onbeat import __version__
from onbeat.api.ui import BUILT, HOME
from onbeat.cli import show
from onbeat.cli.configured import load_settings
from onbeat.core.names import did_you_mean
from onbeat.daemon.serve import Serving
from onbeat.daemon.serve import serve as serve_daemon
from onbeat.errors import UserError
from onbeat.settings import CONFIG_FILE, Settings, misspelt


def serve(given: Mapping[str, Any]) -> int:
    """Serve until a signal."""
    wrong = [f"{CONFIG_FILE}: `{name}` is not a setting of onbeat{did_you_mean(name, Settings.model_fields)}" for name in misspelt()]
    if wrong:
        raise UserError("\n".join(wrong))
    return serve_daemon(load_settings(given), announce)


def announce(serving: Serving) -> None:
    """Say that it is ready and where to go."""
    node = serving.node
    listening = sum(len(subscription.triggers) for subscription in node.intake.subscriptions())
    show.out(f"onbeat {__version__} is ready at {serving.url}, with {len(node.catalog.served())} flows and {listening} triggers")
    if serving.token is None:
        show.out("  access   none: whoever reaches this address may do everything")
    elif sys.stdout.isatty():
        show.out(f"  token    {serving.token}")
    else:
        show.out(f"  token    in {serving.data / 'admin-token'}")
    if (BUILT / "index.html").exists():
        how = (
            ""
            if serving.token is None
            else f"   (`onbeat login --data {shlex.quote(str(serving.data))}` prints a link that logs a browser in)"
        )
        show.out(f"  web UI   {serving.url}{HOME}{how}")
    else:
        show.out("  web UI   not built here: `make ui` builds it")
    for trouble in node.trouble():
        show.out(f"  wrong    {show.plain(trouble)}")
    show.out("  next     onbeat flows list · onbeat tail · onbeat --help")
    sys.stdout.flush()
