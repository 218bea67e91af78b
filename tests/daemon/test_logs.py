"""The daemon's own log."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import structlog

from onbeat.daemon.logs import LibraryLog, configure, hiding
from onbeat.engine.masking import Mask


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Gives what went to stderr; the log is as it was afterwards."""
    level = logging.getLogger().level
    yield lambda: capsys.readouterr().err
    structlog.reset_defaults()
    root = logging.getLogger()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, LibraryLog)]:
        root.removeHandler(handler)


def test_a_line_is_json_with_its_fields(written: Callable[[], str]):
    """Rule 1: time, level, event, and who it is about; below the level nothing is written."""
    configure("auto", "info")
    log = structlog.get_logger("onbeat.test")
    log.debug("quiet")
    log.info("task lost", execution="e", task="t", attempt=2)
    (line,) = written().splitlines()
    content = json.loads(line)
    assert content.pop("timestamp").endswith("Z")
    assert content == {"event": "task lost", "level": "info", "execution": "e", "task": "t", "attempt": 2}


def test_an_exception_is_in_its_line(written: Callable[[], str]):
    """Or it would be many lines, of which a tool sees one."""
    configure("json", "info")
    try:
        raise ValueError("x")
    except ValueError:
        structlog.get_logger().exception("it raised")
    (line,) = written().splitlines()
    assert "ValueError: x" in json.loads(line)["exception"]


def test_people_get_no_json(written: Callable[[], str]):
    """When they ask for it, also without a terminal."""
    configure("pretty", "info")
    structlog.get_logger().info("hello", execution="e")
    text = written()
    assert "hello" in text
    assert "execution=e" in text
    assert "{" not in text


def test_what_libraries_warn_of_is_in_the_same_form(written: Callable[[], str]):
    """Their information is noise; configuring twice does not say it twice."""
    configure("json", "info")
    configure("json", "info")
    logging.getLogger("somelibrary").info("quiet")
    logging.getLogger("somelibrary").warning("broker %s is gone", 1)
    (line,) = written().splitlines()
    assert json.loads(line)["event"] == "broker 1 is gone"


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_no_secret_is_in_a_line(form: Literal["json", "pretty"], written: Callable[[], str]) -> None:
    """Rule 3: nor in a traceback; while nobody hides one, a line is as it is."""
    configure(form, "info")
    with hiding(Mask(["s3cret-value"]).mask):
        try:
            raise ValueError("with s3cret-value")
        except ValueError:
            structlog.get_logger("x").exception("it says s3cret-value", field="s3cret-value")
        structlog.get_logger("x").info("another line")
    said = written()
    assert said.count("********") >= 3
    assert "s3cret" not in said
    structlog.get_logger("x").info("s3cret-value")
    assert "s3cret-value" in written()
