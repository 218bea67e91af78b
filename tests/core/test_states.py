"""States: the tables are closed, and the diagrams say what they say."""

import re

import pytest

from onbeat.core.states import EXECUTION, FAILING, TASK_RUN, TERMINATED, State, diagram, worst

TABLES = pytest.mark.parametrize("table", [EXECUTION, TASK_RUN], ids=["execution", "task run"])


@TABLES
def test_every_state_that_may_follow_has_a_row(table: dict):
    """From wherever one comes, the table says where one may go."""
    assert {after for row in table.values() for after in row} <= table.keys()


@TABLES
def test_every_state_can_be_reached(table: dict):
    """From CREATED, step by step: a row nobody reaches is a mistake."""
    reached, waiting = {State.CREATED}, [State.CREATED]
    while waiting:
        new = table[waiting.pop()] - reached
        reached |= new
        waiting.extend(new)

    assert table.keys() - reached == set()


@TABLES
def test_every_state_leads_to_an_end(table: dict):
    """No state from which nothing terminated can be reached."""
    ends = set(TERMINATED)
    while more := {state for state, row in table.items() if row & ends} - ends:
        ends |= more

    assert table.keys() <= ends


@TABLES
def test_only_a_person_leaves_a_terminated_state(table: dict):
    """By a restart; and a FAILED attempt may be tried again."""
    for state in TERMINATED & table.keys():
        assert table[state] <= {State.RESTARTED, State.RETRYING}


def test_failing_states_are_terminated():
    """What stops a block is an end."""
    assert FAILING < TERMINATED


@pytest.mark.parametrize(("states", "whole"), [
    ([], State.SUCCESS),
    ([State.SKIPPED], State.SUCCESS),
    ([State.SUCCESS, State.WARNING], State.WARNING),
    ([State.WARNING, State.CANCELLED], State.CANCELLED),
    ([State.CANCELLED, State.FAILED], State.FAILED),
    ([State.FAILED, State.KILLED, State.SUCCESS], State.KILLED),
])  # fmt: skip
def test_the_worst_of_the_parts_is_the_whole(states: list[State], whole: State):
    """KILLED > FAILED > CANCELLED > WARNING > SUCCESS."""
    assert worst(states) is whole
    assert worst(set(states)) is whole


@TABLES
def test_a_diagram_draws_each_edge_once(table: dict):
    """Mermaid, with the restarts named and the ends marked."""
    text = diagram(table, "Title")
    edges = re.findall(r"^    (\S+) --> (\S+?)(?:: restart)?$", text, re.MULTILINE)
    wanted = [(state, after) for state, row in table.items() for after in row]

    assert text.startswith("%% Title\nstateDiagram-v2\n    [*] --> CREATED\n")
    assert sorted(edges) == sorted([("[*]", "CREATED"), *wanted, *((state, "[*]") for state in TERMINATED & table.keys())])
