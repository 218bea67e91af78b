"""Read how far a grant or a scope reaches, as the command line has it: `editor:shop@orders.*`.

Called by: users, tokens.
"""

from typing import Any

import typer


def read_reach(text: str, option: str) -> tuple[str, dict[str, Any]]:
    """What stands first, and namespace and topics after it: `WHAT[:NAMESPACE][@TOPIC,TOPIC]`. Raises typer.BadParameter."""
    head, at, topics = text.partition("@")
    what, colon, namespace = head.partition(":")
    if not what or (colon and not namespace) or (at and not topics):
        raise typer.BadParameter(f"`{text}` is not WHAT[:NAMESPACE][@TOPIC,TOPIC]", param_hint=option)
    reach: dict[str, Any] = {}
    if namespace:
        reach["namespace"] = namespace
    if topics:
        reach["topics"] = topics.split(",")
    return what, reach


def show_reach(what: str, reach: dict[str, Any]) -> str:
    """As it would be written."""
    namespace, topics = reach.get("namespace"), reach.get("topics")
    return what + (f":{namespace}" if namespace else "") + (f"@{','.join(topics)}" if topics is not None else "")
