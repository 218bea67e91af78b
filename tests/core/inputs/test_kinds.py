from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from onbeat.core.event import Json
from onbeat.core.inputs.kinds import InputSpec

ADAPTER: TypeAdapter[Any] = TypeAdapter(InputSpec)


def spec(**keys: Any) -> Any:
    """A declared input."""
    return ADAPTER.validate_python({"id": "x", **keys})


def accept(value: Json, rendered: Json = None, **keys: Any) -> Json:
    """The value that the declaration makes of the given one; expressions render to `rendered`."""
    return spec(**keys).accept(value, lambda _value, _variables: rendered, {})


def refusal(value: Json, rendered: Json = None, **keys: Any) -> str:
    """Why the declaration refuses the value."""
    with pytest.raises(ValueError, match=r".") as error:
        accept(value, rendered, **keys)
    return str(error.value)


def declaration_error(**keys: Any) -> str:
    """Why the declaration itself is refused."""
    with pytest.raises(ValidationError) as error:
        spec(**keys)
    return "; ".join(problem["msg"] for problem in error.value.errors())


def test_the_common_properties() -> None:
    """`name` is the old `id`; everything but type and id has a default."""
    declared = ADAPTER.validate_python(
        {
            "name": "nested.a-b",
            "type": "STRING",
            "displayName": "A",
            "description": "d",
            "prefill": "p",
            "dependsOn": {"inputs": ["y"], "when": "{{ true }}"},
        }
    )
    assert (declared.id, declared.required, declared.defaults, declared.prefill) == ("nested.a-b", True, None, "p")
    assert (declared.depends_on.inputs, declared.depends_on.condition) == (("y",), "{{ true }}")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"type": "STRNG"}, "`STRNG` is not an input type; did you mean `STRING`?"),
        ({"type": "boolean"}, "did you mean `BOOLEAN`?"),
        ({"type": "TABLE"}, "`TABLE` is an input type of Kestra's that onbeat does not have; use JSON with a `jsonSchema`"),
        ({"type": "ION"}, "use JSON, or FILE"),
        ({"type": "FORM"}, "ids with dots nest"),
        ({"type": "ARRAY", "itemType": "SECRET"}, "a list cannot hold SECRET values"),
        ({"type": "MULTISELECT", "values": ["a"], "itemType": "SECRET"}, "a list cannot hold SECRET values"),
        ({"type": "JSON", "jsonSchema": {"type": "strin"}}, "it is not a JSON Schema: /type"),
        ({"type": "JSON", "jsonSchema": "{"}, "line 1, column 2"),
        ({"type": "JSON", "jsonSchema": 3}, "as a map, or as JSON text"),
        ({"type": "JSON", "jsonSchema": {"$ref": "http://example.org/schema.json"}}, "it is not a JSON Schema"),
        ({}, "an input is a map with `id` and `type`"),
        ({"id": "wrong one", "type": "STRING"}, "pattern"),
        ({"type": "STRING", "displayName": "x" * 65}, "64"),
        ({"type": "STRING", "min": 1}, "Extra inputs"),
        ({"type": "STRING", "validator": "\\"}, "is not a regular expression"),
        ({"type": "STRING", "validator": "x" * 1001}, "1000"),
        ({"type": "INT", "min": "a"}, "integer"),
        ({"type": "INT", "min": 2, "max": 1}, "`min` is beyond `max`"),
        ({"type": "DURATION", "min": "5"}, "write `PT5S`"),
        ({"type": "DATE", "after": "2023-02-30"}, "no such day"),
        ({"type": "DATE", "after": "2023-02-02", "before": "2023-01-01"}, "`after` is beyond `before`"),
        ({"type": "DATETIME", "after": "2023-02-02T00:00:00"}, "has no zone"),
        ({"type": "SELECT"}, "write one of `values` and `expression`"),
        ({"type": "SELECT", "values": ["a"], "expression": "{{ x }}"}, "write one of"),
        ({"type": "ENUM", "values": []}, "at least 1"),
        ({"type": "ARRAY"}, "Field required"),
        ({"type": "ARRAY", "itemType": "ARRAY"}, "Input should be 'STRING'"),
    ],
)
def test_a_wrong_declaration_is_an_error_when_the_flow_is_loaded(keys: dict[str, Any], message: str) -> None:
    """The author hears of it at once, not the caller months later."""
    assert message in declaration_error(**keys)


def test_an_unknown_type_lists_the_known_ones() -> None:
    """Where nothing is near, the types there are help most."""
    assert "use one of STRING, SECRET, INT" in declaration_error(type="?")
    with pytest.raises(ValidationError, match="an input is a map"):
        ADAPTER.validate_python("x")


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        ({"type": "STRING", "validator": r"A\d+"}, "foo", r"it must match the pattern `A\d+`, but received `foo`"),
        ({"type": "STRING", "validator": r"A\d+"}, "xA1", r"it must match the pattern `A\d+`, but received `xA1`"),
        ({"type": "STRING", "validator": r"A\d+"}, "A1\n", "it must match the pattern `A\\d+`, but received `A1\n`"),
        ({"type": "INT", "min": 10, "max": 20}, "9", "it must be more than `10`, but received `9`"),
        ({"type": "INT", "min": 10, "max": 20}, "21", "it must be less than `20`, but received `21`"),
        ({"type": "INT"}, "abc", "Expected `INT` but received `abc`"),
        ({"type": "INT"}, 2**64, "Expected `INT` but received `18446744073709551616`; an INT has 64 bits; use STRING for longer numbers"),
        ({"type": "FLOAT", "min": 0.1, "max": 0.5}, "0.01", "it must be more than `0.1`, but received `0.01`"),
        ({"type": "FLOAT", "min": 0.1, "max": 0.5}, 1, "it must be less than `0.5`, but received `1.0`"),
        ({"type": "BOOL"}, "maybe", "Expected `BOOL` but received `maybe`; write `true` or `false`"),
        ({"type": "DATE", "after": "2023-01-01"}, "2022-01-01", "it must be after `2023-01-01`, but received `2022-01-01`"),
        ({"type": "DATE", "before": "2023-01-01"}, "2024-01-01", "it must be before `2023-01-01`, but received `2024-01-01`"),
        (
            {"type": "DATETIME", "after": "2023-01-01T00:00:00+01:00"},
            "2022-12-31T22:59:59Z",
            "it must be after `2022-12-31T23:00:00Z`, but received `2022-12-31T22:59:59Z`",
        ),
        ({"type": "TIME", "before": "11:59:59"}, "12:00", "it must be before `11:59:59`, but received `12:00:00`"),
        ({"type": "DURATION", "min": "PT10S", "max": "PT20S"}, "PT5S", "It must be more than `PT10S`, but received `PT5S`"),
        ({"type": "DURATION", "min": "PT10S", "max": "PT20S"}, "PT30S", "It must be less than `PT20S`, but received `PT30S`"),
        ({"type": "ENUM", "values": ["A", "B"]}, "C", "it must match the values `[A, B]`, but received `C`"),
        (
            {"type": "SELECT", "values": ["A", {"value": "B", "label": "Bee"}]},
            "Bee",
            "it must match the values `[A, B]`, but received `Bee`",
        ),
        ({"type": "MULTISELECT", "values": ["A", "B"]}, ["A", "C"], 'it must match the values `[A, B]`, but received `["A","C"]`'),
        ({"type": "ARRAY", "itemType": "INT"}, '["s1"]', "Unable to parse array element as `INT` on `s1`"),
        ({"type": "ARRAY", "itemType": "INT"}, "s1", "Expected `ARRAY` but received `s1`; line 1, column 1: Expecting value"),
        ({"type": "URI"}, "bla", "Expected `URI` but received `bla`; write it with its scheme, like `https://example.org/path`"),
        (
            {"type": "FILE", "allowedFileExtensions": [".csv", "TXT"]},
            "kestra:///a.zip",
            "it must have one of the file extensions `[.csv, TXT]`",
        ),
    ],
)
def test_a_value_outside_its_bounds_is_refused_in_kestras_words(keys: dict[str, Any], value: Any, message: str) -> None:
    """Clients and people who know Kestra's messages find them here, with a cure where one is plain."""
    assert refusal(value, **keys).startswith(message)


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        ({"type": "STRING", "validator": r"A\d+"}, "A123", "A123"),
        ({"type": "INT", "min": 10, "max": 20}, "10", 10),
        ({"type": "INT", "min": 10, "max": 20}, "20", 20),
        ({"type": "DATE", "after": "2023-01-01", "before": "2023-01-01"}, "2023-01-01", "2023-01-01"),
        ({"type": "DURATION", "min": "PT10S"}, "pt10s", "PT10S"),
        ({"type": "SELECT", "values": ["A", {"value": "B", "label": "Bee"}]}, "B", "B"),
        ({"type": "SELECT", "values": [1, True, 1.5]}, 1, "1"),
        ({"type": "SELECT", "values": ["A"], "allowCustomValue": True, "isRadio": True}, "Z", "Z"),
        ({"type": "MULTISELECT", "options": ["1", "2", "3"], "itemType": "INT"}, '["1", "3"]', [1, 3]),
        ({"type": "MULTISELECT", "values": ["A"], "allowCustomValue": True}, ["Z"], ["Z"]),
        ({"type": "ARRAY", "itemType": "INT"}, "[1, 2, 3]", [1, 2, 3]),
        ({"type": "ARRAY", "itemType": "DATETIME"}, ["2023-01-01T01:00:00+01:00"], ["2023-01-01T00:00:00Z"]),
        ({"type": "FILE", "allowedFileExtensions": [".csv", "TXT"], "extension": ".csv"}, "kestra:///a.txt", "kestra:///a.txt"),
    ],
)
def test_bounds_are_inclusive_and_items_are_typed(keys: dict[str, Any], value: Any, expected: Any) -> None:
    """The bound itself is allowed; lists hold values of their item type."""
    assert accept(value, **keys) == expected


def test_the_values_of_a_select_may_be_an_expression() -> None:
    """They are rendered when the flow starts, as a list or JSON text of one."""
    keys = {"type": "SELECT", "expression": "{{ kv('x') }}"}
    assert accept("a", ["a", "b"], **keys) == accept("a", '["a"]', **keys) == "a"
    assert accept("1", [1], **keys) == "1"
    assert refusal("c", ["a", "b"], **keys) == "it must match the values `[a, b]`, but received `c`"
    assert refusal("c", "nope", **keys) == "its `expression` must give a list, but gave `nope`"


def test_a_pattern_is_matched_against_a_bounded_text() -> None:
    """The engine of patterns cannot be stopped, so the text is kept short."""
    keys = {"type": "STRING", "validator": "x*"}
    assert len(str(accept("x" * 10_000, **keys))) == 10_000
    assert "at most 10,000 characters" in refusal("x" * 10_001, **keys)
    assert accept("x" * 10_001, type="STRING") == "x" * 10_001


def test_no_message_shows_a_secret() -> None:
    """Messages end up in logs and answers; secrets must not."""
    assert "hunter2" not in refusal("hunter2", type="SECRET", validator="x+")
    assert refusal("hunter2", type="SECRET", validator="x+").endswith("but received `********`")
    assert accept("hunter2", type="SECRET") == "hunter2"


def test_a_long_value_is_shortened_in_a_message() -> None:
    """A megabyte in an error message helps nobody."""
    assert len(refusal("x" * 1_000_000, type="INT")) < 200


def test_declarations_are_frozen_and_dump_as_yaml_has_them() -> None:
    """A flow's declarations never change after loading, and the API gives them back by their YAML names."""
    declared = spec(type="DATETIME", after="2023-01-01T00:00:00Z", displayName="When")
    with pytest.raises(ValidationError, match="frozen"):
        declared.id = "y"
    dumped = declared.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert dumped == {"id": "x", "type": "DATETIME", "displayName": "When", "required": True, "after": "2023-01-01T00:00:00Z"}
    assert ADAPTER.validate_python(dumped) == declared


@pytest.mark.parametrize("schema", [{"required": ["a"]}, '{"required": ["a"]}'], ids=["map", "text"])
def test_a_json_value_fits_its_schema(schema: Any) -> None:
    """Kestra 2's `jsonSchema`; each misfit has its place."""
    assert accept('{"a": 1}', type="JSON", jsonSchema=schema) == {"a": 1}
    assert refusal("{}", type="JSON", jsonSchema=schema) == 'it does not fit its `jsonSchema`: "a" is a required property'
    bounds = {"properties": {"b": {"type": "array", "items": {"minimum": 3}}}}
    assert (
        refusal({"b": [3, 2]}, type="JSON", jsonSchema=bounds) == "it does not fit its `jsonSchema`: /b/1: 2 is less than the minimum of 3"
    )


def test_an_object_is_a_map() -> None:
    """Or JSON text of one."""
    assert accept('{"a": 1}', type="OBJECT") == {"a": 1}
    assert "give a map" in refusal("[1]", type="OBJECT")


@pytest.mark.parametrize(
    ("keys", "suffix"),
    [
        ({}, ".upl"),
        ({"extension": "csv"}, ".csv"),
        ({"extension": ".csv"}, ".csv"),
        ({"allowedFileExtensions": [".txt", ".csv"]}, ".txt"),
        ({"allowedFileExtensions": [".txt"], "extension": ".csv"}, ".csv"),
    ],
)
def test_a_file_without_a_name_gets_its_extension(keys: dict[str, Any], suffix: str) -> None:
    """So that it is one of those that are allowed."""
    assert spec(type="FILE", **keys).suffix == suffix
