"""The rules of the house are checked by tools; here each tool is shown a violation and must name it.

A contract that was misspelt, or lost in a merge, checks nothing and stays green for years. So a copy of the package gets one
of each wrong thing planted in it, and every tool is asked once.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "src" / "onbeat"
LIMIT = 400

PLANTED = {
    "core/planted_io.py": "import asyncio\n\nLOOP = asyncio.new_event_loop\n",
    "helpers.py": "STRAY = 1\n",
    "client/planted_settings.py": "from onbeat import settings\n\nOTHER = settings\n",
    "plugins/planted_one.py": "from onbeat.plugins import planted_two\n\nOTHER = planted_two\n",
    "plugins/planted_two.py": "OTHER = None\n",
    "core/planted_upward.py": "from onbeat import ports\n\nPORTS = ports\n",
    "core/planted_cycle_a.py": "from onbeat.core import planted_cycle_b\n\nOTHER = planted_cycle_b\n",
    "core/planted_cycle_b.py": "from onbeat.core import planted_cycle_a\n\nOTHER = planted_cycle_a\n",
    "engine/planted_clock.py": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "engine/planted_task.py": "import asyncio\n\nSTART = asyncio.create_task\n",
    "engine/planted_untyped.py": "def add(a, b):\n    return a + b\n",
    "engine/planted_layout.py": "WIDE = {  'a':1 }\n",
}

# Modules (or whole folders, ending in /) without a test file of their own name: where they are tested, and why there.
WITHOUT_OWN_TEST = {
    "__main__.py": "tests/services/test_daemon.py: one call, and only a process runs it",
    "plugins/mqtt/client.py": "tests/plugins/mqtt/test_connection.py: what aiomqtt and paho do wrong shows in a connection only",
    "ports/actions.py": "tests/engine/test_actions.py: a contract; the node's own actions are behind it",
    "ports/following.py": "tests/plugins/test_bus.py: what follows a log is a source; the bus's tests hold it to its rules",
    "ports/queries.py": "tests/stores/test_store.py: a contract; every store is held to it",
    "ports/store.py": "tests/stores/test_store.py: a contract; every store is held to it",
    "ports/sinks.py": "tests/engine/test_relay.py: a contract; the sinks are held to it by their own tests",
    "ports/sources.py": "tests/plugins/source_suite.py: a contract; every source is held to it",
    "ports/tasks.py": "tests/engine/test_runner.py: a contract; every task is held to it",
    "ports/world.py": "tests/test_clock.py: a contract; clocks and storage are held to it",
    "api/shapes/": "tests/api/shapes.py: every answer that tests ask for is held to its model",
    "client/sync/": "tests/client/test_sync.py: made from client/aio, whose tests run with both",
    "engine/schema_models.py": "tests/engine/test_schema.py: the parts of a schema are seen in it whole",
    "core/inputs/choices.py": "tests/core/inputs/test_kinds.py: all types of inputs are declared and read in one way",
    "core/inputs/common.py": "tests/core/inputs/test_kinds.py: what every input has is seen in each type",
    "engine/cipher.py": "tests/engine/test_vault.py: names of a library, loaded late",
    "core/expressions/context.py": "tests/core/expressions/test_expression.py: what an evaluation sees, by what it gives",
    "core/expressions/errors.py": "tests/core/expressions/test_expression.py: raised there, each with its words",
    "core/expressions/generator.py": "tests/core/expressions/test_environment.py: what is generated, by what it does",
    "core/expressions/methods.py": "tests/core/expressions/test_expression.py: methods are called by expressions only",
    "core/expressions/missing.py": "tests/core/expressions/test_expression.py: what is missing is told by expressions",
}


def run(folder: Path, *command: str) -> str:
    """What a tool says in a folder, with that folder's sources before the installed ones; it must object."""
    env = {**os.environ, "PYTHONPATH": str(folder / "src"), "NO_COLOR": "1", "COLUMNS": "400"}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0, f"{command} found nothing wrong:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one of each violation in it."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(CHECKOUT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "ui", "static"))
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    for name, text in PLANTED.items():
        (folder / "src" / "onbeat" / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def architecture(copy: Path) -> str:
    """What import-linter says of the copy."""
    return run(copy, "-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())", "--no-cache")


@pytest.fixture(scope="module")
def lint(copy: Path) -> str:
    """What ruff says of the copy."""
    return run(copy, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "src")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("onbeat.core.planted_io -> asyncio", id="the core imports asyncio"),
        pytest.param("onbeat.core.planted_upward -> onbeat.ports", id="the core imports a port"),
        pytest.param("onbeat.client.planted_settings -> onbeat.settings", id="the client imports settings"),
        pytest.param("not listed as layers:\n\n- onbeat.helpers", id="a module outside every layer"),
        pytest.param("onbeat.plugins.planted_one -> onbeat.plugins.planted_two", id="a plugin imports a plugin"),
        pytest.param(".planted_cycle_b -> .planted_cycle_a", id="two modules import each other"),
    ],
)
def test_import_linter_reports(architecture: str, said: str):
    """Each broken rule of the architecture is named, with the modules that break it."""
    assert said in architecture


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("engine/planted_clock.py", "TID251 `datetime.datetime.now` is banned: Ask the Clock."),
        ("engine/planted_task.py", "TID251 `asyncio.create_task` is banned: Use a TaskGroup."),
    ],
)
def test_ruff_reports(lint: str, file: str, said: str):
    """A banned call is named, with what to use instead."""
    assert re.search(rf"{re.escape(file)}:\d+:\d+: {re.escape(said)}", lint), lint


def test_ruff_reports_layout(copy: Path):
    """A file that is not formatted is named."""
    assert "planted_layout.py" in run(copy, "-m", "ruff", "format", "--check", "--no-cache", "src")


def test_mypy_reports_an_untyped_function(copy: Path, tmp_path: Path):
    """Strict means strict: a function without types is an error."""
    said = run(copy, "-m", "mypy", "--cache-dir", str(tmp_path), "src/onbeat/engine/planted_untyped.py")
    assert re.search(r"planted_untyped\.py:1: error: Function is missing a type annotation", said), said


@pytest.mark.parametrize(
    ("line", "what"),
    [
        pytest.param("index = " + "https://" + "pypi" + ".org/simple", "a registry or index address", id="index"),
        pytest.param("--extra" + "-index-url somewhere", "a registry or index address", id="option"),
        pytest.param("jars: repo1" + ".mav" + "en.org/x.jar", "a registry or index address", id="jars"),
        pytest.param("data = '/ro" + "ot/onbeat'", "an absolute path of one machine", id="root"),
        pytest.param("see /ho" + "me/ada/onbeat/x", "an absolute path of one machine", id="home"),
        pytest.param("-----BEGIN RSA PRIVATE" + " KEY-----", "a secret", id="private key"),
    ],
)
def test_committed_files_are_checked(tmp_path: Path, line: str, what: str):
    """An address, a path of one machine or a secret is named with its file and line; ignored files are not read."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "ignored").write_text(line)
    (tmp_path / "found").write_text(f"fine: /home/user/onbeat, example.org/pypi\n{line}\n")
    said = run(tmp_path, str(CHECKOUT / ".ci" / "committed_files.py"))
    assert said.startswith(f"found:2: {what}: ")
    assert said.count("\n") == 1


def sources() -> list[str]:
    """Every module that holds code of its own, by its path in the package."""
    names = (path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    return sorted(name for name in names if not name.endswith("__init__.py") and "migrations/" not in name)


def its_test(module: str) -> str:
    """Where the test of a module belongs: core/plan/if_.py has tests/core/plan/test_if.py."""
    path = Path("tests", module)
    return path.with_name(f"test_{path.stem.rstrip('_')}.py").as_posix()


def is_excepted(module: str) -> bool:
    """Is there a reason why it has none?"""
    return any(module == name or (name.endswith("/") and module.startswith(name)) for name in WITHOUT_OWN_TEST)


def test_every_module_has_its_test_file():
    """tests/core/test_event.py tests src/onbeat/core/event.py: nobody has to search."""
    missing = {module: its_test(module) for module in sources() if not is_excepted(module) and not (CHECKOUT / its_test(module)).exists()}
    assert not missing


@pytest.mark.parametrize(("name", "reason"), WITHOUT_OWN_TEST.items())
def test_every_exception_is_still_one(name: str, reason: str):
    """It names a module that is there and has no test of its own, and a test that is there."""
    assert (PACKAGE / name).exists()
    assert name.endswith("/") or not (CHECKOUT / its_test(name)).exists()
    assert (CHECKOUT / reason.partition(":")[0]).exists()


def test_no_file_is_long():
    """A file of more than 400 lines holds two things."""
    files = [*PACKAGE.rglob("*.py"), *(CHECKOUT / "tests").rglob("*.py")]
    lengths = {path.relative_to(CHECKOUT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in files}
    assert not {name: lines for name, lines in lengths.items() if lines > LIMIT}


def pins(lock: str) -> dict[str, str]:
    """Name and version of everything a lock names."""
    text = (CHECKOUT / lock).read_text()
    return {canonicalize_name(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", text)}


def requirements() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by the lock that must give it."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    runtime = [Requirement(text) for text in project["project"]["dependencies"]]
    of = {name: [Requirement(text) for text in group if isinstance(text, str)] for name, group in groups.items()}
    dev = [each for name, group in of.items() if name != "node" for each in group]
    return {
        "requirements.lock": runtime,
        "requirements-dev.lock": runtime + dev,
        "requirements-backend.lock": of["backend"],
        "requirements-node.lock": of["node"],
    }


@pytest.mark.parametrize("lock", requirements())
def test_a_lock_gives_what_the_project_asks_for(lock: str):
    """A dependency that was added or raised without `make lock` is named here, not by the first user."""
    pinned = pins(lock)
    wrong = [str(wanted) for wanted in requirements()[lock] if pinned.get(canonicalize_name(wanted.name), "0") not in wanted.specifier]
    assert not wrong


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-backend.lock"])
def test_the_locks_agree(lock: str):
    """What runs is what was tested."""
    assert pins(lock).items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", requirements())
def test_every_pin_has_its_hashes(lock: str):
    """Nothing is installed that was not seen when the lock was written."""
    entries = re.split(r"(?m)^(?=[\w.-]+==)", (CHECKOUT / lock).read_text())[1:]
    assert entries
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
