"""The tasks that work through files line by line: on a storage of real files."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from onbeat.engine.storage import LocalStorage
from onbeat.errors import UserError
from onbeat.plugins.items import DeduplicateItems, FilterItems, Reverse, Split, size_of, split
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeWorld


@pytest.fixture
def world(tmp_path: Path) -> Any:
    return FakeWorld(storage=LocalStorage(tmp_path / "storage"))  # type: ignore[arg-type]


async def worked(world: FakeWorld, kind: Any, text: str | bytes, **options: Any) -> tuple[dict[str, Any], bytes]:
    """The outputs, and the file that is one of them."""
    data = text if isinstance(text, bytes) else text.encode()
    uri = await world.storage.put("a/in.txt", data)
    outputs = (await world.run(kind, {"from": uri, **options})).outputs
    assert outputs is not None
    assert outputs["uri"].endswith("/work.txt")
    return outputs, await world.storage.get(outputs["uri"])


# ---- cutting -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"rows": 2}, [b"a\nb\n", b"c\nd\n", b"e\n"]),
        ({"rows": "10"}, [b"a\nb\nc\nd\ne\n"]),
        ({"partitions": 2}, [b"a\nc\ne\n", b"b\nd\n"]),
        ({"partitions": 9}, [b"a\n", b"b\n", b"c\n", b"d\n", b"e\n"]),
        ({"bytes": "3"}, [b"a\nb\n", b"c\nd\n", b"e\n"]),
        ({"bytes": 1}, [b"a\n", b"b\n", b"c\n", b"d\n", b"e\n"]),
        ({"rows": 3, "separator": ";"}, [b"a;b;c;", b"d;e;"]),
    ],
)
async def test_a_file_is_cut(world: FakeWorld, options: dict[str, Any], parts: list[bytes]) -> None:
    """At its lines, with the extension of the whole; the last line need not end."""
    uri = await world.storage.put("a/in.csv", b"a\nb\r\nc\nd\ne")
    outputs = (await world.run(Split, {"from": uri, **options})).outputs
    assert outputs is not None
    assert [await world.storage.get(part) for part in outputs["uris"]] == parts
    assert all(part.endswith(".csv") for part in outputs["uris"])


async def test_an_empty_file_has_no_parts(world: FakeWorld) -> None:
    """Whatever it is cut by."""
    uri = await world.storage.put("a/in", b"")
    for how in ({"rows": 1}, {"bytes": "1"}, {"partitions": 3}):
        assert (await world.run(Split, {"from": uri, **how})).outputs == {"uris": []}


@pytest.mark.parametrize("options", [{}, {"rows": 0}, {"partitions": 0}, {"partitions": 501}])
def test_how_a_file_is_cut_must_be_said(options: dict[str, Any]) -> None:
    """By something above nothing."""
    with pytest.raises(ValidationError):
        Split.model_validate({"from": "kestra:///a", **options})


@given(st.lists(st.sampled_from([b"", b"a", b"bb", "ü".encode()]), max_size=30), st.integers(1, 8), st.booleans())
def test_parts_together_are_the_whole(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, ended: bool) -> None:
    """Each line once, in order; none of the parts is empty."""
    folder = tmp_path_factory.mktemp("split")
    text = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    (folder / "in").write_bytes(text)
    whole = text if not text or text.endswith(b"\n") else text + b"\n"
    for how in ({"rows": size}, {"size": size}):
        parts = [part.read_bytes() for part in split(folder / "in", folder, **how)]
        assert b"".join(parts) == whole
        assert all(parts)
    dealt = [part.read_bytes().splitlines(keepends=True) for part in split(folder / "in", folder, partitions=size)]
    assert sorted(line for part in dealt for line in part) == sorted(whole.splitlines(keepends=True))
    assert max((len(part) for part in dealt), default=0) - min((len(part) for part in dealt), default=0) <= 1


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("10KB", 10_240), ("2 mb", 2_097_152), ("1GB", 1024**3), ("5B", 5)])
def test_sizes(text: str, size: int) -> None:
    """As Kestra writes them: a KB has 1024 bytes."""
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["", "KB", "1TB", "-1", "0", "1.5MB"])
def test_what_is_no_size(text: str) -> None:
    """Is told."""
    with pytest.raises(UserError, match="is not a size"):
        size_of(text)


# ---- turning around ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "turned"),
    [
        ("a\nb\nc\n", {}, "c\nb\na\n"),
        ("a\r\nb", {}, "b\na\n"),
        ("a\n\nb\n", {"separator": ";"}, "b;;a;"),
        ("", {}, ""),
        ("\n", {}, "\n"),
        ("ü\nö", {"charset": "latin-1"}, "ö\nü\n"),
        ("ü\nö", {"charset": "utf-16-le"}, "ö\nü\n"),
        ("ü\nö", {"charset": "UTF-16"}, "ö\nü\n"),
    ],
)
async def test_lines_are_turned_around(world: FakeWorld, text: str, options: dict[str, str], turned: str) -> None:
    """The last one first, in the charset of the file."""
    charset = options.get("charset", "utf-8")
    _, data = await worked(world, Reverse, text.encode(charset), **options)
    assert data.decode(charset) == turned


@pytest.mark.parametrize(("data", "charset"), [(b"x", "none"), (b"\xff", "utf-16"), (b"x", "ascii\0")])
async def test_a_charset_that_is_none_is_told(world: FakeWorld, data: bytes, charset: str) -> None:
    """Or a file that is not text in it."""
    with pytest.raises(UserError, match=r"charset|not text"):
        await worked(world, Reverse, data, charset=charset)


# ---- items -------------------------------------------------------------------------------------------------------------

ROWS = '{"id": 1, "v": 5}\n{"id": 2, "v": null}\n\n{"id": 3}\n{"id": 1, "v": 7}\n'


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"filterCondition": "{{ id == 1 }}"}, [1, 1]),
        ({"filterCondition": "{{ id == 1 }}", "filterType": "EXCLUDE"}, [2, 3]),
        ({"filterCondition": " {{ id > 1 }} "}, [2, 3]),
        ({"filterCondition": "{{ v > 5 }}", "errorOrNullBehavior": "EXCLUDE"}, [1]),
        ({"filterCondition": "{{ v }}", "errorOrNullBehavior": "INCLUDE"}, [1, 2, 3, 1]),
        ({"filterCondition": "{{ v }}", "errorOrNullBehavior": "EXCLUDE", "filterType": "EXCLUDE"}, []),
        ({"filterCondition": True}, [1, 2, 3, 1]),
        ({"filterCondition": "0"}, []),
    ],
)
async def test_items_are_chosen(world: FakeWorld, options: dict[str, Any], ids: list[int]) -> None:
    """By a condition over their fields; errors and nulls as it says."""
    outputs, data = await worked(world, FilterItems, ROWS, **options)
    assert [orjson.loads(row)["id"] for row in data.splitlines()] == ids
    assert (outputs["processedItemsTotal"], outputs["droppedItemsTotal"]) == (4, 4 - len(ids))


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"v": 1}\n{}', r"line 2: .*`v`"), ('{"v": null}', "line 1: .*gives null"), ('{"v": 1}\n\n[', "line 3 is neither JSON nor Ion")],
)
async def test_an_item_that_cannot_be_judged_fails_the_task(world: FakeWorld, text: str, message: str) -> None:
    """With its line; trying again is no use."""
    with pytest.raises(TaskFailed, match=message) as failed:
        await worked(world, FilterItems, text, filterCondition="{{ v }}")
    assert not failed.value.retry


async def test_items_may_be_ion_or_no_maps(world: FakeWorld) -> None:
    """Kestra's rows; an item that is no map is `value`."""
    _, data = await worked(world, FilterItems, '{id:1,name:"a"}\n{id:2,name:"b"}\n', filterCondition="{{ name == 'b' }}")
    assert data == b'{id:2,name:"b"}\n'
    _, data = await worked(world, FilterItems, "1\n20\n3\n", filterCondition="{{ value > 2 }}")
    assert data == b"20\n3\n"


async def test_an_item_cannot_bring_names_of_ours(world: FakeWorld) -> None:
    """What begins with two underscores is the engine's."""
    seen = []

    async def render(value: Any, names: Any) -> Any:
        seen.append(dict(names))
        return True

    uri = await world.storage.put("a/in", b'{"__outside__": {}, "__now__": 1, "a": 2}')
    await FilterItems.model_validate({"from": uri, "filterCondition": "x"}).run(world.context(render=render))
    assert seen == [{"a": 2}]


@pytest.mark.parametrize(
    ("expr", "kept"),
    [("{{ id }}", [2, 3, 4]), ("{{ id }}-{{ v ?? 0 }}", [1, 2, 3, 4]), ("x", [4])],
)
async def test_the_last_of_each_key_stays(world: FakeWorld, expr: str, kept: list[int]) -> None:
    """Where it stood."""
    outputs, data = await worked(world, DeduplicateItems, ROWS, expr=expr)
    items = [row.encode() for row in ROWS.splitlines() if row]
    assert data.splitlines() == [items[number - 1] for number in kept]
    assert outputs == {"uri": outputs["uri"], "numKeys": len(kept), "processedItemsTotal": 4, "droppedItemsTotal": 4 - len(kept)}


async def test_a_key_that_cannot_be_made_fails_the_task(world: FakeWorld) -> None:
    """With its line."""
    with pytest.raises(TaskFailed, match=r"line 2: .*`id`"):
        await worked(world, DeduplicateItems, '{"id": 1}\n{}\n', expr="{{ id }}")


async def test_many_items_are_worked_through(world: FakeWorld) -> None:
    """More than one portion of them."""
    text = "".join(f'{{"id": {n % 700}}}\n' for n in range(1_500))
    outputs, data = await worked(world, FilterItems, text, filterCondition="{{ id == 5 }}")
    assert (data, outputs["droppedItemsTotal"]) == (b'{"id": 5}\n' * 3, 1_497)
    outputs, data = await worked(world, DeduplicateItems, text, expr="{{ id }}")
    assert (outputs["numKeys"], data.splitlines()[0]) == (700, b'{"id": 100}')
