"""`onbeat schema`: the schemas are printed."""

import json

from onbeat.engine.schema import document


def test_it_is_printed_as_json(onbeat):
    """The command, with and without an argument."""
    assert json.loads(onbeat("schema").stdout) == document("flow")
    assert json.loads(onbeat("schema", "trigger").stdout) == document("trigger")
    assert onbeat("schema", "flwo").exit_code == 2
