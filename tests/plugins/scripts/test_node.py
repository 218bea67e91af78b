"""JavaScript by the machine's own node; the tests need it only to see that it is called."""

from pathlib import Path

from onbeat.plugins.scripts.node import NodeCommands, NodeScript
from tests.plugins.context import FakeProcesses
from tests.plugins.scripts.conftest import Worked


async def test_a_script_is_a_file_that_node_runs(fake: Worked) -> None:
    """So that its errors name its lines and it can require what lies beside it."""
    seen: list[str] = []

    def act(folder: Path) -> None:
        seen.append((folder / ".work.1.js").read_text())

    fake.processes = FakeProcesses(act=act)
    await fake.run(NodeScript, {"script": "let a"})
    await fake.run(NodeScript, {"script": "let b", "beforeCommands": ["export X=1"]})
    assert seen == ["let a", "let b"]
    assert [asked["argv"][-1] for asked in fake.processes.asked] == [".work.1.js", "set -e\nexport X=1\nnode .work.1.js"]


async def test_commands_run_in_a_shell(fake: Worked) -> None:
    """`npm` is as good as `node`."""
    await fake.run(NodeCommands, {"commands": ["npm ci"]})
    assert fake.processes.asked[0]["argv"] == ["/bin/sh", "-c", "set -e\nnpm ci"]
