"""Name what expressions may use: filters, tests and functions, for editors and Kestra's clients.

Called by: app.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import answer, route
from onbeat.api.shapes.base import Shape
from onbeat.core.expressions.environment import FILTERS, FUNCTIONS, TESTS


class FunctionName(Shape):
    """A function."""

    name: str


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/pebble/filters", filters, Permission.SELF, answers=list[str]),
        *route("/pebble/tests", tests, Permission.SELF, answers=list[str]),
        *route("/pebble/functions", functions, Permission.SELF, answers=list[FunctionName]),
    ]


async def filters(request: Request) -> Response:
    """The filters, by name."""
    return answer(sorted(FILTERS))


async def tests(request: Request) -> Response:
    """The tests, by name."""
    return answer(sorted(TESTS))


async def functions(request: Request) -> Response:
    """The functions, by name."""
    return answer([{"name": name} for name in sorted(FUNCTIONS)])
