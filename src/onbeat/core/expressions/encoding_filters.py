"""Filters between a value and a text that stands for it: JSON, YAML, base64, URLs, digests."""

import base64
import binascii
import hashlib
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import orjson

from onbeat.core.expressions import guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.ion_text import write_ion
from onbeat.core.expressions.texts import kind_of, plain_value, to_json, written
from onbeat.core.expressions.yaml_text import write_yaml

_JAVA_CLASSES = {
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    float: "java.lang.Double",
    list: "java.util.ArrayList",
    tuple: "java.util.ArrayList",
    Decimal: "java.math.BigDecimal",
}


def json_text(context: Context, value: Any) -> str:
    """The value as compact JSON."""
    return to_json(value)


def pretty_json(context: Context, value: Any, indent: int | None = None) -> str:
    """The value as JSON; with an indent, on many lines of two blanks each."""
    return orjson.dumps(plain_value(value), option=orjson.OPT_INDENT_2).decode() if indent else to_json(value)


def yaml_text(context: Context, value: Any) -> str:
    """The value as YAML."""
    context.budget.spend(20 + len(to_json(value)))
    return write_yaml(plain_value(value))


def ion_text(context: Context, value: Any) -> str:
    """The value as Ion text."""
    context.budget.spend(8 + (len(to_json(value)) >> 2))
    return write_ion(plain_value(value))


def base64_encode(context: Context, value: Any) -> str:
    return base64.b64encode(_bytes(context, value)).decode()


def base64_decode(context: Context, value: Any) -> str:
    """The text that base64 stands for, in UTF-8."""
    try:
        return base64.b64decode(written(context, value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ExpressionError("the filter `base64decode` got a text that is not base64 of UTF-8 text") from None


def url_encode(context: Context, value: Any) -> str:
    """As in the query of a URL: a blank is `+`."""
    return quote_plus(_bytes(context, value), safe="*")


def url_decode(context: Context, value: Any) -> str:
    return unquote_plus(written(context, value))


def md5(context: Context, value: Any) -> str:
    return hashlib.md5(_bytes(context, value), usedforsecurity=False).hexdigest()


def sha1(context: Context, value: Any) -> str:
    return hashlib.sha1(_bytes(context, value), usedforsecurity=False).hexdigest()


def sha256(context: Context, value: Any) -> str:
    return hashlib.sha256(_bytes(context, value)).hexdigest()


def sha512(context: Context, value: Any) -> str:
    return hashlib.sha512(_bytes(context, value)).hexdigest()


def class_name(context: Context, value: Any) -> str:
    """What kind of value it is, by the Java names that Kestra's flows compare with."""
    if isinstance(value, int) and not isinstance(value, bool):
        bits = value.bit_length()
        return f"java.{'lang.Integer' if bits < 32 else 'lang.Long' if bits < 64 else 'math.BigInteger'}"
    return _JAVA_CLASSES.get(type(value), "java.util.LinkedHashMap")


def _bytes(context: Context, value: Any) -> bytes:
    try:
        return written(context, value).encode()
    except UnicodeEncodeError:
        raise ExpressionError(f"cannot encode {kind_of(value)} with half of a surrogate pair in it") from None


FILTERS = {
    **guard.filters(
        {
            "base64decode": base64_decode,
            "base64encode": base64_encode,
            "className": class_name,
            "md5": md5,
            "sha1": sha1,
            "sha256": sha256,
            "sha512": sha512,
            "urldecode": url_decode,
            "urlencode": url_encode,
        }
    ),
    **guard.filters(
        {"json": json_text, "toJson": json_text, "jsonEncode": json_text, "tojson": pretty_json, "toIon": ion_text, "yaml": yaml_text},
        null=False,
    ),
}
