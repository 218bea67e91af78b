"""Read and write YAML inside expressions: read by the rules that flows are read by, written so that every YAML reads the same.

PyYAML quotes what YAML 1.1 would read as something else (`on`, `12:30`), but not what only 1.2 does (`1e3`, `0o7`); a value that is
there twice it would write once and point to, which most readers of expressions' results do not follow.

Called by: the function and the filter `yaml`.
"""

import re
from typing import Any

import yaml

from onbeat.core import yaml12
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.yaml_errors import YamlError

_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")
_NO_END = 2**31 - 1
"""Lines are not folded."""


def read_yaml(text: str) -> Any:
    """The value that the YAML text says."""
    try:
        return yaml12.parse(text, "the YAML text").data
    except YamlError as error:
        raise ExpressionError(f"the text is not YAML that can be read here, see its line {error.line}, column {error.column}") from None


def write_yaml(value: Any) -> str:
    """The value as YAML, keys in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_NO_END)
    return text.removesuffix("...\n")


class _Dumper(yaml.CSafeDumper):
    """Writes every value in its place, and quotes what any version of YAML would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="'" if _NUMBER.fullmatch(text) else None)


_Dumper.add_representer(str, _Dumper.represent_text)
