"""Leave out of the campaign what is right as it is sent, though it was made to be wrong.

An empty object in a query, and an empty text in place of a list, are a list of one empty text on the wire.

Called by: schemathesis, which schema_campaign.py tells of it.
"""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Whether to send it."""
    if not isinstance(query, dict):
        return True
    lists = {each.name for each in context.operation.query if each.definition.get("schema", {}).get("type") == "array"}
    return not any(value in ({}, [{}], [[]]) or (value == "" and name in lists) for name, value in query.items())
