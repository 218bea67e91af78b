"""Executions with Kestra's clients."""

from typing import Any

from tests.kestra.calls import NAMESPACE, TENANT, Setting, calls, count_of, plain, text

X = "ExecutionsApi."


@calls(X + "create_execution", X + "execution", X + "search_executions", X + "search_executions_by_flow_id", X + "latest_executions")
def start_and_find(s: Setting) -> None:
    """Started with inputs and labels, waited for, found by filters."""
    api = s.client.executions
    made = api.create_execution(TENANT, NAMESPACE, "hello", labels=["order:42"], wait=True, inputs={"name": "Ada"})
    assert text(made.state.current) == "SUCCESS"
    found = api.execution(made.id, TENANT)
    assert (found.id, found.flow_id, found.namespace, text(found.state.current)) == (made.id, "hello", NAMESPACE, "SUCCESS")
    assert {run.task_id for run in found.task_run_list} == {"say", "log", "count"}
    assert {label.key: label.value for label in found.labels}.items() >= {("order", "42"), ("team", "blue")}
    wanted = [s.filter("LABELS", "EQUALS", {"order": "42"}), s.filter("STATE", "EQUALS", "SUCCESS")]
    page = plain(api.search_executions(TENANT, page=1, size=10, sort=["state.startDate:desc"], filters=wanted))
    assert (page["total"], page["results"][0]["id"]) == (1, made.id)
    assert plain(api.search_executions(TENANT, filters=[s.filter("LABELS", "EQUALS", {"order": "43"})]))["total"] == 0
    assert plain(api.search_executions_by_flow_id(TENANT, NAMESPACE, "hello", page=1, size=5))["results"][0]["id"] == made.id
    flow = s.make("ExecutionRepositoryInterfaceFlowFilter", namespace=NAMESPACE, id="hello")
    assert [each.id for each in api.latest_executions(TENANT, [flow])] == [made.id]


@calls(X + "execution_flow_graph", X + "flow_from_execution", X + "flow_from_execution_by_id")
def flow_of(s: Setting) -> None:
    """The flow that it runs, and how it looks."""
    api, id_ = s.client.executions, s.ended()
    assert len(plain(api.execution_flow_graph(id_, TENANT))["nodes"]) >= 3
    assert [each.id for each in api.flow_from_execution(TENANT, NAMESPACE, "hello").inputs] == ["name"]
    assert api.flow_from_execution_by_id(id_, TENANT).id == "hello"


@calls(X + "download_file_from_execution", X + "file_metadatas_from_execution", X + "preview_file_from_execution")
def files_of(s: Setting) -> None:
    """What a task wrote."""
    api, id_ = s.client.executions, s.ended("file")
    uri = plain(api.execution(id_, TENANT))["taskRunList"][0]["outputs"]["uri"]
    assert api.download_file_from_execution(id_, uri, TENANT) == b"a,b\n1,2\n"
    assert plain(api.file_metadatas_from_execution(id_, uri, TENANT))["size"] == 8
    if s.v2:
        assert "1" in str(plain(api.preview_file_from_execution(id_, uri, TENANT)))


@calls(X + "eval_expression", X + "eval_task_run_expression")
def evaluate(s: Setting) -> None:
    """An expression, as the execution sees it."""
    api, id_ = s.client.executions, s.ended()
    assert "hello World" in str(plain(api.eval_expression(id_, TENANT, "{{ outputs.say.value }}")))
    if s.v2:
        run = next(each for each in api.execution(id_, TENANT).task_run_list if each.task_id == "log")
        assert "log" in str(plain(api.eval_task_run_expression(id_, run.id, TENANT, "{{ taskrun.id }} {{ task.id }}")))


@calls(X + "kill_execution", X + "kill_executions_by_ids", X + "kill_executions_by_query")
def kill(s: Setting) -> None:
    """One, some, all that a query finds."""
    api = s.client.executions
    one, two, three = (s.begun("sleeps", "RUNNING") for _ in range(3))
    api.kill_execution(one, TENANT)
    s.until(one, "KILLED")
    assert count_of(api.kill_executions_by_ids(TENANT, [two])) == 1
    s.until(two, "KILLED")
    assert count_of(api.kill_executions_by_query(TENANT, s.of("sleeps", "RUNNING"))) == 1
    s.until(three, "KILLED")


@calls(X + "pause_execution", X + "pause_executions_by_ids", X + "pause_executions_by_query")
def pause(s: Setting) -> None:
    """What runs waits."""
    api = s.client.executions
    one, two, three = (s.begun("sleeps", "RUNNING") for _ in range(3))
    api.pause_execution(one, TENANT)
    s.until(one, "PAUSED")
    assert count_of(api.pause_executions_by_ids(TENANT, [two])) == 1
    s.until(two, "PAUSED")
    assert count_of(api.pause_executions_by_query(TENANT, s.of("sleeps", "RUNNING"))) == 1
    s.until(three, "PAUSED")
    assert count_of(api.kill_executions_by_query(TENANT, s.of("sleeps", "PAUSED"))) == 3


@calls(X + "resume_execution", X + "resume_executions_by_ids", X + "resume_executions_by_query", X + "validate_resume_execution_inputs")
def resume(s: Setting) -> None:
    """With answers, and without."""
    api = s.client.executions
    one, two, three = (s.begun("waits", "PAUSED") for _ in range(3))
    if s.v2:
        assert "note" in str(plain(api.validate_resume_execution_inputs(one, TENANT, inputs={"note": "yes"})))
    api.resume_execution(one, TENANT, inputs={"note": "yes"})
    s.until(one, "SUCCESS")
    assert plain(api.execution(one, TENANT))["taskRunList"][0]["outputs"]["onResume"]["note"] == "yes"
    assert count_of(api.resume_executions_by_ids(TENANT, [two])) == 1
    assert count_of(api.resume_executions_by_query(TENANT, s.of("waits", "PAUSED"))) == 1
    for id_ in (two, three):
        s.until(id_, "SUCCESS")


@calls(X + "restart_execution", X + "restart_executions_by_ids", X + "restart_executions_by_query")
def restart(s: Setting) -> None:
    """What failed runs again, and fails again."""
    api = s.client.executions
    id_ = s.ended("fails")
    assert text(api.restart_execution(id_, TENANT).state.current) in ("RESTARTED", "RUNNING", "FAILED")
    s.until(id_, "FAILED")
    assert count_of(api.restart_executions_by_ids(TENANT, [id_])) == 1
    s.until(id_, "FAILED")
    assert count_of(api.restart_executions_by_query(TENANT, s.of("fails", "FAILED"))) >= 1
    s.until(id_, "FAILED")


@calls(X + "replay_execution", X + "replay_execution_with_inputs", X + "replay_executions_by_ids", X + "replay_executions_by_query")
def replay(s: Setting) -> None:
    """As a new execution: from the start, from a task, with other inputs."""
    api = s.client.executions
    id_ = s.ended()
    again = api.replay_execution(id_, TENANT)
    assert again.id != id_
    s.until(again.id, "SUCCESS")
    run = next(each for each in api.execution(id_, TENANT).task_run_list if each.task_id == "log")
    s.until(api.replay_execution(id_, TENANT, task_run_id=run.id).id, "SUCCESS")
    other = api.replay_execution_with_inputs(id_, TENANT, inputs={"name": "Bob"})
    s.until(other.id, "SUCCESS")
    assert plain(api.execution(other.id, TENANT))["inputs"]["name"] == "Bob"
    assert count_of(api.replay_executions_by_ids(TENANT, [id_])) == 1
    label = s.filter("LABELS", "EQUALS", {"replayed": "by-query"})
    s.ended(labels=["replayed:by-query"])
    assert count_of(api.replay_executions_by_query(TENANT, [label])) == 1


@calls(
    X + "force_run_execution", X + "force_run_by_ids", X + "force_run_executions_by_query",
    X + "unqueue_execution", X + "unqueue_executions_by_ids", X + "unqueue_executions_by_query",
)  # fmt: skip
def queued(s: Setting) -> None:
    """What waits for its turn runs before it."""
    api = s.client.executions
    s.begun("one", "PAUSED")
    ways: list[Any] = [
        lambda id_: api.force_run_execution(id_, TENANT),
        lambda id_: api.force_run_by_ids(TENANT, [id_]),
        lambda id_: api.force_run_executions_by_query(TENANT, s.of("one", "QUEUED")),
        lambda id_: api.unqueue_execution(id_, TENANT, state="RUNNING"),
        lambda id_: api.unqueue_executions_by_ids(TENANT, "RUNNING", [id_]),
        lambda id_: api.unqueue_executions_by_query(TENANT, new_state="RUNNING", filters=s.of("one", "QUEUED")),
    ]
    for way in ways:
        id_ = s.begun("one", "QUEUED")
        way(id_)
        s.until(id_, "PAUSED")
    assert count_of(api.kill_executions_by_query(TENANT, s.of("one", "PAUSED"))) == 1 + len(ways)


@calls(
    X + "set_labels_on_terminated_execution",
    X + "set_labels_on_terminated_executions_by_ids",
    X + "set_labels_on_terminated_executions_by_query",
)
def labels(s: Setting) -> None:
    """Beside those that it has."""
    api, id_ = s.client.executions, s.ended(labels=["kept:yes"])
    label = s.make("Label", key="seen", value="one")
    after = api.set_labels_on_terminated_execution(id_, TENANT, [label])
    assert {each.key: each.value for each in after.labels}.items() >= {("seen", "one")}
    request = s.make(
        "ExecutionControllerSetLabelsByIdsRequest", executions_id=[id_], execution_labels=[s.make("Label", key="seen", value="two")]
    )
    assert count_of(api.set_labels_on_terminated_executions_by_ids(TENANT, request)) == 1
    wanted = [s.filter("LABELS", "EQUALS", {"seen": "two"})]
    assert (
        count_of(api.set_labels_on_terminated_executions_by_query(TENANT, [s.make("Label", key="seen", value="three")], filters=wanted))
        == 1
    )
    assert {each.key: each.value for each in api.execution(id_, TENANT).labels}["seen"] == "three"


@calls(
    X + "update_execution_status",
    X + "update_executions_status_by_ids",
    X + "update_executions_status_by_query",
    X + "update_task_run_state",
)
def states(s: Setting) -> None:
    """What ended is said to have ended otherwise."""
    api, id_ = s.client.executions, s.ended(labels=["state:by-query"])
    assert text(api.update_execution_status(id_, "WARNING", TENANT).state.current) == "WARNING"
    assert count_of(api.update_executions_status_by_ids(TENANT, "FAILED", [id_])) == 1
    assert s.state(id_) == "FAILED"
    wanted = [s.filter("LABELS", "EQUALS", {"state": "by-query"})]
    assert count_of(api.update_executions_status_by_query(TENANT, "SUCCESS", filters=wanted)) == 1
    assert s.state(id_) == "SUCCESS"
    failed = s.ended("fails")
    run = next(each for each in api.execution(failed, TENANT).task_run_list if each.task_id == "bad")
    api.update_task_run_state(failed, TENANT, s.make("ExecutionControllerStateRequest", task_run_id=run.id, state="SUCCESS"))
    s.until(failed, "SUCCESS")


@calls(
    X + "trigger_execution_by_get_webhook", X + "trigger_execution_by_get_webhook_with_path",
    X + "trigger_execution_by_post_webhook_with_path", X + "trigger_execution_by_put_webhook_with_path",
)  # fmt: skip
def webhooks(s: Setting) -> None:
    """By its key, whatever the method."""
    api = s.client.executions
    made = api.trigger_execution_by_get_webhook(TENANT, NAMESPACE, "hook", "open-sesame")
    s.until(made.id, "SUCCESS")
    for method in ("get", "post", "put"):
        call = getattr(api, f"trigger_execution_by_{method}_webhook_with_path")
        s.until(call(TENANT, NAMESPACE, "hook", "open-sesame", "a").id, "SUCCESS")


@calls(X + "follow_execution", X + "follow_execution_raw", X + "follow_dependencies_execution", X + "follow_dependencies_execution_raw")
def follow(s: Setting) -> None:
    """To its end."""
    api, id_ = s.client.executions, s.begun("waits", "PAUSED")
    stream = api.follow_execution(id_, TENANT)
    seen = [next(stream)]
    api.resume_execution(id_, TENANT)
    seen += stream
    assert text(seen[-1].state.current) == "SUCCESS"
    parent = s.ended("parent")
    assert "hello" in str([plain(each) for each in api.follow_dependencies_execution(parent, TENANT)])
    if s.v2:
        assert b"SUCCESS" in b"".join(api.follow_execution_raw(id_, TENANT).iter_content())
        assert b"data:" in b"".join(api.follow_dependencies_execution_raw(parent, TENANT).iter_content())


@calls(X + "delete_execution", X + "delete_executions_by_ids", X + "delete_executions_by_query")
def delete(s: Setting) -> None:
    """With logs and all."""
    api = s.client.executions
    one, two = s.ended(), s.ended()
    s.ended(labels=["deleted:by-query"])
    api.delete_execution(one, TENANT, delete_logs=True)
    assert plain(api.delete_executions_by_ids(TENANT, [two]))["count"] == 1
    assert count_of(api.delete_executions_by_query(TENANT, [s.filter("LABELS", "EQUALS", {"deleted": "by-query"})])) == 1
    for id_ in (one, two):
        try:
            api.execution(id_, TENANT)
        except s.wrong.NotFoundException:
            continue
        raise AssertionError(f"{id_} is still there")


@calls(
    X + "export_executions_by_query_to_csv", X + "find_distinct_execution_field_values", X + "list_executable_namespaces",
    X + "list_executable_flows_by_namespace", X + "execution_average_duration", X + "validate_new_execution_inputs",
)  # fmt: skip
def newer(s: Setting) -> None:
    """What only the newer client knows."""
    if not s.v2:
        return
    api = s.client.executions
    s.ended()
    assert NAMESPACE in api.export_executions_by_query_to_csv(TENANT, filters=s.of("hello"))
    assert NAMESPACE in str(plain(api.find_distinct_execution_field_values(TENANT, field="NAMESPACE")))
    assert NAMESPACE in str(plain(api.list_executable_namespaces(TENANT)))
    assert {"hello", "waits"} <= {each.id for each in api.list_executable_flows_by_namespace(NAMESPACE, TENANT)}
    assert plain(api.execution_average_duration(NAMESPACE, "hello", TENANT)) is not None
    assert "name" in str(plain(api.validate_new_execution_inputs(NAMESPACE, "hello", TENANT, inputs={"name": "Ada"})))
