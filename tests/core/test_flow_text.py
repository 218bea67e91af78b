"""Texts of flows are cut and changed where they must be, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.flow_text import difference, documents, with_disabled
from onbeat.core.yaml12 import parse

ONE = "# about it\nid: a\nnamespace: t   # here\ntasks:\n  - id: x\n    type: core.debug.Return\n    format: |\n      --- no mark\n"


def test_documents_are_cut_at_their_marks() -> None:
    """Comments and all; a `---` that is inside of a text is none, one without content is no document."""
    assert documents(ONE) == [ONE]
    assert documents(f"{ONE}---\nid: b\n") == [ONE, "id: b\n"]
    assert documents(f"# first\n---\n{ONE}--- # second\nid: b\n---\n\n") == [f"# first\n{ONE}", "# second\nid: b\n"]
    assert documents(f"---\n{ONE}") == [f"---\n{ONE}"]
    assert documents("") == documents("\n# nothing\n---\n") == []


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("id: a\nnamespace: t\ntasks: []\n", "id: a\nnamespace: t\ndisabled: true\ntasks: []\n"),
        ("id: a\r\nnamespace: t\r\ntasks: []\r\n", "id: a\r\nnamespace: t\r\ndisabled: true\r\ntasks: []\r\n"),
        ("id: a\ndisabled: false # why\nnamespace: t\n", "id: a\ndisabled: true # why\nnamespace: t\n"),
        ("id: a\nnamespace:\n  t", "id: a\nnamespace:\n  t\ndisabled: true\n"),
        ("{id: a, namespace: t}", "{disabled: true, id: a, namespace: t}"),
        ("{id: a, disabled: false, namespace: t}", "{id: a, disabled: true, namespace: t}"),
        ("id: a\nnamespace: t\ndisabled: true\n", "id: a\nnamespace: t\ndisabled: true\n"),
        ('{"id": "a", "namespace": "t"}', '{disabled: true, "id": "a", "namespace": "t"}'),
    ],
)
def test_disabled_is_changed_in_its_line(text: str, changed: str) -> None:
    """Or added in one, whatever the style."""
    assert with_disabled(text, disabled=True) == changed
    assert parse(with_disabled(changed, disabled=False) or "", "x").data == {**_data(text), "disabled": False}


@pytest.mark.parametrize("text", ["[1]", "a: [", "", "id: a\ndisabled: &x false\nb: *x\nnamespace: t\n"])
def test_what_cannot_be_changed_is_left_alone(text: str) -> None:
    """What is no flow, and what stands for something elsewhere, too."""
    assert with_disabled(text, disabled=True) is None


@given(st.text(alphabet="ab:\n #-'\"{}|\u2028\r", max_size=40))
def test_whatever_comes_out_says_what_was_meant(more: str) -> None:
    """Of any text that can be read."""
    text = f"id: a\nnamespace: t\nnote: {more}\n"
    changed = with_disabled(text, disabled=True)
    if changed is not None:
        assert parse(changed, "x").data == {**_data(text), "disabled": True}
    assert "".join(documents(more)) in ("", more) or "---" in more


def test_a_difference_is_what_diff_says() -> None:
    """Also of line ends only; nothing where there is none."""
    found = difference("a\nb\nc\n", "a\nB\nc\n", "f").splitlines()
    assert found == [
        "--- f (now)",
        "+++ f (yours)",
        "@@ -1,3 +1,3 @@",
        " a",
        "-b",
        "+B",
        " c",
    ]
    assert difference("a\n", "a\n") == ""
    assert difference("a\n", "a\r\n") == "only line ends differ"


def test_a_difference_is_bounded() -> None:
    """In length, whatever the texts: here a megabyte of each."""
    found = difference("x\n" * 500_000, "".join(f"{n}\n" for n in range(150_000)))
    assert found.endswith("… and more")
    assert len(found) < 20_000
    assert max(map(len, difference("a" * 1_000_000, "b" * 1_000_000).splitlines())) < 600


def _data(text: str) -> dict[str, object]:
    found = parse(text, "x").data
    assert isinstance(found, dict)
    return {**found}
