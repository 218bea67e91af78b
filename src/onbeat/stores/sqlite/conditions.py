"""Turn a filter into conditions that SQLite answers: each as a test of a row, and where an index has it, as lists in the order of ids.

SQLite would choose between indexes by guesses, and sort what several of them give together; to sort a million rows takes a second. So
which index a list is read from is chosen here and in search.py, by counting, and every list is read in the order of its index.

Rules
1. The lists of a condition together hold exactly the executions that pass its test.
2. Text is looked for in the distinct flows and labels, and not in every execution. An id is found by how it begins.
3. A condition of more than MANY lists is a test only.

Called by: search.py, statistics.py, lines.py.
"""

import re
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
PROBED = 8
"""So few labels are looked up for each execution; of more, each execution's own are read."""
LETTERS = 3
"""So many make a text that the index of labels knows; of fewer it is asked which three letters begin with them."""
LONGEST_LIKE = 1_000
"""SQLite takes a pattern of up to 50,000 bytes."""
LAST = "\U0010ffff"
"""What begins with a text is not behind it and this."""

NAMESPACES = """
with recursive found (name) as (
  select min(namespace) from execution where namespace >= ?1 and namespace < ?2
  union all
  select (select min(namespace) from execution where namespace > name and namespace < ?2) from found where name is not null)
select json_group_array(name) from (select name from found where name is not null limit ?3)
"""
FLOWS = """
with recursive place (name) as (
  select min(namespace) from execution
  union all
  select (select min(namespace) from execution where namespace > name) from place where name is not null),
found (place, name) as (
  select name, (select min(flow) from execution where namespace = place.name) from place where name is not null
  union all
  select place, (select min(flow) from execution where namespace = place and flow > name) from found where name is not null)
select json_group_array(json_array(place, name)) from (
  select place, name from found where name is not null and instr(lower(place || '.' || name), ?1) limit ?2)
"""
LABELS = "select json_group_array(id) from (select label.id from"
COUNTED = "select count(*) from (select 1 from"
LABEL = "select id from label where key = ? and value = ?"
CORRELATED = """
select count(*) from (
  select 1 from execution indexed by execution_correlation
  where correlation_id >= ?1 and correlation_id < ?2 and correlation_id <> id limit ?3)
"""
THREES = "select json_group_array(term) from (select term from label_three where term >= ? and term <= ? limit ?)"
CHILDREN = "select count(*) from (select 1 from execution indexed by execution_parent where parent is not null limit ?)"
BEGINS = "id >= ? and id < ? or correlation_id >= ? and correlation_id < ?"
NAMED = "instr(lower(namespace || '.' || flow), ?)"
BEARS = "exists (select 1 from json_each(labels) as each where instr(lower(each.key || ':' || each.value), ?))"
MAY_BEAR = "instr(lower(labels), ?)"
"""What is cheap to ask first: a tenth of what it costs to read the labels."""
BEARS_ONE = (
    "exists (select 1 from execution_label as other where other.label in (select value from json_each(?)) and other.execution = {id})"
)


class Condition(NamedTuple):
    """SQL and its values."""

    sql: str
    values: tuple[Any, ...] = ()


class Arm(NamedTuple):
    """One list: the rows of `table` that pass `test`, whose column `id` names an execution."""

    test: Condition
    table: str = BY_ID
    id: str = "id"


class Part(NamedTuple):
    """One condition of a filter. arms: None where no index has it. apart: no execution is in two of the lists. needs: the columns that the
    test reads, of which `{id}` is the id. covers: the columns that are in the index of the lists. counted: tells cheaper than the lists
    themselves about how many they have; its last value, a limit, is left out."""

    test: Condition
    arms: tuple[Arm, ...] | None = None
    apart: bool = True
    needs: frozenset[str] = frozenset({"row"})
    covers: frozenset[str] = frozenset({"id"})
    counted: Condition | None = None


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
        values = (_json(wanted.ids),)
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


def _json(value: Any) -> str:
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
        return Part(test, (_arm_of_flow(wanted.namespace, wanted.flow),), needs=PLACE, covers=ID | PLACE)
    names = msgspec.json.decode(asked.one(NAMESPACES, "", LAST, MANY + 1))
    arms = tuple(_arm_of_flow(name, wanted.flow) for name in names)
    return Part(Condition("flow = ?", (wanted.flow,)), arms if len(arms) <= MANY else None, needs=PLACE, covers=ID | PLACE)


def _arm_of_flow(namespace: str, flow: str | None) -> Arm:
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
    return Part(test, (_arm_of_label(number),), needs=BORNE)


def _arm_of_label(number: int) -> Arm:
    return Arm(Condition("label = ?", (number,)), "execution_label", "execution")


def _children(asked: Asked, child: bool) -> Part:
    if not child:
        return Part(Condition("parent is null"))
    test = Condition("parent is not null")
    few = asked.one(CHILDREN, FEW + 1) <= FEW
    return Part(test, (Arm(test, "execution indexed by execution_parent"),) if few else None)


def text(asked: Asked, q: str) -> Part:
    """An execution that has the text in its flow's name or a label, or whose id or correlation id begins with it."""
    small = lowered(q)
    flows = msgspec.json.decode(asked.one(FLOWS, small, MANY + 1))
    tables, has, about = _labels_with(asked, small)
    chosen = " ".join((tables, "where", has.sql, "limit ?)"))
    labels = msgspec.json.decode(asked.one(" ".join((LABELS, chosen)), *has.values, MANY + 1))
    few = len(labels) <= MANY
    test = [Condition(BEGINS, (q, q + LAST, q, q + LAST))]
    if flows:
        test.append(Condition(NAMED, (small,)))
    if few and 0 < len(labels) <= PROBED:
        test.append(Condition(BEARS_ONE, (_json(labels),)))
    elif labels:
        test.append(_bears(small))
    whole = _any_of(test)
    if len(flows) > MANY or asked.one(CORRELATED, q, q + LAST, FEW + 1) > FEW:
        return Part(whole)
    of_labels = Arm(has, f"{tables} cross join execution_label on execution_label.label = label.id", "execution_label.execution")
    arms = (
        Arm(Condition("id >= ? and id < ?", (q, q + LAST))),
        Arm(
            Condition("correlation_id >= ? and correlation_id < ? and correlation_id <> id", (q, q + LAST)),
            "execution indexed by execution_correlation",
        ),
        *(_arm_of_flow(*flow) for flow in flows),
        *((_arm_of_label(number) for number in labels) if few else (of_labels,)),
    )
    return Part(whole, arms, apart=False, counted=None if few or flows else about)


def text_alone(q: str) -> Condition:
    """The same as a test, without having looked for which flows and labels there are."""
    small = lowered(q)
    return _any_of([Condition(BEGINS, (q, q + LAST, q, q + LAST)), Condition(NAMED, (small,)), _bears(small)])


def _any_of(tests: Sequence[Condition]) -> Condition:
    return Condition(f"({' or '.join(each.sql for each in tests)})", tuple(value for each in tests for value in each.values))


def _bears(small: str) -> Condition:
    """Whether one of an execution's labels has the text. What JSON writes as it is, is looked for in all of them at once before."""
    plain = sorted(set(_PLAIN.findall(small)), key=len, reverse=True)[:_ASKED_FIRST]
    return Condition(f"({' and '.join([*[MAY_BEAR] * len(plain), BEARS])})", (*plain, small))


def _labels_with(asked: Asked, small: str) -> tuple[str, Condition, Condition]:
    """The tables that labels are read from which may have the text, the test that they have it, and about how many do (see Part)."""
    has, threes = _has(small), _threes(asked, small)
    if not threes:
        return "label", has, Condition(" ".join((COUNTED, "label where", has.sql, "limit ?)")), has.values)
    of_all, of_some = (" AND ", (threes[0], threes[-1])) if len(small) >= LETTERS else (" OR ", threes)
    return (
        "label_text cross join label on label.id = label_text.rowid",
        Condition(f"label_text match ? and {has.sql}", (of_all.join(threes), *has.values)),
        Condition(" ".join((COUNTED, "label_text where label_text match ? limit ?)")), (of_all.join(of_some),)),
    )


def _threes(asked: Asked, small: str) -> list[str]:
    """The letters that the index of labels is asked for: all that a text has, or those that begin with it. None: it cannot be asked."""
    if len(small) >= LETTERS:
        threes = dict.fromkeys(small[n : n + LETTERS] for n in range(len(small) - LETTERS + 1))
        return [_quoted(three) for three in threes if "\0" not in three]  # which ends what the index is asked
    if not small or "\0" in small or not _is_folded(small):
        return []
    begun: list[str] = msgspec.json.decode(asked.one(THREES, small, small + LETTERS * LAST, MANY + 1))
    return [_quoted(three) for three in begun or [LETTERS * LAST]] if len(begun) <= MANY else []


def _quoted(three: str) -> str:
    return '"' + three.replace('"', '""') + '"'


def _is_folded(small: str) -> bool:
    """Whether the index has these letters as they are: it folds the case of those beyond ASCII by rules of its own."""
    return all(letter.isascii() or letter.lower() == letter.upper() == letter for letter in small)


def _has(small: str) -> Condition:
    """Whether a label has the text. LIKE is as blind to case as lower() is, and takes a third of the time."""
    if ":" in small or "\0" in small or len(small) > LONGEST_LIKE:
        return Condition("instr(lower(label.key || ':' || label.value), ?)", (small,))
    pattern = _WILD.sub(r"\\\g<0>", small)
    like = "like ?" if pattern == small else "like ? escape '\\'"
    return Condition(f"(label.value {like} or label.key {like})", (f"%{pattern}%",) * 2)


_ASKED_FIRST = 3
_PLAIN = re.compile(r"[ !#-9;-\[\]-~]+")
_WILD = re.compile(r"[%_\\]")
_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def lowered(text: str) -> str:
    """As SQLite's lower() makes it: ASCII letters only."""
    return text.translate(_SMALL)
