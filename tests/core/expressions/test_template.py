import pytest

from onbeat.core.expressions import ExpressionError, compile_value, evaluate


def test_texts_are_evaluated_wherever_they_are() -> None:
    """Rule 1: in lists, in maps, as keys; other values stay as they are, and keep their type."""
    value = {"a": "{{ x }}", "{{ key }}": ["b{{ x }}", {"c": "{{ list }}"}, 1, None, True], "plain": {"d": "e"}}
    assert evaluate(value, {"x": 5, "key": "k", "list": [1]}) == {
        "a": 5,
        "k": ["b5", {"c": [1]}, 1, None, True],
        "plain": {"d": "e"},
    }


def test_what_has_no_expression_is_constant_and_shared() -> None:
    """Rule 1: nothing is copied that is not evaluated."""
    value = {"a": ["b", 1]}
    template = compile_value(value)
    assert template.constant
    assert template.render({}) is value
    mixed = compile_value({"same": value, "x": "{{ x }}"})
    assert not mixed.constant
    assert mixed.render({"x": 1})["same"] is value


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "text", [], {}, ["a"], {"a": {"b": 1}}])
def test_any_json_value_is_a_template(value: object) -> None:
    """A property that is not text is one, too."""
    assert compile_value(value).render({}) == value


def test_roots_and_reaches_are_of_all_texts() -> None:
    """What the whole value may read, and reach."""
    template = compile_value({"a": "{{ inputs.x }}", "b": ["{{ kv('y') }}", "{{ outputs.z }}"], "{{ vars.k }}": 1})
    assert template.roots == {"inputs", "outputs", "vars"}
    assert template.reaches == {"kv"}


def test_keys_are_text() -> None:
    """A key that is evaluated to a number is written as text; two that become one are refused."""
    assert evaluate({"{{ 1 }}": "a"}, {}) == {"1": "a"}
    with pytest.raises(ExpressionError, match="two keys"):
        evaluate({"{{ 1 }}": "a", "1": "b"}, {})


def test_results_are_not_evaluated_again() -> None:
    """Rule 2: data is not a template."""
    assert evaluate(["{{ x }}"], {"x": "{{ 1 }}"}) == ["{{ 1 }}"]


def test_a_value_that_is_not_json_is_refused() -> None:
    """The place is named."""
    with pytest.raises(ExpressionError, match=r"`a\[0\]` is not JSON"):
        compile_value({"a": [object()]})


def test_a_wrong_text_inside_is_refused_when_compiling() -> None:
    """Not when a task starts at night."""
    with pytest.raises(ExpressionError, match="there is no filter"):
        compile_value({"a": [{"b": "{{ 1 | nope }}"}]})
