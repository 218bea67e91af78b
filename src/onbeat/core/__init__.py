"""The core: all policy, as pure functions on plain data.

    match(trigger, event) -> starts                     trigger.py
    decide(flow, execution, signals, now) -> changes    decide.py
    evolve(execution, change) -> execution              evolve.py
    outstanding(execution) -> commands                  commands.py

Words: an Event came in from outside. A Trigger is a rule over events. A Signal is what an execution is told. A Change is what
was decided: journal row, state event and line in the UI at once. A Command is what the world must be doing now: it is derived
from the state, never stored, so losing it in a crash is harmless.

No module here knows asyncio, a clock, randomness, the environment, a log or a file: time, ids and randomness are arguments.
"""
