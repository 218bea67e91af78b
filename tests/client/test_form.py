"""The form that the CLI sends; tests/api/test_forms.py reads it with the daemon's reader."""

from pathlib import Path

import pytest

from onbeat.client.form import Form
from onbeat.errors import UserError


def test_files_are_parts_named_as_their_inputs(tmp_path: Path):
    """With their own names; the length is known before anything is read."""
    (tmp_path / 'my "own".txt').write_bytes(b"x" * 100_000)
    form = Form({"a": "1\r\n"}, {"f": str(tmp_path / 'my "own".txt')})
    sent = b"".join(form)
    assert len(sent) == form.length
    assert b'name="f"; filename="my %22own%22.txt"' in sent
    boundary = form.content_type.partition("=")[2].encode()
    assert sent.count(b"--" + boundary) == 3
    assert sent.endswith(b"--" + boundary + b"--\r\n")


def test_a_file_that_is_not_there_is_told():
    """Before anything is sent."""
    with pytest.raises(UserError, match="/nowhere is not a file"):
        Form({}, {"f": "/nowhere"})
