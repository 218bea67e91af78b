"""Make the page of what expressions know: its names are read from the language itself.

Called by: pages.py.
"""

import asyncio
import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from onbeat.core.expressions.environment import FILTERS, FUNCTIONS, TESTS
from onbeat.core.expressions.outside import ABSENT, OUTSIDE_NAMES
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with


def expression_parts() -> Iterator[str]:
    """The names that expressions know."""
    away = asyncio.run(_missing_functions())
    here = FUNCTIONS.keys() - away - ABSENT.keys()
    yield from (
        """
`{{ … }}` in a text is evaluated when the task runs; Kestra's Pebble and Jinja2's own syntax both work. A text that is one expression and
nothing else keeps the value's type: `"{{ inputs.total }}"` of a number is a number. Event data is data: it is never evaluated itself.

| Write | For |
|---|---|
| `{{ inputs.order.id }}`, `{{ inputs['order'].id }}` | a value; a name that is not there fails and says the whole path |
| `{{ trigger.body.name ?? 'nobody' }}` | something else where it is missing or null |
| `{{ inputs.total >= 100 ? 'large' : 'small' }}` | one of two |
| `{{ 'order-' ~ inputs.id }}` | joined text |
| `{{ inputs.total > 10 and not (inputs.test is defined) }}` | conditions; `==` between a number and a text compares their texts |
| `{{ inputs.names \\| first \\| upper }}` | filters |
| `{% if inputs.vip %}…{% endif %}`, `{% for name in inputs.names %}…{% endfor %}` | longer texts |
""",
        """
## Variables

| Name | Is |
|---|---|
| `inputs` | the execution's inputs |
| `trigger` | what started it; each [trigger](triggers.md) says what it has |
| `outputs` | `outputs.TASK…`; of a task in a loop `outputs.TASK[VALUE]…`, of the same round `outputs.TASK[taskrun.value]…` |
| `vars`, `labels` | the flow's variables, the execution's labels |
| `flow`, `execution` | `id`, `namespace`, `revision`; `id`, `startDate`, `state` |
| `task`, `taskrun` | `task.id`, `task.type`; `taskrun.value` and `taskrun.iteration` in a loop, `taskrun.attemptsCount` |
| `parent`, `parents` | the constructs around the task, nearest first |
| `error` | in `errors`: `error.taskId`, `error.message` |
| `envs` | environment variables that begin with `ENV_` (setting `env_prefix`), without that, in lower case |
| `globals` | the setting `variables_globals` |
| `secret('NAME')` | `SECRET_NAME` of the environment, base64 as in Kestra |
""",
        "## Filters",
        _names(name for name in FILTERS if name.strip() == name),
        "## Tests",
        "`{{ value is NAME }}`, `{{ value is not NAME }}`:",
        _names(TESTS),
        "## Functions",
        _names(here),
        """
`secret('DB', subkey='password')` takes one value out of a secret that is JSON. `http(uri, method, query, body, contentType, headers,
options, accept)` fetches a small value, within 20 seconds and 1 MB; what matters belongs into a task `core.http.Request`. `encrypt(key,
text)` and `decrypt(key, text)` read what Kestra's wrote; the key is base64 of 16, 24 or 32 bytes.
""",
        *(("Known, and an error that says so when it is called, since there is nothing behind it yet:", _names(away)) if away else ()),
        "Known, and not available:",
        "\n".join(f"- `{name}`: {reason}" for name, reason in ABSENT.items()),
        """
## jq

`{{ inputs.order | jq('.items[] | .price') }}` gives a list of all that the program gives; `| first` takes one out of it. A text is read as
JSON first. Paths (`.a.b[0]`, `.a[]?`, `.["a b"][1:3]`, also joined by `|`) are worked out where they stand, with exact numbers. Any other
program runs in a process of its own: it has a second of processor time, no environment and no files, values of up to 10 MB, and jq's
numbers (15 digits). The function `http` is not for triggers: all events that come after would wait for it.
""",
    )


async def _missing_functions() -> set[str]:
    """The functions that say they are not available: a flow calls each."""
    tasks = [
        {"id": name, "type": "core.debug.Return", "format": f"{{{{ {name}() }}}}", "allowFailure": True} for name in sorted(OUTSIDE_NAMES)
    ]
    flow = yaml.safe_dump({"id": "ask", "namespace": "docs", "tasks": tasks})
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        async with node_with(MemoryStore(), {"ask.yaml": flow}, Path(folder), sources=False) as node:
            execution = await node.engine.ended((await node.start("docs", "ask")).id)
    return {run.task for run in execution.runs.values() if "is not available" in (run.error or "")}


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names, key=str.lower))
