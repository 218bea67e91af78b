"""Addresses in storage: made one way, and nobody can pass for somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core import addresses
from onbeat.errors import UserError

ID = "5Xkz6sVY0AFVuPuRMG3OQh"
OTHER = "5Xkz6sVY0AFVuPuRMG3OQi"
NAMESPACES = st.from_regex(r"[a-z0-9]([a-z0-9._-]|\._files|\.executions|\._values){0,8}", fullmatch=True)
FLOWS = st.one_of(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,4}", fullmatch=True), st.sampled_from(["executions", OTHER, "tasks"]))


def test_they_are_kestras() -> None:
    """Dots of a namespace are slashes; a task's files lie under the task and its run."""
    assert addresses.execution_folder("io.kestra.tests", "f", ID) == f"io/kestra/tests/f/executions/{ID}"
    assert addresses.task_folder("a.b", "f", ID, "t", "r") == f"a/b/f/executions/{ID}/tasks/t/r"
    assert addresses.task_folder("a.b", "f", ID, "t", "r", 3) == f"a/b/f/executions/{ID}/tasks/t/r/3"
    assert addresses.value_folder("a.b", "f", ID) == f"a/b/f/executions/{ID}/_values"
    assert addresses.files_folder("a.b") == "a/b/_files"


def test_addresses_of_before_go_on_working() -> None:
    """With the dots of the namespace in one part."""
    assert addresses.is_of_flow(f"a.b/f/executions/{ID}/inputs/x.json", "a.b", "f")
    assert addresses.is_of_execution(f"a.b/f/executions/{ID}/inputs/x.json", "a.b", "f", ID)


@pytest.mark.parametrize(
    "path",
    [
        f"a/b/g/executions/{ID}/x",
        f"a/f/executions/{ID}/x",
        f"a/b/f/executions/{ID}",
        "a/b/f/executions/short/x",
        "a/b/f/x",
        f"a/b/f/x/executions/{ID}/x",
        f"a/b/executions/{ID}/f/executions/{ID}/x",
    ],
)
def test_nobody_elses_address_passes(path: str) -> None:
    """Another flow's or namespace's, the folder itself, one that is only like it."""
    assert not addresses.is_of_flow(path, "a.b", "f")
    assert not addresses.is_of_execution(path, "a.b", "f", ID)


@given(NAMESPACES, FLOWS, NAMESPACES, FLOWS, st.sampled_from(["x", "tasks/t/r/x", f"executions/{OTHER}/x"]))
def test_no_two_flows_share_an_address(namespace: str, flow: str, other: str, other_flow: str, name: str) -> None:
    """Whatever they are called, and whatever their files are called."""
    path = f"{addresses.execution_folder(namespace, flow, ID)}/{name}"
    assert addresses.is_of_execution(path, namespace, flow, ID)
    assert addresses.is_of_flow(path, other, other_flow) == ((namespace, flow) == (other, other_flow))
    assert not addresses.is_of_execution(path, namespace, flow, OTHER)
    assert addresses.namespace_file_of(path) is None


@given(NAMESPACES, NAMESPACES, st.sampled_from(["x", f"executions/{ID}/x", "_files/y"]))
def test_no_namespaces_file_is_a_flows(namespace: str, other: str, name: str) -> None:
    """And each is of one namespace only."""
    path = f"{addresses.files_folder(namespace)}/{name}"
    assert addresses.namespace_file_of(path) == (namespace, name)
    assert not addresses.is_of_flow(path, other, "f")


def test_what_is_an_address() -> None:
    """Storage's own scheme and a plain path."""
    assert addresses.path_of("kestra:///a/b") == "a/b"
    for wrong in ("kestra:///", "kestra:///a/../b", "kestra:///a//b", "kestra:///a/./b", "kestra:///a/", "file:///a", "a/b", "", None, 5):
        assert addresses.path_of(wrong) is None


def test_a_path_is_made_clean_or_refused() -> None:
    """A slash around it is taken away; what leads out is told."""
    assert addresses.clean("/a/b.txt") == addresses.clean("a/b.txt") == "a/b.txt"
    for wrong in ("", "/", "../a", "a/../../b", "a//b", "a/\0"):
        with pytest.raises(UserError, match="not a path"):
            addresses.clean(wrong)


def test_where_a_file_is_stored() -> None:
    """One of a namespace, its own or another, and one in storage; anything else is told."""
    assert addresses.stored("nsfile:///d/x", "a.b") == "kestra:///a/b/_files/d/x"
    assert addresses.stored("nsfile://c.d/x", "a.b") == "kestra:///c/d/_files/x"
    assert addresses.stored(" kestra:///a/x ", "a.b") == "kestra:///a/x"
    for wrong in ("nsfile:///../x", "nsfile://A/x", "nsfile://", "file:///x", "a/x", "kestra:///../x", ""):
        with pytest.raises(UserError, match="is not"):
            addresses.stored(wrong, "a.b")
