"""Which function a target names, and what is said when there is none."""

import json
from pathlib import Path

import pytest

from onbeat.engine.target import find, traceback_of
from onbeat.errors import UserError


def test_a_target_names_a_function_or_one_of_a_class() -> None:
    """Modules may be nested too."""
    assert find("json:dumps") is json.dumps
    assert find("json.decoder:JSONDecoder.decode") is json.decoder.JSONDecoder.decode
    assert find("json:JSONDecoder") is json.JSONDecoder


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such.inner:f", "there is no module `no_such` where onbeat runs; install it, or set PYTHONPATH"),
        ("json.no_such:f", "there is no module `json.no_such` where onbeat runs"),
        ("json:dump_s", "`json` has no `dump_s`; did you mean `dumps`?"),
        ("json:JSONDecoder.decoder", "`json` has no `decoder`; did you mean `decode`?"),
        ("json:__name__", "`json:__name__` is not a function"),
    ],
)
def test_what_is_not_there_is_a_sentence(target: str, message: str) -> None:
    """With the nearest right name."""
    with pytest.raises(UserError) as wrong:
        find(target)
    assert message in str(wrong.value)


def test_a_module_that_fails_to_import_says_so_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library of the module is not a missing module."""
    (tmp_path / "broken.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        find("broken:f")


def test_a_traceback_begins_with_the_functions_own_line() -> None:
    """The engine's frames tell a user nothing; an error without others keeps them."""
    try:
        find("tests.engine.worked:fail")("stock")
    except LookupError as error:
        lines = traceback_of(error).splitlines()
    assert "test_target.py" in lines[1]
    assert lines[-1] == "LookupError: stock"
    with pytest.raises(UserError) as wrong:
        find("json:no_such_thing_at_all")
    assert "target.py" in traceback_of(wrong.value)
