"""Flows are saved where they live, whole or not at all, and what is saved is what is served."""

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.engine import flow_files as module
from onbeat.engine.flow_files import Draft, Exists, file_names, problem_sentences
from onbeat.engine.node import Node
from onbeat.errors import InvalidFile, NotFound, Overloaded, Refused, UserError
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

TEXT = "# mine\nid: f\nnamespace: t\ntasks:\n  - {id: a, type: core.debug.Return, format: one}  # a\n"


def text(version: str, id_: str = "f", namespace: str = "t") -> str:
    """TEXT in another version, of another flow."""
    return TEXT.replace("one", version).replace("id: f", f"id: {id_}").replace("namespace: t", f"namespace: {namespace}")


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """With TEXT in `own.yaml`."""
    async with node_with(MemoryStore(), {"own.yaml": TEXT}, tmp_path) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "flows"


def locked(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """No file can be written any more."""

    def fails(path: Path, content: bytes, mode: int, expected: bytes | None = None) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(module, "_write", fails)


async def test_a_file_is_replaced_whole(node: Node, folder: Path) -> None:
    """Byte for byte, with its mode; served when the call returns; nothing else lies there."""
    (folder / "own.yaml").chmod(0o640)
    saved = await node.flow_files.save(Draft(text("two")))
    assert (saved.loaded.flow.revision, saved.stored.source) == (2, text("two"))
    assert saved.before is not None
    assert saved.before.source == TEXT
    assert (folder / "own.yaml").read_text() == text("two")
    assert stat.S_IMODE((folder / "own.yaml").stat().st_mode) == 0o640
    assert os.listdir(folder) == ["own.yaml"]
    assert (await node.find_flow("t", "f")).flow.revision == 2
    assert (await node.flow_files.save(Draft(text("two")))).stored.revision == 2


async def test_a_new_flow_is_a_file_of_its_name(node: Node, folder: Path) -> None:
    """In the first folder; a second time it is there already."""
    saved = await node.flow_files.save(Draft(text("one", "g", "a.b")), new=True)
    assert (saved.before, saved.loaded.path) == (None, str(folder / "a.b.g.yaml"))
    assert (folder / "a.b.g.yaml").read_text() == text("one", "g", "a.b")
    with pytest.raises(Exists, match=r"flow a\.b\.g already"):
        await node.flow_files.save(Draft(text("two", "g", "a.b")), new=True)


async def test_names_that_are_taken_or_mean_something_else(node: Node, folder: Path) -> None:
    """A file of tests holds no flow; a name has an end; `a` and `b.c`, `a.b` and `c` are one name, and refused as such."""
    (folder / "a.b.c.yaml").write_text("broken: [")
    for namespace, id_ in (("a", "b.c"), ("t", "x.test"), ("n" * 150, "i" * 100)):
        saved = await node.flow_files.save(Draft(text("one", id_, namespace)), new=True)
        assert saved.loaded.path is not None
    names = sorted(os.listdir(folder))
    assert [name for name in names if len(name) < 100] == ["a.b.c.2.yaml", "a.b.c.yaml", "own.yaml", "t.x.test.flow.yaml"]
    assert (folder / "a.b.c.yaml").read_text() == "broken: ["
    assert next(file_names("a.b")) == "a.b.yaml"
    with pytest.raises(Exists, match="dots in other places"):
        await node.flow_files.save(Draft(text("one", "c", "a.b")))


async def test_a_wrong_flow_is_not_saved(node: Node, folder: Path) -> None:
    """All that is wrong is told; of several flows none is saved."""
    with pytest.raises(InvalidFile) as told:
        await node.flow_files.save_all([Draft(text("two")), Draft("id: g\nnamespace: t\ntaks: []\n")])
    assert any("did you mean `tasks`" in sentence for sentence in problem_sentences(told.value))
    assert (folder / "own.yaml").read_text() == TEXT
    with pytest.raises(UserError, match="there twice"):
        await node.flow_files.save_all([Draft(text("two")), Draft(text("three"))])
    assert (folder / "own.yaml").read_text() == TEXT


async def test_a_stale_revision_is_refused_with_the_difference(node: Node, folder: Path) -> None:
    """Who names none wins."""
    await node.flow_files.save(Draft(text("two"), base=1))
    with pytest.raises(Refused, match=r"revision 1 of flow t\.f was edited, and the newest one is 2") as told:
        await node.flow_files.save(Draft(text("three"), base=1))
    assert "-  - {id: a, type: core.debug.Return, format: two}" in str(told.value)
    assert (folder / "own.yaml").read_text() == text("two")
    await node.flow_files.save(Draft(text("four")))
    assert (folder / "own.yaml").read_text() == text("four")
    with pytest.raises(Refused, match="there is none"):
        await node.flow_files.save(Draft(text("one", "g"), base=3))


async def test_a_file_that_changed_meanwhile_is_not_overwritten(node: Node, folder: Path) -> None:
    """Nor one that went away; once it was read again it can be saved."""
    (folder / "own.yaml").write_text(text("by hand"))
    with pytest.raises(Refused, match="changed a moment ago") as told:
        await node.flow_files.save(Draft(text("two")))
    assert "by hand" in str(told.value)
    with pytest.raises(Refused, match="changed a moment ago"):
        await node.flow_files.delete("t", "f")
    assert (folder / "own.yaml").read_text() == text("by hand")
    await node.loader.load_all()
    await node.flow_files.save(Draft(text("two")))
    (folder / "own.yaml").unlink()
    with pytest.raises(Refused, match="removed a moment ago"):
        await node.flow_files.save(Draft(text("three")))


async def test_not_even_at_the_last_moment(node: Node, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written while ours is synced stays; what is beside it goes."""
    real = os.fsync

    def busy(descriptor: int) -> None:
        real(descriptor)
        (folder / "own.yaml").write_text(text("by hand"))

    monkeypatch.setattr(os, "fsync", busy)
    with pytest.raises(Refused, match="changed a moment ago"):
        await node.flow_files.save(Draft(text("two")))
    assert (os.listdir(folder), (folder / "own.yaml").read_text()) == (["own.yaml"], text("by hand"))
    assert (await node.store.flow("t", "f")).source == text("by hand")  # type: ignore[union-attr]  # what is there is served


async def test_a_broken_file_can_be_mended(node: Node, folder: Path) -> None:
    """What it held when it was good is edited."""
    (folder / "own.yaml").write_text("id: f\nnamespace: [")
    await node.loader.load_all()
    saved = await node.flow_files.save(Draft(text("two")))
    assert (saved.stored.revision, (folder / "own.yaml").read_text()) == (2, text("two"))
    assert not node.loader.problems


async def test_two_saves_at_once_are_one_after_the_other(node: Node, folder: Path) -> None:
    """Each is served as it was saved; with a revision, one of them is stale."""
    saved = await asyncio.gather(*(node.flow_files.save(Draft(text(f"v{n}"))) for n in range(5)))
    assert sorted(each.stored.revision for each in saved) == [2, 3, 4, 5, 6]
    last = max(saved, key=lambda each: each.stored.revision)
    assert (folder / "own.yaml").read_text() == last.stored.source
    both = await asyncio.gather(*(node.flow_files.save(Draft(text(f"w{n}"), base=6)) for n in range(2)), return_exceptions=True)
    assert sorted(isinstance(each, Refused) for each in both) == [False, True]


async def test_a_read_only_file_is_refused_with_the_difference(node: Node, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the file says so or the attempt does; a full disk is another matter."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Refused, match="cannot be written: Permission denied") as told:
        await node.flow_files.save(Draft(text("two")))
    assert "+  - {id: a, type: core.debug.Return, format: two}" in str(told.value)
    with pytest.raises(Refused, match="cannot be written"):
        await node.flow_files.delete("t", "f")
    monkeypatch.undo()
    locked(monkeypatch, errno.EROFS)
    with pytest.raises(Refused, match="cannot be written: Read-only file system"):
        await node.flow_files.save(Draft(text("two")))
    locked(monkeypatch, errno.ENOSPC)
    with pytest.raises(Overloaded):
        await node.flow_files.save(Draft(text("two")))
    assert (folder / "own.yaml").read_text() == TEXT
    assert (await node.find_flow("t", "f")).flow.revision == 1


async def test_a_link_is_left_alone(node: Node, folder: Path, tmp_path: Path) -> None:
    """What it leads to is not ours."""
    outside = tmp_path / "outside.yaml"
    outside.write_text(text("one", "linked"))
    (folder / "link.yaml").symlink_to(outside)
    await node.loader.load_all()
    with pytest.raises(Refused, match="is a link") as told:
        await node.flow_files.save(Draft(text("two", "linked")))
    assert "two" in str(told.value)
    with pytest.raises(Refused, match="is a link"):
        await node.flow_files.delete("t", "linked")
    assert outside.read_text() == text("one", "linked")
    (folder / "t.new.yaml").symlink_to(tmp_path / "nowhere.yaml")
    saved = await node.flow_files.save(Draft(text("one", "new")), new=True)
    assert saved.loaded.path == str(folder / "t.new.2.yaml")
    assert not (tmp_path / "nowhere.yaml").exists()


async def test_one_id_in_two_files_is_not_saved(node: Node, folder: Path) -> None:
    """The refusal names both."""
    (folder / "twin.yaml").write_text(text("twin"))
    await node.loader.load_all()
    with pytest.raises(Refused, match=r"in 2 files: .*own\.yaml, .*twin\.yaml"):
        await node.flow_files.save(Draft(text("two")))


async def test_where_nothing_can_be_written_flows_are_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are served after a restart, changed and deleted; a file that holds one takes it over."""
    locked(monkeypatch, errno.EROFS)
    store = MemoryStore()
    async with node_with(store, {}, tmp_path) as node:
        saved = await node.flow_files.save(Draft(text("one")), new=True)
        assert (saved.loaded.path, saved.stored.path) == (None, None)
        await node.flow_files.save(Draft(text("two"), base=1))
        await node.flow_files.save(Draft(text("one", "g")))
        await node.flow_files.delete("t", "g")
    async with node_with(store, {}, tmp_path) as node:
        assert node.catalog.names() == ["t.f"]
        assert (await node.find_flow("t", "f")).flow.revision == 2
        (tmp_path / "flows" / "taken.yaml").write_text(text("three"))
        await node.loader.load_all()
        assert (await node.find_flow("t", "f")).path == str(tmp_path / "flows" / "taken.yaml")
        (tmp_path / "flows" / "taken.yaml").unlink()
        await node.loader.load_all()
        assert node.catalog.names() == []
    async with node_with(store, {}, tmp_path) as node:
        assert node.catalog.names() == []


async def test_triggers_come_and_go_with_their_flow(node: Node, folder: Path) -> None:
    """Also those of a flow that is in the store."""
    hook = "triggers: [{id: hook, type: core.trigger.Webhook, key: abc}]\n"
    await node.flow_files.save(Draft(text("two") + hook))
    assert [name for sub in node.intake.subscriptions() for name in sub.triggers] == ["t.f.hook"]
    await node.flow_files.save(Draft(text("three")))
    assert [name for sub in node.intake.subscriptions() for name in sub.triggers] == []


async def test_a_deleted_flow_starts_nothing_and_keeps_its_history(node: Node, folder: Path) -> None:
    """Its file is gone, its revisions are there, and it can be made again."""
    gone = await node.flow_files.delete("t", "f")
    assert (gone.source, os.listdir(folder)) == (TEXT, [])
    with pytest.raises(NotFound):
        await node.start("t", "f")
    with pytest.raises(NotFound):
        await node.flow_files.delete("t", "f")
    assert (await node.store.flow("t", "f", 1)) is not None
    again = await node.flow_files.save(Draft(text("two")), new=True)
    assert again.stored.revision == 2


@pytest.mark.parametrize("broken", ["replace", "fsync"])
async def test_a_save_that_is_cut_off_leaves_the_file(node: Node, folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """As it was; and the next save is not hindered by what a killed process left."""

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, broken, fails)
        with pytest.raises(Exception, match="broken"):
            await node.flow_files.save(Draft(text("two")))
    assert (os.listdir(folder), (folder / "own.yaml").read_text()) == (["own.yaml"], TEXT)

    half = folder / f".onbeat-{module.sha256(b'own.yaml').hexdigest()[:16]}"
    half.symlink_to(folder / "elsewhere")
    assert (await node.flow_files.save(Draft(text("two")))).stored.revision == 2
    assert os.listdir(folder) == ["own.yaml"]


KILLED = """
import os, signal, sys
from pathlib import Path
from onbeat.engine import flow_files

step, number = sys.argv[1], 0
real = getattr(os, step)

def killed(*given, **named):
    global number
    number += 1
    if number > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)

setattr(os, step, killed)
path = Path(sys.argv[3])
flow_files._replace(path, Path(sys.argv[4]).read_bytes(), path.read_bytes())
"""


@pytest.mark.parametrize(("step", "after"), [("open", 0), ("fchmod", 0), ("fsync", 0), ("replace", 0), ("fsync", 1), ("close", 0)])
async def test_a_process_that_is_killed_leaves_one_text_or_the_other(
    node: Node, folder: Path, tmp_path: Path, step: str, after: int
) -> None:
    """kill -9 at each step: the file is whole, the loader sees nothing else, and the next save goes on from there."""
    (tmp_path / "wanted").write_text(text("two"))
    command = [sys.executable, "-c", KILLED, step, str(after), str(folder / "own.yaml"), str(tmp_path / "wanted")]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (folder / "own.yaml").read_text() in (TEXT, text("two"))
    await node.loader.load_all()
    assert (node.catalog.names(), node.loader.problems) == (["t.f"], {})
    assert (await node.flow_files.save(Draft(text("three")))).stored.source == text("three")
    assert os.listdir(folder) == ["own.yaml"]
