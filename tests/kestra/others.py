"""Triggers, logs, metrics, outputs, values, files, namespaces, dashboards and plugins with Kestra's clients."""

from contextlib import suppress
from typing import Any

from tests.kestra.calls import NAMESPACE, TENANT, Setting, calls, count_of, plain

T, L, K, N, FI, D, M, OUT, P = (
    f"{name}Api." for name in ("Triggers", "Logs", "KV", "Namespaces", "Files", "Dashboards", "Metrics", "Outputs", "Plugins")
)
YEARLY = {"namespace": NAMESPACE, "flowId": "clock", "triggerId": "yearly", "date": "2026-11-21T12:00:00Z"}
DASHBOARD = """
id: clients
title: Clients
charts:
  - id: by_state
    type: io.kestra.plugin.core.dashboard.chart.Table
    chartOptions: {displayName: By state}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        state: {field: STATE}
        total: {agg: COUNT}
"""


@calls(T + "search_triggers", T + "search_triggers_for_flow", T + "export_triggers")
def triggers(s: Setting) -> None:
    """All, and those of a flow."""
    api = s.client.triggers
    assert "yearly" in str(api.search_triggers(TENANT, page=1, size=50, filters=[s.filter("NAMESPACE", "EQUALS", NAMESPACE)])["results"])
    assert api.search_triggers_for_flow(TENANT, NAMESPACE, "clock")["results"][0]["triggerId"] == "yearly"
    assert "yearly" in api.export_triggers(TENANT, filters=[s.filter("FLOW_ID", "EQUALS", "clock")])


@calls(T + "disabled_triggers_by_ids", T + "disabled_triggers_by_query", T + "disable_trigger_by_id")
def switch(s: Setting) -> None:
    """Off and on."""
    api = s.client.triggers
    for disabled in (True, False):
        request = {"triggers": [YEARLY], "disabled": disabled}
        assert count_of(api.disabled_triggers_by_ids(TENANT, s.kp.TriggerControllerSetDisabledRequest.from_dict(request))) == 1
        assert count_of(api.disabled_triggers_by_query(TENANT, disabled=disabled, filters=[s.filter("FLOW_ID", "EQUALS", "clock")])) == 1
        if s.v2:
            api.disable_trigger_by_id(TENANT, {**YEARLY, "disabled": disabled})
        assert api.search_triggers_for_flow(TENANT, NAMESPACE, "clock")["results"][0]["disabled"] is disabled


@calls(
    T + "create_backfill", T + "pause_backfill", T + "unpause_backfill", T + "delete_backfill",
    T + "pause_backfill_by_ids", T + "unpause_backfill_by_ids", T + "delete_backfill_by_ids",
    T + "pause_backfill_by_query", T + "unpause_backfill_by_query", T + "delete_backfill_by_query",
)  # fmt: skip
def backfill(s: Setting) -> None:
    """Begun, held, gone on with, given up."""
    api = s.client.triggers
    wanted = [s.filter("FLOW_ID", "EQUALS", "clock")]
    ways: list[tuple[Any, Any, Any]] = [
        (
            lambda: api.pause_backfill(TENANT, YEARLY),
            lambda: api.unpause_backfill(TENANT, YEARLY),
            lambda: api.delete_backfill(TENANT, YEARLY),
        ),
        (
            lambda: api.pause_backfill_by_ids(TENANT, [YEARLY]),
            lambda: api.unpause_backfill_by_ids(TENANT, [YEARLY]),
            lambda: api.delete_backfill_by_ids(TENANT, [YEARLY]),
        ),
        (
            lambda: api.pause_backfill_by_query(TENANT, filters=wanted),
            lambda: api.unpause_backfill_by_query(TENANT, filters=wanted),
            lambda: api.delete_backfill_by_query(TENANT, filters=wanted),
        ),
    ]
    for pause, unpause, delete in ways:
        begin(s)
        pause()
        assert paused(s) is True
        unpause()
        delete()
        assert api.search_triggers_for_flow(TENANT, NAMESPACE, "clock")["results"][0].get("backfill") is None


def begin(s: Setting) -> None:
    """A backfill of many years, held at its start so that it does not end by itself."""
    backfill = {"start": "1900-01-01T00:00:00Z", "end": "1999-01-01T00:00:00Z", "paused": True}
    if s.v2:
        s.client.triggers.create_backfill(TENANT, {**YEARLY, "backfill": backfill})
    else:
        s.client.triggers._request("PUT", f"/api/v1/{TENANT}/triggers", body={**YEARLY, "backfill": backfill})


def paused(s: Setting) -> bool:
    """Whether the backfill waits."""
    return bool(s.client.triggers.search_triggers_for_flow(TENANT, NAMESPACE, "clock")["results"][0]["backfill"]["paused"])


@calls(
    T + "restart_trigger", T + "unlock_trigger", T + "unlock_triggers_by_ids", T + "unlock_triggers_by_query",
    T + "delete_trigger", T + "delete_triggers_by_ids", T + "delete_triggers_by_query",
)  # fmt: skip
def anew(s: Setting) -> None:
    """A trigger's state is forgotten; it listens on."""
    api = s.client.triggers
    api.restart_trigger(TENANT, NAMESPACE, "clock", "yearly")
    with suppress(s.wrong.ConflictException):  # it is not locked: nothing is held
        api.unlock_trigger(TENANT, NAMESPACE, "clock", "yearly")
    assert count_of(api.unlock_triggers_by_ids(TENANT, [YEARLY])) >= 0
    assert count_of(api.unlock_triggers_by_query(TENANT, filters=[s.filter("FLOW_ID", "EQUALS", "clock")])) >= 0
    filters = {"filters": [s.filter("flowId", "EQUALS", "clock")]} if s.v2 else {}  # the older client cannot say what a filter wants
    wanted = s.kp.DeleteTriggersByQueryRequest.from_dict(filters)
    for delete in (
        lambda: api.delete_trigger(TENANT, NAMESPACE, "clock", "yearly"),
        lambda: api.delete_triggers_by_ids(TENANT, [YEARLY]),
        lambda: api.delete_triggers_by_query(TENANT, wanted),
    ):
        with suppress(s.wrong.ConflictException, s.wrong.BadRequestException):  # its flow declares it: it stays; and all is never meant
            delete()
    assert api.search_triggers_for_flow(TENANT, NAMESPACE, "clock")["results"][0]["triggerId"] == "yearly"


@calls(L + "list_logs_from_execution", L + "download_logs_from_execution", L + "follow_logs_from_execution", L + "search_logs")
def logs(s: Setting) -> None:
    """Of an execution, of all."""
    api, id_ = s.client.logs, s.ended()
    assert "hello World" in [line.message for line in api.list_logs_from_execution(id_, TENANT, min_level="INFO")]
    assert api.list_logs_from_execution(id_, TENANT, task_id="say", min_level="ERROR") == []
    assert "hello World" in api.download_logs_from_execution(id_, TENANT)
    assert "hello World" in [line.message for line in api.follow_logs_from_execution(id_, TENANT)]
    page = plain(api.search_logs(TENANT, page=1, size=10, filters=[s.filter("NAMESPACE", "EQUALS", NAMESPACE)]))
    assert len(page["results"]) > 0


@calls(L + "delete_logs_from_execution", L + "delete_logs_from_flow")
def forget_logs(s: Setting) -> None:
    """Of an execution, of a flow."""
    api, id_ = s.client.logs, s.ended()
    api.delete_logs_from_execution(id_, TENANT)
    assert api.list_logs_from_execution(id_, TENANT) == []
    id_ = s.ended("fails")
    api.delete_logs_from_flow(NAMESPACE, "fails", "none", TENANT)
    assert len(api.list_logs_from_execution(id_, TENANT)) > 0


@calls(
    M + "execution_metrics", M + "flow_metric_names", M + "task_metric_names", M + "tasks_with_metrics", M + "aggregate_flow_metric",
    M + "aggregate_task_metric", OUT + "execution_outputs", OUT + "task_outputs_information", OUT + "task_run_outputs",
)  # fmt: skip
def measured(s: Setting) -> None:
    """What tasks measured and gave."""
    if not s.v2:
        return
    api, id_ = s.client.metrics, s.ended()
    assert plain(api.execution_metrics(id_, TENANT))["results"][0]["name"] == "said"
    assert api.flow_metric_names(NAMESPACE, "hello", TENANT) == ["said"]
    assert api.task_metric_names(NAMESPACE, "hello", "count", TENANT) == ["said"]
    assert api.tasks_with_metrics(NAMESPACE, "hello", TENANT) == ["count"]
    assert plain(api.aggregate_flow_metric(NAMESPACE, "hello", "said", TENANT, aggregation="sum"))["aggregations"]
    assert plain(api.aggregate_task_metric(NAMESPACE, "hello", "count", "said", TENANT, aggregation="sum"))["aggregations"]
    outputs = s.client.outputs
    run = next(each for each in s.client.executions.execution(id_, TENANT).task_run_list if each.task_id == "say")
    assert plain(outputs.execution_outputs(id_, TENANT))["said"] == "hello World"
    assert "say" in str([plain(each) for each in outputs.task_outputs_information(id_, TENANT)])
    assert plain(outputs.task_run_outputs(id_, run.id, TENANT))["value"] == "hello World"


@calls(
    K + "set_key_value",
    K + "key_value",
    K + "delete_key_value",
    K + "delete_key_values",
    K + "list_all_keys",
    K + "list_keys_with_inheritance",
)
def values(s: Setting) -> None:
    """Kept, found, removed."""
    api = s.client.kv
    for key in ("one", "two", "three"):
        api.set_key_value(NAMESPACE, key, TENANT, '{"n": 1}')
    assert plain(api.key_value(NAMESPACE, "one", TENANT))["value"] == {"n": 1}
    assert {"one", "two"} <= {each.key for each in api.list_all_keys(TENANT, page=1, size=50).results}
    api.set_key_value(NAMESPACE.partition(".")[0], "inherited", TENANT, '"x"')
    assert "inherited" in {each.key for each in api.list_keys_with_inheritance(NAMESPACE, TENANT)}
    assert api.delete_key_value(NAMESPACE, "one", TENANT) is True
    request = s.make("KVControllerApiDeleteBulkRequest", keys=["two", "three"])
    assert set(api.delete_key_values(NAMESPACE, TENANT, request).keys) == {"two", "three"}


@calls(*(FI + name for name in (
    "create_namespace_directory", "list_namespace_directory_files", "create_namespace_file", "file_content", "file_metadatas",
    "file_revisions", "move_file_directory", "delete_file_directory", "search_namespace_files", "export_namespace_files",
)))  # fmt: skip
def files(s: Setting) -> None:
    """Of a namespace."""
    api = s.client.files
    api.create_namespace_directory(NAMESPACE, TENANT, path="/scripts")
    api.create_namespace_file(NAMESPACE, "/scripts/a.sql", TENANT, file_content=b"select 1")
    assert api.file_content(NAMESPACE, "/scripts/a.sql", TENANT) == b"select 1"
    assert api.file_metadatas(NAMESPACE, TENANT, path="/scripts/a.sql").size == 8
    assert [each.file_name for each in api.list_namespace_directory_files(NAMESPACE, TENANT, path="/scripts")] == ["a.sql"]
    assert api.file_revisions(NAMESPACE, TENANT, path="/scripts/a.sql") is not None
    assert api.search_namespace_files(NAMESPACE, "a.sql", TENANT) == ["/scripts/a.sql"]
    assert api.export_namespace_files(NAMESPACE, TENANT)[:2] == b"PK"
    api.move_file_directory(NAMESPACE, "/scripts/a.sql", "/scripts/b.sql", TENANT)
    assert api.file_content(NAMESPACE, "/scripts/b.sql", TENANT) == b"select 1"
    api.delete_file_directory(NAMESPACE, "/scripts", TENANT)
    assert api.list_namespace_directory_files(NAMESPACE, TENANT) == []


@calls(N + "namespace", N + "search_namespaces", N + "autocomplete_namespaces")
def namespaces(s: Setting) -> None:
    """Those that flows are in."""
    api = s.client.namespaces
    assert api.namespace(NAMESPACE, TENANT).id == NAMESPACE
    assert NAMESPACE in {each.id for each in api.search_namespaces(TENANT, page=1, size=50).results}
    assert NAMESPACE in api.autocomplete_namespaces(TENANT, s.make("ApiAutocomplete", q="client"))


@calls(
    N + "create_namespace", N + "update_namespace", N + "delete_namespace", N + "inherited_variables", N + "inherited_plugin_defaults",
)  # fmt: skip
def empty_namespaces(s: Setting) -> None:
    """One that is made before anything is in it, with a description."""
    api, id_ = s.client.namespaces, "kestra.empty"
    assert api.create_namespace(TENANT, s.make("Namespace", id=id_, deleted=False, description="to come")).description == "to come"
    assert api.update_namespace(id_, TENANT, s.make("Namespace", id=id_, deleted=False, description="here")).description == "here"
    assert plain(api.inherited_variables(id_, TENANT)) is not None
    if not s.v2:
        assert api.inherited_plugin_defaults(id_, TENANT) is not None
    api.delete_namespace(id_, TENANT)
    assert id_ not in {each.id for each in api.search_namespaces(TENANT, page=1, size=50).results}


@calls(N + "put_secrets", N + "delete_secret", N + "inherited_secrets", N + "list_secrets", N + "patch_secret")
def secrets(s: Setting) -> None:
    """Kept and never shown."""
    api = s.client.namespaces
    api.put_secrets(NAMESPACE, TENANT, s.make("ApiSecretValue", key="PASSWORD", value="correct horse battery"))
    listed = str(plain(api.list_secrets(TENANT))) + str(plain(api.inherited_secrets(NAMESPACE, TENANT)))
    assert ("PASSWORD" in listed, "horse" in listed) == (True, False)
    api.patch_secret(
        NAMESPACE, "PASSWORD", TENANT, s.kp.ApiSecretMetaEE.from_dict({"key": "PASSWORD", "description": "of the stable", "tags": []})
    )
    api.delete_secret(NAMESPACE, "PASSWORD", TENANT)


@calls(*(D + name for name in (
    "create_dashboard", "dashboard", "update_dashboard", "delete_dashboard", "search_dashboards", "dashboard_chart_data", "preview_chart",
    "export_chart_to_csv", "export_dashboard_chart_data_to_csv", "export_chart", "export_dashboard_chart", "validate_dashboard",
    "validate_chart", "default_dashboards",
)))  # fmt: skip
def dashboards(s: Setting) -> None:
    """Made of YAML, with charts over executions."""
    api = s.client.dashboards
    s.ended()
    id_ = api.create_dashboard(TENANT, DASHBOARD)["id"]
    assert api.dashboard(id_, TENANT)["title"] == "Clients"
    assert "clients" in str(api.search_dashboards(TENANT)).lower()
    overrides = s.kp.ChartFiltersOverrides.from_dict({"namespace": NAMESPACE})
    assert "SUCCESS" in str(plain(api.dashboard_chart_data(id_, "by_state", TENANT, overrides)))
    chart = DASHBOARD.partition("charts:\n  - ")[2].replace("\n    ", "\n")
    request = s.kp.DashboardControllerPreviewRequest.from_dict({"chart": chart, "globalFilter": {"namespace": NAMESPACE}})
    assert "SUCCESS" in str(plain(api.preview_chart(TENANT, request)))
    exports = [api.export_chart, api.export_dashboard_chart] if s.v2 else [api.export_chart_to_csv, api.export_dashboard_chart_data_to_csv]
    assert b"SUCCESS" in exports[0](TENANT, request)
    assert b"SUCCESS" in exports[1](id_, "by_state", TENANT, overrides)
    assert api.validate_dashboard(TENANT, DASHBOARD).constraints is None
    assert api.validate_dashboard(TENANT, DASHBOARD.replace("STATE", "STAT")).constraints
    assert api.validate_chart(TENANT, chart).constraints is None
    api.update_dashboard(id_, TENANT, DASHBOARD.replace("title: Clients", "title: Changed"))
    assert api.dashboard(id_, TENANT)["title"] == "Changed"
    api.delete_dashboard(id_, TENANT)
    if s.v2:
        assert plain(api.default_dashboards(TENANT)) is not None


@calls(*(P + name for name in (
    "list_plugins", "list_plugins_by_subgroups", "plugin_icons", "plugin_group_icons", "plugin_input_types", "plugin_input_schema",
    "plugin_schema", "plugin_properties", "plugin_triggers", "plugin_documentation", "plugin_versions", "plugin_documentation_for_version",
)))  # fmt: skip
def plugins(s: Setting) -> None:
    """What there is, with schema and page."""
    if not s.v2:
        return
    api = s.client.plugins
    log = "io.kestra.plugin.core.log.Log"
    assert log in str(plain(api.list_plugins()))
    assert log in str(plain(api.list_plugins_by_subgroups()))
    assert plain(api.plugin_icons()) is not None
    assert plain(api.plugin_group_icons()) is not None
    assert "STRING" in str(plain(api.plugin_input_types()))
    assert plain(api.plugin_input_schema("STRING"))
    assert plain(api.plugin_schema("flow"))
    assert plain(api.plugin_properties("flow")) is not None
    assert "Schedule" in str(plain(api.plugin_triggers()))
    assert "message" in str(plain(api.plugin_documentation(log)))
    (version,) = plain(api.plugin_versions(log))["versions"]
    assert "message" in str(plain(api.plugin_documentation_for_version(log, version)))


@calls("MiscApi.configuration", "MiscApi.pebble_filters", "MiscApi.pebble_functions", "MeApi.current_user", "MeApi.list_api_tokens")
def server(s: Setting) -> None:
    """What the server is, and who asks."""
    if not s.v2:
        return
    assert s.client.misc.configuration().version
    assert "upper" in s.client.misc.pebble_filters()
    assert "now" in str(plain(s.client.misc.pebble_functions()))
    assert plain(s.client.me.current_user())
    assert plain(s.client.me.list_api_tokens()) is not None
