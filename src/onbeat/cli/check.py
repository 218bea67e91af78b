"""Check flow and trigger files before they are served: everything that is wrong, in one go.

Rules
1. Each problem is one line on stderr, `FILE:LINE:COLUMN: message`; any problem is exit code 2.
2. A file is read as the daemon would read it: `tasks` makes it a flow, else it is a trigger.
3. What the daemon would load and can hardly be meant is a warning, also on stderr: a flow that is named but not among the files, flows
   that start each other in a circle, a start that lacks a required input, an expression of a task that does not compile. --strict makes
   warnings problems.
4. `--store` folds every journal in DATA and compares with what is kept beside it.

Called by: app.py.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from onbeat.cli import show
from onbeat.cli.configured import load_settings
from onbeat.cli.errors import Exit, complain
from onbeat.core.event import Json
from onbeat.core.flow import Flow
from onbeat.core.inputs import unknown
from onbeat.core.names import did_you_mean
from onbeat.core.parse import load, task_paths
from onbeat.core.plugin_defaults import server_defaults
from onbeat.core.review import broken_expressions, calls, circles, problems_of_start
from onbeat.core.trigger import TriggerSpec
from onbeat.core.yaml12 import Document
from onbeat.engine.checking import check_flow, check_trigger
from onbeat.errors import InvalidFile, NotFound, Problem, UserError
from onbeat.registry import Registry
from onbeat.stores.sqlite import FILE, SqliteStore

_SUFFIXES = (".yaml", ".yml")
_TESTS = (".test.yaml", ".test.yml")


class Checked:
    """The files that were checked, and what is wrong with them."""

    def __init__(self) -> None:
        self.flows: dict[str, tuple[str, Flow, Document]] = {}
        self.triggers: dict[str, tuple[str, TriggerSpec, Document]] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, path: Path, registry: Registry) -> None:
        """Check one file."""
        name = str(path)
        try:
            content = path.read_bytes()
        except OSError as problem:
            self.problems.append(Problem(name, 1, 1, f"cannot be read: {problem.strerror}"))
            return
        try:
            data = load(content, name).data
            if isinstance(data, dict) and "type" in data and "tasks" not in data:
                spec, document = check_trigger(content, name, registry)
                self._once(name, f"trigger {spec.name}", self.triggers.setdefault(spec.name, (name, spec, document))[0])
            else:
                flow, document = check_flow(content, name, registry)
                self.warnings += broken_expressions(document)[1]
                self._once(name, f"flow {flow.name}", self.flows.setdefault(flow.name, (name, flow, document))[0])
        except InvalidFile as wrong:
            self.problems += wrong.problems

    def _once(self, name: str, what: str, first: str) -> None:
        if first != name:
            self.problems.append(Problem(name, 1, 1, f"{what} is also in {first}; an id belongs to one file: rename one of them"))

    def compare(self) -> None:
        """What one file says of another, and a flow's triggers of the flow."""
        for name, flow, document in self.flows.values():
            paths = task_paths(flow, document)
            for call in calls(flow):
                self._warn(name, document.position(paths.get(call.task, ())), f"task `{call.task}`", call.target, call.inputs)
            for index, raw in enumerate(flow.triggers):
                inputs = raw.get("inputs")
                who, place = f"trigger `{raw.get('id')}`", document.position(("triggers", index))
                self._warn(name, place, who, flow.name, inputs if isinstance(inputs, dict) else {})
        for name, spec, document in self.triggers.values():
            for target in spec.targets:
                self._warn(name, document.position(()), f"trigger `{spec.id}`", f"{target.namespace}.{target.id}", spec.inputs)
        for circle in circles({name: flow for name, (_, flow, _) in self.flows.items()}):
            said = f"flows start each other in a circle: {' -> '.join(circle)}; it ends only if a condition ends it"
            self.warnings.append(Problem(self.flows[circle[0]][0], 1, 1, said))

    def _warn(self, name: str, place: tuple[int, int], who: str, target: str, inputs: Mapping[str, Json]) -> None:
        if "{{" in target:
            return
        found = self.flows.get(target)
        if found is None:
            said = [f"{who} starts flow {target}, which is not among the files checked{did_you_mean(target, self.flows)}"]
        else:
            said = list(problems_of_start(who, found[1], inputs, unknown(found[1].inputs, inputs)))
        self.warnings += [Problem(name, *place, each) for each in said]


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that the paths mean; hidden ones and flow tests are left out of folders. Raises NotFound."""
    for path in paths:
        if path.is_dir():
            for each in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
                if each.suffix in _SUFFIXES and not hidden and not each.name.endswith(_TESTS) and each.is_file():
                    yield each
        elif path.exists():
            yield path
        else:
            raise NotFound(f"there is no file {path}")


def check(paths: Sequence[Path], strict: bool, as_json: bool, warnings: bool = True) -> int:
    """Check files; returns the exit code. warnings: whether they are shown."""
    settings = load_settings({})
    if not paths:
        paths = [folder for folder in (*settings.flows, *settings.triggers) if folder.is_dir()]
    checked, registry = Checked(), Registry(defaults=server_defaults(settings.plugin_defaults))
    files = list(files_of(paths))
    for path in files:
        checked.add(path, registry)
    if not files:
        raise UserError("there is nothing to check: name files or folders with YAML in them")
    checked.compare()
    problems = _in_order([*checked.problems, *(checked.warnings if strict else ())])
    doubts = _in_order(checked.warnings) if warnings and not strict else []
    if as_json:
        show.put_json({"files": len(files), "problems": [*map(_row, problems)], "warnings": [*map(_row, doubts)]})
    else:
        for problem in problems:
            complain(show.plain(problem))
        for doubt in doubts:
            complain(show.plain(f"{doubt} (warning)"))
        if not problems:
            show.out(f"{len(files)} file(s): {len(checked.flows)} flow(s), {len(checked.triggers)} trigger(s), all well")
    return Exit.USAGE if problems else Exit.SUCCESS


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))


def _row(problem: Problem) -> dict[str, Json]:
    return {"file": problem.file, "line": problem.line, "column": problem.column, "message": problem.message}


def check_store(data: Path | None, as_json: bool) -> int:
    """Compare the store with its journal; returns the exit code."""
    folder = load_settings({"data": data}).data
    if not (folder / FILE).is_file():
        raise NotFound(f"there is no store in {folder}; name its folder with --data")
    found = asyncio.run(SqliteStore(folder).check())
    if as_json:
        show.put_json({"data": str(folder), "problems": found})
    else:
        for each in found:
            complain(show.plain(each))
        if not found:
            show.out(f"{folder / FILE}: the journal and all that is kept beside it agree")
    return Exit.FAILED if found else Exit.SUCCESS
