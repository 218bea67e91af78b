"""Which files a directory begins with and which are kept, in all the ways that Kestra's flows write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.workspace import NamespaceChoice, TaskFiles, WantedFiles, addresses, is_address, namespace_file


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, {}),
        ({"a": "b", "n": None, "m": {"x": 1}}, {"a": "b", "n": None, "m": {"x": 1}}),
        ('{"a": "b"}', {"a": "b"}),
        ("kestra:///ns/flow/x.json", "kestra:///ns/flow/x.json"),
        (" nsfile:///inputs.json\n", " nsfile:///inputs.json\n"),
    ],
)
def test_input_files_are_a_map_or_where_one_is(given: Any, wanted: Any) -> None:
    """Also JSON text that an expression gave, and the address of such a text."""
    assert TaskFiles.model_validate({"inputFiles": given}).input_files == wanted


@pytest.mark.parametrize("given", ["no json", ["a"], 7, "[1]", "["])
def test_what_names_no_files_is_refused(given: Any) -> None:
    """With the name of the option."""
    with pytest.raises(ValidationError, match="inputFiles"):
        TaskFiles.model_validate({"inputFiles": given})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, ()),
        (["a", "b*"], ("a", "b*")),
        ('["a", 1]', ("a", "1")),
        ("*.csv", ("*.csv",)),
        ("[ab].csv", ("[ab].csv",)),
        ("[a]", ("[a]",)),
        ("  ", ()),
    ],
)
def test_output_files_are_texts(given: Any, wanted: tuple[str, ...]) -> None:
    """A list, JSON text that is one, or one name; a pattern that begins with `[` is a pattern."""
    assert TaskFiles.model_validate({"outputFiles": given}).output_files == wanted


@pytest.mark.parametrize(("enabled", "so"), [(True, True), ("true", True), (False, False), ("false", False), ("", False), (None, False)])
def test_namespace_files_are_wanted_or_not(enabled: Any, so: bool) -> None:
    """What an expression gave counts as what stood there; without a word they are."""
    assert WantedFiles.model_validate({"enabled": enabled}).wanted is so
    assert WantedFiles().wanted


def test_which_namespace_files() -> None:
    """Patterns, namespaces and what happens to a file that is there: in YAML's own words or as text."""
    wish = {"include": '["*.py"]', "exclude": "x.py", "namespaces": ["a", "b"], "folderPerNamespace": "true", "ifExists": "WARN"}
    choice = NamespaceChoice.of(WantedFiles.model_validate(wish))
    assert (choice.include, choice.exclude, choice.namespaces) == (("*.py",), ("x.py",), ("a", "b"))
    assert (choice.folder_per_namespace, choice.if_exists) == (True, "WARN")
    assert NamespaceChoice.of(WantedFiles()) == NamespaceChoice()
    with pytest.raises(ValidationError):
        NamespaceChoice.of(WantedFiles.model_validate({"ifExists": "PANIC"}))
    with pytest.raises(ValidationError):
        WantedFiles.model_validate({"includes": []})


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("kestra:///a/b", True),
        ("kestra:///a/b\n", True),
        ("nsfile:///a", True),
        ("nsfile://other.ns/a", True),
        ("kestra:///a\nand more", False),
        ("see kestra:///a", False),
        ("kestra://a", False),
        ("", False),
    ],
)
def test_an_address_is_a_whole_text(text: str, so: bool) -> None:
    """What merely begins like one, over several lines, is a content."""
    assert is_address(text) is so


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("nsfile:///a/b.sql", ("own", "a/b.sql")), ("nsfile://other.ns/a", ("other.ns", "a")), ("nsfile:///a\n", ("own", "a"))],
)
def test_an_address_names_a_namespace_or_means_the_own(address: str, wanted: tuple[str, str]) -> None:
    """Three slashes: the flow's own."""
    assert namespace_file(address, "own") == wanted


def test_addresses_are_found_wherever_they_are() -> None:
    """In maps, lists and texts that are nothing else."""
    value = {"a": "kestra:///1", "b": [{"c": "kestra:///2"}, "text kestra:///3"], "d": None, "e": ("kestra:///1",)}
    assert addresses(value) == {"kestra:///1", "kestra:///2"}
