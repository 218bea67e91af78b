"""The lines in memory. The rules that use them are tested on every store in test_slots.py."""

from onbeat.core.signals import SlotGranted
from onbeat.ports import SlotClaim
from onbeat.stores.memory_slots import MemoryLines
from onbeat.stores.slots import claim, force, release


def test_a_scope_is_forgotten_with_the_last_who_was_in_it():
    """A key that comes once leaves nothing behind."""
    lines = MemoryLines()
    for n in range(100):
        claim(lines, f"e{n}", (SlotClaim(f"key {n}", 1, "QUEUE"), SlotClaim("limit", 200, "QUEUE")))
        release(lines, f"e{n}")
    assert lines._lines == {}
    assert lines._claims == {}


def test_who_left_the_line_or_was_forced_is_passed_over():
    """Its place in the line is still there and is not taken for it."""
    lines = MemoryLines()
    for name in "abcde":
        claim(lines, name, (SlotClaim("s", 1, "QUEUE"),))
    release(lines, "b")
    force(lines, "c")
    claim(lines, "b", (SlotClaim("s", 1, "QUEUE"),))
    release(lines, "c")
    assert release(lines, "a") == [("d", SlotGranted())]
    assert release(lines, "d") == [("e", SlotGranted())]
    assert release(lines, "e") == [("b", SlotGranted())]
