"""The task that is made out of text."""

import pytest

from onbeat.errors import UserError
from onbeat.plugins.templating import TemplatedTask


def test_the_text_is_a_task() -> None:
    """With or without an id; the type in any of its spellings, the properties as YAML has them."""
    spec = "type: io.kestra.plugin.core.log.Log\nmessage: [a, 1]\nlevel: WARN\n"
    for text in (spec, "id: x\n" + spec):
        assert TemplatedTask.model_validate({"spec": text}).instead() == ("core.log.Log", {"message": ["a", 1], "level": "WARN"})


def test_what_every_task_has_is_not_the_texts_to_say() -> None:
    """A retry or a timeout in it is read, and is that of the task around it."""
    spec = "{type: core.log.Log, message: a, retry: {type: constant, interval: PT1S}, timeout: PT1S, description: x}"
    assert TemplatedTask.model_validate({"spec": spec}).instead() == ("core.log.Log", {"message": "a"})


def test_a_map_is_a_text_too() -> None:
    """An expression that gives a map gives its JSON, which is YAML."""
    assert TemplatedTask.model_validate({"spec": {"type": "core.log.Log", "message": "a"}}).instead()[0] == "core.log.Log"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("a: [", "is not YAML"),
        ("- a", "must be a map"),
        ("message: a", "must be a map with the `type`"),
        ("type: core.flow.If\ncondition: true", "arranges others"),
        ("type: core.log.Log\nretry: 5", "`retry`"),
        ("type: !!python/object:os.system x", "is not YAML"),
    ],
)
def test_what_is_no_task_is_told(spec: str, said: str) -> None:
    """In words of YAML."""
    with pytest.raises(UserError, match=said):
        TemplatedTask.model_validate({"spec": spec}).instead()
