"""A jq program in its worker: what is asked of the function itself, in a process that it may confine."""

import json
import subprocess
import sys
from typing import Any

import pytest

ASK = """
import json, os, sys
from onbeat.engine.jq_program import run
from onbeat.errors import UserError
found = []
for program, text in json.loads(sys.argv[1]):
    try:
        found.append(run(program, text))
    except UserError as wrong:
        found.append(str(wrong))
try:
    open("/etc/hostname")
    opened = True
except OSError:
    opened = False
print(json.dumps([found, opened, dict(os.environ)]))
"""


def ask(*pairs: tuple[str, str]) -> tuple[list[Any], bool, dict[str, str], int]:
    """What the programs give, whether a file can be opened afterwards, the environment, the exit code."""
    ended = subprocess.run([sys.executable, "-c", ASK, json.dumps(pairs)], capture_output=True, text=True)
    found, opened, environment = json.loads(ended.stdout) if ended.stdout else ([], False, {})
    return found, opened, environment, ended.returncode


def test_programs_run_one_after_another_in_a_confined_process() -> None:
    """Rule 2: all results of each, a compiled program used again, no file and no environment from the first call on."""
    found, opened, environment, code = ask(
        (".a[]", '{"a": [1, "x\\ny", null]}'), (".a[]", '{"a": []}'), ("env", "1"), ("[.[] | tojson]", "[1.5]")
    )
    assert found == [[1, "x\ny", None], [], [{}], [["1.5"]]]
    assert (opened, environment, code) == (False, {}, 0)


def test_what_is_wrong_is_told_without_values() -> None:
    """Rule 3: programs that do not compile, values that do not fit, errors of the program's own."""
    told = [
        (".a[", "is not right: syntax error, unexpected end of file at <top-level>, line 1, column 3"),
        (".a + 1", "cannot work on this value: string and number cannot be added"),
        (".a | keys", "cannot work on this value: string has no keys"),
        ('error("x")', "raised an error of its own"),
        (".a | fromjson", None),
    ]
    found, *_ = ask(*((program, '{"a": "hush hush, top secret (1) and more"}') for program, _ in told))
    for sentence, (_, expected) in zip(found, told, strict=True):
        assert "hush" not in sentence
        assert "secret" not in sentence
        assert expected is None or sentence == expected


@pytest.mark.parametrize("program", ["def f: f; f", "last(repeat(.))", "[range(1e9)]"])
def test_what_never_ends_ends_the_process(program: str) -> None:
    """Rule 1: by the kernel, after a second of processor time, or where memory ends."""
    found, _, _, code = ask((program, "1"))
    assert found == []
    assert code < 0
