"""What is sent, and what an answer means; tests/client/aio has what the clients make of it."""

from itertools import pairwise

import pytest

from onbeat.api.problems import _HEADERS, _STATUS
from onbeat.client.wire import NOT_TAKEN, Lost, Reply, Request, pause_after, pause_of_stream, refuse, request
from onbeat.errors import NotFound, OnbeatError, Overloaded, Refused, Unauthorized, UserError

READ, START = Request("GET", "/x", again=True), Request("POST", "/x")


def reply(status: int, title: str = "", **headers: str) -> Reply:
    """An answer with a problem."""
    return Reply(status, headers, b'{"title": "%b", "detail": "the cure"}' % title.encode())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UserError), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (409, Refused), (413, UserError), (421, Refused),
        (422, UserError), (429, Overloaded), (500, OnbeatError), (502, OnbeatError), (503, Overloaded),
    ],
)  # fmt: skip
def test_each_status_is_an_error_of_its_own(status: int, kind: type[OnbeatError]):
    """Rule 1: with the daemon's sentence; for a wrong token with our own, as the daemon cannot know where it came from."""
    with pytest.raises(OnbeatError) as caught:
        refuse(reply(status), READ)
    assert type(caught.value) is kind
    assert str(caught.value) == "the cure" or status == 401


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b"{}", b"\xff"])
def test_an_answer_of_another_server_is_told_from_a_daemons(body: bytes):
    """Rule 2: by what is not in it."""
    with pytest.raises(NotFound, match="GET /x answered 404: is this an onbeat daemon"):
        refuse(Reply(404, {}, body), READ)


@pytest.mark.parametrize(
    ("outcome", "read", "start"),
    [
        (reply(200), False, False),
        (reply(404), False, False),
        (reply(500), False, False),
        (reply(502), True, False),
        (reply(503, NOT_TAKEN), True, True),
        (reply(503, "The store failed"), True, False),
        (Reply(503, {}, b"<html>"), True, False),
        (reply(429), True, True),
        (Lost("no", sent=False), True, True),
        (Lost("no", sent=True), True, False),
    ],
)
def test_what_is_sent_again(outcome: Reply | Lost, read: bool, start: bool):
    """Rule 3: what only reads where it may be better soon; what does something where it certainly was not done."""
    assert (pause_after(outcome, READ, 1) is not None, pause_after(outcome, START, 1) is not None) == (read, start)


def test_the_daemon_says_that_nothing_was_begun_by_this_title():
    """Rule 3 leans on it."""
    assert (Overloaded, 503, NOT_TAKEN) in _STATUS
    assert "Retry-After" in _HEADERS[503]


def test_the_pause_is_as_long_as_the_daemon_says():
    """Rule 4: at least; one of hours is not waited for, one that is a date is as none."""
    told = [pause_after(reply(503, **{"retry-after": text}), READ, 1) for text in ("7", "0", "3600", "Sat, 21 Nov 2026 12:00:00 GMT", "٣")]
    assert told[0] == 7
    assert told[2] is None
    assert all(0 < told[n] < 1 for n in (1, 3, 4))


def test_the_pause_grows_and_differs():
    """Rule 4: who all lost the same daemon do not all come back at once."""
    pauses = [[pause_after(Lost("no", sent=True), READ, tries) for _ in range(20)] for tries in (1, 2, 3, 4, 5, 99)]
    assert all(len(set(each)) > 1 for each in pauses)
    assert all(max(a) < 3.1 * min(b) for a, b in pairwise(pauses))
    assert max(pauses[0]) < min(pauses[3])
    assert [pause_of_stream(tries) for tries in range(7)] == [0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_request_has_what_was_given():
    """What is None is not there; true and false are as JSON has them."""
    made = request("POST", "/x", {"a": 1}, query={"b": True, "n": None, "e": [], "s": ["A", "B"]}, headers={"ttl": None, "k": "v"})
    assert (made.target, made.content, made.again) == ("/x?b=true&s=A&s=B", b'{"a": 1}', False)
    assert made.headers == {"Content-Type": "application/json", "k": "v"}
    assert request("GET", "/x").again
    assert request("GET", "/x").headers == {}
