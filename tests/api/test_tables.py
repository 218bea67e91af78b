"""Rows are written as a table."""

from onbeat.api.tables import csv_text, table


def test_cells_are_quoted() -> None:
    """Commas and quotes stay in their cell; nothing is an empty one, lists and truths are JSON."""
    rows = [{"a": 'x,"y"', "b": None}, {"a": [1, True], "b": False, "c": "left out"}]
    assert csv_text(["a", "b"], rows) == 'a,b\n"x,""y""",\n"[1,true]",false\n'
    assert csv_text(["a"], [{"a": 1}], head=False) == "1\n"


def test_no_cell_is_a_formula() -> None:
    """A spreadsheet would run it."""
    for text in ("=1+1", "+1", "-1", "@x", "\tx"):
        assert csv_text(["a"], [{"a": text}], head=False).lstrip('"').startswith("'"), text
    assert csv_text(["a"], [{"a": -1}], head=False) == "-1\n"


def test_it_is_a_file() -> None:
    """A browser saves it."""
    answer = table(["a"], [], "x.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="x.csv"'
    assert answer.headers["content-type"].startswith("text/csv")
