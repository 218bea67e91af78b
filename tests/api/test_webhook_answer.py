"""What a webhook answers: at once or at the end, as its trigger says, and whatever happens meanwhile."""

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from onbeat.core.states import State
from onbeat.testing import ManualClock, settle
from tests.api.client import Answer, Client, api

PATH = "/api/v1/main/executions/webhook/t/answers/k"
FLOW = """
id: answers
namespace: t
tasks:
  - {{id: nap, type: core.flow.Sleep, duration: "{{{{ trigger.body.nap ?? 'PT0S' }}}}"}}
  - {{id: bad, type: core.execution.Fail, condition: "{{{{ trigger.body.fail ?? false }}}}"}}
  - {{id: say, type: core.debug.Return, format: "{{{{ trigger.body.say ?? 'nothing' }}}}"}}
outputs: [{outputs}]
triggers:
  - id: hook
    type: core.trigger.Webhook
    key: k
{options}
"""
SAID = '{id: said, type: STRING, value: "{{ outputs.say.value }}"}'
TWO = SAID + ", {id: more, type: JSON, value: {a: [1, null]}}"


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


async def serve(call: Client, directory: Path, *options: str, outputs: str = SAID) -> None:
    """The flow with these settings of its webhook."""
    text = FLOW.format(outputs=outputs, options="\n".join(f"    {option}" for option in options))
    (directory / "flows" / "answers.yaml").write_text(text)
    await call.node.loader.load_all()
    assert call.node.loader.problems == {}


async def post(call: Client, body: Any = None, **headers: str) -> Answer:
    """A call of the webhook."""
    return await call("POST", PATH, body or {}, token=None, content_type="application/json", **headers)


async def test_who_waits_gets_the_execution_as_it_ended(tmp_path: Path) -> None:
    """In Kestra's JSON; 200, and 500 when it failed."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "wait: true")
        good, bad = await post(call), await post(call, {"fail": True})
        assert (good.status, good.json["state"]["current"], good.json["outputs"]) == (200, "SUCCESS", {"said": "nothing"})
        assert (bad.status, bad.json["state"]["current"]) == (500, "FAILED")
        assert good.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("outputs", "media", "expected"),
    [
        (SAID, "text/plain", b"token"),
        (TWO, "text/plain", b'{"said":"token","more":{"a":[1,null]}}'),
        (SAID, "application/json", b'{"said":"token"}'),
        (SAID, "application/problem+json", b'{"said":"token"}'),
        ("", "application/json", b"{}"),
    ],
)
async def test_outputs_are_the_answer(tmp_path: Path, outputs: str, media: str, expected: bytes) -> None:
    """As JSON; as plain text a single one is its text: what a handshake wants back."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "wait: true", "returnOutputs: true", f"responseContentType: {media}", outputs=outputs)
        answer = await post(call, {"say": "token"})
        assert (answer.status, answer.body) == (200, expected)
        assert answer.headers["content-type"].startswith(media)


async def test_an_output_that_is_kept_in_storage_is_answered_whole(tmp_path: Path) -> None:
    """The caller gets the value, not where it is."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "wait: true", "returnOutputs: true")
        answer = await post(call, {"say": "x" * 90_000})
        assert answer.json == {"said": "x" * 90_000}


async def test_status_body_and_headers_may_follow_from_the_execution(tmp_path: Path) -> None:
    """Expressions are evaluated when it has ended."""
    async with api(tmp_path) as call:
        await serve(
            call,
            tmp_path,
            "wait: true",
            "responseCode: \"{{ outputs.say.value == 'no' ? 403 : 201 }}\"",
            'responseBody: {said: "{{ outputs.say.value }}", fixed: [1]}',
            'responseHeaders: {X-Said: "{{ outputs.say.value }}"}',
        )
        yes, no = await post(call, {"say": "yes"}), await post(call, {"say": "no"})
        assert (yes.status, yes.json, yes.headers["x-said"]) == (201, {"said": "yes", "fixed": [1]}, "yes")
        assert no.status == 403


async def test_without_waiting_they_follow_from_the_request(tmp_path: Path) -> None:
    """A fixed text is sent as it is; a challenge is sent back."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "responseCode: 202", "responseContentType: text/plain", 'responseBody: "ok {{ trigger.body.say }}"')
        answer = await post(call, {"say": "7"})
        assert (answer.status, answer.body, answer.headers["content-type"]) == (202, b"ok 7", "text/plain; charset=utf-8")
        await serve(call, tmp_path, "responseCode: 204")
        assert (await post(call)).body == b""


@pytest.mark.parametrize(
    "option",
    [
        'responseBody: "{{ outputs.nope.value }}"',
        'responseCode: "{{ outputs.say.value }}"',
        'responseCode: "{{ 1000 }}"',
        'responseHeaders: {X-A: "{{ trigger.body.say }}"}',
    ],
)
async def test_an_answer_that_cannot_be_made_names_the_execution(tmp_path: Path, option: str) -> None:
    """It was started, and the caller can look for it; nothing is put into a header that would be another one."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "wait: true", option)
        answer = await post(call, {"say": "a\r\nb: c"})
        (line,) = await call.node.queries.executions()
        assert (answer.status, line.id in answer.json["detail"]) == (500, True)


async def test_who_waits_too_long_gets_the_id_and_the_execution_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    """202, by the trigger's own time; it ends as if nobody had waited."""
    async with api(tmp_path, clock=clock) as call:
        await serve(call, tmp_path, "wait: true", "waitTimeout: PT10S")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(post(call, {"nap": "PT1M"}))
            await clock.advance(9)
            assert not waiting.done()
            await clock.advance(1)
            answer = await waiting
        assert answer.status == 202
        await clock.advance(60)
        assert (await call.node.engine.load(answer.json["id"])).state is State.SUCCESS


async def test_a_caller_who_goes_away_stops_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """Nobody waits for it any more, and it ends."""
    async with api(tmp_path, clock=clock) as call:
        await serve(call, tmp_path, "wait: true")
        call.stays = False
        await post(call, {"nap": "PT1M"})
        assert len(call.node.engine._waiters) == 0
        await clock.advance(60)
        (line,) = await call.node.queries.executions()
        assert line.state is State.SUCCESS


async def test_a_daemon_that_stops_says_what_was_started(tmp_path: Path, clock: ManualClock) -> None:
    """The server ends open calls after the drain: 202 with the id, not a status that says nothing was started."""
    async with api(tmp_path, clock=clock) as call:
        await serve(call, tmp_path, "wait: true")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(post(call, {"nap": "PT1M"}))
            await settle()
            call.node.ready = False
            waiting.cancel()
            answer = await waiting
        assert answer.status == 202
        assert answer.json["id"]


async def test_a_repetition_waits_for_the_same_execution_beside_the_first(tmp_path: Path, clock: ManualClock) -> None:
    """Both get its end; another body under the same key is refused meanwhile, at once."""
    async with api(tmp_path, clock=clock) as call:
        await serve(call, tmp_path, "wait: true")
        async with asyncio.TaskGroup() as group:
            both = [group.create_task(post(call, {"nap": "PT1M"}, idempotency_key="a")) for _ in range(2)]
            await settle()
            assert (await post(call, {"nap": "PT2M"}, idempotency_key="a")).status == 422
            await clock.advance(60)
            answers = [await each for each in both]
        assert answers[0].json["id"] == answers[1].json["id"]
        assert [answer.status for answer in answers] == [200, 200]
        assert await call.node.queries.count() == 1


async def test_one_that_is_set_aside_is_answered(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in its execution does not leave the caller waiting."""
    async with api(tmp_path, clock=clock) as call:
        await serve(call, tmp_path, "wait: true")

        async def broken(*args: object) -> None:
            raise RuntimeError("a bug")

        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(post(call, {"nap": "PT1M"}))
            await settle()
            with monkeypatch.context() as patch:
                patch.setattr(call.node.engine, "_decide", broken)
                await clock.advance(60)
            answer = await waiting
        assert answer.status == 202
        assert orjson.loads(answer.body)["id"]


async def test_an_answer_that_is_no_answer_names_the_execution(tmp_path: Path) -> None:
    """A number that JSON's writers do not take: told like any other answer that cannot be made."""
    async with api(tmp_path) as call:
        await serve(
            call, tmp_path, "wait: true", "returnOutputs: true", outputs="{id: said, type: JSON, value: {n: 99999999999999999999999}}"
        )
        answer = await post(call)
        assert answer.status == 500
        assert "was started, and its answer cannot be made" in answer.json["detail"]


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a\nb", "a\0b", "a\x7fb", "Ж"])
async def test_a_header_is_one_line_whatever_comes_in(tmp_path: Path, value: str) -> None:
    """Nobody writes headers of his own into an answer."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, 'responseHeaders: {x-said: "{{ trigger.body.say }}"}')
        answer = await post(call, {"say": value})
        assert answer.status == 500
        assert {"x-said", "set-cookie"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("media", ["жж/ж", "text/html\n", "text/html\r\nx: y", "html"])
async def test_a_content_type_is_plain_text(tmp_path: Path, media: str) -> None:
    """Refused when the flow is loaded, not when somebody waits for an answer."""
    async with api(tmp_path) as call:
        with pytest.raises(AssertionError):
            await serve(call, tmp_path, f"responseContentType: {json.dumps(media)}")


async def test_a_patch_and_a_delete_start_where_the_trigger_takes_them(tmp_path: Path) -> None:
    """Every method that may be written in `methods`."""
    async with api(tmp_path) as call:
        await serve(call, tmp_path, "methods: [PATCH, DELETE]")
        for method in ("PATCH", "DELETE"):
            assert (await call(method, PATH, {}, token=None, content_type="application/json")).status == 200
        for method in ("HEAD", "OPTIONS", "GET"):
            assert (await call(method, PATH, {}, token=None)).status == 405
