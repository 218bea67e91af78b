"""Sealed: what stands for the value of a SECRET input."""

from onbeat.core.refs import Ref
from onbeat.core.sealed import TYPE, mark, opened, parts_of, reference, sealed, sealed_ids, texts

INPUTS = {"a": "x", "s": "clear", "deep": {"er": {"s": "clear too", "b": 1}}, "none": None}
IDS = ("s", "deep.er.s", "none", "gone.s")


def shut(id_: str, text: str) -> str:
    """An encryption that can be read."""
    return f"{id_}/{text}"


def test_what_is_secret_is_sealed_wherever_it_nests():
    """In Kestra's form; the rest is as it was, and so is what was given."""
    found = sealed(INPUTS, IDS, shut)
    assert found == {
        "a": "x",
        "s": {"type": TYPE, "value": "s/clear"},
        "deep": {"er": {"s": {"type": TYPE, "value": "deep.er.s/clear too"}, "b": 1}},
        "none": None,
    }
    assert INPUTS["s"] == "clear"
    assert sealed(found, IDS, shut) == found


def test_expressions_see_what_the_shell_must_open():
    """A Ref that names the input and the text."""
    found = opened(sealed(INPUTS, IDS, shut), IDS)
    assert found["s"] == reference("s", "s/clear") == Ref("sealed:s:s/clear", 7)
    assert isinstance(found["deep"]["er"]["s"], Ref)
    assert parts_of(found["deep"]["er"]["s"].uri) == ("deep.er.s", "deep.er.s/clear too")
    assert parts_of("kestra:///a/b") is None


def test_only_what_is_declared_secret_is_opened():
    """Rule 1: a JSON input that looks like it is data."""
    assert opened({"json": mark("x")}, ("s",)) == {"json": mark("x")}


def test_what_is_sealed_is_found_with_and_without_the_declarations():
    """With them to open it, without them to hide it."""
    found = sealed(INPUTS, IDS, shut)
    assert [*texts(found, IDS)] == [("s", "s/clear"), ("deep.er.s", "deep.er.s/clear too")]
    assert sorted(sealed_ids(found)) == ["deep.er.s", "s"]
