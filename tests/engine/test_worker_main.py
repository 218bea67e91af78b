"""The worker's side of a call, without a process around it; test_workers.py has the whole."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.engine.worker_main import Sources, Told, call, pack, read, serve
from tests.engine import worked


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_what_is_packed_is_read(sockets: tuple[socket.socket, socket.socket]) -> None:
    """In order, and None once the other side is gone, also in the middle of a message."""
    ours, theirs = sockets
    ours.sendall(pack({"a": "ü"}) + pack({"b": [1]}) + pack({"c": 1})[:-1])
    ours.close()
    assert [read(theirs), read(theirs), read(theirs)] == [{"a": "ü"}, {"b": [1]}, None]


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("give", {"value": {"a": [1, 2]}}),
        ("give_later", {"value": 7}),
        (
            "give_nothing_plain",
            {"wrong": "`tests.engine.worked:give_nothing_plain` returned what is not JSON: the value is not JSON but a Python `object`"},
        ),
        ("refuse", {"outside": "the bank is closed"}),
        ("no_such", {"wrong": "`tests.engine.worked:no_such`: `tests.engine.worked` has no `no_such`"}),
    ],
)
def test_a_call_is_answered(function: str, answer: dict[str, Any]) -> None:
    """With a plain value, or with who must act."""
    assert call(f"tests.engine.worked:{function}", {}) == answer


def test_what_a_function_raises_is_told_with_its_own_lines_only() -> None:
    """The worker's own frame is not part of the traceback."""
    answer = call("tests.engine.worked:fail", {"what": "stock"})
    assert (answer["raised"], answer["message"]) == ("LookupError", "stock")
    assert "worked.py" in answer["traceback"]
    assert "worker_main.py" not in answer["traceback"]


def test_each_request_is_answered_first_by_whether_it_has_begun(sockets: tuple[socket.socket, socket.socket]) -> None:
    """Then by its result; the worker ends when the engine is gone."""
    ours, theirs = sockets
    ours.sendall(pack({"target": f"{worked.__name__}:give", "kwargs": {}}) * 2)
    ours.shutdown(socket.SHUT_WR)
    serve(theirs)
    assert [read(ours) for _ in range(4)] == [{"begun": True}, {"value": {"a": [1, 2]}}] * 2


def test_a_changed_file_is_noticed_and_installed_libraries_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a user edits."""
    path = tmp_path / "edited.py"
    path.write_text("")
    module = type(sys)("edited")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "edited", module)
    sources = Sources()
    sources.note()
    assert not sources.changed()
    assert pytest.__file__ not in sources._seen
    assert os.__file__ not in sources._seen
    os.utime(path, ns=(1, 1))
    assert sources.changed()
    path.unlink()
    assert sources.changed()


def test_log_records_are_told(sockets: tuple[socket.socket, socket.socket]) -> None:
    """With their level."""
    ours, theirs = sockets
    Told(theirs).handle(logging.makeLogRecord({"levelname": "WARNING", "msg": "careful %s", "args": (1,)}))
    assert read(ours) == {"log": ["WARNING", "careful 1"]}
