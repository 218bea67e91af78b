"""Every command with its options and its help. A command's work is in a module of its own and is loaded when the command runs.

Rules
1. `--help` and the commands that talk to a daemon load neither the engine nor an HTTP server.
2. Every command's help ends in an example that works.

Called by: the package's main, tests.
"""

import gc
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from onbeat import __version__
from onbeat.cli import events, executions, flows, follow, kv, secrets, show, tokens, triggers, users
from onbeat.cli.client import Client
from onbeat.cli.errors import Commands
from onbeat.cli.options import AsJson, Data, Inputs, Server, pairs
from onbeat.errors import UserError

app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
app.add_typer(executions.app, name="executions", help="Look at executions, stop them, go on with them.")
app.add_typer(flows.flows, name="flows", help="What can be run: list, show, run.")
app.add_typer(triggers.app, name="triggers", help="What starts flows: list with state and trouble, disable, enable.")
app.add_typer(events.app, name="events", help="Topics, dead events, and why an event started nothing.")
app.add_typer(secrets.app, name="secrets", help="Secrets that namespaces keep, encrypted: list, set, delete, rotate.")
app.add_typer(users.app, name="users", help="Who may log in, and what he may: list, add, set, password, delete.")
app.add_typer(tokens.app, name="tokens", help="Access for programs: list, create, revoke.")
app.add_typer(kv.app, name="kv", help="Values that namespaces keep: list, get, set, delete.")

FlowDirs = Annotated[list[Path] | None, typer.Option("--flows", metavar="DIR", help="Folder of flows; repeat it for more.")]


def _version(wanted: bool) -> None:
    if wanted:
        show.out(__version__)
        raise typer.Exit


@app.callback()
def onbeat(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show where an error comes from.")] = False,
) -> None:
    """Start workflows the moment an event arrives, and never lose one.

    Begin with `onbeat init`, then `onbeat serve`; `onbeat demo` shows it all at work.
    """


@app.command(epilog="Example: onbeat serve --port 8080 --flows flows", rich_help_panel="Run")
def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.  (default: 127.0.0.1)")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.  (default: 8080)")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the store and the token.  (default: .onbeat)")] = None,
    flow_dirs: FlowDirs = None,
    trigger_dirs: Annotated[list[Path] | None, typer.Option("--triggers", metavar="DIR", help="Folder of stand-alone triggers.")] = None,
) -> None:
    """Run the daemon: engine and API, until Ctrl-C or SIGTERM.

    All other settings are in onbeat.yaml or ONBEAT_…; `onbeat doctor` lists them.
    """
    if sys.platform == "win32":
        raise UserError("onbeat serve needs Linux or macOS; on Windows run it in WSL or in a container")
    gc.disable()  # what is made at the start stays: to look for garbage in it takes a tenth of a start; the daemon enables it
    from onbeat.cli import serve as work

    raise typer.Exit(work.serve({"host": host, "port": port, "data": data, "flows": flow_dirs, "triggers": trigger_dirs}))


@app.command(epilog="Example: onbeat run flows/greeting.yaml -i name=Ada", rich_help_panel="Run")
def run(
    file: Annotated[Path, typer.Argument(metavar="FLOW.yaml", help="The flow's file.")],
    flow_dirs: Annotated[
        list[Path] | None, typer.Option("--flows", metavar="DIR", help="Folder of flows that it calls; repeat it for more.")
    ] = None,
    inputs: Inputs = None,
    files: Annotated[list[str] | None, typer.Option("--file", metavar="KEY=PATH", help="A FILE input; repeat it for more.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the execution as one JSON object, its outputs unmasked.")] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0, help="Seconds after which it is killed.")] = None,
) -> None:
    """Run one flow here and now, without a daemon; nothing is kept.

    Exit code 0 for SUCCESS and WARNING, 1 when the run failed, 2 when the flow or its inputs are wrong: then nothing runs.
    """
    from onbeat.cli import run as work

    raise typer.Exit(work.run(file, flow_dirs or [], pairs(inputs, "--input"), pairs(files, "--file"), as_json, timeout))


@app.command(epilog="Example: onbeat check flows triggers --strict", rich_help_panel="Run")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILE|DIR...", help="What to check; folders with all in them.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors: flows that are named but not there, and more.")] = False,
    warnings: Annotated[bool, typer.Option("--warnings/--no-warnings", help="Show warnings too.")] = True,
    store: Annotated[bool, typer.Option("--store", help="Check the store in DATA instead: fold its journal and compare.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Check flow and trigger files: all problems at once, each with file, line, column and cure."""
    from onbeat.cli import check as work

    raise typer.Exit(work.check_store(data, as_json) if store else work.check(paths or [], strict, as_json, warnings))


@app.command(epilog="Example: onbeat test flows -k order --junit results.xml", rich_help_panel="Run")
def test(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILE|DIR...", help="Tests; folders with all *.test.yaml in them.")] = None,
    names: Annotated[
        str | None, typer.Option("-k", metavar="NAME", help="Only tests whose `file::id` has this: `a and not b or c`.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML, too.")] = None,
    as_json: AsJson = False,
    stop: Annotated[bool, typer.Option("-x", help="Stop after the first test that fails.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what ran in tests that passed, too.")] = False,
    real: Annotated[bool, typer.Option("--real", help="Run tasks that reach outside really where they have no mock.")] = False,
    seconds: Annotated[float, typer.Option("--timeout", min=0, help="Seconds of real time that a test may take.")] = 30.0,
) -> None:
    """Run flow tests: offline, with mocks for what reaches outside, and with time that jumps.

    Exit code 0 when all passed, 1 when one failed, 2 when a test file is wrong.
    """
    from onbeat.cli import test as work

    raise typer.Exit(work.test(paths or [], names, junit, as_json, stop, verbose, real, seconds))


@app.command(epilog="Example: onbeat schema flow > flow.schema.json", rich_help_panel="Run")
def schema(
    what: Annotated[Literal["flow", "trigger"], typer.Argument(metavar="flow|trigger", help="Of what.")] = "flow",
) -> None:
    """Print the JSON Schema of flow or trigger files: every type with its keys, for editors and CI.

    In a file, `# yaml-language-server: $schema=flow.schema.json` tells an editor to use it; `onbeat init` writes both.
    """
    from onbeat.cli import schema as work

    work.schema(what)


@app.command(epilog="""Example: onbeat publish orders '{"id": 7, "total": 20}' --follow""", rich_help_panel="Events")
def publish(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="The topic.")],
    json: Annotated[str, typer.Argument(metavar="JSON", help="The event's data: JSON, `-` for stdin, `@file`.")],
    key: Annotated[str | None, typer.Option("--key", help="The event's key: events of one key are in order.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="The event's id: the same one again is a duplicate and starts nothing.")] = None,
    trace: Annotated[
        str | None, typer.Option("--traceparent", envvar="TRACEPARENT", help="The W3C trace context of what it is part of.")
    ] = None,
    follow_: Annotated[bool, typer.Option("--follow", help="Show what it starts until that has ended; exit code 1 when it fails.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Put an event on a topic; what it starts is on disk when this returns."""
    raise typer.Exit(follow.publish(Client.of(server, data), topic, json, key, id_, follow_, as_json, trace))


@app.command(epilog="Example: onbeat backfill shop.report nightly --start 2026-01-01 --dry-run", rich_help_panel="Run")
def backfill(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow: namespace.id, or its id where only one flow has it.")],
    trigger: Annotated[str, typer.Argument(metavar="TRIGGER", help="The id of its schedule.")],
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help="Run the times from this one on.")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="TIME", help="The last time.  (default: now)")] = None,
    inputs: Inputs = None,
    labels: Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label; repeat it for more.")] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Let it wait; with --start from the beginning.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let it go on.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Give it up; what runs goes on.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the times, and run nothing.")] = False,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Run a schedule for times that are past, one after the other; without --start, show the backfill that goes on."""
    from onbeat.cli import backfill as work

    actions = [name for name, wanted in (("pause", pause), ("resume", resume), ("delete", delete)) if wanted]
    if len(actions) > 1:
        raise UserError("write one of --pause, --resume and --delete")
    given = (pairs(inputs, "--input"), pairs(labels, "--label"))
    client = Client.of(server, data)
    work.backfill(client, flow, trigger, start, end, *given, actions[0] if actions else None, dry_run, as_json)


@app.command(epilog="Example: onbeat tail orders --from earliest", rich_help_panel="Events")
def tail(
    topic: Annotated[str | None, typer.Argument(metavar="TOPIC", help="The topic; without one, the state of all executions.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="N|earliest", help="Begin after that position, or at the first.")] = None,
    execution: Annotated[str | None, typer.Option("--execution", metavar="ID", help="Only this execution, until it has ended.")] = None,
    count: Annotated[int | None, typer.Option("--count", "-c", min=1, help="Stop after so many events.")] = None,
    as_json: AsJson = False,
    server: Server = None,
    data: Data = None,
) -> None:
    """Show events as they come: what every execution does, or what is on a topic."""
    follow.tail(Client.of(server, data), topic, start, execution, count, as_json)


@app.command(epilog="Example: onbeat init shop && cd shop && onbeat serve", rich_help_panel="Run")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made if it is not there.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write settings, example flows and triggers, with webhook keys of their own."""
    from onbeat.cli import init as work

    work.init(folder, force)


@app.command(epilog="Example: onbeat demo --once", rich_help_panel="Run")
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the tour.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Work in ./onbeat-demo and leave it there.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port of the daemon.  (default: 8080, or a free one)")
    ] = None,
) -> None:
    """Show onbeat at work: an event, a webhook and a file each start a flow, and every step is on the screen."""
    from onbeat.cli import demo as work

    raise typer.Exit(work.demo(once, keep, port))


@app.command(epilog="Example: onbeat login", rich_help_panel="Care")
def login(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Print a link that logs your browser in, once."""
    from onbeat.cli import login as work

    work.login(Client.of(server, data), as_json)


@app.command(epilog="Example: onbeat doctor", rich_help_panel="Care")
def doctor(as_json: AsJson = False, server: Server = None, data: Data = None) -> None:
    """Show every setting and where it comes from, this machine, and what is wrong with the daemon."""
    from onbeat.cli import doctor as work

    raise typer.Exit(work.doctor(server, data, as_json))


@app.command(epilog="Example: onbeat backup onbeat.tar", rich_help_panel="Care")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not be there yet.")],
    with_key: Annotated[bool, typer.Option("--with-key", help="With the key of its secrets: who has the file reads them all.")] = False,
    data: Data = None,
) -> None:
    """Copy the store and its large values into one file, while the daemon runs or not."""
    from onbeat.cli import backup as work

    work.backup(file, data, with_key)


@app.command(epilog="Example: onbeat restore onbeat.tar", rich_help_panel="Care")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `onbeat backup` made.")],
    data: Data = None,
) -> None:
    """Put a backup back; what was there is kept beside it. Refused while a daemon runs on it."""
    from onbeat.cli import backup as work

    work.restore(file, data)


@app.command(epilog="Example: onbeat version", rich_help_panel="Care")
def version() -> None:
    """Print the version."""
    show.out(__version__)
