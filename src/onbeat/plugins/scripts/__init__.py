"""Run scripts as programs on this machine: shell, Python, Node.

Event data reaches a script as text of the script, when the flow writes it there, or as a variable of its environment. Variables are data,
script text is code: the docs say so, and `env` is how the examples do it.

    script       what they have in common
    shell        scripts.shell.*
    python       scripts.python.*, with environment for `dependencies` and lib/kestra for `from kestra import Kestra`
    node         scripts.node.*
"""

from onbeat.plugins.scripts.node import NodeCommands, NodeScript
from onbeat.plugins.scripts.python import PythonCommands, PythonScript
from onbeat.plugins.scripts.shell import ShellCommands, ShellScript

PROVIDES = (ShellScript, ShellCommands, PythonScript, PythonCommands, NodeScript, NodeCommands)
