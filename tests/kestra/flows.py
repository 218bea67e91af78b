"""Flows with Kestra's clients."""

from tests.kestra.calls import NAMESPACE, TENANT, Setting, calls, plain

F = "FlowsApi."
MADE = "kestra.made"


def flow(id_: str, message: str = "hi", namespace: str = MADE) -> str:
    """A flow's text, with a comment that must stay."""
    return (
        f"# kept\nid: {id_}\nnamespace: {namespace}\ntasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n    message: {message}\n"
    )


@calls(F + "create_flow", F + "flow", F + "update_flow", F + "delete_flow", F + "list_flow_revisions", F + "delete_revisions")
def life(s: Setting) -> None:
    """Made, changed, looked at with its text and its revisions, run, removed."""
    api = s.client.flows
    assert api.create_flow(TENANT, flow("life")).revision == 1
    assert api.flow(MADE, "life", TENANT, source=True).source == flow("life")
    assert api.update_flow(MADE, "life", TENANT, flow("life", "changed")).revision == 2
    assert [each.revision for each in api.list_flow_revisions(MADE, "life", TENANT)] == [1, 2]
    assert api.flow(MADE, "life", TENANT, source=True, revision=1).source == flow("life")
    assert s.client.executions.create_execution(TENANT, MADE, "life", wait=True).flow_revision == 2
    api.delete_revisions(MADE, "life", TENANT, [1])
    assert [each.revision for each in api.list_flow_revisions(MADE, "life", TENANT)] == [2]
    api.delete_flow(MADE, "life", TENANT)
    try:
        api.flow(MADE, "life", TENANT)
    except s.wrong.NotFoundException:
        return
    raise AssertionError("it is still there")


@calls(F + "create_flow_from_object", F + "update_flow_from_object")
def by_map(s: Setting) -> None:
    """As a map instead of a text."""
    if not s.v2:
        return
    api = s.client.flows
    given = {"id": "by_map", "namespace": MADE, "tasks": [{"id": "log", "type": "io.kestra.plugin.core.log.Log", "message": "hi"}]}
    assert api.create_flow_from_object(TENANT, given).id == "by_map"
    assert api.update_flow_from_object(MADE, "by_map", TENANT, {**given, "description": "changed"}).revision == 2
    api.delete_flow(MADE, "by_map", TENANT)


@calls(
    F + "search_flows",
    F + "search_flows_by_source_code",
    F + "list_flows_by_namespace",
    F + "list_distinct_namespaces",
    F + "list_deprecated",
)
def find(s: Setting) -> None:
    """By namespace, by text in the source."""
    api = s.client.flows
    page = api.search_flows(TENANT, page=1, size=50, sort=["id:asc"], filters=[s.filter("NAMESPACE", "EQUALS", NAMESPACE)])
    ids = [each.id for each in page.results]
    assert (ids == sorted(ids), {"hello", "waits"} <= set(ids)) == (True, True)
    found = plain(api.search_flows_by_source_code(TENANT, q="hello {{ inputs.name }}", page=1, size=10))
    assert "hello" in str(found["results"])
    assert {"hello", "waits"} <= {each.id for each in api.list_flows_by_namespace(NAMESPACE, TENANT)}
    assert NAMESPACE in api.list_distinct_namespaces(TENANT)
    assert plain(api.list_deprecated(TENANT)) is not None


@calls(F + "bulk_update_flows", F + "update_flows_in_namespace")
def many(s: Setting) -> None:
    """Several in one text; those that are not in it go."""
    api = s.client.flows
    assert {each.id for each in api.bulk_update_flows(TENANT, namespace=f"{MADE}.bulk", delete=False, body="---\n".join(
        flow(name, namespace=f"{MADE}.bulk") for name in ("one", "two")))} == {"one", "two"}  # fmt: skip
    api.update_flows_in_namespace(f"{MADE}.bulk", TENANT, flow("two", "new", f"{MADE}.bulk"), delete=True)
    assert [each.id for each in api.list_flows_by_namespace(f"{MADE}.bulk", TENANT)] == ["two"]


@calls(F + "disable_flows_by_ids", F + "enable_flows_by_ids", F + "delete_flows_by_ids")
def by_ids(s: Setting) -> None:
    """Off, on, gone."""
    api = s.client.flows
    api.create_flow(TENANT, flow("by_ids"))
    ids = [s.make("IdWithNamespace", namespace=MADE, id="by_ids")]
    assert api.disable_flows_by_ids(TENANT, ids).count == 1
    assert api.flow(MADE, "by_ids", TENANT).disabled is True
    assert api.enable_flows_by_ids(TENANT, ids).count == 1
    assert not api.flow(MADE, "by_ids", TENANT).disabled
    assert api.delete_flows_by_ids(TENANT, ids).count == 1


@calls(F + "disable_flows_by_query", F + "enable_flows_by_query", F + "delete_flows_by_query")
def by_query(s: Setting) -> None:
    """All that a query finds."""
    api, namespace = s.client.flows, f"{MADE}.query"
    for name in ("one", "two"):
        api.create_flow(TENANT, flow(name, namespace=namespace))
    wanted = [s.filter("NAMESPACE", "EQUALS", namespace)]
    assert api.disable_flows_by_query(TENANT, filters=wanted).count == 2
    assert api.enable_flows_by_query(TENANT, filters=wanted).count == 2
    assert api.delete_flows_by_query(TENANT, filters=wanted).count == 2


@calls(F + "export_flows_by_ids", F + "export_flows_by_query", F + "import_flows", F + "export_flows_by_query_csv")
def in_and_out(s: Setting) -> None:
    """As files."""
    api = s.client.flows
    assert api.export_flows_by_ids(TENANT, [s.make("IdWithNamespace", namespace=NAMESPACE, id="hello")])[:2] == b"PK"
    assert api.export_flows_by_query(TENANT, filters=[s.filter("NAMESPACE", "EQUALS", NAMESPACE)])[:2] == b"PK"
    api.import_flows(TENANT, file_content=flow("imported").encode())
    assert api.flow(MADE, "imported", TENANT).id == "imported"
    if s.v2:
        assert "imported" in api.export_flows_by_query_csv(TENANT, filters=[s.filter("NAMESPACE", "EQUALS", MADE)])


@calls(F + "generate_flow_graph", F + "generate_flow_graph_from_source", F + "flow_dependencies", F + "flow_dependencies_from_namespace")
def graphs(s: Setting) -> None:
    """What is in it, and what it depends on."""
    api = s.client.flows
    assert len(plain(api.generate_flow_graph(NAMESPACE, "hello", TENANT))["nodes"]) >= 3
    assert len(plain(api.generate_flow_graph_from_source(TENANT, flow("x")))["nodes"]) >= 1
    assert "hello" in str(plain(api.flow_dependencies(NAMESPACE, "parent", TENANT)))
    assert "parent" in str(plain(api.flow_dependencies_from_namespace(NAMESPACE, TENANT)))


@calls(F + "task_from_flow", F + "search_concurrency_limits")
def parts(s: Setting) -> None:
    """One task; who waits for whom."""
    assert s.client.flows.task_from_flow(NAMESPACE, "hello", "say", TENANT).id == "say"
    assert plain(s.client.flows.search_concurrency_limits(TENANT))["total"] >= 0


@calls(F + "validate_flows", F + "validate_task", F + "validate_trigger", F + "expressions")
def validate(s: Setting) -> None:
    """What is wrong is named."""
    api = s.client.flows
    good, bad = api.validate_flows(TENANT, flow("x") + "---\n" + flow("y").replace("message", "mesage"))
    assert (good.constraints, "mesage" in bad.constraints) == (None, True)
    task = {"id": "log", "type": "io.kestra.plugin.core.log.Log", "message": "hi"}
    section = "TASKS" if s.v2 else s.kp.FlowControllerTaskValidationType("TASKS")
    assert api.validate_task(section, TENANT, task).constraints is None
    trigger = {"id": "each", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "* * * * *"}
    assert api.validate_trigger(TENANT, trigger).constraints is None
    if s.v2:
        assert plain(api.expressions(TENANT, flow("x"))) is not None
