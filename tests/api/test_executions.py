"""Executions over HTTP: Kestra's paths and JSON."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from onbeat.core.times import from_iso
from onbeat.settings import Quota
from onbeat.testing import settle
from tests.api.client import Client, api
from tests.api.shapes import ask

BASE = "/api/v1/main/executions"


async def wait(call: Client, id_: str) -> dict[str, object]:
    """The execution when it has ended."""
    await call.node.engine.ended(id_)
    shown: dict[str, object] = (await call("GET", f"{BASE}/{id_}")).json
    return shown


async def test_start_with_inputs_and_wait(tmp_path: Path) -> None:
    """The answer is Kestra's execution: state with history, inputs, outputs, task runs, labels."""
    async with api(tmp_path) as call:
        answer = await call("POST", f"{BASE}/t/hello?wait=true&labels=team:blue", {"name": "Ada"})
        assert answer.status == 200
        shown = answer.json
        assert shown["state"]["current"] == "SUCCESS"
        assert [each["state"] for each in shown["state"]["histories"]] == ["CREATED", "RUNNING", "SUCCESS"]
        assert shown["outputs"] == {"text": "Hello Ada"}
        assert {"key": "team", "value": "blue"} in shown["labels"]
        assert [(run["taskId"], run["state"]["current"], len(run["attempts"])) for run in shown["taskRunList"]] == [("say", "SUCCESS", 1)]


async def test_a_start_is_answered_as_it_was_created(tmp_path: Path) -> None:
    """Before it goes on, as in Kestra: CREATED, with its inputs and labels."""
    async with api(tmp_path) as call:
        shown = (await call("POST", f"{BASE}/t/hello?labels=a:b", {"name": "Ada"})).json
        assert [each["state"] for each in shown["state"]["histories"]] == ["CREATED"]
        assert (shown["inputs"], shown["taskRunList"]) == ({"name": "Ada"}, [])
        assert {"key": "a", "value": "b"} in shown["labels"]


async def test_executions_of_a_flow(tmp_path: Path) -> None:
    """Kestra's short path, which wants the flow."""
    async with api(tmp_path) as call:
        await call("POST", f"{BASE}/t/hello?wait=true")
        assert (await call("GET", f"{BASE}?namespace=t&flowId=hello")).json["total"] == 1
        assert (await call("GET", f"{BASE}?namespace=t&flowId=sleep")).json == {"results": [], "total": 0}
        assert (await call("GET", f"{BASE}?namespace=t")).status == 422


async def test_wrong_starts_create_nothing(tmp_path: Path) -> None:
    """Unknown flow 404 with the nearest name, wrong inputs 422 with their name, a body that is no object 400."""
    async with api(tmp_path) as call:
        missing = await call("POST", f"{BASE}/t/helo")
        assert missing.status == 404
        assert "did you mean `t.hello`" in missing.json["detail"]
        assert (await call("POST", f"{BASE}/t/hello", {"name": {"a": 1}})).status in (200, 422)
        assert (await call("POST", f"{BASE}/t/hello", b"[1]")).status == 400
        assert (await call("POST", f"{BASE}/t/hello?labels=key:")).status == 400
        assert (await call("POST", f"{BASE}/t/hello?labels=:value")).status == 400
        assert (await call("POST", f"{BASE}/t/hello", b"{")).status == 400
        assert (await call("POST", f"{BASE}/t/hello", b"x" * 200_000)).status == 413


async def test_search_pages_newest_first(tmp_path: Path) -> None:
    """By flow and state, page by page with `before`; a misspelt filter is refused, not ignored."""
    async with api(tmp_path) as call:
        ids = [(await call("POST", f"{BASE}/t/hello?wait=true")).json["id"] for _ in range(5)]
        await call("POST", f"{BASE}/t/sleep")
        first = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3")).json
        assert first["total"] == 5
        second = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3&before={first['results'][-1]['id']}")).json
        assert sorted(each["id"] for each in first["results"] + second["results"]) == sorted(ids)
        by_page = (await call("GET", f"{BASE}/search?flowId=hello&namespace=t&size=3&page=2")).json
        assert by_page["results"] == second["results"]
        running = (await call("GET", f"{BASE}/search?state=RUNNING&state=CREATED")).json
        assert [each["flowId"] for each in running["results"]] == ["sleep"]
        wrong = await call("GET", f"{BASE}/search?flowid=hello")
        assert wrong.status == 400
        assert "flowId" in wrong.json["detail"]
        assert (await call("GET", f"{BASE}/search?state=NOPE")).status == 400


async def test_kill_and_what_cannot_be_killed(tmp_path: Path) -> None:
    """202 for a running one, 409 for an ended one, 404 for none."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        assert (await call("DELETE", f"{BASE}/{id_}/kill")).status == 202
        assert (await wait(call, id_))["state"]["current"] == "KILLED"  # type: ignore[index]
        assert (await call("DELETE", f"{BASE}/{id_}/kill")).status == 409
        assert (await call("DELETE", f"{BASE}/nope/kill")).status == 404


async def test_resume_with_answers(tmp_path: Path) -> None:
    """A missing answer is a 422 and it stays paused; then 204 and it ends; then 409."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/pause")).json["id"]
        missing = await call("POST", f"{BASE}/{id_}/resume")
        assert missing.status == 422
        assert "ok" in missing.json["detail"]
        assert (await call("POST", f"{BASE}/{id_}/resume", {"ok": True})).status == 204
        assert (await wait(call, id_))["state"]["current"] == "SUCCESS"  # type: ignore[index]
        assert (await call("POST", f"{BASE}/{id_}/resume", {"ok": True})).status == 409


async def test_pause_by_hand(tmp_path: Path) -> None:
    """Only a RUNNING one."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        assert (await call("POST", f"{BASE}/{id_}/pause")).json["state"]["current"] == "PAUSED"
        assert (await call("POST", f"{BASE}/{id_}/pause")).status == 422

        assert (await call("GET", "/api/v1/main/logs/nope")).status == 404


KIND = "multipart/form-data; boundary=XX"


def form(*parts: tuple[str, str]) -> bytes:
    """A multipart form: what is after `form-data; ` of each part, and its content."""
    return "".join(f"--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts).encode() + b"--XX--\r\n"


FILES = """
id: files
namespace: t
inputs:
  - {id: name, type: STRING}
  - {id: f, type: FILE}
  - {id: more, type: BOOL, defaults: false}
  - {id: hidden, type: SECRET, dependsOn: {inputs: [more], condition: "{{ inputs.more }}"}}
checks: [{condition: "{{ inputs.name != 'nobody' }}", message: somebody must be named, style: ERROR}]
tasks:
  - {id: say, type: core.debug.Return, format: "{{ inputs.name }}: {{ read(inputs.f) }}"}
  - id: wait
    type: core.flow.Pause
    onResume: [{id: data, type: FILE}]
outputs: [{id: text, type: STRING, value: "{{ outputs.say.value }} {{ read(outputs.wait.onResume.data) }}"}]
"""


def with_files(directory: Path) -> AbstractAsyncContextManager[Client]:
    """A client of a node that serves FILES, too."""
    (directory / "flows").mkdir()
    (directory / "flows" / "files.yaml").write_text(FILES)
    return api(directory)


GIVEN = (('name="name"', "Ada"), ('name="files"; filename="f"', "hello"))


async def test_start_and_resume_by_a_form_with_files(tmp_path: Path) -> None:
    """Kestra's form: fields are inputs, a part named `files` has the input as its file name; old path and short one."""
    async with with_files(tmp_path) as call:
        for path in (f"{BASE}/t/files", f"{BASE}/trigger/t/files", "/api/v1/executions/t/files"):
            answer = await call("POST", f"{path}?labels=a:b:c", form(*GIVEN), content_type=KIND)
            assert answer.status == 200, answer.body
            id_ = answer.json["id"]
            assert answer.json["inputs"]["f"] == f"kestra:///t/files/executions/{id_}/inputs/f/f.upl"
            assert {"key": "a", "value": "b:c"} in answer.json["labels"]
            while (await call.node.engine.load(id_)).state != "PAUSED":
                await settle(1)
            assert (await call("POST", f"{BASE}/{id_}/resume", form(), content_type=KIND)).status == 422
            answer = await call("POST", f"{BASE}/{id_}/resume/validate", form(), content_type=KIND)
            assert [bool(each["errors"]) for each in answer.json["inputs"]] == [True]
            answers = form(('name="data"; filename="x.txt"', "world"))
            assert (await call("POST", f"{BASE}/{id_}/resume", answers, content_type=KIND)).status == 204
            assert (await wait(call, id_))["outputs"] == {"text": "Ada: hello world"}


async def test_a_form_that_is_wrong_starts_nothing(tmp_path: Path) -> None:
    """A misspelt input with the one that was meant, a check that does not hold, labels, revision and date that are none."""
    async with with_files(tmp_path) as call:
        for target, parts, status, said in (
            ("files", (*GIVEN, ('name="mroe"', "true")), 422, "did you mean `more`"),
            ("files", GIVEN[:1], 422, "`f`"),
            ("files", (('name="name"', "nobody"), GIVEN[1]), 422, "somebody must be named"),
            ("files?labels=a", GIVEN, 400, "key:value"),
            ("files?labels=system.username:me", GIVEN, 422, "system.username"),
            ("files?revision=x", GIVEN, 400, "revision"),
            ("files?revision=7", GIVEN, 404, "7"),
            ("files?scheduleDate=tomorrow", GIVEN, 400, "scheduleDate"),
        ):
            answer = await call("POST", f"{BASE}/t/{target}", form(*parts), content_type=KIND)
            assert (answer.status, said in answer.json["detail"]) == (status, True), answer.json
        assert (await call("POST", f"{BASE}/t/files", b"--XX\r\n", content_type=KIND)).status == 400
        assert await call.node.queries.count() == 0


async def test_a_start_has_a_date_and_a_correlation(tmp_path: Path) -> None:
    """It waits until then; the label that says what it belongs to is kept as that."""
    async with api(tmp_path) as call:
        target = f"{BASE}/t/hello?scheduleDate=2999-01-31T12:00:00%2B01:00&labels=system.correlationId:mine"
        shown = (await call("POST", target, {"name": "Ada"})).json
        assert shown["state"]["current"] == "CREATED"
        assert {"key": "system.correlationId", "value": "mine"} in shown["labels"]
        assert (await call.node.engine.load(shown["id"])).head.scheduled == from_iso("2999-01-31T11:00:00+00:00")


async def test_what_a_start_would_be(tmp_path: Path) -> None:
    """For a form: each input with its value, whether it is asked for, and what is wrong; a secret's value is not said."""
    async with with_files(tmp_path) as call:
        answer = await call("POST", f"{BASE}/t/files/validate", form(*GIVEN[:1]), content_type=KIND)
        shown = {each["input"]["id"]: each for each in answer.json["inputs"]}
        assert (shown["name"]["value"], shown["more"]["value"], shown["more"]["isDefault"]) == ("Ada", False, True)
        assert "missing required input" in shown["f"]["errors"][0]["message"]
        assert (shown["hidden"]["enabled"], shown["hidden"]["input"]["dependsOn"]["inputs"]) == (False, ["more"])
        nobody = (('name="name"', "nobody"), GIVEN[1], ('name="more"', "true"), ('name="hidden"', "swordfish"))
        answer = await call("POST", f"{BASE}/t/files/validate", form(*nobody), content_type=KIND)
        assert answer.json["checks"] == [{"message": "somebody must be named", "style": "ERROR", "behavior": "BLOCK_EXECUTION"}]
        assert b"swordfish" not in answer.body
        assert await call.node.queries.count() == 0


async def test_a_secret_input_is_not_shown(tmp_path: Path) -> None:
    """The API shows it as it is kept: encrypted."""
    async with with_files(tmp_path) as call:
        parts = (*GIVEN, ('name="more"', "true"), ('name="hidden"', "swordfish"))
        answer = await call("POST", f"{BASE}/t/files", form(*parts), content_type=KIND)
        assert answer.json["inputs"]["hidden"]["type"] == "io.kestra.datatype:aes_encrypted"
        assert b"swordfish" not in answer.body


async def test_a_start_is_part_of_the_trace_it_came_with(tmp_path: Path) -> None:
    """A context that is none is left out."""
    async with api(tmp_path) as call:
        given = f"00-{'a' * 32}-{'b' * 16}-01"
        for sent, kept in ((given, given), ("nonsense", None)):
            id_ = (await call("POST", "/api/v1/executions/t/hello", traceparent=sent)).json["id"]
            assert (await call.node.engine.ended(id_)).head.traceparent == kept


async def test_actions_by_their_newer_paths(tmp_path: Path) -> None:
    """Kestra 2.0 spells them `actions/…`, and answers with the execution."""
    async with api(tmp_path) as call:
        id_ = (await ask(call, "POST", f"{BASE}/t/pause", {})).json["id"]
        assert (await ask(call, "POST", f"{BASE}/{id_}/actions/resume/validate", {"ok": True})).json["id"] == "pause"
        assert (await ask(call, "POST", f"{BASE}/{id_}/actions/resume", {"ok": True})).json["id"] == id_
        assert (await wait(call, id_))["state"]["current"] == "SUCCESS"  # type: ignore[index]
        (other,) = [(await call("POST", f"{BASE}/t/sleep")).json["id"]]
        assert (await ask(call, "POST", f"{BASE}/{other}/actions/pause")).json["state"]["current"] == "PAUSED"
        assert (await call("POST", f"{BASE}/{other}/actions/resume-from-breakpoint")).status == 422
        assert (await ask(call, "DELETE", f"{BASE}/{other}/actions/kill")).status == 202
        assert (await call("DELETE", f"{BASE}/{other}/actions/kill?isOnKillCascade=false")).status == 422


async def test_what_an_execution_cannot_be_is_said(tmp_path: Path) -> None:
    """Breakpoints and other kinds are not left out in silence."""
    async with api(tmp_path) as call:
        assert (await call("POST", f"{BASE}/t/hello?breakpoints=say")).status == 422
        assert (await call("POST", f"{BASE}/t/hello?kind=TEST")).status == 422
        assert (await ask(call, "POST", f"{BASE}/t/hello?kind=NORMAL")).status == 200


async def test_the_flow_of_an_execution(tmp_path: Path) -> None:
    """By what it is, in the revision that the execution has."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/hello")).json["id"]
        shown = (await ask(call, "GET", f"{BASE}/{id_}/flow")).json
        assert (shown["id"], shown["revision"], shown["tasks"][0]["id"]) == ("hello", 1, "say")


async def test_a_start_that_is_sent_again_is_the_same(tmp_path: Path) -> None:
    """With an Idempotency-Key: as JSON, as a form; with other inputs it is a 422 that creates nothing."""
    async with api(tmp_path) as call:
        path, key = "/api/v1/main/executions/t/hello", {"idempotency_key": "order-7"}
        first, again = [await call("POST", path, {"name": "Ada"}, **key) for _ in range(2)]
        assert (first.status, again.status, first.json["id"], first.json) == (200, 200, again.json["id"], again.json)
        other = await call("POST", path, {"name": "Bob"}, **key)
        assert (other.status, "Idempotency-Key" in other.json["detail"]) == (422, True)
        assert (await call("POST", path, {"name": "Ada"}, idempotency_key="order-8")).json["id"] != first.json["id"]
        assert (await call("POST", path, {"name": "Ada"}, idempotency_key="x" * 256)).status == 400
        assert await call.node.queries.count() == 2


async def test_a_start_that_is_sent_again_is_no_matter_of_a_quota(tmp_path: Path) -> None:
    """Whether the first one is written or on its way: both are told the same execution, a third start is refused."""
    async with api(tmp_path, quotas=[Quota(namespace="t", executions_per_minute=1)]) as call:
        one, other = await asyncio.gather(*(call("POST", f"{BASE}/t/hello", idempotency_key="k") for _ in range(2)))
        later = await call("POST", f"{BASE}/t/hello", idempotency_key="k")
        assert (one.status, other.status, later.status) == (200, 200, 200)
        assert one.json["id"] == other.json["id"] == later.json["id"]
        assert (await call("POST", f"{BASE}/t/hello", idempotency_key="l")).status == 429
