"""Evaluate an expression on an execution, or on a task run of it: what it would give there.

Called by: app.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Unprocessable, Within, answer, body_of, node_of, route
from onbeat.api.shapes.executions import Evaluated
from onbeat.core.execution import ROOT
from onbeat.engine import rerun
from onbeat.engine.trial import try_expression
from onbeat.errors import UserError

_LONGEST = 20_000


def routes() -> list[BaseRoute]:
    """The routes; 2.0 of Kestra spells them `actions/eval`."""
    found: list[BaseRoute] = []
    for path in ("eval", "eval/{run}", "actions/eval", "actions/eval/{run}"):
        found += route(
            f"/executions/{{id}}/{path}",
            evaluate,
            Permission.EVALUATE,
            ("POST",),
            within=Within.OBJECT,
            answers=Evaluated,
            takes={"text/plain": {"type": "string", "example": "{{ outputs.say.value }}"}},
        )
    return found


async def evaluate(request: Request) -> Response:
    """What an expression gives. The body is its text; what is wrong with it is in `error`."""
    node, execution, run = node_of(request), await execution_of(request), ROOT
    if "run" in request.path_params:
        try:
            run = rerun.run_number(execution, request.path_params["run"])
        except rerun.Impossible as wrong:
            raise Unprocessable(str(wrong)) from None
    try:
        text = (await body_of(request)).decode()
    except UnicodeDecodeError:
        raise UserError("the body is the text of an expression, in UTF-8") from None
    if len(text) > _LONGEST:
        raise UserError(f"the expression has {len(text)} characters; the limit is {_LONGEST}")
    tried = await try_expression(node, execution, run, text)
    return answer({"result": tried.result, "error": tried.error, "stackTrace": None})
