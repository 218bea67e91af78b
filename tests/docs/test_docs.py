"""What docs/ says is true today.

Documentation goes stale in silence. So what can be read off the code is, and the rest is checked as far as a machine can: examples load,
commands and settings exist, links lead somewhere, tests that are named are there.

Rules
1. A generated page says what the code says.
2. Every setting, task, trigger, command and route is documented; nothing is that is not there.
3. Every YAML on a page is a flow or a trigger that loads.
"""

import configparser
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from starlette.routing import Route

from onbeat.api.app import all_routes
from onbeat.cli.app import app
from onbeat.core.execution import Trigger
from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.plan import FLOWABLES
from onbeat.core.states import State
from onbeat.engine.loader import check_flow, check_trigger
from onbeat.engine.words import WORDS
from onbeat.registry import SOURCES, TASKS, Registry
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore
from onbeat.testing.read import parse_tests
from tests.docs import models
from tests.docs.generate import CHECKOUT, DOCS, stale
from tests.docs.markdown import Block, anchors, blocks, links, prose
from tests.docs.pages import BUS_ONLY, walk
from tests.docs.test_how_to import PLAYED, flows_of
from tests.engine.harness import node_with

PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "deploy" / "README.md", CHECKOUT / "CHANGELOG.md", *DOCS.rglob("*.md")])
README = CHECKOUT / "README.md"
NOT_OURS = frozenset({"ONBEAT_EXECUTION", "ONBEAT_TASK", "ONBEAT_ATTEMPT", "ONBEAT_IDEMPOTENCY_KEY", "ONBEAT_BUILD_UI"})
"""Variables that a script is given, or a build, which are no settings."""


def named(path: Path) -> str:
    """A page as people name it."""
    return path.relative_to(CHECKOUT).as_posix()


# ---- what is generated -------------------------------------------------------------------------------------------------


def test_no_generated_page_is_stale() -> None:
    """Run `python -m tests.docs.generate` and commit what it wrote."""
    assert [named(path) for path in stale()] == []


def test_a_key_that_nobody_describes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a new option cannot go out without a sentence; and a sentence whose option has its own now is told, too."""
    kind = Registry().task("core.log.Log")
    monkeypatch.setitem(WORDS, "plugins.log.Log", {})
    with pytest.raises(LookupError, match=r"nobody says what plugins\.log\.Log\.message is"):
        models.table(kind)
    monkeypatch.setitem(WORDS, "plugins.webhook.Webhook", {**WORDS["plugins.webhook.Webhook"], "wait": "twice"})
    with pytest.raises(LookupError, match=r"Webhook\.wait is described in the source"):
        models.table(Registry().source("core.trigger.Webhook"))


def test_no_sentence_is_left_over() -> None:
    """Words about a class or a key that is gone are removed."""
    left = []
    for where, keys in WORDS.items():
        module, _, name = where.rpartition(".")
        owner = getattr(sys.modules.get(f"onbeat.{module}") or __import__(f"onbeat.{module}", fromlist=[name]), name, None)
        fields = getattr(owner, "model_fields", {})
        left += [f"{where}.{key}" for key in keys if key not in {models.key_of(field, facts) for field, facts in fields.items()}]
    assert left == []


# ---- all there is, and only that ---------------------------------------------------------------------------------------


def headings(page: str) -> set[str]:
    """The headings of a page in docs/."""
    return set(re.findall(r"^#+ (.+)$", (DOCS / page).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    """By its name and its name in the environment, with a sentence."""
    assert re.search(rf"^\| `{name}` \| `ONBEAT_{name.upper()}` \| .* \| \S.+ \|$", (DOCS / "settings.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted({*TASKS, *FLOWABLES}))
def test_every_task_is_documented(name: str) -> None:
    """Under its own name or as another name of it."""
    page = (DOCS / "reference" / "tasks.md").read_text()
    assert name in headings("reference/tasks.md") or re.search(rf"^Other names: .*`{re.escape(name)}`", page, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_trigger_is_documented(name: str) -> None:
    """In the reference, and those that people write on a page of their own, with what they promise."""
    page = (DOCS / "reference" / "triggers.md").read_text()
    assert name in headings("reference/triggers.md") or re.search(rf"^Other names: .*`{re.escape(name)}`", page, re.MULTILINE)
    if name not in BUS_ONLY:
        pages = [path.read_text() for path in (DOCS / "how-to").glob("*.md")]
        assert [text for text in pages if name in text and "## What is promised" in text and re.search(r"can (be lost|lose)", text)]


def commands() -> dict[str, Any]:
    """Every command by its whole name."""
    return dict(walk(typer.main.get_command(app)))


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_is_documented_with_every_option(name: str) -> None:
    """In the reference, and with an example."""
    page = (DOCS / "reference" / "cli.md").read_text()
    part = page.split(f"\n## onbeat {name}\n")[1].split("\n## ")[0]
    options = [option for one in commands()[name].params for option in getattr(one, "opts", []) if option.startswith("-")]
    assert [option for option in options if option != "--help" and option not in part] == []
    assert "Example:" in part


def test_every_route_is_documented_with_its_permission() -> None:
    """Each one, and no other."""
    page = (DOCS / "reference" / "api.md").read_text()
    shown = set(re.findall(r"^\| `[A-Z ]+ (/\S*)` \| (\w+) \|", page, re.MULTILINE))
    there = {(route.path, str(route.permission)) for route in all_routes() if isinstance(route, Route)}  # type: ignore[attr-defined]  # routing.py sets it
    assert shown == there


# ---- pages that people write -------------------------------------------------------------------------------------------


def test_the_readme_fits() -> None:
    """It is read in one go."""
    assert len(README.read_text().splitlines()) < 200


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files and headings of this checkout; addresses outside are only looked at for their form."""
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"https://\S+\.\S+", link):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_every_page_is_linked_from_the_readme_or_a_page_of_it() -> None:
    """A page that nobody finds is not there."""
    found, waiting = {README}, [README]
    while waiting:
        page = waiting.pop()
        for link in links(page):
            path = (page.parent / link.partition("#")[0]).resolve()
            if path.suffix == ".md" and path not in found and path.is_file():
                found.add(path)
                waiting.append(path)
    assert [named(page) for page in DOCS.rglob("*.md") if page not in found] == []


def test_every_test_that_is_named_is_there() -> None:
    """A promise names the test that shows it."""
    named_tests = {name for page in PAGES for name in re.findall(r"\btests/[\w./]+", page.read_text())}
    assert named_tests
    assert sorted(name for name in named_tests if not (CHECKOUT / name.rstrip(".")).exists()) == []


def test_every_file_that_is_named_is_there() -> None:
    """Examples, unit files and the like."""
    names = {name for page in PAGES for name in re.findall(r"(?<![\w./-])(?:flows|triggers|deploy|src)/[\w./-]+\.\w+", prose(page))} - {
        "flows/hello.yaml",
        "flows/too_hot.yaml",
    }
    assert names
    assert sorted(name for name in names if not (CHECKOUT / name).exists()) == []


def test_every_setting_that_is_named_is_one() -> None:
    """`ONBEAT_…` on a page is a setting, or what a script is given."""
    known = {f"ONBEAT_{name.upper()}" for name in Settings.model_fields} | NOT_OURS
    used = {name for page in PAGES for name in re.findall(r"\bONBEAT_[A-Z_]*[A-Z]\b", page.read_text())}
    assert used >= {"ONBEAT_BUS", "ONBEAT_TOKEN"}
    assert sorted(used - known) == []


def lines_of(block: Block) -> Iterator[str]:
    """The commands of a block, those that go over several lines as one."""
    for line in block.text.replace("\\\n", " ").splitlines():
        yield from (part.strip() for part in re.split(r"&&", line.partition("  #")[0]))


TYPED = [
    pytest.param(line, id=f"{named(page)}:{line}")
    for page in PAGES
    for block in blocks(page, "")
    for line in lines_of(block)
    if re.match(r"(\S+/)?onbeat ", line) and "[OPTIONS]" not in line
]


@pytest.mark.parametrize("line", TYPED)
def test_every_command_that_is_shown_exists(line: str) -> None:
    """Command and options are known; arguments are there as many as are asked for."""
    words = shlex.split(line)[1:]
    if words[:1] == ["--version"]:
        return
    known = commands()
    name = next(" ".join(words[:length]) for length in (3, 2, 1) if " ".join(words[:length]) in known)
    rest = words[len(name.split()) :]
    options = {option: one for one in known[name].params for option in [*getattr(one, "opts", []), *getattr(one, "secondary_opts", [])]}
    given = []
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            assert word in options, f"{name} has no {word}"
            if not getattr(options[word], "is_flag", False):
                rest.pop(0)
        else:
            given.append(word)
    wanted = [one for one in known[name].params if type(one).__name__ == "TyperArgument" and one.required]
    assert len(given) >= len(wanted)


def test_every_make_target_that_is_shown_exists() -> None:
    """`make demo` and the like."""
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    used = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert used >= {"demo", "test", "kill-loop"}
    assert sorted(used - targets) == []


# ---- examples ----------------------------------------------------------------------------------------------------------

TESTS = {"tests", "testCases"}
YAMLS = [pytest.param(block, id=f"{named(page)}:{block.line}") for page in PAGES for block in blocks(page, "yaml")]


@pytest.mark.parametrize("block", YAMLS)
def test_every_yaml_on_a_page_loads(block: Block) -> None:
    """As a flow, as a trigger of its own, as the tasks or triggers of a flow, as conditions, or as flow tests. Raises InvalidFile."""
    given = yaml.safe_load(block.text)
    registry = Registry()
    if isinstance(given, list):
        given = {"id": "page", "type": "core.trigger.Flow", "conditions": given}
    if TESTS & given.keys():
        parse_tests(block.text, block.page)
    elif "tasks" in given or "triggers" in given:
        whole = {"id": "page", "namespace": "docs", "tasks": [{"id": "none", "type": "core.debug.Return"}], **given}
        text = block.text if "id" in given else yaml.safe_dump(whole)
        check_flow(text, named(block.page), registry)
    elif str(given.get("type", "")) in TASKS:
        check_flow(yaml.safe_dump({"id": "page", "namespace": "docs", "tasks": [given]}), named(block.page), registry)
    else:
        target = {} if {"flow", "flows"} & given.keys() else {"flow": {"namespace": "docs", "id": "page"}}
        check_trigger(yaml.safe_dump({**given, **target}), named(block.page), registry)


AWAY = (
    *("core.http.", "kafka.", "mqtt.", "scripts.node.", "core.flow.Sleep", "outputs.export", "flowId: process_row"),
    *("core.execution.Kill", "core.execution.Resume", "core.trigger.Toggle"),
)
"""An example with any of these needs a broker, a service, five seconds, a task before it, or another flow or execution."""
DATA = {"id": 7, "order": 7, "orders": [7], "total": 120, "customer": "Ada", "name": "Ada", "prices": [1.5, 2.5]}
FLOWS = [one for one in YAMLS if "tasks:" in one.values[0].text and not TESTS & set(yaml.safe_load(one.values[0].text))]
RUNS = [one for one in FLOWS if not any(name in one.values[0].text for name in AWAY) and one.values[0].page.stem not in PLAYED]


@pytest.mark.parametrize("block", RUNS)
async def test_every_flow_on_a_page_that_needs_nothing_else_runs(block: Block, tmp_path: Path) -> None:
    """What loads may still fail: a function that takes no such argument, an output that is not there."""
    given = {"id": "page", "namespace": "docs", **yaml.safe_load(block.text), "triggers": []}
    others = {name: text for name, text in flows_of(block.page).items() if name != given["id"]}
    (tmp_path / "file.csv").write_text("one\ntwo\n")
    variables = {"data": DATA, "body": DATA, "headers": {}, "path": str(tmp_path / "file.csv"), "name": "file.csv"}
    variables |= {"date": "2026-01-01T07:00:00+01:00", "next": "2026-01-02T07:00:00+01:00"}
    variables |= {"executionId": "x", "flowId": "pay", "state": "SUCCESS", "outputs": DATA}
    variables |= {"correlation": {"key": "7"}, "events": {"placed": {"data": DATA}, "paid": {"data": DATA}}}
    files = {"page.yaml": yaml.safe_dump(given), **{f"{name}.yaml": text for name, text in others.items()}}
    async with node_with(MemoryStore(), files, tmp_path, sources=False) as node:
        trigger = Trigger(id="page", type="core.trigger.Event", variables=variables)
        inputs = {one["id"]: DATA[one["id"]] for one in given.get("inputs", ()) if "defaults" not in one}
        execution = await node.engine.ended((await node.start(given["namespace"], given["id"], inputs, trigger=trigger)).id)
    assert execution.state is State.SUCCESS, execution.error


def test_every_expression_that_is_shown_gives_a_value() -> None:
    """Those of the first table of the page about them."""
    table = (DOCS / "reference" / "expressions.md").read_text().partition("## Variables")[0]
    shown = [text.replace("\\|", "|") for text in re.findall(r"`([{][{%][^`]*)`", table)][1:]
    scope = {"inputs": {"order": {"id": 7}, "id": 7, "total": 120, "names": ["Ada"], "vip": True}, "trigger": {"body": {}}}
    values = [compile_value(text).render(make_scope(scope)) for text in shown]
    assert values[:6] == [7, 7, "nobody", "large", "order-7", True]
    assert "ADA" in values


def onbeat(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    whole = {**os.environ, **env}
    return subprocess.run([sys.executable, "-m", "onbeat", *arguments], cwd=folder, env=whole, capture_output=True, text=True, check=False)


def test_the_flow_of_the_readme_is_started_by_its_event(tmp_path: Path, new_daemon: Any) -> None:
    """Word for word: the file, `serve`, `publish --follow`, `tail`."""
    (flow,) = blocks(README, "yaml")
    daemon = new_daemon()
    daemon.add_flow("hello", flow.text)
    daemon.start()
    shown = [shlex.split(line)[1:] for block in blocks(README, "") for line in lines_of(block) if line.startswith("onbeat ")]
    (publish,) = [words for words in shown if words[0] == "publish"]
    (tail,) = [words for words in shown if words[0] == "tail"]
    published = onbeat(tmp_path, *publish, ONBEAT_DATA=str(daemon.data))
    assert published.returncode == 0, published.stderr
    assert "Hello Ada!" in published.stdout
    tailed = onbeat(tmp_path, *tail, "--count", "3", ONBEAT_DATA=str(daemon.data))
    assert [line.split()[1] for line in tailed.stdout.splitlines()] == ["CREATED", "RUNNING", "SUCCESS"]


def test_the_plugin_on_the_page_works(tmp_path: Path) -> None:
    """The class and the entry point of how-to/tasks.md, installed beside onbeat."""
    page = DOCS / "how-to" / "tasks.md"
    (code,) = blocks(page, "python")
    (entry,) = blocks(page, "toml")
    package = tmp_path / "site" / "my_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "my_module.py").write_text(code.text)
    facts = tmp_path / "site" / "my_package-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    name, target = re.search(r'^(\w+) = "(\S+)"$', entry.text, re.MULTILINE).groups()  # type: ignore[union-attr]  # the page has it
    (facts / "entry_points.txt").write_text(f"[onbeat.plugins]\n{name} = {target}\n")
    task, output = "{id: two, type: mine.Double, number: 21}", "{id: n, type: INT, value: '{{ outputs.two.value }}'}"
    (tmp_path / "f.yaml").write_text(f"id: f\nnamespace: t\ntasks: [{task}]\noutputs: [{output}]\n")
    paths = os.pathsep.join([str(tmp_path / "site"), str(CHECKOUT / "src")])
    done = onbeat(tmp_path, "run", "f.yaml", PYTHONPATH=paths)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"n": 42}' in done.stdout


# ---- deploy ------------------------------------------------------------------------------------------------------------


class _Unit(configparser.RawConfigParser):
    """A systemd unit; keys keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_unit_starts_what_there_is_and_takes_what_it_can() -> None:
    """Its command exists with its options, it is stopped later than the daemon drains, and it has no power over the machine."""
    unit = _Unit(strict=False)
    unit.read(CHECKOUT / "deploy" / "onbeat.service")
    service = unit["Service"]
    words = shlex.split(service["ExecStart"])
    options = {option for one in commands()["serve"].params for option in getattr(one, "opts", [])}
    assert words[1] == "serve"
    assert {word for word in words if word.startswith("--")} <= options
    assert float(service["TimeoutStopSec"]) > Settings.model_fields["drain"].get_default()
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == (
        "onbeat",
        "yes",
        "strict",
        "",
    )
    assert service["UMask"] == "0077"
