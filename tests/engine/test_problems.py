"""Problems: one line, where and what, never a value."""

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from onbeat.engine.problems import explain
from onbeat.errors import UserError


class Options(BaseModel):
    """Options of a task."""

    number: int
    deep: list[int] = []

    @model_validator(mode="after")
    def check(self) -> "Options":
        """Refuses a number."""
        if self.number == 13:
            raise ValueError("not that one")
        return self


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"number": "s3cret"}, "`number`: Input should be a valid integer, unable to parse string as an integer"),
        ({"number": 1, "deep": [1, "s3cret"]}, "`deep.1`: Input should be a valid integer, unable to parse string as an integer"),
        ({"number": 13}, "not that one"),
        ({"number": "a", "deep": 5}, "`number`: Input should be a valid integer, unable to parse string as an integer; `deep`: "),
    ],
)
def test_options_are_named_by_their_path(options: dict[str, object], said: str) -> None:
    """All that is wrong, each with its place; what was given is not repeated."""
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert explain(caught.value).startswith(said)
    assert "s3cret" not in explain(caught.value)


def test_a_sentence_stays_and_a_bug_has_its_name() -> None:
    """What was raised for people is told as it is."""
    assert explain(UserError("do this")) == "do this"
    assert explain(KeyError("x")) == "KeyError: 'x'"
