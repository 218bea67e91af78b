"""Shell scripts and commands."""

import pytest

from onbeat.plugins.scripts.shell import ShellCommands, ShellScript
from onbeat.ports import TaskFailed
from tests.plugins.scripts.conftest import Worked


async def test_commands_share_a_shell_and_the_first_that_fails_ends_it(world: Worked) -> None:
    """Unless `failFast: false`; then the last one counts."""
    options = {"beforeCommands": ["X=1"], "commands": ["false", "echo $X"]}
    with pytest.raises(TaskFailed):
        await world.run(ShellCommands, options)
    assert world.log.lines == []
    await world.run(ShellCommands, {**options, "failFast": False})
    assert world.log.lines == [("INFO", "1")]


async def test_set_e_is_only_for_shells(fake: Worked) -> None:
    """Another interpreter would not know it."""
    await fake.run(ShellScript, {"script": "x", "interpreter": ["/usr/bin/bash", "-c"]})
    await fake.run(ShellScript, {"script": "x", "interpreter": ["node", "-e"]})
    assert [asked["argv"] for asked in fake.processes.asked] == [["/usr/bin/bash", "-c", "set -e\nx"], ["node", "-e", "x"]]


@pytest.mark.parametrize("commands", [["a", "b"], '["a", "b"]', ("a", "b")])
async def test_commands_may_be_given_by_an_expression(fake: Worked, commands: object) -> None:
    """As a list, or as text that is one."""
    await fake.run(ShellCommands, {"commands": commands})
    assert fake.processes.asked[0]["argv"] == ["/bin/sh", "-c", "set -e\na\nb"]
