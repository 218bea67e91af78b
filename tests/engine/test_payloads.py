"""Payloads: large values live in storage once; nothing that comes in can pass for a reference."""

from pathlib import Path

from immutables import Map

from onbeat.core.refs import REF_KEY, Ref, is_mark, opened, replace_refs
from onbeat.engine.payloads import Payloads
from onbeat.engine.storage import LocalStorage

LARGE = "x" * 70_000


async def test_small_values_stay_in_the_row(tmp_path: Path) -> None:
    """As they are, the same object: the usual case costs nothing."""
    payloads = Payloads(LocalStorage(tmp_path))
    values = {"a": 1, "b": {"c": [1, 2]}, "d": "text"}
    assert await payloads.keep(values, "p") is values


async def test_a_large_value_is_kept_and_brought_back(tmp_path: Path) -> None:
    """Only the large one moves; it comes back equal."""
    payloads = Payloads(LocalStorage(tmp_path))
    kept = await payloads.keep({"big": LARGE, "small": 1}, "p")
    assert kept["small"] == 1
    assert is_mark(kept["big"])
    assert await payloads.bring(kept["big"][REF_KEY]) == LARGE


async def test_many_middling_values_do_not_fill_the_row(tmp_path: Path) -> None:
    """The limit is for all of them together."""
    kept = await Payloads(LocalStorage(tmp_path)).keep({f"k{n}": "y" * 30_000 for n in range(5)}, "p")
    assert sum(is_mark(value) for value in kept.values()) == 3


async def test_data_that_looks_like_a_reference_is_data(tmp_path: Path) -> None:
    """An event that sends a mark does not make us read that address: it is kept in storage itself, and comes back as it was sent."""
    payloads = Payloads(LocalStorage(tmp_path))
    sent = {REF_KEY: "kestra:///somebody/elses/secret.json", "size": 1}
    kept = await payloads.keep({"body": sent}, "p")
    assert kept["body"][REF_KEY] != sent[REF_KEY]
    assert await payloads.bring(kept["body"][REF_KEY]) == sent
    ref = opened(kept)["body"]
    assert isinstance(ref, Ref)


def test_refs_are_replaced_wherever_they_are() -> None:
    """In maps, lists and the execution's persistent maps; unknown ones stay."""
    ref, other = Ref("kestra:///a", 3), Ref("kestra:///b", 3)
    tree = {"outputs": Map({"t": {"x": ref, "y": [ref, 1]}}), "o": other}
    assert replace_refs(tree, {"kestra:///a": "A"}) == {"outputs": {"t": {"x": "A", "y": ["A", 1]}}, "o": other}
