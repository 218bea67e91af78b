"""Patterns of paths: Kestra's signs, in bounded time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.globs import LONGEST, MOST, Globs, is_pattern
from onbeat.errors import UserError


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        ("*.csv", ["a.csv", ".csv"], ["a/b.csv", "a.CSV", "a.csv.gz"]),
        ("out/*", ["out/a", "out/.b"], ["out", "out/a/b"]),
        ("out/**", ["out/a", "out/a/b"], ["out", "a/out/b"]),
        ("**", ["a", "a/b", ".c"], []),
        ("**/*.py", ["a.py", "a/b/c.py"], ["a.txt"]),
        ("**/deep/*.py", ["deep/a.py", "x/y/deep/a.py"], ["deep/x/a.py"]),
        ("out/**.csv", ["out/a.csv", "out/b/c.csv"], ["a.csv", "out/a.txt"]),
        ("a/**/b/**/c", ["a/b/c", "a/x/b/y/z/c"], ["a/c", "b/c"]),
        ("a?[0-9].txt", ["ab1.txt"], ["a1.txt", "abx.txt"]),
        ("[!a]*", ["b", "bc"], ["a", "ab"]),
        ("{a,b{1,2}}.{csv,json}", ["a.csv", "b1.json", "b2.csv"], ["b.csv", "a.txt"]),
        ("{a,b/c}/d", ["a/d", "b/c/d"], ["b/d"]),
        ("./a.txt", ["a.txt"], ["b.txt"]),
        ("a{b", ["a{b"], ["ab"]),
        ("a.txt", ["a.txt"], ["aXtxt", "b/a.txt"]),
    ],
)
def test_a_pattern_fits_what_kestra_users_mean_by_it(pattern: str, fits: list[str], not_: list[str]):
    """Signs stay within a name, but for `**`."""
    found = Globs([pattern])
    assert [path for path in (*fits, *not_) if found(path)] == fits


def test_several_patterns_are_one_or_the_other():
    """A path need fit only one; none fit nothing."""
    assert [path for path in ("a.csv", "b.txt", "c.md") if Globs(["*.csv", "*.txt"])(path)] == ["a.csv", "b.txt"]
    assert not Globs([])("a")


@pytest.mark.parametrize(("text", "so"), [("a.txt", False), ("a*", True), ("a?", True), ("[a]", True), ("{a,b}", True)])
def test_a_plain_path_is_told_from_a_pattern(text: str, so: bool):
    """Only signs make a pattern."""
    assert is_pattern(text) is so


@pytest.mark.parametrize("pattern", ["{a,b}" * 8, "x" * (LONGEST + 1)])
def test_too_many_ways_are_refused(pattern: str):
    """A pattern of a few characters may have billions of alternatives."""
    with pytest.raises(UserError):
        Globs([pattern])


def test_too_many_patterns_are_refused():
    """Together too."""
    with pytest.raises(UserError):
        Globs(["a"] * (MOST + 1))


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/" * 30 + "b", "**/*a*/" * 20 + "x", "{a,{b,{c,{d,*}}}}*[a-z]*?*b"])
def test_no_pattern_takes_for_ever(pattern: str):
    """Where a regular expression tries every way to cut a name, this does not."""
    assert not Globs([pattern])("/".join(["a" * 200] * 50))


@given(st.text("ab/*?[]{},!.", max_size=20), st.text("ab/.", max_size=20))
def test_any_text_is_a_pattern(pattern: str, path: str):
    """Whatever is written, there is an answer; what has no signs fits itself alone."""
    assert Globs([pattern])(path) in (True, False)
    if not is_pattern(pattern) and not pattern.startswith("./"):
        assert Globs([pattern])(path) is (pattern == path)
