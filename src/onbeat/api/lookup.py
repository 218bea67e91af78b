"""Find the object that a path names, for a caller who may.

Called by: the handlers of one execution.
"""

from starlette.requests import Request

from onbeat.api.access import Permission
from onbeat.api.routing import allow, node_of
from onbeat.core.execution import Execution


async def execution_of(request: Request, permission: Permission | None = None) -> Execution:
    """The execution that `{id}` names. permission: other than the route's. Raises NotFound (none there, or none to see), Forbidden."""
    id_ = request.path_params["id"]
    found = await node_of(request).engine.load(id_)
    await allow(request, found.head.namespace, f"there is no execution {id_}", permission)
    return found
