"""Hold the states of executions and task runs and the transitions between them, as data and nothing else.

The names and edges are Kestra's, so that its users, API and clients find what they know. An edge that is not in a table cannot
be evolved: `evolve` raises. The diagram in the README is drawn from these tables, and a test fails when it is stale.

Rules
1. Everything that says which state may follow which lives here.
2. A terminated state is left only by an operator: restart, replay, change of state.
"""

from enum import StrEnum


class State(StrEnum):
    """States of executions and task runs (Kestra's names)."""

    CREATED = "CREATED"
    QUEUED = "QUEUED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    BREAKPOINT = "BREAKPOINT"
    RESTARTED = "RESTARTED"
    RETRYING = "RETRYING"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"


S = State

TERMINATED = frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.KILLED, S.CANCELLED, S.RETRIED, S.SKIPPED})
"""Nothing goes on by itself from here."""

FAILING = frozenset({S.FAILED, S.KILLED, S.CANCELLED})
"""Terminated states after which the following tasks of the block do not run."""

EXECUTION: dict[State, frozenset[State]] = {
    S.CREATED: frozenset({S.RUNNING, S.QUEUED, S.CANCELLED, S.FAILED, S.KILLING, S.KILLED}),
    S.QUEUED: frozenset({S.RUNNING, S.KILLING, S.KILLED, S.CANCELLED, S.FAILED}),
    S.RUNNING: frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.CANCELLED, S.KILLED, S.PAUSED, S.KILLING, S.RETRYING, S.RETRIED, S.BREAKPOINT}),
    S.PAUSED: frozenset({S.RESTARTED, S.RUNNING, S.KILLING, S.FAILED, S.CANCELLED, S.KILLED}),
    S.BREAKPOINT: frozenset({S.RUNNING, S.RESTARTED, S.KILLING}),
    S.RESTARTED: frozenset({S.RUNNING, S.KILLING, S.QUEUED, S.CANCELLED, S.FAILED}),
    S.RETRYING: frozenset({S.RUNNING, S.KILLING}),
    S.KILLING: frozenset({S.KILLED}),
    S.SUCCESS: frozenset({S.RESTARTED}),
    S.WARNING: frozenset({S.RESTARTED}),
    S.FAILED: frozenset({S.RESTARTED}),
    S.KILLED: frozenset({S.RESTARTED}),
    S.CANCELLED: frozenset({S.RESTARTED}),
    S.RETRIED: frozenset(),
}
"""Execution: from each state, the states that may follow."""

SETTABLE = frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.KILLED, S.CANCELLED})
"""States in which an operator may say that something ended, which had ended in another of them: a correction, and no transition."""

TASK_RUN: dict[State, frozenset[State]] = {
    S.CREATED: frozenset({S.SUBMITTED, S.RUNNING, S.SKIPPED, S.KILLED, S.FAILED, S.CANCELLED}),
    S.SUBMITTED: frozenset({S.RUNNING, S.KILLED, S.FAILED, S.CANCELLED}),
    S.RUNNING: frozenset({S.SUCCESS, S.WARNING, S.FAILED, S.KILLED, S.CANCELLED, S.PAUSED, S.RETRYING, S.KILLING}),
    S.PAUSED: frozenset({S.RUNNING, S.SUCCESS, S.WARNING, S.FAILED, S.KILLED, S.CANCELLED, S.RESTARTED, S.KILLING}),
    S.RETRYING: frozenset({S.CREATED, S.RUNNING, S.FAILED, S.KILLED, S.CANCELLED}),
    S.KILLING: frozenset({S.KILLED, S.FAILED, S.CANCELLED}),
    S.RESTARTED: frozenset({S.RUNNING, S.CREATED, S.KILLED, S.FAILED, S.CANCELLED, S.SKIPPED}),
    S.SUCCESS: frozenset({S.RESTARTED}),
    S.WARNING: frozenset({S.RESTARTED}),
    S.FAILED: frozenset({S.RETRYING, S.RESTARTED}),
    S.KILLED: frozenset({S.RESTARTED}),
    S.CANCELLED: frozenset({S.RESTARTED}),
    S.SKIPPED: frozenset(),
}
"""Task run: from each state, the states that may follow."""


def worst(states: "frozenset[State] | set[State] | list[State]") -> State:
    """The state of a whole from the states of its parts: KILLED > FAILED > CANCELLED > WARNING > SUCCESS (Kestra's precedence)."""
    for state in (S.KILLED, S.FAILED, S.CANCELLED, S.WARNING):
        if state in states:
            return state
    return S.SUCCESS


def diagram(table: dict[State, frozenset[State]], title: str) -> str:
    """The table as a Mermaid state diagram; terminated states go to the end mark."""
    lines = [f"%% {title}", "stateDiagram-v2", "    [*] --> CREATED"]
    order = list(State)
    for state in order:
        for after in order:
            if after in table.get(state, ()) and not (state in TERMINATED and after is not S.RETRYING):
                lines.append(f"    {state} --> {after}")
    restartable = [state for state in order if state in TERMINATED and S.RESTARTED in table.get(state, ())]
    lines += [f"    {state} --> RESTARTED: restart" for state in restartable]
    lines += [f"    {state} --> [*]" for state in order if state in TERMINATED and state in table]
    return "\n".join(lines)
