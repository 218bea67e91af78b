"""The rarer functions: their libraries are not loaded before they are called."""

import subprocess
import sys

from onbeat.core.expressions.outside import OUTSIDE_NAMES
from onbeat.engine.outside_late import late_answers

PROBE = """
import sys
import onbeat.daemon
from onbeat.core.expressions import evaluate
evaluate("{{ {'a': 1} | jq('.a') | first }}", {})
print(sorted({"jq", "cryptography", "holidays", "onbeat.plugins.http", "onbeat.engine.outside_http"} & set(sys.modules)))
"""


def test_a_daemon_that_uses_none_of_them_loads_none() -> None:
    """Neither time at the start nor memory: in a fresh process that has loaded the daemon and worked out a path of jq."""
    found = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_they_are_functions_of_expressions() -> None:
    """A name that no expression may call would never be answered."""
    assert late_answers().keys() <= OUTSIDE_NAMES
