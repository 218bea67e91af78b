"""An execution as a Python test sees it."""

from datetime import timedelta

import pytest

from onbeat.errors import NotFound
from onbeat.testing.run import Run, TaskView


class Acts:
    """Remembers what was done."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []

    def resume(self, execution: str, inputs: object) -> None:
        """Remember it."""
        self.done.append(("resume", inputs))

    def kill(self, execution: str) -> None:
        """Remember it."""
        self.done.append(("kill", execution))

    def look(self, execution: str) -> Run:
        """Another one."""
        return made(self, "SUCCESS")


def made(acts: Acts, state: str = "PAUSED") -> Run:
    """A run of a loop."""
    tasks = (
        TaskView("ask", "SUCCESS", {"n": 1}, 1, "eu"),
        TaskView("ask", "FAILED", {}, 2, "us", "down"),
        TaskView("later", "SKIPPED", {}, 0),
    )
    return Run("1", "shop", "a", state, {}, {}, {}, None, timedelta(), tasks, ("line",), ({"state": "CREATED"},), (), acts)


def test_a_task_is_found_by_its_id_and_value():
    """One that did not run is told with the nearest."""
    run = made(Acts())
    assert run.task("ask").value == "eu"
    assert run.task("ask", "us").error == "down"
    assert (run.ran("ask"), run.ran("later"), run.ran("gone")) == (True, False, False)
    with pytest.raises(NotFound, match="task `aks` did not run; did you mean `ask`"):
        run.task("aks")
    with pytest.raises(NotFound, match="for the value `asia`"):
        run.task("ask", "asia")
    with pytest.raises(NotFound, match="those that did: ask, later"):
        run.task("zzz")


def test_what_is_done_to_it_gives_it_as_it_is_then():
    """It is a snapshot itself."""
    acts = Acts()
    run = made(acts)
    assert (run.resume(ok=True).state, run.kill().state, run.now().state, run.state) == ("SUCCESS", "SUCCESS", "SUCCESS", "PAUSED")
    assert acts.done == [("resume", {"ok": True}), ("kill", "1")]
    assert run.states == ["CREATED"]
