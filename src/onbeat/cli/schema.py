"""Print the JSON Schema of flows or of stand-alone triggers, for editors and for CI.

Called by: app.py.
"""

from onbeat.cli import show
from onbeat.engine.schema import What, text


def schema(what: What) -> None:
    """Print a schema."""
    show.out(text(what).rstrip("\n"))
