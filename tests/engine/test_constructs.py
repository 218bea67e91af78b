"""What flow constructs do, with an example."""

import pytest

from onbeat.core import yaml12
from onbeat.core.plan import FLOWABLES
from onbeat.engine.constructs import CONSTRUCTS


@pytest.mark.parametrize("name", [name for name, said in CONSTRUCTS.items() if "```" in said])
def test_an_example_is_one_of_the_construct(name: str) -> None:
    """A sentence first, then YAML in which a task has the type. The example is run where all of docs/ are."""
    said, _, rest = CONSTRUCTS[name].strip().partition("```yaml\n")
    assert said.strip().endswith((".", ":"))
    assert f"type: {name}" in rest
    assert yaml12.parse(rest.partition("```")[0], name).data


def test_only_old_names_and_what_needs_another_flow_have_no_example() -> None:
    """An old name tells which one it is of."""
    without = {name for name, said in CONSTRUCTS.items() if "```" not in said}
    assert {name for name in without if "name for" not in CONSTRUCTS[name]} == {"core.flow.Subflow"}


def test_every_construct_is_told_by_one_of_its_names() -> None:
    """Whoever adds one adds its page."""
    assert {FLOWABLES[name] for name in CONSTRUCTS if name in FLOWABLES} == {*FLOWABLES.values()}
