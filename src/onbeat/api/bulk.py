"""Do one thing to many executions: to those that are named, or to all that a query means.

Rules
1. A call that names one that cannot take the change changes nothing, and says which ones and why.
2. A change by query needs a condition, or `all=true`; it means those of what it finds that can take the change.
3. `dryRun=true` counts, and changes nothing.
4. A million executions are never in memory: they are worked on page by page, the newest first, some at a time; who comes while that goes
   on is not among them.
5. What is refused in the end, because it changed meanwhile, is named in the answer.

Called by: execution_bulk, execution_delete.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from onbeat.api.audit import audited
from onbeat.api.execution_search import asked
from onbeat.api.filters import read_conditions
from onbeat.api.questions import is_all
from onbeat.api.routing import answer, callers_namespaces, node_of
from onbeat.core.states import TERMINATED, State
from onbeat.engine.node import Node
from onbeat.errors import Conflict, OutsideError, UserError
from onbeat.ports import ExecutionFilter, ExecutionSummary

MOST_IDS = 10_000
ALL = tuple(State)
ENDED = tuple(state for state in State if state in TERMINATED)
OPEN = tuple(state for state in State if state not in TERMINATED)
_PAGE = 500
_AT_ONCE = 32
_NAMED = 100
"""How many that were refused an answer names."""
_OPTIONS = ("dryRun",)
_QUERY_OPTIONS = ("dryRun", "all")


class Action(msgspec.Struct, frozen=True):
    """Something to do to an execution. states: in which it can be done; unless: what is said of one in another. check: why it cannot be
    done to one, as far as that is known before. do: does it to some, and says of those that it could not be done to why."""

    name: str
    states: tuple[State, ...]
    unless: str
    do: Callable[[Sequence[ExecutionSummary]], Awaitable[dict[str, str]]]
    check: Callable[[str], Awaitable[str | None]] | None = None


def one_by_one(do: Callable[[str], Awaitable[object]]) -> Callable[[Sequence[ExecutionSummary]], Awaitable[dict[str, str]]]:
    """What does something to one execution, for some of them: a few at the same time."""

    async def each(found: Sequence[ExecutionSummary]) -> dict[str, str]:
        refused: dict[str, str] = {}
        waiting = iter(found)

        async def work() -> None:
            for execution in waiting:
                try:
                    await do(execution.id)
                except (UserError, Conflict, OutsideError) as wrong:
                    refused[execution.id] = str(wrong)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(found))):
                group.create_task(work())
        return refused

    return each


async def by_ids(request: Request, ids: Sequence[str], action: Action, others: Iterable[str] = ()) -> Response:
    """Do it to those that are named. others: parameters of the query that the action reads."""
    read_conditions(request.query_params, (), others=(*_OPTIONS, *others))
    node, wanted = node_of(request), list(dict.fromkeys(ids))
    found = await _named(node, wanted, await callers_namespaces(request))
    invalid = {id_: "execution not found" for id_ in wanted if id_ not in found}
    invalid |= {each.id: action.unless for each in found.values() if each.state not in action.states}
    if action.check is not None and not invalid:
        for id_ in wanted:
            why = await action.check(id_)
            if why is not None:
                invalid[id_] = why
    if invalid:
        return refusal(f"invalid bulk {action.name}: nothing was changed", invalid)
    if _says(request, "dryRun"):
        return _count(request, len(wanted))
    refused: dict[str, str] = {}
    for begin in range(0, len(wanted), _PAGE):
        refused |= await action.do([found[id_] for id_ in wanted[begin : begin + _PAGE]])
    await audited(request, f"execution.{action.name}", "executions", after={"ids": wanted[:_NAMED], "count": len(wanted) - len(refused)})
    if refused:
        return refusal(f"bulk {action.name}: {len(wanted) - len(refused)} were changed, {len(refused)} were not", refused)
    return answer({"count": len(wanted)})


async def by_query(request: Request, action: Action, others: Iterable[str] = ()) -> Response:
    """Do it to all that the query means and that can take it."""
    options = (*_QUERY_OPTIONS, *others)
    wanted = await asked(request, others=options, exact=True)
    if is_all(wanted) and not _says(request, "all"):
        raise UserError("a change by query needs a filter; `all=true` means every execution that you may change")
    states = tuple(state for state in action.states if not wanted.states or state in wanted.states)
    if not states:
        return _count(request, 0)
    if len(states) < len(ALL):
        wanted = msgspec.structs.replace(wanted, states=states)
    node = node_of(request)
    if _says(request, "dryRun"):
        return _count(request, await node.queries.count(wanted, limit=None))
    count, refused = 0, dict[str, str]()
    async for page in _pages(node, wanted):
        wrong = await action.do(page)
        count += len(page) - len(wrong)
        refused |= dict(list(wrong.items())[: _NAMED - len(refused)])
    said = {name: value for name, value in request.query_params.items() if name not in options}
    await audited(request, f"execution.{action.name}", "executions", after={"query": said, "count": count})
    return answer({"count": count, "refused": _invalids(refused)} if refused else {"count": count})


def refusal(detail: str, invalid: Mapping[str, str]) -> Response:
    """A problem that names those that are the reason, as Kestra's clients read it."""
    problem: dict[str, Any] = {"type": "about:blank", "title": "Not possible for all of them", "status": 400, "detail": detail}
    problem |= {"message": detail, "invalids": _invalids(dict(list(invalid.items())[:_NAMED]))}
    response = answer(problem, 400)
    response.headers["content-type"] = "application/problem+json"
    return response


def _invalids(invalid: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"message": why, "invalidValue": id_, "path": "execution"} for id_, why in invalid.items()]


async def _named(node: Node, ids: Sequence[str], allowed: tuple[str, ...] | None) -> dict[str, ExecutionSummary]:
    found: dict[str, ExecutionSummary] = {}
    for begin in range(0, len(ids), _PAGE):
        wanted = ExecutionFilter(ids=tuple(ids[begin : begin + _PAGE]), allowed=allowed)
        found |= {each.id: each for each in await node.queries.executions(wanted, limit=_PAGE)}
    return found


async def _pages(node: Node, wanted: ExecutionFilter) -> AsyncIterator[list[ExecutionSummary]]:
    before = None
    while page := await node.queries.executions(wanted, before=before, limit=_PAGE):
        yield page
        before = page[-1].id


def _says(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false").lower()
    if given not in ("true", "false"):
        raise UserError(f"`{name}` is true or false")
    return given == "true"


def _count(request: Request, count: int) -> Response:
    request.state.audited = True  # nothing was changed
    return answer({"count": count})
