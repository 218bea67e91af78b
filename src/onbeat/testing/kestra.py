"""Read Kestra's own unit tests: `testCases` with `fixtures` and `assertions`, so that tests written for it run here as they are.

Two things differ on purpose from our own format, because they do there: nothing of a mocked task is rendered or checked, and a failed
execution fails no test by itself, only an assertion does.

Rules
1. Both spellings of its documentation are taken: `equalTo` and `equalsTo`, `trigger` and `triggers`.
2. Several fixtures of one task differ by `value`; one without a value stands for all others.

Called by: read.py.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, Field, field_validator

from onbeat.core.frozen import Frozen
from onbeat.core.states import State
from onbeat.core.trigger import FlowRef
from onbeat.testing.mocks import Mock
from onbeat.testing.model import Assertion, Case, Played, Suite, TriggerFixture, not_empty

UNIT_TEST = "io.kestra.core.tests.flow.UnitTest"


class TaskFixture(Frozen):
    """What a task gives without being run. real: ours: run it."""

    id: str
    value: str | None = None
    description: str | None = None
    state: str = "SUCCESS"
    outputs: dict[str, Any] | None = None
    assets: list[Any] = Field([])
    error: str | None = None
    real: bool = False

    @field_validator("state")
    @classmethod
    def _is_an_end(cls, value: str) -> str:
        if value not in _ENDS:
            raise ValueError(f"must be {', '.join(_ENDS)}")
        return value


_ENDS = (State.SUCCESS, State.WARNING, State.FAILED, State.CANCELLED, State.KILLED)


class Fixtures(Frozen):
    """What is there before the test."""

    inputs: dict[str, Any] = Field({})
    files: dict[str, str] = Field({})
    tasks: tuple[TaskFixture, ...] = ()
    trigger: TriggerFixture | None = Field(None, validation_alias=AliasChoices("trigger", "triggers"))


class UnitTest(Frozen):
    """One test."""

    id: str
    type: str = UNIT_TEST
    disabled: bool = False
    description: str | None = None
    fixtures: Fixtures = Fixtures()
    assertions: Annotated[tuple[Assertion, ...], AfterValidator(not_empty)]


class KestraSuite(Frozen):
    """A file of Kestra's unit tests."""

    id: str
    description: str | None = None
    namespace: str
    flow_id: str = Field(alias="flowId")
    test_cases: Annotated[tuple[UnitTest, ...], AfterValidator(not_empty), Field(alias="testCases")]

    def ours(self) -> tuple[Suite, tuple[Played, ...]]:
        """It in our words."""
        cases = tuple(_case(test) for test in self.test_cases)
        suite = Suite(id=self.id, description=self.description, flow=FlowRef(namespace=self.namespace, id=self.flow_id), tests=cases)
        played = [
            Played(case=case, given=case, path=("testCases", index), bare=True, trigger=test.fixtures.trigger)
            for index, (case, test) in enumerate(zip(cases, self.test_cases, strict=True))
        ]
        return suite, tuple(played)


def _case(test: UnitTest) -> Case:
    fixtures = test.fixtures
    return Case(
        id=test.id,
        description=test.description,
        disabled=test.disabled,
        inputs=fixtures.inputs,
        files=fixtures.files,
        mocks=_mocks(fixtures.tasks),
        assertions=test.assertions,
    )


def _mocks(tasks: tuple[TaskFixture, ...]) -> dict[str, Mock]:
    found: dict[str, Mock] = {}
    for fixture in tasks:
        mock = Mock.model_validate({name: getattr(fixture, name) for name in ("outputs", "state", "error", "real")})
        before = found.get(fixture.id, Mock())
        if fixture.value is None:
            found[fixture.id] = mock.model_copy(update={"values": before.values})
        else:
            found[fixture.id] = before.model_copy(update={"values": {**before.values, fixture.value: mock}})
    return found
