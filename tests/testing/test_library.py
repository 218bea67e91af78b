"""Flows are found, and those that they call."""

from pathlib import Path

import pytest

from onbeat.errors import NotFound
from onbeat.testing.library import Library, files_of_tests

FLOW = "id: {id}\nnamespace: shop\ntasks:\n  - {{id: say, type: core.log.Log, message: a}}\n"
CALLS = "  - {{id: {id}, type: core.flow.Subflow, namespace: shop, flowId: {called}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some flows, a test, a hidden file, a trigger."""
    (tmp_path / "near" / "deep").mkdir(parents=True)
    (tmp_path / "far").mkdir()
    (tmp_path / "triggers").mkdir()
    (tmp_path / "near" / "a.yaml").write_text(FLOW.format(id="a") + CALLS.format(id="call", called="b"))
    (tmp_path / "near" / "deep" / "b.yml").write_text(FLOW.format(id="b") + CALLS.format(id="call", called="a"))
    (tmp_path / "near" / ".hidden.yaml").write_text(FLOW.format(id="hidden"))
    (tmp_path / "near" / "a.test.yaml").write_text("id: t\nnamespace: shop\ntasks: no flow\n")
    (tmp_path / "far" / "a.yaml").write_text(FLOW.format(id="a"))
    (tmp_path / "far" / "c.yaml").write_text(FLOW.format(id="c") + CALLS.format(id="any", called="'{{{{ inputs.x }}}}'"))
    (tmp_path / "far" / "half.yaml").write_text("id: [\n")
    (tmp_path / "triggers" / "t.yaml").write_text("id: t\ntype: core.trigger.Event\ntopic: x\nflow: {namespace: shop, id: a}\n")
    return tmp_path


@pytest.fixture
def library(folder: Path) -> Library:
    """Over the far folder."""
    return Library([folder / "far", folder / "gone"], [folder / "triggers", folder / "gone"])


def test_the_folder_of_the_test_comes_first(folder: Path, library: Library):
    """Rule 1: then the others; half written files are nobody's business."""
    assert library.find(("shop", "a"), folder / "near").path.parent.name == "near"
    assert library.find(("shop", "a")).path.parent.name == "far"
    assert library.find(("shop", "c"), folder / "near").path.parent.name == "far"
    assert library.read(folder / "far" / "c.yaml") is library.find(("shop", "c"))


def test_what_is_not_there_is_told_with_the_nearest(folder: Path, library: Library):
    """Also a file."""
    with pytest.raises(NotFound, match=r"no flow shop\.cc in .*far; did you mean `shop\.c`\?"):
        library.find(("shop", "cc"))
    with pytest.raises(NotFound, match="no folder at all"):
        Library().find(("shop", "a"))
    with pytest.raises(NotFound, match="cannot be read"):
        library.read(folder / "gone.yaml")


def test_flows_that_are_called_come_with_it(folder: Path, library: Library):
    """Rule 2: once each, in circles too; and all, when a name is computed."""
    near = folder / "near"
    a = library.find(("shop", "a"), near)
    assert [one.flow.id for one in library.with_called(a, near)] == ["a", "b"]
    assert [one.flow.id for one in library.with_called(a, near, ["call"])] == ["a"]
    assert sorted(one.flow.id for one in library.with_called(library.find(("shop", "c")))) == ["a", "c"]
    assert [one.flow.id for one in library.everything(near)] == ["a", "b", "c"]


def test_tests_and_hidden_files_are_not_flows(folder: Path, library: Library):
    """Rule 3: but tests are tests."""
    for name in ("hidden", "t"):
        with pytest.raises(NotFound):
            library.find(("shop", name), folder / "near")
    assert list(files_of_tests([folder])) == [folder / "near" / "a.test.yaml"]
    assert list(files_of_tests([folder / "far" / "a.yaml"])) == [folder / "far" / "a.yaml"]
    with pytest.raises(NotFound):
        list(files_of_tests([folder / "gone"]))


def test_triggers_of_their_own_are_found(folder: Path, library: Library):
    """In their folders, where they name a flow; half written ones of others are nobody's business."""
    (folder / "triggers" / "half.yaml").write_text("id: [")
    assert [path.name for path in library.trigger_files(["a"])] == ["t.yaml"]
    assert library.trigger_files(["other_flow"]) == []
