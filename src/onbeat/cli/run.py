"""Run one flow here and now: a node on a store in memory, no server, no sources; nothing is left behind.

Rules
1. Invalid flow or inputs: nothing runs, stdout stays empty, stderr says where and what.
2. It ends when the execution and all that followed from it have ended: subflows, retries as new executions.
3. With --json stdout is one JSON object, the execution as Kestra shows it, and nothing else.
4. An execution that waits for a person has none here: it is killed, and the command fails and says so.

Called by: app.py.
"""

import asyncio
import re
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import uvloop

from onbeat.cli.configured import load_settings
from onbeat.cli.errors import Exit, complain
from onbeat.cli.report import Watch, conclude, report
from onbeat.cli.show import put_json
from onbeat.core.changes import ChildStarted
from onbeat.core.execution import ROOT, Execution
from onbeat.core.flow import Flow
from onbeat.core.inputs import unknown
from onbeat.core.plan.for_each_item import Items
from onbeat.core.plan.subflow import Subflow
from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.daemon.logs import configure
from onbeat.engine.checking import check_flow
from onbeat.engine.inputs import Upload
from onbeat.engine.node import Node
from onbeat.errors import InvalidFile, UserError
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore

_SUFFIXES = (".yaml", ".yml")
_GOOD = frozenset({State.SUCCESS, State.WARNING})


def run(
    file: Path, flow_dirs: Sequence[Path], inputs: Mapping[str, str], files: Mapping[str, str], as_json: bool, timeout: float | None
) -> int:
    """Run the flow of a file; returns the exit code. Raises UserError before anything ran."""
    text = _read(file)
    missing = [folder for folder in flow_dirs if not folder.is_dir()]
    if missing:
        raise UserError(f"{missing[0]} is not a folder; --flows names folders of flow files")
    with tempfile.TemporaryDirectory(prefix="onbeat-run-") as data:
        settings = load_settings({"data": Path(data), "bus": "embedded", "sinks": [], "watch": False, "drain": 0.0})
        settings = settings.model_copy(update={"flows": [], "triggers": []})
        configure("pretty", "error")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop if settings.loop == "uvloop" else None) as runner:
            return runner.run(_run(settings, file, text, flow_dirs, inputs, files, as_json, timeout))


async def _run(
    settings: Settings,
    file: Path,
    text: bytes,
    flow_dirs: Sequence[Path],
    inputs: Mapping[str, str],
    files: Mapping[str, str],
    as_json: bool,
    timeout: float | None,
) -> int:
    async with running(settings, MemoryStore(), sources=False) as node:
        try:
            execution = await _begin(node, file, text, flow_dirs, inputs, files)
        except UserError as wrong:
            complain(str(wrong))
            return Exit.USAGE
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
        why = await Watch(node, quiet=as_json).until_ended(timeout, interrupted)
        last = await _last(node, execution.id)
        if as_json:
            put_json(await report(node, await node.engine.load(execution.id)))
        else:
            conclude(last)
        if why is not None:
            complain(why)
        return Exit.SUCCESS if why is None and last.state in _GOOD else Exit.FAILED


async def _last(node: Node, id_: str) -> Execution:
    """The execution, or the one that tried it anew at last."""
    while True:
        changes = [row.change for row in await node.queries.changes(id_)]
        anew = [change.child.id for change in changes if isinstance(change, ChildStarted) and change.n == ROOT]
        if not anew:
            return await node.engine.load(id_)
        id_ = anew[-1]


async def _begin(
    node: Node, file: Path, text: bytes, flow_dirs: Sequence[Path], inputs: Mapping[str, str], files: Mapping[str, str]
) -> Execution:
    """Read the flow and those it calls, and start it. Raises UserError."""
    flow, _ = check_flow(text, str(file), node.registry)
    await node.loader.keep(flow, text.decode(), str(file))
    await _keep_called(node, flow, _index(flow_dirs, file))
    strays = unknown(flow.inputs, {**inputs, **files})
    if strays:
        raise UserError("\n".join(strays))
    return await node.start(flow.namespace, flow.id, inputs, files={name: _upload(Path(path)) for name, path in files.items()})


def _upload(path: Path) -> Upload:
    if not path.is_file():
        raise UserError(f"{path} is not a file; --file takes KEY=PATH")
    return Upload(path, path.name)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UserError(f"{path} cannot be read: {problem.strerror}") from None


# ---- the flows that it calls -------------------------------------------------------------------------------------------

_ID = re.compile(rb"^id:[ \t]*['\"]?([\w.-]+)", re.MULTILINE)
_NAMESPACE = re.compile(rb"^namespace:[ \t]*['\"]?([\w.-]+)", re.MULTILINE)


def _index(folders: Sequence[Path], besides: Path) -> dict[tuple[str, str], Path]:
    """Where each flow in the folders is: by a glance at its text, for a folder may hold hundreds and one flow calls few."""
    found: dict[tuple[str, str], Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file() and path.resolve() != besides.resolve():
                text = path.read_bytes()
                id_, namespace = _ID.search(text), _NAMESPACE.search(text)
                if id_ and namespace:
                    found.setdefault((namespace[1].decode(), id_[1].decode()), path)
    return found


async def _keep_called(node: Node, flow: Flow, index: dict[tuple[str, str], Path]) -> None:
    """Serve the flows that this one calls, and those that they call. A wrong one is told of: its call will fail."""
    waiting, known = [flow], {(flow.namespace, flow.id)}
    while waiting:
        for target in list(_called(waiting.pop(), index)):
            if target in known or target not in index:
                continue
            known.add(target)
            path = index[target]
            try:
                called, _ = check_flow(path.read_bytes(), str(path), node.registry)
            except InvalidFile as wrong:
                complain(str(wrong))
                continue
            await node.loader.keep(called, path.read_text(), str(path))
            waiting.append(called)


def _called(flow: Flow, index: Mapping[tuple[str, str], Path]) -> Iterator[tuple[str, str]]:
    """The flows that a flow names; all there are when it works out a name as it runs."""
    for task in flow.all_tasks():
        if isinstance(task, Subflow | Items):
            target = (str(task.namespace), str(task.flow_id))
            if any("{{" in each for each in target):
                yield from index
            else:
                yield target
