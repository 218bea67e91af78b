"""Cases are played: what is given, what happens, when it is over."""

from pathlib import Path

from tests.testing.play import failures, passed, play

CALL = """
id: call
namespace: shop
inputs:
  - id: url
    type: STRING
    defaults: http://shop.example
tasks:
  - id: ask
    type: core.http.Request
    uri: "{{ inputs.url }}/price"
    retry: {type: constant, interval: PT10S, maxAttempts: 3}
  - id: say
    type: core.log.Log
    message: "it costs {{ outputs.ask.body.price }}"
outputs:
  - id: price
    type: INT
    value: "{{ outputs.ask.body.price }}"
"""

ASKS = """
id: asks
namespace: shop
tasks:
  - id: approval
    type: core.flow.Pause
    timeout: P1D
    onResume:
      - id: approved
        type: BOOLEAN
outputs:
  - id: approved
    type: BOOLEAN
    value: "{{ outputs.approval.onResume.approved }}"
"""

HEARD = """
id: heard
namespace: shop
inputs:
  - id: total
    type: INT
tasks:
  - id: say
    type: core.log.Log
    message: "{{ inputs.total }}"
triggers:
  - id: on_order
    type: core.trigger.Event
    topic: orders
    when: "{{ trigger.data.total > 100 }}"
    dedupe: "{{ trigger.data.id }}"
    inputs:
      total: "{{ trigger.data.total }}"
"""

SLOW = """
id: slow
namespace: shop
tasks:
  - id: nap
    type: core.flow.Sleep
    duration: PT2H
"""


def test_retries_run_in_no_time(tmp_path: Path):
    """Time jumps from one attempt to the next; how long it took in its own time can be asked."""
    results = play(
        tmp_path,
        {"call.yaml": CALL},
        """
flow: call.yaml
tests:
  - id: twice_down
    mocks:
      ask: {attempts: [{error: down}, {error: down, delay: PT5S}, {outputs: {body: {price: 7}}}]}
    expect: {outputs: {price: 7}, duration: PT25S, tasks: {ask: {attempts: 3}}, logs: [it costs 7]}
  - id: down
    mocks: {ask: {error: down}}
    expect: {state: FAILED, error: down, tasks: {ask: {attempts: 3, state: FAILED}, say: {notRun: true}}}
""",
    )
    passed(results)
    assert results["twice_down"].took == "PT25S"
    assert all(result.seconds < 20 for result in results.values())


def test_options_of_a_mocked_task_are_seen(tmp_path: Path):
    """What would have been sent."""
    passed(
        play(
            tmp_path,
            {"call.yaml": CALL},
            """
flow: {namespace: shop, id: call}
tests:
  - id: here
    inputs: {url: http://here}
    mocks: {ask: {outputs: {body: {price: 1}}}}
    expect: {tasks: {ask: {options: {uri: http://here/price}}}}
""",
        )
    )


def test_who_reaches_outside_without_a_mock_is_refused(tmp_path: Path):
    """By name, whatever the flow makes of the failure."""
    results = play(tmp_path, {"call.yaml": CALL}, "flow: call.yaml\ntests:\n  - {id: bare, expect: {state: FAILED}}\n")
    said = "flows.test.yaml:3:5: task `ask` (core.http.Request) reaches outside: give it a mock, or say `real: true`"
    assert failures(results) == {"bare": [said]}


def test_resumes_come_as_soon_as_somebody_is_asked_or_when_they_say(tmp_path: Path):
    """And nobody waits really: neither for the answer nor for the timeout."""
    passed(
        play(
            tmp_path,
            {"asks.yaml": ASKS},
            """
flow: asks.yaml
tests:
  - {id: prompt, resume: {inputs: {approved: true}}, expect: {outputs: {approved: true}, duration: PT0S}}
  - {id: late, resume: {at: PT3H, inputs: {approved: false}}, expect: {outputs: {approved: false}, duration: PT3H}}
  - {id: never, expect: {state: FAILED, duration: P1D, error: {contains: timeout}}}
  - {id: killed, kill: {at: PT1H}, expect: {state: KILLED, duration: PT1H}}
  - {id: still_there, until: PT1H, expect: {state: PAUSED}}
""",
        )
    )


def test_what_can_never_go_on_says_what_it_waits_for(tmp_path: Path):
    """At once."""
    flow = ASKS.replace("    timeout: P1D\n", "")
    results = play(tmp_path, {"asks.yaml": flow}, "flow: asks.yaml\ntests:\n  - id: stuck\n  - {id: unasked, resume: [{}, {}]}\n")
    assert failures(results)["stuck"] == [
        "flows.test.yaml:3:5: state: expected it to end well, got PAUSED (shop.asks (PAUSED) waits for a resume of task `approval`)"
    ]


def test_a_resume_or_kill_that_cannot_be_is_told(tmp_path: Path):
    """With the engine's own reason, at its place."""
    results = play(
        tmp_path,
        {"slow.yaml": SLOW},
        """
flow: slow.yaml
tests:
  - id: unasked
    resume: {inputs: {}}
  - id: too_late
    kill: {at: PT3H}
""",
    )
    found = failures(results)
    assert found["unasked"] == ["flows.test.yaml:5:13: `resume`: nothing waited for it"]
    assert len(found["too_late"]) == 1
    assert found["too_late"][0].startswith("flows.test.yaml:7:11: `kill`: execution ")
    assert found["too_late"][0].endswith("has ended already: SUCCESS")


def test_events_go_the_whole_way(tmp_path: Path):
    """Condition, deduplication, inputs; in their order and at their times."""
    results = play(
        tmp_path,
        {"heard.yaml": HEARD},
        """
flow: heard.yaml
tests:
  - id: large
    event: {topic: orders, data: {id: 1, total: 120}}
    expect: {inputs: {total: 120}, started: 1}
  - id: small
    event: {topic: orders, data: {id: 1, total: 20}}
    expect: {started: 0}
  - id: twice
    events:
      - {topic: orders, data: {id: 1, total: 120}}
      - {at: PT1H, topic: orders, data: {id: 1, total: 130}}
      - {at: PT2H, topic: orders, data: {id: 2, total: 140}}
    expect: {started: 2, executions: [{flow: heard}, {flow: shop.heard, inputs: {total: 140}}]}
  - id: dead
    event: {topic: orders, data: {id: 1, total: 1e3, more: true}}
    expect: {started: 0, dead: [{contains: total}]}
  - id: meant_to_start
    event: {topic: orders, data: {id: 1, total: 20}}
  - id: misspelt
    event: {topic: order, data: {id: 1, total: 20}}
""".replace("1e3, more: true", "much"),
    )
    found = failures(results)
    assert found.pop("meant_to_start") == [
        "flows.test.yaml:19:5: nothing was started: the condition of trigger `on_order` is false: `{{ trigger.data.total > 100 }}`"
    ]
    assert found.pop("misspelt") == [
        "flows.test.yaml:21:5: nothing was started: no trigger listens to topic `order`; did you mean `orders`?"
    ]
    assert found == {name: [] for name in found}


def test_a_test_that_is_disabled_is_skipped(tmp_path: Path):
    """And says so."""
    results = play(tmp_path, {"slow.yaml": SLOW}, "flow: slow.yaml\ntests:\n  - {id: later, disabled: true, expect: {state: FAILED}}\n")
    assert (results["later"].skipped, results["later"].failures) == (True, ())


def test_a_case_that_goes_on_for_ever_is_cut(tmp_path: Path):
    """Rule 3: after its patience, with the time that went by in it."""
    flow = SLOW.replace("duration: PT2H", "duration: PT1S\n    retry: {type: constant, interval: PT1S}").replace(
        "type: core.flow.Sleep", "type: core.execution.Fail"
    )
    flow = flow.replace("    duration: PT1S\n", "")
    results = play(tmp_path, {"slow.yaml": flow}, "flow: slow.yaml\ntests:\n  - id: for_ever\n", patience=0.5)
    (failure,) = failures(results)["for_ever"]
    assert failure.startswith("flows.test.yaml:3:5: it did not end within 0.5 s; in its own time PT")


def test_whatever_goes_wrong_is_the_cases_failure(tmp_path: Path):
    """Rule 4: with the file and line of what is wrong."""
    wrong = SLOW.replace("duration: PT2H", "duration: PT2H\n    durration: PT2H")
    results = play(tmp_path, {"slow.yaml": wrong}, "flow: slow.yaml\ntests:\n  - id: broken\n")
    assert "unknown key `durration`; did you mean `duration`?" in results["broken"].failures[0]
    assert ":8:5: " in results["broken"].failures[0]
    results = play(tmp_path, {}, "flow: {namespace: shop, id: slwo}\ntests:\n  - id: gone\n")
    assert "there is no flow shop.slwo" in results["gone"].failures[0]
    assert "did you mean `shop.slow`?" in results["gone"].failures[0]


def test_values_secrets_and_files_are_given(tmp_path: Path):
    """And the machine's are not seen."""
    flow = """
id: given
namespace: shop.team
inputs:
  - id: file
    type: STRING
    required: false
tasks:
  - id: all
    type: core.debug.Return
    format: "{{ kv('rate') }} {{ secret('TOKEN') }} {{ envs.stage }} {{ read('rates.txt') }}"
  - id: file
    type: core.debug.Return
    when: "{{ inputs.file is not null }}"
    format: "{{ read(inputs.file) }}"
"""
    tests = """
flow: given.yaml
kv: {rate: 2}
secrets: {TOKEN: s3cret}
envs: {stage: test}
files: {rates.txt: one}
tests:
  - id: all_there
    expect: {tasks: {all: {outputs: {value: 2 s3cret test one}}}}
  - id: own
    kv: {rate: 3}
    files: {other.txt: two}
    inputs: {file: "{{ files['other.txt'] }}"}
    expect: {tasks: {all: {outputs: {value: 3 s3cret test one}}, file: {outputs: {value: two}}}}
"""
    passed(play(tmp_path, {"given.yaml": flow}, tests))


def test_time_begins_when_the_test_says(tmp_path: Path):
    """Also for `now()` in expressions."""
    flow = "id: a\nnamespace: b\ntasks:\n  - {id: now, type: core.debug.Return, format: \"{{ now() | date('yyyy-MM-dd HH:mm') }}\"}\n"
    tests = """
flow: a.yaml
clock: 2030-05-06T07:08:00Z
tests:
  - {id: said, expect: {tasks: {now: {outputs: {value: "2030-05-06 07:08"}}}}}
  - {id: own, clock: "2031-01-01T00:00:00+01:00", expect: {tasks: {now: {outputs: {value: "2030-12-31 23:00"}}}}}
"""
    passed(play(tmp_path, {"a.yaml": flow}, tests))


def test_schedules_fire_while_time_goes_on(tmp_path: Path):
    """Only then: a case that is started by something else has none of them."""
    flow = """
id: daily
namespace: shop
inputs:
  - id: day
    type: STRING
    defaults: none
tasks:
  - {id: say, type: core.log.Log, message: "{{ inputs.day }}"}
triggers:
  - id: at_seven
    type: core.trigger.Schedule
    cron: "0 7 * * *"
    inputs: {day: "{{ trigger.date | date('yyyy-MM-dd') }}"}
"""
    tests = """
flow: daily.yaml
tests:
  - id: three_days
    until: P3D
    expect:
      started: 3
      executions: [{flow: daily, inputs: {day: "2026-01-01"}}, {flow: daily}, {flow: daily, inputs: {day: "2026-01-03"}}]
  - id: a_year
    until: P365D
    expect: {started: 365}
  - id: by_hand
    inputs: {}
    expect: {started: 1, inputs: {day: none}}
  - id: said
    event: {schedule: at_seven, date: 2026-03-01T07:00:00Z}
    expect: {inputs: {day: "2026-03-01"}}
"""
    passed(play(tmp_path, {"daily.yaml": flow}, tests))


def test_what_a_trigger_remembers_is_waited_for(tmp_path: Path):
    """Several events within a time, and one that does not come: that time goes by, too."""
    flow = """
id: overdue
namespace: shop
tasks: [{id: say, type: core.log.Log, message: "{{ trigger.correlation.key }}"}]
triggers:
  - id: not_paid
    type: core.trigger.Event
    correlate:
      key: "{{ trigger.data.order }}"
      window: PT10M
      all: [{id: placed, topic: orders.placed}]
      not: [{id: paid, topic: orders.paid}]
"""
    tests = """
flow: overdue.yaml
tests:
  - {id: late, event: {topic: orders.placed, data: {order: 7}}, expect: {started: 1, logs: ["7"]}}
  - id: in_time
    events: [{topic: orders.placed, data: {order: 7}}, {at: PT9M, topic: orders.paid, data: {order: 7}}]
    expect: {started: 0}
  - id: too_late
    events: [{topic: orders.placed, data: {order: 7}}, {at: PT11M, topic: orders.paid, data: {order: 7}}]
    expect: {started: 1}
"""
    results = play(tmp_path, {"overdue.yaml": flow}, tests)
    passed(results)
    assert (results["late"].took, results["in_time"].took) == ("PT10M", "PT9M")


def test_an_event_that_a_task_waits_for_reaches_it(tmp_path: Path):
    """Although no trigger listens to its topic."""
    flow = """
id: waits
namespace: shop
tasks:
  - {id: answer, type: core.flow.WaitForEvent, topic: answers, timeout: PT1H}
  - {id: say, type: core.log.Log, message: "{{ outputs.answer.data.text }}"}
"""
    tests = """
flow: waits.yaml
tests:
  - id: answered
    events: [{flow: shop.waits}, {at: PT30M, topic: answers, data: {text: "yes"}}]
    expect: {logs: ["yes"], duration: PT30M}
  - {id: never, expect: {state: FAILED, duration: PT1H}}
"""
    passed(play(tmp_path, {"waits.yaml": flow}, tests))
