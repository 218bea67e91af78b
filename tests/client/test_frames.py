"""Server-sent events out of bytes, however they come."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from onbeat.client.frames import Frame, FrameReader

STREAM = (
    b': hello\r\nevent: a\r\nid: 1\r\ndata: {"n":\r\ndata: 1}\r\n\r\n'
    b": still here\n\n"
    b'id:2\ndata:"\xc3\xa4"\nretry: 5\n\n'
    b"event: b\ndata: null\n\n"
    b'id: 4\ndata: {"not": '
)
FRAMES = [Frame("a", "1", {"n": 1}), Frame("message", "2", "ä"), Frame("b", "2", None)]


@given(st.lists(st.integers(0, len(STREAM))))
def test_a_stream_may_come_in_any_pieces(cuts: list[int]):
    """Rules 1 and 2: the events are the same; the one that is not whole is none, a comment is none."""
    reader, places = FrameReader(), [0, *sorted(cuts), len(STREAM)]
    found = [frame for a, b in pairwise(places) for frame in reader.take(STREAM[a:b])]
    assert found == FRAMES


def test_a_line_may_be_long():
    """Rule 1: an execution of ten thousand task runs is one."""
    data = json.dumps(["x" * 100] * 50_000).encode()
    stream = b"data: " + data + b"\n\n"
    reader = FrameReader()
    found = [frame for at in range(0, len(stream), 65_536) for frame in reader.take(stream[at : at + 65_536])]
    assert [len(frame.data) for frame in found] == [50_000]
