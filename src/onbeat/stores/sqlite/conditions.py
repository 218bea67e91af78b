"""Turn a filter into conditions that SQLite answers: each as a test of a row, and where an index has it, as lists in the order of ids.

SQLite would choose between indexes by guesses, and sort what several of them give together; to sort a million rows takes a second. So
which index a list is read from is chosen here and in search.py, by counting, and every list is read in the order of its index.

Rules
1. The lists of a condition together hold exactly the executions that pass its test.
2. A condition of more than MANY lists is a test only.

Called by: search.py, texts.py, statistics.py, lines.py.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from onbeat.core.event import Micros
from onbeat.core.ids import make_id
from onbeat.core.states import State
from onbeat.ports.search import ExecutionFilter
from onbeat.stores.sqlite.questions import Asked

BY_ID = "execution indexed by sqlite_autoindex_execution_1"
MANY = 200
FEW = 10_000
"""So many ids are sorted at once rather than read in order."""
LAST = "\U0010ffff"
"""What begins with a text is not behind it and this."""

NAMESPACES = """
with recursive found (name) as (
  select min(namespace) from execution where namespace >= ?1 and namespace < ?2
  union all
  select (select min(namespace) from execution where namespace > name and namespace < ?2) from found where name is not null)
select json_group_array(name) from (select name from found where name is not null limit ?3)
"""
LABEL = "select id from label where key = ? and value = ?"
CHILDREN = "select count(*) from (select 1 from execution indexed by execution_parent where parent is not null limit ?)"


class Condition(NamedTuple):
    """SQL and its values."""

    sql: str
    values: tuple[Any, ...] = ()


class Arm(NamedTuple):
    """One list: the rows of `table` that pass `test`, whose column `id` names an execution."""

    test: Condition
    table: str = BY_ID
    id: str = "id"


class Bearing(NamedTuple):
    """The labels that have a text. has: whether a label has it. letters: what the index of letters is asked for those that may; nothing
    where it cannot be asked."""

    has: Condition
    letters: str = ""


class Part(NamedTuple):
    """One condition of a filter. arms: None where no index has it. apart: no execution is in two of the lists. needs: the columns that the
    test reads, of which `{id}` is the id. covers: the columns that are in the index of the lists. counted: tells cheaper than the last list
    itself about how many it has; its last value, a limit, is left out. bearing: the many labels whose executions are the last list."""

    test: Condition
    arms: tuple[Arm, ...] | None = None
    apart: bool = True
    needs: frozenset[str] = frozenset({"row"})
    covers: frozenset[str] = frozenset({"id"})
    counted: Condition | None = None
    bearing: Bearing | None = None


ROW = frozenset({"id", "state", "namespace", "flow", "row"})
ID, BORNE, STATE, NAMESPACE, PLACE = (
    frozenset({"id"}),
    frozenset({"label"}),
    frozenset({"state"}),
    frozenset({"namespace"}),
    frozenset({"namespace", "flow"}),
)
NOTHING = Part(Condition("false"), ())


def parts(asked: Asked, wanted: ExecutionFilter) -> Iterator[Part]:
    """The conditions of a filter, but for its instants and its text; those that mostly leave least come first."""
    if wanted.ids is not None:
        values = (json_of(wanted.ids),)
        test = Condition("{id} in (select value from json_each(?))", values)
        yield Part(test, (Arm(Condition("id in (select value from json_each(?))", values)),), needs=ID, covers=ROW)
    if wanted.correlation_id is not None:
        yield _correlated(wanted.correlation_id)
    for column in ("parent", "trigger"):
        value = getattr(wanted, column)
        if value is not None:
            yield _exactly(column, value)
    if wanted.flow is not None:
        yield _flow(asked, wanted)
    elif wanted.namespace is not None:
        yield _exactly("namespace", wanted.namespace)._replace(needs=NAMESPACE, covers=ID | NAMESPACE)
    for key, value in wanted.labels:
        yield _label(asked, key, value)
    if wanted.states:
        yield _states(sorted(set(wanted.states)))
    for names in (wanted.namespaces, wanted.allowed):
        if names is not None:
            yield _namespaces(asked, names)
    if wanted.child is not None:
        yield _children(asked, wanted.child)


def instants(start: Micros | None, end: Micros | None) -> tuple[str, str, tuple[Condition, ...]]:
    """The ids of executions created within [start, end), from and up to, and what their rows must pass beside: an id begins with the
    millisecond of its creation, and says no more."""
    first = "" if start is None else make_id(max(start, 0), 0)
    last = LAST if end is None else make_id(max(end + 999, 0), 0)
    tests = []
    if start is not None and start % 1_000:
        tests.append(Condition("created >= ?", (start,)))
    if end is not None and end % 1_000:
        tests.append(Condition("created < ?", (end,)))
    return first, last, tuple(tests)


def in_namespaces(names: Sequence[str]) -> Condition:
    """Executions in these namespaces and below them."""
    each = "(namespace = ? or namespace >= ? and namespace < ?)"
    values = tuple(value for name in names for value in (name, f"{name}.", f"{name}/"))  # `/` follows `.`
    return Condition("(" + (" or ".join([each] * len(names)) or "false") + ")", values)


def json_of(value: Any) -> str:
    """A list as json_each takes it."""
    return msgspec.json.encode(value).decode()


def _exactly(column: str, value: str) -> Part:
    test = Condition(f'"{column}" = ?', (value,))
    return Part(test, (Arm(test, f"execution indexed by execution_{column}"),))


def _correlated(value: str) -> Part:
    """Those that correlate with another, and the one that has the id itself."""
    others = Condition("correlation_id = ? and correlation_id <> id", (value,))
    itself = Condition("id = ? and correlation_id = id", (value,))
    return Part(Condition("correlation_id = ?", (value,)), (Arm(others, "execution indexed by execution_correlation"), Arm(itself)))


def _states(states: Sequence[State]) -> Part:
    arms = tuple(arm for state in states for arm in _exactly("state", state.value).arms or ())
    if len(states) == 1:
        test = arms[0].test
    else:
        test = Condition(f"state in ({', '.join('?' * len(states))})", tuple(state.value for state in states))
    return Part(test, arms, needs=STATE, covers=ID | STATE | PLACE)


def _flow(asked: Asked, wanted: ExecutionFilter) -> Part:
    """A flow in its namespace, or of that id in any."""
    if wanted.namespace is not None:
        test = Condition("namespace = ? and flow = ?", (wanted.namespace, wanted.flow))
        return Part(test, (arm_of_flow(wanted.namespace, wanted.flow),), needs=PLACE, covers=ID | PLACE)
    names = msgspec.json.decode(asked.one(NAMESPACES, "", LAST, MANY + 1))
    arms = tuple(arm_of_flow(name, wanted.flow) for name in names)
    return Part(Condition("flow = ?", (wanted.flow,)), arms if len(arms) <= MANY else None, needs=PLACE, covers=ID | PLACE)


def arm_of_flow(namespace: str, flow: str | None) -> Arm:
    """The list of a flow."""
    return Arm(Condition("namespace = ? and flow = ?", (namespace, flow)), "execution indexed by execution_flow")


def _namespaces(asked: Asked, names: Sequence[str]) -> Part:
    found = set(names)
    for name in names:
        found.update(msgspec.json.decode(asked.one(NAMESPACES, f"{name}.", f"{name}/", MANY + 1)))
    if len(found) > MANY:
        return Part(in_namespaces(names), needs=NAMESPACE)
    arms = [arm for name in sorted(found) for arm in _exactly("namespace", name).arms or ()]
    return Part(in_namespaces(names), tuple(arms), needs=NAMESPACE, covers=ID | NAMESPACE)


def _label(asked: Asked, key: str, value: str) -> Part:
    number = asked.one(LABEL, key, value)
    if number is None:
        return NOTHING
    test = Condition("exists (select 1 from execution_label as other where other.label = ? and other.execution = {id})", (number,))
    return Part(test, (arm_of_label(number),), needs=BORNE)


def arm_of_label(number: int) -> Arm:
    """The list of a label, by its number."""
    return Arm(Condition("label = ?", (number,)), "execution_label", "execution")


def _children(asked: Asked, child: bool) -> Part:
    if not child:
        return Part(Condition("parent is null"))
    test = Condition("parent is not null")
    few = asked.one(CHILDREN, FEW + 1) <= FEW
    return Part(test, (Arm(test, "execution indexed by execution_parent"),) if few else None)
