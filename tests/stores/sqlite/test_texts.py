"""How text is compared and looked for; what it finds is tested in test_store_search.py, for every store."""

import sqlite3

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.ports import ExecutionFilter
from onbeat.stores.sqlite import SqliteStore, search, texts
from onbeat.stores.sqlite.questions import Asked
from onbeat.stores.sqlite.search import LOOKED_AT
from onbeat.stores.sqlite.texts import lowered, since, text_alone
from tests.stores.build import creation, id_of, work

DB = sqlite3.connect(":memory:")


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")))
def test_small_letters_are_sqlites(text: str):
    """What is compared in SQL is made here as it is made there."""
    assert lowered(text) == DB.execute("select lower(?)", (text,)).fetchone()[0]


TEXTS = ["%", "_", '"', "'", '""a', "a AND b", "NOT x", "*", "é́e", "ſs", "İi", "日本語", "ab\tc", "🙂🙂🙂", "-", "a:b:c"]
SHORT = ["ab", "日本", "é", "É", "ß", "\u212a", "k", "🙂", "🙂x", "  ", "\U0010ffff", "\ud7ff"]


@pytest.mark.parametrize("first", [0, LOOKED_AT])
@pytest.mark.parametrize("text", [*TEXTS, *SHORT])
async def test_any_text_is_only_text(full: SqliteStore, text: str, first: int, monkeypatch: pytest.MonkeyPatch):
    """It finds the label that has it, whatever SQL or FTS would make of it, as a value, in a value and in a key."""
    monkeypatch.setattr(search, "LOOKED_AT", first)
    for n, labels in enumerate([{"k": text}, {"k": f"before {text} after"}, {f"key{text}": "v"}, {"j": "other"}], 20):
        await full.write(work(creation(n, labels=labels)))
    assert await full.execution_ids(ExecutionFilter(q=text, start=creation(20).execution.head.created), 9) == [
        id_of(22),
        id_of(21),
        id_of(20),
    ]


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), min_size=1, max_size=2), st.text(min_size=1, max_size=4))
def test_a_text_alone_is_found_in_labels(labels: dict[str, str], q: str):
    """What is asked first, because it is cheap, never says no where the labels have it: however JSON writes them."""
    sql, values = text_alone(q)
    row = ("id", "namespace", "flow", "corr", msgspec.json.encode(labels).decode())
    asked = f"select {sql} from (select ? as id, ? as namespace, ? as flow, ? as correlation_id, ? as labels)"
    found = DB.execute(asked, (*values, *row)).fetchone()[0]
    small = lowered(q)
    expected = any(small in lowered(f"{key}:{value}") for key, value in labels.items())
    assert bool(found) == (expected or small in "namespace.flow" or "id".startswith(q) or "corr".startswith(q))


@pytest.mark.parametrize("text", ["a\0b1", "\0", "\0\0\0", "abc\0", "a:b1\0"])
async def test_a_text_with_the_character_nul_is_in_nothing(full: SqliteStore, text: str):
    """The index of text takes it for the end of what it is asked."""
    assert await full.execution_ids(ExecutionFilter(q=text), 9) == []
    assert await full.count(ExecutionFilter(q=text)) == 0


def used_since(found: tuple[str, texts.Part] | None) -> tuple[str, list[int]] | None:
    """What was found, short."""
    if found is None:
        return None
    assert found[1].arms is not None
    return found[0], msgspec.json.decode(found[1].arms[-1].test.values[0])


async def test_of_many_labels_those_used_last_are_looked_at(full: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """Also one that was made first and is used again; not where few were made last, or where more than those were used since then."""
    for name, value in (("MANY", 3), ("SAMPLED", 3), ("USED_SINCE", 4)):
        monkeypatch.setattr(texts, name, value)

    def ask(asked: Asked, q: str) -> tuple[str, list[int]] | None:
        return used_since(since(asked, texts.text(asked, q)))

    def beginning(n: int) -> str:
        return id_of(n)[:7] + texts.LAST

    assert await full._ask(lambda asked: ask(asked, "a:b")) == (beginning(6), [7, 8])
    assert await full._ask(lambda asked: ask(asked, "a:b8")) is None
    await full.write(work(creation(9, labels={"a": "b1"}), creation(10, labels={"other": "x"})))
    assert await full._ask(lambda asked: ask(asked, "a:b")) == (beginning(6), [1, 7, 8])
    await full.write(work(*(creation(n, labels={"a": f"b{n - 9}"}) for n in (11, 12))))
    assert await full._ask(lambda asked: ask(asked, "a:b")) is None
