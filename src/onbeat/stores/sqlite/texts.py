"""Find executions by a text: in which flows and labels it is, and which of many labels were used last.

Rules
1. Text is looked for in the distinct flows and labels, and not in every execution. An id is found by how it begins.
2. A label's `used` is the beginning of the newest id that has it, or of a newer one: what of a text's labels were used after an instant
   are all that an execution after it can have.

Called by: search.py, lines.py.
"""

import re

import msgspec

from onbeat.stores.sqlite.conditions import FEW, LAST, MANY, Arm, Bearing, Condition, Part, arm_of_flow, arm_of_label, json_of
from onbeat.stores.sqlite.questions import Asked

PROBED = 8
"""So few labels are looked up for each execution; of more, each execution's own are read."""
LETTERS = 3
"""So many make a text that the index of labels knows; of fewer it is asked which three letters begin with them."""
LONGEST_LIKE = 1_000
"""SQLite takes a pattern of up to 50,000 bytes."""
SAMPLED = 2_000
"""Labels of those made last that say since when a text is looked for."""
USED_SINCE = 5 * SAMPLED
"""Where more labels were used since then, when a label was made does not say when it is used."""

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
CORRELATED = """
select count(*) from (
  select 1 from execution indexed by execution_correlation
  where correlation_id >= ?1 and correlation_id < ?2 and correlation_id <> id limit ?3)
"""
THREES = "select json_group_array(term) from (select term from label_three where term >= ? and term <= ? limit ?)"
LABELS = "select json_group_array(id) from (select label.id from"
COUNTED = "select count(*) from (select 1 from"
MADE_LAST = """
select json_array(count(*), min(used)) from (
  select used from (select rowid from label_text where label_text match ? order by rowid desc limit ?) as made
  cross join label on label.id = made.rowid and"""
BEGINS = "id >= ? and id < ? or correlation_id >= ? and correlation_id < ?"
NAMED = "instr(lower(namespace || '.' || flow), ?)"
BEARS = "exists (select 1 from json_each(labels) as each where instr(lower(each.key || ':' || each.value), ?))"
MAY_BEAR = "instr(lower(labels), ?)"
"""What is cheap to ask first: a tenth of what it costs to read the labels."""
BEARS_ONE = (
    "exists (select 1 from execution_label as other where other.label in (select value from json_each(?)) and other.execution = {id})"
)


def text(asked: Asked, q: str) -> Part:
    """An execution that has the text in its flow's name or a label, or whose id or correlation id begins with it."""
    small = lowered(q)
    flows = msgspec.json.decode(asked.one(FLOWS, small, MANY + 1))
    bearing = Bearing(_has(small), _letters(asked, small))
    table, has = _read_from(bearing)
    labels = msgspec.json.decode(asked.one(" ".join((LABELS, table, "where", has.sql, "limit ?)")), *has.values, MANY + 1))
    few = len(labels) <= MANY
    test = [Condition(BEGINS, (q, q + LAST, q, q + LAST))]
    if flows:
        test.append(Condition(NAMED, (small,)))
    if few and 0 < len(labels) <= PROBED:
        test.append(Condition(BEARS_ONE, (json_of(labels),)))
    elif labels:
        test.append(_bears(small))
    whole = _any_of(test)
    if len(flows) > MANY or asked.one(CORRELATED, q, q + LAST, FEW + 1) > FEW:
        return Part(whole)
    arms = (
        Arm(Condition("id >= ? and id < ?", (q, q + LAST))),
        Arm(
            Condition("correlation_id >= ? and correlation_id < ? and correlation_id <> id", (q, q + LAST)),
            "execution indexed by execution_correlation",
        ),
        *(arm_of_flow(*flow) for flow in flows),
    )
    if few:
        return Part(whole, (*arms, *map(arm_of_label, labels)), apart=False)
    of_labels = Arm(has, f"{table} cross join execution_label on execution_label.label = label.id", "execution_label.execution")
    return Part(whole, (*arms, of_labels), apart=False, counted=_counted(bearing), bearing=bearing)


def since(asked: Asked, part: Part) -> tuple[str, Part] | None:
    """Of a text that many labels have, the part over those alone that were used last, and the id from which on it lacks none. None: it has
    few labels, or those made last are not those used last."""
    if part.bearing is None or not part.bearing.letters or part.arms is None:
        return None
    has, letters = part.bearing
    found, used = msgspec.json.decode(asked.one(" ".join((MADE_LAST, has.sql, ")")), letters, SAMPLED, *has.values))
    if found < SAMPLED // 2:
        return None
    table, of_all = _read_from(part.bearing)
    labels = " ".join((LABELS, table, "where label.used > ? and", of_all.sql, "limit ?)"))
    numbers = asked.one(labels, used, *of_all.values, USED_SINCE + 1)
    if len(msgspec.json.decode(numbers)) > USED_SINCE:
        return None
    of_labels = Arm(Condition("label in (select value from json_each(?))", (numbers,)), "execution_label", "execution")
    return used + LAST, part._replace(arms=(*part.arms[:-1], of_labels))


def text_alone(q: str) -> Condition:
    """The same as a test, without having looked for which flows and labels there are."""
    small = lowered(q)
    return _any_of([Condition(BEGINS, (q, q + LAST, q, q + LAST)), Condition(NAMED, (small,)), _bears(small)])


def _any_of(tests: list[Condition]) -> Condition:
    return Condition(f"({' or '.join(each.sql for each in tests)})", tuple(value for each in tests for value in each.values))


def _bears(small: str) -> Condition:
    """Whether one of an execution's labels has the text. What JSON writes as it is, is looked for in all of them at once before."""
    plain = sorted(set(_PLAIN.findall(small)), key=len, reverse=True)[:_ASKED_FIRST]
    return Condition(f"({' and '.join([*[MAY_BEAR] * len(plain), BEARS])})", (*plain, small))


def _read_from(bearing: Bearing) -> tuple[str, Condition]:
    """The tables that the labels are read from, and the test that they have the text."""
    has, letters = bearing
    if not letters:
        return "label", has
    return "label_text cross join label on label.id = label_text.rowid", Condition(
        f"label_text match ? and {has.sql}", (letters, *has.values)
    )


def _counted(bearing: Bearing) -> Condition:
    """About how many labels there are (see Part): of a text's letters its first three and its last say it as well."""
    has, letters = bearing
    if not letters:
        return Condition(" ".join((COUNTED, "label where", has.sql, "limit ?)")), has.values)
    threes = letters.split(_AND)
    some = letters if len(threes) == 1 else _AND.join((threes[0], threes[-1]))
    return Condition(" ".join((COUNTED, "label_text where label_text match ? limit ?)")), (some,))


def _letters(asked: Asked, small: str) -> str:
    """What the index of labels is asked for: all threes that a text has, or any that begins with it. Nothing: it cannot be asked."""
    if len(small) >= LETTERS:
        threes = dict.fromkeys(small[n : n + LETTERS] for n in range(len(small) - LETTERS + 1))
        return _AND.join(_quoted(three) for three in threes if "\0" not in three)  # which ends what the index is asked
    if not small or "\0" in small or not _is_folded(small):
        return ""
    begun: list[str] = msgspec.json.decode(asked.one(THREES, small, small + LETTERS * LAST, MANY + 1))
    return " OR ".join(_quoted(three) for three in begun or [LETTERS * LAST]) if len(begun) <= MANY else ""


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


_AND = " AND "
_ASKED_FIRST = 3
_PLAIN = re.compile(r"[ !#-9;-\[\]-~]+")
_WILD = re.compile(r"[%_\\]")
_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def lowered(text: str) -> str:
    """As SQLite's lower() makes it: ASCII letters only."""
    return text.translate(_SMALL)
