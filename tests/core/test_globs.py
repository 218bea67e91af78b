"""Patterns of files: the same files as Kestra takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.globs import chooser
from onbeat.errors import UserError


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        ("*.sql", ["a.sql"], ["d/a.sql", "a.sqlx", "asql"]),
        ("**.sql", ["a.sql", "d/e/a.sql"], ["a.txt"]),
        ("**/*.sql", ["a.sql", "d/a.sql"], ["a.txt"]),
        ("a.txt", ["a.txt", "d/a.txt", "d/e/a.txt"], ["ba.txt", "a_txt"]),
        ("d/*.txt", ["d/a.txt", "x/d/a.txt"], ["d/e/a.txt", "a.txt"]),
        ("d/**", ["d/a", "d/e/a", "x/d/a"], ["a", "da"]),
        ("/a.txt", ["a.txt"], ["d/a.txt"]),
        ("**", ["a", "d/a"], []),
        ("glob:a.txt", ["a.txt"], ["d/a.txt"]),
        ("glob:**/d/**", ["d/a", "x/d/a"], ["a"]),
        ("regex:.*\\.(py|sql)", ["a.py", "d/a.sql"], ["a.pyc"]),
        ("a?.txt", ["ab.txt"], ["a.txt", "a/.txt"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
        ("[!a].txt", ["b.txt"], ["a.txt"]),
        ("a[/]b", [], ["a/b"]),
        ("*.{py,sql}", ["a.py", "b.sql"], ["a.txt", "a.{py,sql}"]),
        ("a.{py", ["a.{py"], ["a.py"]),
        ("a\\*", ["a*"], ["ab"]),
        ("[", ["["], ["a"]),
        ("x,y}", ["x,y}"], ["x"]),
    ],
)
def test_what_a_pattern_takes(pattern: str, fitting: list[str], other: list[str]) -> None:
    """Each form."""
    fits = chooser([pattern])
    assert [path for path in (*fitting, *other) if fits(path)] == fitting


def test_includes_and_excludes() -> None:
    """All when nothing is included; excluded is stronger."""
    assert chooser()("a")
    fits = chooser(["**.sql", "**.py"], ["old/**"])
    assert [path for path in ("a.sql", "b.py", "c.txt", "old/a.sql") if fits(path)] == ["a.sql", "b.py"]
    assert not chooser(exclude=["a"])("a")


@pytest.mark.parametrize("pattern", ["regex:(", "x" * 1_001])
def test_a_pattern_that_is_none_is_told(pattern: str) -> None:
    """With what is wrong."""
    with pytest.raises(UserError, match="pattern"):
        chooser([pattern])


@given(st.text("ab/*?[]{},!^-\\.", max_size=12), st.text("ab/.", max_size=8))
def test_any_text_is_a_pattern_or_told(pattern: str, path: str) -> None:
    """Nothing but a UserError comes out."""
    try:
        assert chooser([pattern])(path) in (True, False)
    except UserError:
        pass
