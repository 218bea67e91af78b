"""Read parts of a flow strictly: what is not known is an error, and nothing changes after loading.

Rules
1. An unknown key is an error, so that a misspelt `retrry:` is found when the file is loaded and not when the retry is missed.
2. A key that may be left out may be null, as Kestra's flows have it (`defaults: null`). Where null is itself a value it stays one: an
   expression may have given it.

Called by: flow, trigger, conditions and whatever else YAML describes.
"""

from types import NoneType
from typing import get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


class Frozen(BaseModel):
    """A part of a flow."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, data: object) -> object:
        if not isinstance(data, dict) or None not in data.values():
            return data
        left_out = {name for key, field in cls.model_fields.items() if _may_be_left_out(field) for name in _names_of(key, field)}
        return {key: value for key, value in data.items() if value is not None or key not in left_out}


def _may_be_left_out(field: FieldInfo) -> bool:
    """Whether null means that: not where null is a value, which an expression may have given."""
    return not field.is_required() and NoneType not in get_args(field.annotation)


def _names_of(key: str, field: FieldInfo) -> list[str]:
    """All names under which YAML may have a field."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [key, *(str(name) for name in alias.choices)]
    return [key] if alias is None else [key, str(alias)]
