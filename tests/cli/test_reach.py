"""How far a grant reaches, in one word."""

import pytest
import typer

from onbeat.cli.reach import read_reach, show_reach


@pytest.mark.parametrize(
    ("text", "what", "reach"),
    [
        ("viewer", "viewer", {}),
        ("editor:shop.a", "editor", {"namespace": "shop.a"}),
        ("read,run:shop@orders.*,heat", "read,run", {"namespace": "shop", "topics": ["orders.*", "heat"]}),
        ("operator@plant/**", "operator", {"topics": ["plant/**"]}),
    ],
)
def test_it_is_read_and_shown_alike(text: str, what: str, reach: dict[str, object]) -> None:
    """What is listed can be typed."""
    assert read_reach(text, "--grant") == (what, reach)
    assert show_reach(what, reach) == text


@pytest.mark.parametrize("text", ["", ":shop", "viewer:", "viewer@", "@orders", "viewer:@x"])
def test_half_of_it_is_a_mistake(text: str) -> None:
    """`viewer:` is not everywhere."""
    with pytest.raises(typer.BadParameter):
        read_reach(text, "--grant")
