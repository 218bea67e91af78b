"""Wait for an event on a topic: `core.flow.WaitForEvent`.

It looks back to the start of the execution (or `since`), so an event that came before the wait is not missed. With `key` only an event
with this key counts, with `matches` only one for which it holds. `outputs.<id>` shows the event: id, topic, key, data, time, headers.
After `timeout` it fails. Waiting takes neither memory nor a place of the runner.
"""

from onbeat.core.flow import Dynamic, TaskSpec

NAMES = ("core.flow.WaitForEvent",)


class WaitForEvent(TaskSpec):
    """topic, key: expressions. matches: a condition on `event` (id, key, data, time, headers)."""

    topic: Dynamic
    key: Dynamic = None
    since: Dynamic = None
    matches: Dynamic = True
