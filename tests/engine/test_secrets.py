"""Secrets: given to expressions, hidden wherever people read."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.engine.relay import Relay
from onbeat.engine.secrets import MASK, Secrets
from onbeat.errors import OutsideError, UserError
from onbeat.ports import Outcome, TaskContext, TaskFailed
from onbeat.testing import ListSink, ManualClock
from tests.engine.faulty import FaultyStore
from tests.engine.harness import settings_for, write_flows

VALUE = 'pass"wörd\\1'


def of(**secrets: str) -> Secrets:
    """Secrets with these values."""
    return Secrets(environment(**secrets))


def environment(**secrets: str) -> dict[str, str]:
    """An environment that holds them."""
    return {f"SECRET_{name.upper()}": base64.b64encode(value.encode()).decode() for name, value in secrets.items()}


def test_a_secret_is_hidden_in_each_of_its_forms() -> None:
    """As it is, as JSON escapes it, in the middle of a text, twice."""
    mask = of(key=VALUE).mask
    assert mask(f"a {VALUE} b {VALUE}") == f"a {MASK} b {MASK}"
    assert VALUE not in json.loads(mask(json.dumps({"x": VALUE})))["x"]
    assert mask(orjson.dumps(VALUE).decode()) == f'"{MASK}"'


def test_the_lines_of_a_key_are_hidden_one_by_one() -> None:
    """A log is made of lines: a key of several is hidden in each."""
    key = "-----BEGIN KEY-----\nAAAABBBBCCCC\nshort\n-----END KEY-----"
    mask = of(pem=key).mask
    assert mask(key) == MASK
    assert mask("says AAAABBBBCCCC") == f"says {MASK}"
    assert mask("short") == "short"


def test_the_longest_is_hidden_first() -> None:
    """A secret that begins another leaves no tail of it."""
    assert of(a="hunter", b="hunter22").mask("hunter22") == MASK


def test_what_could_be_anything_is_not_looked_for() -> None:
    """A secret of three characters would hide half of every text; without secrets a text is the same object."""
    text = "abc and more"
    assert of(a="abc").mask(text) is text
    assert of().mask(text) is text


def test_values_are_masked_through_and_through() -> None:
    """In maps, their keys, and lists; numbers stay."""
    secrets = of(key="s3cret")
    assert secrets.present().mask_value({"a": ["x s3cret", 1], "s3cret": None}) == {"a": [f"x {MASK}", 1], MASK: None}


def test_what_cannot_be_written_is_replaced() -> None:
    """A lone surrogate, as a file name may hold."""
    assert of().mask("a\udcffb") == "a?b"


def test_what_is_not_base64_is_no_secret() -> None:
    """It is told when it is asked for, and does no harm before."""
    secrets = Secrets({"SECRET_BAD": "%%%"})
    assert secrets.mask("%%%") == "%%%"
    with pytest.raises(UserError, match="not base64"):
        secrets.get("bad")


FLOW = """
id: f
namespace: t
tasks:
  - {id: say, type: core.log.Log, message: "key {{ secret('key') }}"}
  - {id: give, type: core.debug.Return, format: "{{ secret('key') }}"}
  - {id: again, type: core.debug.Return, format: "{{ outputs.give.value == secret('key') }}"}
  - {id: bad, type: test.Told, what: %s}
outputs: [{id: all, type: STRING, value: "it is {{ outputs.give.value }}"}]
"""


async def _failed(context: TaskContext) -> Outcome:
    context.log("INFO", f"using {VALUE}")
    raise TaskFailed(f"refused: {VALUE}")


async def _outside(context: TaskContext) -> Outcome:
    raise OutsideError(f"cannot reach http://me:{VALUE}@host")


async def _bug(context: TaskContext) -> Outcome:
    raise ValueError(VALUE)


async def _outcome(context: TaskContext) -> Outcome:
    return Outcome(state=State.WARNING, error=f"careful with {VALUE}")


@pytest.mark.parametrize("deed", [_failed, _outside, _bug, _outcome])
async def test_no_secret_reaches_a_log_an_error_or_a_state_event(
    tmp_path: Path, deeds: dict[str, Callable[[TaskContext], Any]], deed: Callable[[TaskContext], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a task does with it; the next task still gets the value as it is."""
    deeds["bad"] = deed
    store, clock, sink = FaultyStore(), ManualClock(), ListSink()
    write_flows(tmp_path, {"f.yaml": FLOW % "bad"})
    async with running(settings_for(tmp_path), store, environment=environment(key=VALUE)) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        assert ended.runs[3].outputs == {"value": "true"}
        lines = [line.message for line in await node.queries.logs(ended.id)]
        assert f"key {MASK}" in lines
        async with asyncio.TaskGroup() as group:
            task = group.create_task(Relay(node.store, sink, clock, node.projection).serve())
            await sink.wait_for(3)
            task.cancel()
        rows = await node.queries.changes(ended.id)
        errors = [getattr(row.change, "error", None) or "" for row in rows]
        topic = [record.data for record in [node.projection.record(row) for row in rows] if record is not None]
    shown = "\n".join([*lines, *errors, *(event.body.decode() for event in sink.events), repr(topic), capsys.readouterr().out])
    assert MASK in shown
    for form in (VALUE, json.dumps(VALUE)[1:-1], json.dumps(VALUE, ensure_ascii=False)[1:-1]):
        assert form not in shown


def test_what_is_taken_out_of_a_secret_is_secret() -> None:
    """Rule 2: the longer texts in one that is JSON, at any depth; shorter ones could be anything."""
    mask = of(account=json.dumps({"user": "ada", "keys": [{"private": "s3cretValue"}], "type": "service"})).mask
    assert mask("s3cretValue of ada, a service") == f"{MASK} of ada, a service"
    assert of(odd='{"a').mask("a") == "a"


def test_a_secret_has_keys() -> None:
    """`subkey` of one that is a JSON object, as text; `full` gives a map; a namespace changes nothing."""
    secrets = of(db='{"password": "s3cret", "port": 5432, "tags": ["a"]}', plain="text", list="[1]")
    assert secrets.get("DB", "other.namespace", "password") == "s3cret"
    assert secrets.get("db", subkey="port") == "5432"
    assert secrets.get("db", subkey="tags") == '["a"]'
    assert secrets.get("plain", full=True) == {"value": "text"}
    with pytest.raises(UserError, match="the secret `db` has no `nope`"):
        secrets.get("db", subkey="nope")
    for name in ("plain", "list"):
        with pytest.raises(UserError, match=f"the secret `{name}` is not a JSON object, so it has no `x`"):
            secrets.get(name, subkey="x")
    with pytest.raises(UserError, match="takes a text as `key`"):
        secrets.get(5)  # type: ignore[arg-type]  # an expression may give anything


def test_base64_may_have_lines() -> None:
    """As the program `base64` writes it."""
    text = "a long password of more than fifty-seven characters, so that it is wrapped"
    wrapped = base64.encodebytes(text.encode()).decode()
    assert "\n" in wrapped.strip()
    assert Secrets({"SECRET_LONG": wrapped}).get("long") == text
