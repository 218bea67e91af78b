"""Read and write YAML inside expressions: read by the rules that flows are read by, written so that every YAML reads the same.

PyYAML writes `on` and `12:30` bare only where YAML 1.1 reads them as text, so what it quotes is enough for both versions; a value that
is there twice it would write once and point to, which most readers of expressions' results do not follow.

Called by: the function and the filter `yaml`.
"""

from typing import Any

import yaml

from onbeat.core import yaml12
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.yaml_errors import YamlError

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
    """Writes every value in its place: a value that is there twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
