"""The loader: files become served flows and triggers; a bad one takes nothing down."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from onbeat.core.states import State
from onbeat.engine import loader as loader_module
from onbeat.engine.catalog import Catalog
from onbeat.engine.node import Node
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

GOOD = """
id: f
namespace: t
tasks:
  - {id: a, type: core.debug.Return, format: VERSION}
"""


def flow(text: str, version: str = "one") -> str:
    """The text of GOOD in a version."""
    return text.replace("VERSION", version)


async def outputs(node: Node) -> object:
    """What flow `t.f` gives now."""
    execution = await node.start("t", "f")
    ended = await node.engine.ended(execution.id)
    assert ended.state is State.SUCCESS
    return ended.runs[1].outputs


async def test_a_circle_of_flows_is_told_of(tmp_path: Path) -> None:
    """With its path, when it is loaded; both flows serve."""
    flows = {f"{one}.yaml": f"{{id: {one}, namespace: t, tasks: [{{id: go, type: core.flow.Subflow, namespace: t, flowId: {other}}}]}}"
             for one, other in (("f", "g"), ("g", "f"))}  # fmt: skip
    with capture_logs() as told:
        async with node_with(MemoryStore(), flows, tmp_path) as node:
            await node.loader.load_all()
            assert node.catalog.names() == ["t.f", "t.g"]
    assert [line["flows"] for line in told if "flows" in line] == ["t.f -> t.g -> t.f"]


async def test_the_servers_defaults_are_in_every_flow(tmp_path: Path) -> None:
    """Also in a revision that comes back from the store."""
    text = flow(GOOD).replace(", format: one", "")
    more = {"plugin_defaults": [{"type": "io.kestra.plugin.core.debug.Return", "values": {"format": "given"}}]}
    async with node_with(store := MemoryStore(), {"f.yaml": text}, tmp_path, **more) as node:
        assert await outputs(node) == {"value": "given"}
        again = await Catalog(store, node.registry.defaults).revision("t", "f", 1)
        assert again.flow == (await node.find_flow("t", "f")).flow


async def test_a_changed_file_is_a_new_revision(tmp_path: Path) -> None:
    """New executions run what the file says now; the same text is the same revision."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        assert await outputs(node) == {"value": "one"}
        (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD, "two"))
        await node.loader.load_all()
        assert await outputs(node) == {"value": "two"}
        assert (await node.find_flow("t", "f")).flow.revision == 2
        await node.loader.load_all()
        assert (await node.find_flow("t", "f")).flow.revision == 2


async def test_a_bad_file_leaves_the_good_revision_serving(tmp_path: Path) -> None:
    """The problem is told with file and line; executions go on; mending the file clears it."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        path = tmp_path / "flows" / "f.yaml"
        path.write_text("id: f\nnamespace: t\ntasks: []\n")
        await node.loader.load_all()
        assert await outputs(node) == {"value": "one"}
        assert "f.yaml" in node.trouble()[0]
        path.write_text(flow(GOOD, "three"))
        await node.loader.load_all()
        assert node.trouble() == []
        assert await outputs(node) == {"value": "three"}


async def test_at_boot_a_bad_file_serves_its_last_good_revision(tmp_path: Path) -> None:
    """The store keeps each revision's source, so a file broken while the daemon was down does not take its flow away."""
    store = MemoryStore()
    async with node_with(store, {"f.yaml": flow(GOOD)}, tmp_path) as node:
        assert await outputs(node) == {"value": "one"}
    async with node_with(store, {"f.yaml": "id: [\n"}, tmp_path) as node:
        assert await outputs(node) == {"value": "one"}
        assert node.trouble() != []


async def test_one_id_in_two_files_names_both(tmp_path: Path) -> None:
    """Neither replaces what serves."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        (tmp_path / "flows" / "g.yaml").write_text(flow(GOOD, "other"))
        await node.loader.load_all()
        said = " ".join(str(problem) for found in node.loader.problems.values() for problem in found)
        assert "f.yaml" in said
        assert "g.yaml" in said
        assert await outputs(node) == {"value": "one"}


async def test_a_deleted_file_stops_new_starts(tmp_path: Path) -> None:
    """Its flow is not found any more; it comes back with its file."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        path = tmp_path / "flows" / "f.yaml"
        path.unlink()
        await node.loader.load_all()
        assert node.catalog.names() == []
        path.write_text(flow(GOOD))
        await node.loader.load_all()
        assert await outputs(node) == {"value": "one"}


async def test_files_in_subfolders_are_read_and_hidden_ones_are_not(tmp_path: Path) -> None:
    """`a/b/f.yml` counts; `.git/f.yaml`, `x.test.yaml` and other files do not."""
    async with node_with(MemoryStore(), {}, tmp_path) as node:
        deep = tmp_path / "flows" / "a" / "b"
        deep.mkdir(parents=True)
        (deep / "f.yml").write_text(flow(GOOD))
        hidden = tmp_path / "flows" / ".git"
        hidden.mkdir()
        (hidden / "h.yaml").write_text("nonsense: [")
        (deep / "f.test.yaml").write_text("nonsense: [")
        (deep / "notes.txt").write_text("nonsense: [")
        await node.loader.load_all()
        assert node.catalog.names() == ["t.f"]
        assert node.trouble() == []


async def test_a_change_on_disk_is_seen(tmp_path: Path) -> None:
    """With `watch` a file that is written is served without being asked for."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path, watch=True) as node:
        before = await node.store.flow("t", "f")
        assert before is not None
        served = node.catalog.find("t", "f")
        (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD, "seen"))
        while node.catalog.find("t", "f") is served:
            (tmp_path / "flows" / "f.yaml").touch()  # the watcher may begin after the first write
            await node.clock.sleep(0.05)
        assert await outputs(node) == {"value": "seen"}


async def test_a_file_that_holds_another_flow_stops_the_old_one(tmp_path: Path) -> None:
    """The id was changed in the file: the old flow takes no new starts, the new one does; two files may swap theirs."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD).replace("id: f", "id: renamed"))
        await node.loader.load_all()
        assert node.catalog.names() == ["t.renamed"]
        (tmp_path / "flows" / "g.yaml").write_text(flow(GOOD))
        await node.loader.load_all()
        (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD, "two"))
        (tmp_path / "flows" / "g.yaml").write_text(flow(GOOD).replace("id: f", "id: renamed"))
        await node.loader.load_all()
        assert node.catalog.names() == ["t.f", "t.renamed"]
        assert await outputs(node) == {"value": "two"}


async def test_names_that_read_the_same_are_one_name(tmp_path: Path) -> None:
    """`a.b` + `c` and `a` + `b.c` would share keys and slots: neither replaces the other, both files are named."""
    first = flow(GOOD).replace("id: f", "id: c").replace("namespace: t", "namespace: a.b")
    second = flow(GOOD).replace("id: f", "id: b.c").replace("namespace: t", "namespace: a")
    async with node_with(MemoryStore(), {"x.yaml": first}, tmp_path) as node:
        (tmp_path / "flows" / "y.yaml").write_text(second)
        await node.loader.load_all()
        assert [str(path).rpartition("/")[2] for path in node.loader.problems] == ["x.yaml", "y.yaml"]
        assert node.catalog.find("a.b", "c") is not None
        assert node.catalog.find("a", "b.c") is None


async def test_a_file_that_cannot_be_read_leaves_all_others(tmp_path: Path) -> None:
    """Told like any other problem; what it served goes on; the others change."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD), "g.yaml": flow(GOOD).replace("id: f", "id: g")}, tmp_path) as node:
        (tmp_path / "flows" / "g.yaml").unlink()
        (tmp_path / "flows" / "g.yaml").symlink_to("g.yaml")
        (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD, "two"))
        await node.loader.load_all()
        assert node.catalog.names() == ["t.f", "t.g"]
        assert await outputs(node) == {"value": "two"}
        assert any("cannot be read" in sentence for sentence in node.trouble())


async def test_a_directory_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    """Unmounted, not deleted: what it served goes on, loudly; it is mended when the directory is back."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node:
        (tmp_path / "flows").rename(tmp_path / "away")
        await node.loader.load_all()
        assert await outputs(node) == {"value": "one"}
        assert any("cannot be listed" in sentence for sentence in node.trouble())
        (tmp_path / "away").rename(tmp_path / "flows")
        await node.loader.load_all()
        assert node.trouble() == []


async def test_a_huge_file_is_a_problem_and_no_more(tmp_path: Path) -> None:
    """Ten megabytes: told, nothing parsed."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD), "huge.yaml": "# " + "x" * 10_000_000}, tmp_path) as node:
        assert node.catalog.names() == ["t.f"]
        assert "larger than" in node.trouble()[0]


async def test_two_reloads_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    """However many are asked for while a file is edited: what serves at the end is what the file says."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD)}, tmp_path) as node, asyncio.TaskGroup() as group:
        for version in ("two", "three", "four"):
            (tmp_path / "flows" / "f.yaml").write_text(flow(GOOD, version))
            group.create_task(node.loader.load_all())
            await node.clock.sleep(0)
        await node.loader.load_all()
        assert await outputs(node) == {"value": "four"}


async def test_a_file_is_parsed_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at a thousand files that are as they were costs a thousand comparisons."""
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD), "g.yaml": flow(GOOD).replace("id: f", "id: g")}, tmp_path) as node:
        parsed: list[str] = []
        real = loader_module.check_flow
        monkeypatch.setattr(loader_module, "check_flow", lambda text, name, registry: parsed.append(name) or real(text, name, registry))
        await node.loader.load_all()
        assert parsed == []
        (tmp_path / "flows" / "g.yaml").write_text(flow(GOOD, "two").replace("id: f", "id: g"))
        await node.loader.load_all()
        assert [name.rpartition("/")[2] for name in parsed] == ["g.yaml"]


async def test_a_bug_while_checking_is_that_files_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a plugin's model raises: the file is wrong, the others are loaded."""
    real = loader_module.check_flow

    def buggy(text: str | bytes, name: str, registry: Registry) -> object:
        if name.endswith("f.yaml"):
            raise RecursionError("planted")
        return real(text, name, registry)

    monkeypatch.setattr(loader_module, "check_flow", buggy)
    async with node_with(MemoryStore(), {"f.yaml": flow(GOOD), "g.yaml": flow(GOOD).replace("id: f", "id: g")}, tmp_path) as node:
        assert node.catalog.names() == ["t.g"]
        assert "RecursionError" in node.trouble()[0]


async def test_a_trigger_that_cannot_be_served_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expression in its settings gives what the source refuses: its flow serves, the problem is shown, not logged at each look."""
    triggered = flow(GOOD) + "triggers: [{id: on, type: core.trigger.Event, topic: '{{ envs.topic }}'}]\n"
    alone = "{id: alone, type: core.trigger.Event, topic: \"{{ '' }}\", flow: {namespace: t, id: f}}"
    (tmp_path / "triggers").mkdir()
    (tmp_path / "triggers" / "alone.yaml").write_text(alone)
    async with node_with(MemoryStore(), {"f.yaml": triggered}, tmp_path) as node:
        assert node.catalog.names() == ["t.f"]
        said = " ".join(node.trouble())
        assert "trigger `on` is not served" in said
        assert "alone.yaml" in said
        capsys.readouterr()
        await node.loader.load_all()
        assert "file is wrong" not in capsys.readouterr().out


async def test_a_trigger_for_a_flow_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It serves, with the nearest name said; once the flow is there all is well. Two triggers of one name: the second is refused."""
    (tmp_path / "triggers").mkdir()
    (tmp_path / "triggers" / "a.yaml").write_text("{id: a, type: core.trigger.Event, topic: x, flow: {namespace: t, id: g}}")
    (tmp_path / "triggers" / "f.yaml").write_text("{id: on, type: core.trigger.Event, topic: x, flow: {namespace: t, id: f}}")
    text = flow(GOOD) + "triggers: [{id: on, type: core.trigger.Event, topic: y}]\n"
    async with node_with(MemoryStore(), {"f.yaml": text}, tmp_path) as node:
        said = " ".join(node.trouble())
        assert "no flow t.g; did you mean `t.f`" in said
        assert "trigger t.f.on is also in" in said
        assert node.intake.find("t.g.a") is not None
        (tmp_path / "flows" / "g.yaml").write_text(flow(GOOD).replace("id: f", "id: g"))
        (tmp_path / "triggers" / "f.yaml").unlink()
        await node.loader.load_all()
        assert node.trouble() == []


async def test_a_last_good_revision_that_is_not_good_any_more_does_not_stop_the_start(tmp_path: Path) -> None:
    """After an upgrade both the file and what the store kept are wrong: told, and the others serve."""
    store = MemoryStore()
    async with node_with(store, {"f.yaml": flow(GOOD)}, tmp_path) as node:
        assert await outputs(node) == {"value": "one"}
    kept = store._flows["t", "f"]
    kept[0] = msgspec.structs.replace(kept[0], source="id: [")
    async with node_with(store, {"f.yaml": "id: [\n", "g.yaml": flow(GOOD).replace("id: f", "id: g")}, tmp_path) as node:
        assert node.catalog.names() == ["t.g"]
