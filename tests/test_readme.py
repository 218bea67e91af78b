"""The state diagrams that readers see are drawn from the tables that the code obeys.

A diagram drawn by hand is right on the day it is drawn. `python -m tests.test_readme` draws them anew.
"""

import re
from pathlib import Path

import pytest

from onbeat.core.states import EXECUTION, TASK_RUN, State, diagram

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/concepts.md")
DIAGRAMS: dict[str, tuple[dict[State, frozenset[State]], str]] = {
    "execution": (EXECUTION, "States of an execution"),
    "task-run": (TASK_RUN, "States of a task run"),
}


def drawn(text: str) -> str:
    """The page with each diagram between its markers."""
    for name, (table, title) in DIAGRAMS.items():
        block = f"<!-- states:{name} -->\n```mermaid\n{diagram(table, title)}\n```\n<!-- end -->"
        text = re.sub(rf"<!-- states:{name} -->\n.*?<!-- end -->", lambda found, block=block: block, text, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("page", PAGES)
def test_the_diagrams_are_what_the_tables_say(page: str):
    """Stale: run `python -m tests.test_readme`."""
    text = (CHECKOUT / page).read_text("utf-8")

    assert text == drawn(text)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_each_diagram_is_shown_somewhere(name: str):
    """Both the execution's and the task run's have their place."""
    assert any(f"<!-- states:{name} -->\n" in (CHECKOUT / page).read_text("utf-8") for page in PAGES)


def test_a_stale_diagram_is_noticed():
    """An edge that the tables do not have, or an empty place, differs from what is drawn."""
    empty = "a\n<!-- states:execution -->\n<!-- end -->\nb\n<!-- states:task-run -->\nold\n<!-- end -->\n"
    full = drawn(empty)

    assert full != empty
    assert drawn(full) == full
    assert drawn(full.replace("RUNNING --> PAUSED", "PAUSED --> SUCCESS", 1)) == full
    assert full.count("stateDiagram-v2") == 2


if __name__ == "__main__":
    for page in PAGES:
        path = CHECKOUT / page
        path.write_text(drawn(path.read_text("utf-8")), "utf-8")
