"""Kestra's own unit tests run as they are."""

from pathlib import Path

import pytest

from onbeat.errors import InvalidFile
from onbeat.testing.read import parse_tests
from tests.testing.play import failures, passed, play

ETL = """
id: etl
namespace: company.team
inputs:
  - id: base
    type: STRING
    defaults: http://data.example
tasks:
  - id: started
    type: io.kestra.plugin.notifications.slack.SlackIncomingWebhook
    url: https://chat.example
    payload: "{{ flow.id }} has started"
  - id: extract
    type: io.kestra.plugin.core.http.Download
    uri: "{{ inputs.base }}/products.json"
  - id: names
    type: io.kestra.plugin.core.debug.Return
    format: '{{ fromJson(read(outputs.extract.uri)) | jq("[.[].name]") | first | join(",") }}'
  - id: upper
    type: io.kestra.plugin.core.debug.Return
    format: "{{ outputs.names.value | upper }}"
  - id: load
    type: io.kestra.plugin.gcp.bigquery.Load
    from: "{{ outputs.upper.this_is_not_there }}"
triggers:
  - id: daily
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "0 9 * * *"
"""

CASES = """
id: etl_tests
namespace: company.team
flowId: etl
description: what the flow promises
testCases:
  - id: with_a_file
    type: io.kestra.core.tests.flow.UnitTest
    fixtures:
      files:
        products.json: '[{"name": "hat"}, {"name": "cap"}]'
      tasks:
        - {id: started, description: no message}
        - id: extract
          description: no download
          outputs: {uri: "{{ files['products.json'] }}"}
        - {id: load}
    assertions:
      - {value: "{{ outputs.upper.value }}", equalTo: "HAT,CAP"}
      - {value: "{{ outputs.upper.value }}", equalsTo: "HAT,CAP", notEqualTo: x, contains: AT, startsWith: HAT, endsWith: CAP}
      - {value: "{{ outputs.upper.value | length }}", greaterThan: 6, lessThanOrEqualTo: 7, in: ["7", "8"], notIn: ["9"]}
      - {value: "{{ outputs.load.value ?? null }}", isNull: true, taskId: load}
      - {value: "{{ outputs.upper.value }}", isNotNull: true}
  - id: with_a_namespace_file
    type: io.kestra.core.tests.flow.UnitTest
    fixtures:
      files: {p.json: '[{"name": "hat"}]'}
      tasks: [{id: started}, {id: extract, outputs: {uri: "{{ fileURI('p.json') }}"}}, {id: load, state: WARNING}]
    assertions: [{value: "{{ outputs.upper.value }}", equalTo: HAT}, {value: "{{ execution.state }}", equalTo: WARNING}]
  - id: fails_as_it_says
    type: io.kestra.core.tests.flow.UnitTest
    fixtures: {tasks: [{id: started, state: FAILED}]}
    assertions: [{value: "{{ execution.state }}", equalTo: FAILED}]
  - id: with_a_trigger
    type: io.kestra.core.tests.flow.UnitTest
    fixtures:
      inputs: {base: http://other}
      trigger: {id: daily, type: io.kestra.plugin.core.trigger.Schedule, variables: {date: "2026-01-01"}}
      tasks: [{id: started}, {id: extract}, {id: names, outputs: {value: hat}}, {id: load}]
    assertions: [{value: "{{ trigger.date }} {{ inputs.base }}", equalTo: "2026-01-01 http://other"}]
"""


def test_they_run_as_they_are(tmp_path: Path):
    """Plugins that are not installed, files, states, triggers, both spellings of the operators; nothing of a mocked task is looked at."""
    passed(play(tmp_path, {"etl.yaml": ETL}, CASES))


def test_what_does_not_hold_is_told_in_their_words(tmp_path: Path):
    """With the place of the operator, and their `errorMessage`."""
    tests = """
id: t
namespace: company.team
flowId: etl
testCases:
  - id: wrong
    type: io.kestra.core.tests.flow.UnitTest
    fixtures: {tasks: [{id: started}, {id: extract}, {id: names, outputs: {value: hat}}, {id: load}]}
    assertions:
      - value: "{{ outputs.upper.value }}"
        description: must shout
        equalTo: CAP
        errorMessage: it does not shout
        taskId: upper
      - {value: "{{ outputs.gone.value }}", equalTo: 1}
  - id: refused
    type: io.kestra.core.tests.flow.UnitTest
    assertions: [{value: "{{ execution.state }}", equalTo: SUCCESS}]
"""
    found = failures(play(tmp_path, {"etl.yaml": ETL}, tests))
    assert found["wrong"][0] == 'flows.test.yaml:12:9: it does not shout: must shout: expected it to be "CAP", got "HAT" (task `upper`)'
    assert found["wrong"][1].startswith("flows.test.yaml:15:10: {{ outputs.gone.value }}: it cannot be evaluated: ")


def test_a_value_of_a_loop_has_its_own_fixture(tmp_path: Path):
    """Rule 2: one without a value stands for all others."""
    flow = """
id: each
namespace: company.team
tasks:
  - id: all
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    tasks: [{id: ask, type: io.kestra.plugin.core.http.Request, uri: "http://{{ taskrun.value }}"}]
"""
    tests = """
id: t
namespace: company.team
flowId: each
testCases:
  - id: values
    fixtures:
      tasks: [{id: ask, value: b, outputs: {code: 2}}, {id: ask, outputs: {code: 1}}]
    assertions: [{value: "{{ outputs.ask.a.code }}{{ outputs.ask.b.code }}{{ outputs.ask.c.code }}", equalTo: "121"}]
"""
    passed(play(tmp_path, {"each.yaml": flow}, tests))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("flowId", "flows.test.yaml:4:1: unknown key `flwId`; did you mean `flowId`?"),
        ("fixtures", "unknown key `fitures`; did you mean `fixtures`?"),
        ("equalTo", "unknown key `eqalTo`"),
    ],
)
def test_a_key_that_is_misspelt_is_told(tmp_path: Path, wrong: str, said: str):
    """With its place and the nearest one."""
    with pytest.raises(InvalidFile) as raised:
        parse_tests(CASES.replace(wrong, wrong[:2] + wrong[3:], 1), Path("flows.test.yaml"))
    assert said in str(raised.value)
