"""Check flow and trigger files before they are served: everything that is wrong, in one go.

Rules
1. Each problem is one line on stderr, `FILE:LINE:COLUMN: message`; any problem is exit code 2.
2. A file is read as the daemon would read it: `tasks` makes it a flow, else it is a trigger.
3. A flow that is named but not among the files is a warning, for it may be elsewhere; --strict makes it a problem.
4. `--store` folds every journal in DATA and compares with what is kept beside it.

Called by: app.py.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from onbeat.cli import show
from onbeat.cli.errors import Exit, complain
from onbeat.cli.serve import load_settings
from onbeat.core.flow import Flow
from onbeat.core.inputs import unknown
from onbeat.core.names import did_you_mean
from onbeat.core.parse import load
from onbeat.core.plan.subflow import Subflow
from onbeat.core.trigger import TriggerSpec
from onbeat.core.yaml12 import Document
from onbeat.engine.loader import check_flow, check_trigger
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
                self._once(name, f"flow {flow.name}", self.flows.setdefault(flow.name, (name, flow, document))[0])
        except InvalidFile as wrong:
            self.problems += wrong.problems

    def _once(self, name: str, what: str, first: str) -> None:
        if first != name:
            self.problems.append(Problem(name, 1, 1, f"{what} is also in {first}; an id belongs to one file: rename one of them"))

    def compare(self) -> None:
        """What one file says of another."""
        for name, flow, document in self.flows.values():
            for task in flow.all_tasks():
                if isinstance(task, Subflow):
                    self._warn(name, document, f"task `{task.id}`", f"{task.namespace}.{task.flow_id}", task.inputs)
        for name, spec, document in self.triggers.values():
            for target in spec.targets:
                self._warn(name, document, f"trigger `{spec.id}`", f"{target.namespace}.{target.id}", spec.inputs)

    def _warn(self, name: str, document: Document, who: str, target: str, inputs: dict[str, object]) -> None:
        if "{{" in target:
            return
        line, column = document.position(())
        found = self.flows.get(target)
        if found is None:
            message = f"{who} starts flow {target}, which is not among the files checked{did_you_mean(target, self.flows)}"
            self.warnings.append(Problem(name, line, column, message))
            return
        self.warnings += [Problem(name, line, column, f"{who} starts flow {target}: {stray}") for stray in unknown(found[1].inputs, inputs)]


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


def check(paths: Sequence[Path], strict: bool, as_json: bool) -> int:
    """Check files; returns the exit code."""
    if not paths:
        settings = load_settings({})
        paths = [folder for folder in (*settings.flows, *settings.triggers) if folder.is_dir()]
    checked, registry = Checked(), Registry()
    files = list(files_of(paths))
    for path in files:
        checked.add(path, registry)
    if not files:
        raise UserError("there is nothing to check: name files or folders with YAML in them")
    checked.compare()
    problems = sorted(
        [*checked.problems, *(checked.warnings if strict else ())], key=lambda problem: (problem.file, problem.line, problem.column)
    )
    if as_json:
        rows = [{"file": each.file, "line": each.line, "column": each.column, "message": each.message} for each in problems]
        show.put_json({"files": len(files), "problems": rows})
    else:
        for problem in problems:
            complain(show.plain(problem))
        for warning in [] if strict else checked.warnings:
            complain(show.plain(f"{warning} (warning)"))
        if not problems:
            show.out(f"{len(files)} file(s): {len(checked.flows)} flow(s), {len(checked.triggers)} trigger(s), all well")
    return Exit.USAGE if problems else Exit.SUCCESS


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
