"""Inputs of a start: defaults may be expressions over the inputs so far and the flow."""

import pytest

from onbeat.core.inputs import InputError, resolve
from onbeat.core.parse import parse_flow
from onbeat.engine.inputs import renderer

FLOW = """
id: f
namespace: t
variables: {greeting: Hello}
inputs:
  - {id: name, type: STRING}
  - {id: text, type: STRING, defaults: "{{ vars.greeting }}, {{ inputs.name }} of {{ flow.id }}"}
tasks: [{id: a, type: core.debug.Return, format: x}]
"""


def test_defaults_are_rendered_and_given_values_are_not() -> None:
    """A value that looks like an expression is data."""
    flow, _ = parse_flow(FLOW, "f.yaml")
    assert resolve(flow.inputs, {"name": "{{ 1 + 1 }}"}, renderer(flow))["text"] == "Hello, {{ 1 + 1 }} of f"
    with pytest.raises(InputError, match="name"):
        resolve(flow.inputs, {}, renderer(flow))
