"""Triggers over HTTP: how they are, switched off and on, and backfills, in Kestra's shapes."""

from pathlib import Path

from tests.api.client import Client, api
from tests.api.shapes import ask

SCHEDULED = """
id: scheduled
namespace: t.deep
inputs: [{id: what, type: STRING, defaults: usual}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.what }}"}]
triggers:
  - {id: hourly, type: core.trigger.Schedule, cron: 0 * * * *, stopAfter: [FAILED]}
  - {id: off, type: core.trigger.Webhook, key: x, disabled: true}
"""
HOURLY = {"namespace": "t.deep", "flowId": "scheduled", "triggerId": "hourly"}


async def with_schedule(call: Client, directory: Path) -> None:
    """The node serves SCHEDULED too."""
    (directory / "flows" / "scheduled.yaml").write_text(SCHEDULED)
    await call.node.loader.load_all()
    for subscription in call.node.intake.subscriptions():
        await subscription.ready.wait()


async def test_triggers_say_how_they_are(tmp_path: Path) -> None:
    """Ready, what they saw last, or why they do not listen."""
    async with api(tmp_path) as call:
        (tmp_path / "flows" / "off.yaml").write_text(
            "{id: off, namespace: t, tasks: [{id: a, type: core.log.Log, message: x}],"
            " triggers: [{id: on, type: core.trigger.Webhook, key: x, disabled: true}]}"
        )
        await call.node.loader.load_all()
        await call("POST", "/api/v1/events/things", {"go": True})
        found = {each["name"]: each for each in (await call("GET", "/api/v1/triggers/search")).json["results"]}
        assert found["t.event.on"]["status"] == "ready"
        assert found["t.event.on"]["received"] == 1
        assert found["t.event.on"]["lastEvent"] is not None
        assert found["t.hook.hook"]["lastEvent"] is None
        assert found["t.off.on"]["status"] == "disabled"
        assert found["t.off.on"]["pausedBecause"] == "the trigger says `disabled: true`"


async def test_they_are_found_as_in_kestra(tmp_path: Path) -> None:
    """By part of a name, a namespace with those below it, a flow; page by page; each with what its file says and how it is."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        queries = {"q=HOURLY": 1, "namespace=t.deep": 2, "namespace=t": 5, "namespace=t.de": 0, "flowId=scheduled": 2, "flowId=hook": 1}
        for query, total in queries.items():
            found = (await call("GET", f"/api/v1/main/triggers/search?{query}")).json
            assert (found["total"], len(found["results"])) == (total, total), query
        page = (await call("GET", "/api/v1/main/triggers/search?size=1&page=2&namespace=t.deep")).json
        assert (page["total"], [each["name"] for each in page["results"]]) == (2, ["t.deep.scheduled.off"])
        assert (await call("GET", "/api/v1/main/triggers/search?size=x")).status == 400
        (hourly,) = (await call("GET", "/api/v1/main/triggers/search?q=hourly")).json["results"]
        assert hourly["abstractTrigger"]["type"] == "io.kestra.plugin.core.trigger.Schedule"
        assert hourly["abstractTrigger"]["cron"] == "0 * * * *"
        context = hourly["triggerContext"]
        assert {name: context[name] for name in HOURLY} == HOURLY
        assert (context["disabled"], context["stopAfter"], context["backfill"]) == (False, ["FAILED"], None)
        assert context["nextExecutionDate"].endswith(":00:00.000000Z")


async def test_those_of_a_flow(tmp_path: Path) -> None:
    """A flow that is not there is a 404."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        found = (await call("GET", "/api/v1/main/triggers/t.deep/scheduled")).json
        assert [each["triggerId"] for each in found["results"]] == ["hourly", "off"]
        assert [each["disabled"] for each in found["results"]] == [False, True]
        assert (await call("GET", "/api/v1/main/triggers/t/nope")).status == 404


async def test_filters_as_kestras_clients_write_them(tmp_path: Path) -> None:
    """Every operation on names; sorted; a misspelt one is refused. What 2.0 calls `state` and `trigger` is there, too."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)

        async def found(query: str) -> list[str]:
            return [each["triggerId"] for each in (await ask(call, "GET", f"/api/v1/main/triggers/search?{query}")).json["results"]]

        assert await found("filters[namespace][EQUALS]=t.deep") == ["hourly", "off"]
        assert await found("filters[namespace][STARTS_WITH]=t.d&filters[triggerId][CONTAINS]=hour") == ["hourly"]
        assert await found("filters[triggerState][EQUALS]=DISABLED") == ["off"]
        assert await found("filters[flowId][IN]=hook,event") == ["on", "hook"]
        assert await found("filters[flowId][IN]=hook,event&sort=flowId:desc") == ["hook", "on"]
        assert await found("scope=SYSTEM") == []
        (first, *_) = (await ask(call, "GET", "/api/v1/main/triggers/search?sort=triggerId:asc")).json["results"]
        assert (first["state"]["triggerId"], first["trigger"]["id"]) == ("hook", "hook")
        refused = await call("GET", "/api/v1/main/triggers/search?flowID=hook")
        assert (refused.status, "did you mean `flowId`" in refused.json["detail"]) == (400, True)
        assert (await ask(call, "GET", "/api/v1/main/triggers/t.deep/scheduled?q=OFF")).json["total"] == 1


async def test_as_a_table(tmp_path: Path) -> None:
    """One line for each, for a spreadsheet."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        answer = await call("GET", "/api/v1/main/triggers/export/by-query/csv?namespace=t.deep")
        lines = answer.body.decode().splitlines()
        assert answer.headers["content-type"].startswith("text/csv")
        assert lines[0] == "namespace,flowId,triggerId,type,disabled,nextExecutionDate"
        assert lines[2] == "t.deep,scheduled,off,io.kestra.plugin.core.trigger.Webhook,true,"
