"""Webhooks: 2xx means durable, the key is the access, the same Idempotency-Key is the same execution."""

import asyncio
from pathlib import Path

import pytest

from onbeat.core.states import State
from tests.api.client import api

HOOK = "/api/v1/main/executions/webhook/t/hook/abc"
JSON = {"content_type": "application/json"}


async def test_a_post_starts_the_flow_and_names_the_execution(tmp_path: Path) -> None:
    """Durable when it answers; the execution sees body, headers and parameters."""
    async with api(tmp_path) as call:
        answer = await call("POST", HOOK + "?a=1&a=2", {"n": 5}, token=None, x_thing="yes", authorization="Bearer secret", **JSON)
        assert answer.status == 200
        ended = await call.node.engine.ended(answer.json["id"])
        assert ended.state is State.SUCCESS
        assert ended.outputs == {"n": "5"}
        assert ended.head.trigger is not None
        seen = ended.head.trigger.variables
        assert seen["body"] == {"n": 5}
        assert seen["parameters"] == {"a": ["1", "2"]}
        assert seen["headers"]["x-thing"] == ["yes"]
        assert "secret" not in str(seen)


async def test_what_is_behind_the_key_is_told(tmp_path: Path) -> None:
    """One webhook for a service that calls several addresses; a wrong key is wrong with it, too."""
    async with api(tmp_path) as call:
        answer = await call("POST", f"{HOOK}/orders/42", {"n": 5}, token=None, **JSON)
        ended = await call.node.engine.ended(answer.json["id"])
        assert ended.head.trigger is not None
        assert ended.head.trigger.variables["path"] == "orders/42"
        assert (await call("POST", f"{HOOK}x/orders/42", {"n": 5}, token=None, **JSON)).status == 404


async def test_a_false_condition_is_a_204_and_starts_nothing(tmp_path: Path) -> None:
    """Authentic, and not for this flow."""
    async with api(tmp_path) as call:
        answer = await call("POST", HOOK, {"n": 0}, token=None, **JSON)
        assert (answer.status, answer.body) == (204, b"")
        assert await call.node.queries.count() == 0


async def test_authentic_but_unstartable_is_kept(tmp_path: Path) -> None:
    """202 with the reason, and a dead event."""
    async with api(tmp_path) as call:
        answer = await call("POST", HOOK, {"m": 0}, token=None, **JSON)
        assert answer.status == 202
        assert answer.json["dead"] is True
        assert "n" in answer.json["reason"]
        assert len(await call.node.queries.dead_events()) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/main/executions/webhook/t/hook/abd",
        "/api/v1/main/executions/webhook/t/hook/ab",
        "/api/v1/main/executions/webhook/t/hook/abcd",
        "/api/v1/main/executions/webhook/t/nope/abc",
        "/api/v1/main/executions/webhook/nope/hook/abc",
        "/api/v1/main/executions/webhook/t/hello/abc",
    ],
)
async def test_a_wrong_key_or_flow_is_not_found(tmp_path: Path, path: str) -> None:
    """All alike: who does not know the key learns nothing, and nothing is kept."""
    async with api(tmp_path) as call:
        answer = await call("POST", path, {"n": 1}, token=None, **JSON)
        assert answer.status == 404
        assert answer.json["detail"] == "there is no such webhook"
        assert await call.node.queries.dead_events() == []


async def test_the_same_idempotency_key_is_the_same_execution(tmp_path: Path) -> None:
    """Repeated it names the first one; with another body it is a 422; another key is another execution."""
    async with api(tmp_path) as call:
        first = await call("POST", HOOK, {"n": 1}, token=None, idempotency_key="k1", **JSON)
        again = await call("POST", HOOK, {"n": 1}, token=None, idempotency_key="k1", **JSON)
        assert again.json["id"] == first.json["id"]
        assert (first.json["duplicate"], again.json["duplicate"]) == (False, True)
        assert (await call("POST", HOOK, {"n": 2}, token=None, idempotency_key="k1", **JSON)).status == 422
        assert (await call("POST", HOOK, {"n": 1}, token=None, idempotency_key="k2", **JSON)).json["id"] != first.json["id"]
        assert await call.node.queries.count() == 2


async def test_two_bodies_at_once_under_one_key(tmp_path: Path) -> None:
    """One starts, the others are refused, however close they come."""
    async with api(tmp_path) as call, asyncio.TaskGroup() as group:
        tasks = [group.create_task(call("POST", HOOK, {"n": n}, token=None, idempotency_key="k", **JSON)) for n in range(1, 9)]
        answers = [await task for task in tasks]
        assert sorted(answer.status for answer in answers) == [200, *[422] * 7]
        assert await call.node.queries.count() == 1


async def test_a_key_may_name_its_flow(tmp_path: Path) -> None:
    """`key: "{{ flow.id }}-key"` is rendered when the flow is loaded."""
    async with api(tmp_path) as call:
        path = tmp_path / "flows" / "hook.yaml"
        path.write_text(path.read_text().replace("key: abc", 'key: "{{ flow.id }}-key"'))
        await call.node.loader.load_all()
        answer = await call("POST", "/api/v1/executions/webhook/t/hook/hook-key", {"n": 1}, token=None, **JSON)
        assert answer.status == 200


async def test_bad_bodies_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    """Broken JSON, NaN, huge, deep: 4xx each, where the trigger says `invalidJson: refuse`."""
    async with api(tmp_path) as call:
        path = tmp_path / "flows" / "hook.yaml"
        path.write_text(path.read_text().replace("key: abc", "key: abc, invalidJson: refuse"))
        await call.node.loader.load_all()
        for body in (b"{", b'{"n": NaN}', b'{"a":1,"a":2}', b"[" * 5_000 + b"]" * 5_000, b'"\\ud800"', b"x" * 1_100_000):
            answer = await call("POST", HOOK, body, token=None, **JSON)
            assert 400 <= answer.status < 500, body[:20]
        assert await call.node.queries.count() == 0
        assert await call.node.queries.dead_events() == []


async def test_past_the_limit_it_says_when_to_come_back(tmp_path: Path) -> None:
    """503 with Retry-After, and nothing was created."""
    async with api(tmp_path, max_active=1) as call:
        await call("POST", "/api/v1/executions/t/sleep")
        answer = await call("POST", HOOK, {"n": 1}, token=None, **JSON)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "1"
        assert await call.node.queries.count() == 1


async def test_wait_answers_with_the_outputs(tmp_path: Path) -> None:
    """`wait` with `returnOutputs`: the flow's outputs under its `responseCode`; the key may be an expression."""
    async with api(tmp_path) as call:
        answer = await call("POST", "/api/v1/executions/webhook/t/waits/w1", {"n": 7}, token=None, **JSON)
        assert (answer.status, answer.json) == (201, {"n": "7"})


async def test_a_get_starts_too_and_a_delete_does_not(tmp_path: Path) -> None:
    """GET, POST and PUT, as Kestra."""
    async with api(tmp_path) as call:
        assert (await call("GET", "/api/v1/executions/webhook/t/waits/w1", token=None)).status in (200, 201)
        assert (await call("DELETE", HOOK, token=None)).status == 405


async def test_broken_json_is_its_text(tmp_path: Path) -> None:
    """As in Kestra; the flow sees what was sent."""
    async with api(tmp_path) as call:
        path = tmp_path / "flows" / "hook.yaml"
        path.write_text(path.read_text().replace('when: "{{ trigger.body.n > 0 }}"', "key: abc").replace("key: abc, key: abc", "key: abc"))
        await call.node.loader.load_all()
        answer = await call("POST", HOOK, b'{"n": ', token=None, **JSON)
        assert answer.status == 200
        execution = await call.node.engine.load(answer.json["id"])
        assert execution.head.trigger is not None
        assert execution.head.trigger.variables["body"] == '{"n": '
