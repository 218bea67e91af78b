"""What scripts import as `kestra`: each call is one line that the engine understands."""

import json
import logging
from typing import Any

import pytest

from onbeat.plugins.scripts.lib.kestra import Kestra


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The messages that were printed."""
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("::{") and line.endswith("}::") for line in lines)
    return [json.loads(line[2:-2]) for line in lines]


def test_outputs_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As the map they are; none are an empty one."""
    Kestra.outputs({"a": [1], "b": None})
    Kestra.outputs(None)
    assert told(capsys) == [{"outputs": {"a": [1], "b": None}}, {"outputs": {}}]


def test_metrics_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With their kind and tags; a timer may measure a call."""
    called: list[int] = []
    Kestra.counter("rows", 3, {"table": "t"})
    Kestra.gauge("level", 0.5)
    Kestra.timer("took", 1.5)
    Kestra.timer("took", lambda: called.append(1))
    found = [message["metrics"][0] for message in told(capsys)]
    assert found[0] == {"type": "counter", "name": "rows", "value": 3, "tags": {"table": "t"}}
    assert [(each["type"], each["name"]) for each in found[1:]] == [("gauge", "level"), ("timer", "took"), ("timer", "took")]
    assert found[3]["value"] >= 0
    assert called == [1]


def test_log_lines_keep_their_level(capsys: pytest.CaptureFixture[str]) -> None:
    """However often the logger is asked for, a line is one line."""
    Kestra.logger().warning("careful %s", 1)
    Kestra.logger().debug("detail")
    logging.getLogger("Kestra").handlers.clear()
    assert told(capsys) == [
        {"logs": [{"level": "WARNING", "message": "careful 1"}]},
        {"logs": [{"level": "DEBUG", "message": "detail"}]},
    ]
