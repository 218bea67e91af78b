"""Make the pages of docs/ that say what the code says: settings, tasks, triggers, flows, commands, routes.

Whoever adds a task or a setting writes its docstring and has its page; whoever forgets it is told by a test.

Rules
1. Nothing here is about one plugin, one command or one setting: all of that is read from where it is defined.
2. A type that has several names is shown once, with the other names.

Called by: generate.py.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

import typer
from starlette.routing import Route

from onbeat.api.app import all_routes
from onbeat.cli.app import app
from onbeat.core.conditions import KINDS
from onbeat.core.flow import Check, Concurrency, Flow, FlowableSpec, OutputSpec, PluginDefault, Retry, Sla, TaskSpec
from onbeat.core.inputs import InputSpec
from onbeat.core.plan import FLOWABLES
from onbeat.core.short_schedule import ShortSchedule
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.constructs import CONSTRUCTS
from onbeat.engine.meters import KEPT, METERS, OTHER
from onbeat.registry import Registry
from onbeat.settings import CONFIG_FILE, Settings
from tests.docs import kestra_clients
from tests.docs.expression_names import expression_parts
from tests.docs.models import key_of, table

MADE = "<!-- Made by `python -m tests.docs.generate` from the code; edit it there. -->"
BUS_ONLY = ("kafka.EventTrigger", "mqtt.EventTrigger")
"""Types that nobody writes: what `core.trigger.Event` is on a broker's bus."""
_COMMON = frozenset(key_of(name, field) for name, field in TaskSpec.model_fields.items())
_TAILS = frozenset(key_of(name, field) for name, field in FlowableSpec.model_fields.items()) - _COMMON


def pages() -> dict[str, str]:
    """Each page by its path in docs/."""
    return {
        "settings.md": settings(),
        "reference/flows.md": flows(),
        "reference/tasks.md": tasks(),
        "reference/triggers.md": triggers(),
        "reference/expressions.md": _page("Expressions", *expression_parts()),
        "reference/cli.md": commands(),
        "reference/api.md": routes(),
        "reference/metrics.md": metrics(),
        "reference/kestra-clients.md": _page("Kestra's Python clients", *kestra_clients.parts()),
    }


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", MADE, *(part.strip() for part in parts)]) + "\n"


def about(owner: object) -> str:
    """A docstring as Markdown."""
    return inspect.cleandoc(owner.__doc__ or "")


# ---- settings ----------------------------------------------------------------------------------------------------------


def settings() -> str:
    """Every setting with its default."""
    lines = ["| Setting | In the environment | Default | |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        told = "" if default in (None, [], {}) else f"`{_plain(default)}`"
        lines.append(f"| `{name}` | `ONBEAT_{name.upper()}` | {told} | {field.description} |")
    return _page(
        "Settings",
        f"""
A setting is given on the command line (`onbeat serve --port 9000`; `onbeat serve --help` says which), in the environment
(`ONBEAT_PORT=9000`) or in `{CONFIG_FILE}` in the working directory (`port: 9000`); the first of these that has it wins.
Lists and maps in the environment are JSON: `ONBEAT_FLOWS='["flows", "more"]'`.
`onbeat doctor` shows each setting with its value and where it comes from; `onbeat init` writes a `{CONFIG_FILE}` with all of them.
""",
        "\n".join(lines),
    )


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


# ---- metrics -----------------------------------------------------------------------------------------------------------


def metrics() -> str:
    """Every meter with its labels."""
    lines = ["| Metric | Kind | Labels | |", "|---|---|---|---|"]
    for meter in METERS:
        labels = ", ".join(f"`{label}`" for label in meter.labels)
        lines.append(f"| `{meter.name}` | {meter.kind} | {labels} | {meter.about} |")
    return _page(
        "Metrics",
        f"""
What `GET /metrics` shows; [how to look at it](../how-to/observability.md) says what to do with it. Counters and histograms count from
the daemon's start, gauges are read when somebody looks. A label grows to {KEPT} values; what comes later is together as `{OTHER}`.
Beside these there are `process_*` (memory, CPU, open files) and `python_*` (garbage collection).
""",
        "\n".join(lines),
    )


# ---- flows -------------------------------------------------------------------------------------------------------------


def flows() -> str:
    """What a flow's file holds."""
    kinds = get_args(get_args(InputSpec)[0])
    common = frozenset(set.intersection(*({key_of(name, field) for name, field in kind.model_fields.items()} for kind in kinds)))
    inputs = []
    for kind in kinds:
        names = ", ".join(f"`{name}`" for name in get_args(kind.model_fields["type"].annotation))
        own = table(kind, common)
        inputs.append(f"**{names}**: {about(kind)}" + (f"\n\n{own}" if own.startswith("|") else ""))
    return _page(
        "Flows",
        """
A flow is one YAML file in a [flows folder](../settings.md). YAML is 1.2; a key that is not known is an error with file, line and the
nearest right name: `onbeat check` tells all of them at once. Texts may hold [expressions](expressions.md), `{{ … }}`.
""",
        table(Flow),
        "## Inputs",
        "An input is checked before anything starts: a value that is not of its type, or out of its bounds, starts nothing. "
        "All have these keys:",
        table(kinds[0], frozenset({"validator", "type"})),
        "And a `type`, with keys of its own:",
        *inputs,
        "## Outputs",
        table(OutputSpec),
        "## Concurrency",
        "[Order and limits](../how-to/ordering-and-limits.md) says more.",
        table(Concurrency),
        "## Schedule",
        """
```yaml
id: at_noon
namespace: demo
schedule: {type: cron, value: "0 12 * * *"}
tasks:
  - id: say
    type: core.log.Log
    message: it is {{ trigger.date }}
```

is a trigger of type `core.trigger.Schedule` with the id `schedule`; what that promises is [on its page](../how-to/schedule.md).
""",
        table(ShortSchedule),
        "## Sla",
        "The first that is broken counts, once. [Errors and retries](../how-to/errors-and-retries.md#sla) says more.",
        table(Sla),
        "## Checks",
        """
They are judged before there is an execution. Of those that do not hold the most restrictive counts; one that cannot be evaluated does not
hold. A start by an event that is blocked is a dead event.

```yaml
id: order
namespace: demo
inputs:
  - id: total
    type: INT
checks:
  - condition: "{{ inputs.total > 0 }}"
    message: an order of {{ inputs.total }} is none
tasks:
  - id: say
    type: core.log.Log
    message: "{{ inputs.total }}"
```
""",
        table(Check),
        "## Plugin defaults",
        """
What a task says wins over the flow's defaults, and these over the server's (setting `plugin_defaults`); `forced` turns that round. Maps are
merged, lists are not.

```yaml
id: quiet
namespace: demo
pluginDefaults:
  - type: core.log.Log
    values:
      level: DEBUG
tasks:
  - id: say
    type: core.log.Log
    message: only seen at level DEBUG
```
""",
        table(PluginDefault),
        "## Tasks",
        "See [tasks](tasks.md): what every task has, the flow constructs, and what each does.",
    )


# ---- tasks -------------------------------------------------------------------------------------------------------------


def tasks() -> str:
    """Every construct and every task."""
    registry = Registry()
    parts = [
        "Types are written as here; Kestra's full names (`io.kestra.plugin.core.log.Log`) and their older forms mean the same.",
        "## What every task has",
        table(TaskSpec),
        "### Retry",
        table(Retry),
        "## Flow constructs",
        "They arrange other tasks. All of them may have `errors` (tasks that run when one inside failed) and `finally` (at the end, "
        "whatever happened), but for `core.flow.Subflow` and `core.flow.WaitForEvent`, which have no tasks inside.",
    ]
    for kind, names in _by_class(FLOWABLES):
        parts += [f"### {names[0]}", CONSTRUCTS[names[0]].strip(), _others(names), table(kind, _COMMON | _TAILS)]
    parts.append("## Tasks")
    for kind, names in _by_class({name: registry.task(name) for name in registry.names()[0]}):
        parts += [f"### {names[0]}", about(kind), _others(names), table(kind)]
    return _page("Tasks", *filter(None, parts))


def triggers() -> str:
    """Every kind of trigger."""
    registry = Registry()
    parts = [
        """
A trigger stands in a flow's `triggers:`, or in a file of its own in a [triggers folder](../settings.md), with the flow it starts:
""",
        """
```yaml
id: audit_orders
type: core.trigger.Event
topic: orders
when: "{{ trigger.data.total > 10000 }}"
flow:
  namespace: demo
  id: greeting
inputs:
  name: "auditor of order {{ trigger.data.id }}"
```
""",
        "One connection serves any number of triggers. Each source has a page with what it promises: "
        "[the bus](../how-to/bus.md), [webhook](../how-to/webhook.md), [files](../how-to/files.md), [schedule](../how-to/schedule.md), "
        "[other flows](../how-to/flow-trigger.md), [Kafka](../how-to/kafka.md), [MQTT](../how-to/mqtt.md). Any of them may wait for "
        "[several events](../how-to/correlation.md).",
        "## What every trigger has",
        table(TriggerSpec),
    ]
    for kind, names in _by_class({name: registry.source(name) for name in [*registry.names()[1], *BUS_ONLY]}):
        parts += [f"## {names[0]}", about(kind), _others(names), table(kind)]
    parts += [
        "## Conditions",
        "All of a trigger's `conditions` must hold. Kestra's full names, and those with `Condition` at the end, mean the same.",
    ]
    for condition in dict.fromkeys(KINDS.values()):
        parts += [f"### core.condition.{condition.names[0]}", about(condition), table(condition, frozenset({"type"}))]
    return _page("Triggers", *filter(None, parts))


def settings_of(type_: str) -> str:
    """The table of one task or trigger type."""
    registry = Registry()
    return table(registry.task(type_) if type_ in registry.names()[0] else registry.source(type_))


def _by_class(kinds: dict[str, type[Any]] | Any) -> list[tuple[type[Any], list[str]]]:
    """The classes with the names that each has, its own first."""
    found: dict[type[Any], list[str]] = {}
    for name, kind in kinds.items():
        found.setdefault(kind, []).append(name)
    for kind, names in found.items():
        own = getattr(kind, "names", ())
        names.sort(key=lambda name, own=own: own.index(name) if name in own else 0)  # type: ignore[misc]  # a default of a lambda
    return list(found.items())


def _others(names: list[str]) -> str:
    return f"Other names: {', '.join(f'`{name}`' for name in names[1:])}." if names[1:] else ""


# ---- commands and routes -----------------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its options."""
    root: Any = typer.main.get_command(app)
    parts = [
        """
Commands that talk to a daemon find it by `--server`, else `ONBEAT_SERVER`, else `server.json` in the data folder; its token is
`ONBEAT_TOKEN`, else `admin-token` in the data folder. So a command in the daemon's working directory needs neither.

| Exit code | Means |
|---|---|
| 0 | success |
| 1 | the run failed |
| 2 | the command, a file or an input is wrong |
| 3 | the daemon cannot be reached; the message names the command that starts it |
| 4 | the daemon refused: wrong state, no token, too much at work |
"""
    ]
    for name, command in walk(root):
        arguments = [part for part in command.params if type(part).__name__ == "TyperArgument"]
        options = [part for part in command.params if type(part).__name__ != "TyperArgument"]
        usage = " ".join([f"onbeat {name}", *(["[OPTIONS]"] if options else []), *(str(part.metavar) for part in arguments)])
        lines = [f"| `{part.metavar}` | {part.help} |" for part in arguments]
        lines += [f"| {_option(part)} | {(part.help or '').replace('|', chr(92) + '|')} |" for part in options if part.name != "help"]
        parts += [f"## onbeat {name}", f"```\n{usage}\n```", inspect.cleandoc(command.help or "")]
        if lines:
            parts.append("\n".join(["| | |", "|---|---|", *lines]))
        if command.epilog:
            parts.append(f"{command.epilog.partition(': ')[0]}:\n\n```\n{command.epilog.partition(': ')[2]}\n```")
    return _page("Commands", *parts)


def walk(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its whole name, those of a group after it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def _option(option: Any) -> str:
    metavar = "" if getattr(option, "is_flag", False) else f" {option.metavar or option.name.rstrip('_').upper()}"
    return ", ".join(f"`{each}{metavar}`" for each in [*option.opts, *option.secondary_opts]).replace("|", "\\|")


def routes() -> str:
    """Every route with its permission."""
    found: list[str] = []
    for route in all_routes():
        assert isinstance(route, Route)
        methods = " ".join(sorted((route.methods or set()) - {"HEAD"}))
        found.append(f"| `{methods} {route.path}` | {route.permission} | {' '.join(about(_handler(route.endpoint)).split())} |")  # type: ignore[attr-defined]  # routing.py sets it
    lines = ["| Route | Permission | |", "|---|---|---|", *dict.fromkeys(found)]
    return _page(
        "API",
        """
Paths and JSON are Kestra's where Kestra has them; each works without `/main` as well. Send `Authorization: Bearer TOKEN`, or Basic with
name and password, or with a token as the password, whoever the user: [access](../how-to/access.md). `public` routes need nothing, a
`key` route has a key of its own in its address, `self` is for everybody who has an account. `GET /api/v1/main/openapi.json` has it all
for programs: parameters, bodies, answers. Errors are `application/problem+json` with `detail`, a sentence that says what to do. A body
is at most 1 MiB (setting `max_body`; a webhook has `maxBody`). A change by query needs a filter or `all=true`; one that is
empty (`state=`) asks for nothing in a list and is refused in a change.
""",
        "\n".join(lines),
        """
Streams (`/follow`, `/tail`) are server-sent events. Each has an `id`: `Last-Event-ID`, or the parameter `after`, goes on from there without
a gap. `/executions/follow` follows a list: a `snapshot`, then `changes`; `reset` says that somebody was too slow, and begins anew.

`/live` carries up to 32 of them over one connection, as a browser needs it: each `stream=NAME~PATH` names one, with the path and query
that it has after `/api/v1/main` (`stream=list~/executions/follow?size=20&stream=e1~/executions/ID/follow`, each value URL-encoded). Its
events are called `NAME:EVENT`, with ids and data as they are alone; `NAME:refused` has the problem, `NAME:closed` says that it has ended.
To go on after a break, give each its own `after`; `Last-Event-ID` is not read here.
""",
    )


def _handler(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind a route, under what guards it."""
    while True:
        inner = inspect.getclosurevars(endpoint).nonlocals
        for name in ("handler", "action"):
            if name in inner:
                endpoint = inner[name]
                break
        else:
            return endpoint
