"""The pytest plugin, in a pytest of its own."""

import re
import tomllib
from pathlib import Path

import pytest

from onbeat.cli import pytest_plugin

pytest_plugins = ["pytester"]

FLOW = """
id: order
namespace: shop
inputs:
  - id: total
    type: INT
tasks:
  - id: charge
    type: core.http.Request
    uri: http://pay.example/{{ inputs.total }}
  - id: approval
    type: core.flow.Pause
    when: "{{ inputs.total > 100 }}"
    onResume:
      - id: approved
        type: BOOLEAN
  - id: tell
    type: core.event.Publish
    topic: orders.done
    data: {total: "{{ inputs.total }}"}
outputs:
  - id: receipt
    type: STRING
    value: "{{ outputs.charge.body }}"
triggers:
  - id: on_order
    type: core.trigger.Event
    topic: orders
    inputs: {total: "{{ trigger.data.total }}"}
"""

TESTS = """
flow: order.yaml
mocks: {charge: {outputs: {body: r-1}}}
tests:
  - id: small
    inputs: {total: 1}
    expect: {outputs: {receipt: r-1}, published: [{topic: orders.done, data: {total: 1}}]}
  - id: wrong
    inputs: {total: 1}
    expect: {outputs: {receipt: r-2}}
  - {id: later, disabled: true}
"""

PYTHON = """
import asyncio
import pytest

def test_sync(onbeat):
    run = onbeat.run("flows/order.yaml", inputs={"total": 1}, mocks={"charge": {"body": "r-7"}})
    assert (run.state, run.outputs, run.task("charge").attempts) == ("SUCCESS", {"receipt": "r-7"}, 1)
    assert run.task("charge").options["uri"] == "http://pay.example/1"
    assert run.states == ["CREATED", "RUNNING", "SUCCESS"]
    assert run.ran("tell") and not run.ran("approval")

async def test_async(onbeat):
    onbeat.serve("flows/order.yaml", mocks={"charge": {"body": "r-8"}})
    (run,) = onbeat.publish("orders", {"total": 500})
    assert (run.state, run.waits) == ("PAUSED", ("shop.order (PAUSED) waits for a resume of task `approval`",))
    assert run.resume(approved=True).state == "SUCCESS"
    assert await asyncio.to_thread(onbeat.publish, "nothing", {}) == []
    assert [one.state for one in onbeat.runs] == ["SUCCESS"]

def test_without_a_mock(onbeat):
    with pytest.raises(Exception, match="task `charge` .* reaches outside"):
        onbeat.run("shop.order", inputs={"total": 1})

def test_nothing_is_left(onbeat):
    assert onbeat.runs == []
"""

INI = """
[pytest]
addopts = -p onbeat.cli.pytest_plugin -p pytest_asyncio.plugin -p xdist.plugin -p no:cacheprovider
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a flow, and a pytest that loads only what it names: the same whether or not onbeat's metadata is up to date."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (pytester.path / "flows").mkdir()
    (pytester.path / "flows" / "order.yaml").write_text(FLOW)
    pytester.makeini(INI)
    return pytester


def test_flow_tests_are_tests(project: pytest.Pytester):
    """Rule 2: one each, with file, line and what was not as expected."""
    (project.path / "flows" / "order.test.yaml").write_text(TESTS)
    result = project.runpytest_subprocess("-rs", "flows")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    text = result.stdout.str()
    assert 'order.test.yaml:10:24: outputs.receipt: expected "r-2", got "r-1"' in text
    assert "Traceback" not in text
    assert project.runpytest_subprocess("flows/order.test.yaml::small").ret == 0


def test_a_file_that_is_wrong_is_an_error_of_its_collection(project: pytest.Pytester):
    """Rule 2: with its place and the nearest key."""
    (project.path / "flows" / "order.test.yaml").write_text(TESTS.replace("expect", "expct"))
    result = project.runpytest_subprocess("flows")
    result.assert_outcomes(errors=1)
    assert re.search(r"order\.test\.yaml:7:5: unknown key `expct`; did you mean `expect`\?", result.stdout.str())


def test_flows_are_tried_from_python(project: pytest.Pytester):
    """By tests that are asynchronous and by tests that are not; several workers do not meet."""
    project.makepyfile(PYTHON)
    project.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)


def test_who_does_not_use_it_does_not_notice_it(project: pytest.Pytester):
    """Rule 1: other tools' files are left alone, and nothing of onbeat is imported for nothing."""
    (project.path / "helm.test.yaml").write_text("suite: deploy\ntests: []\n")
    (project.path / "flow.test.yml").write_text("\0: [")
    project.makepyfile(
        """
        import sys

        def test_nothing():
            assert not {"onbeat.engine", "onbeat.testing", "onbeat.daemon", "pydantic"} & sys.modules.keys()
        """
    )
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=1)


def test_pytest_finds_it_by_its_entry_point():
    """Where onbeat is installed, nobody has to name it."""
    facts = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert facts["project"]["entry-points"]["pytest11"] == {"onbeat": pytest_plugin.__name__}
