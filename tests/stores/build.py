"""Make executions and works for the tests of stores: short to write, and folded by the real `evolve`."""

from typing import Any

from onbeat.core.changes import AnyChange, Created, Moved, Opened, RunCreated, RunMoved
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution, Head
from onbeat.core.ids import make_id
from onbeat.core.states import State
from onbeat.ports import Append, Creation, Key, Record, SlotClaim, Work

AT = 1_760_000_000_000_000
"""An instant; execution n is created n seconds later."""


def id_of(n: int) -> str:
    """The id of execution n; ids sort as their numbers."""
    return make_id(AT + n * 1_000_000, n)


def key(text: str, trigger: str = "orders", flow: str = "shop.pay") -> Key:
    """What an event makes once."""
    return Key(trigger, flow, text)


def creation(n: int = 1, *, key: Key | None = None, claim: SlotClaim | None = None, active: bool = True, **head: Any) -> Creation:
    """Execution n, of flow shop.pay unless said otherwise."""
    fields = {"namespace": "shop", "flow": "pay", "revision": 1, "created": AT + n * 1_000_000, "correlation_id": id_of(n)}
    claims = head.pop("claims", () if claim is None else (claim,))
    first = Created(at=AT + n * 1_000_000, head=Head(**{**fields, "id": id_of(n), **head}))
    return Creation(execution=fold((first,)), changes=(first,), key=key, claims=claims, active=active)


def append(execution: Execution, *changes: AnyChange, **options: Any) -> Append:
    """Changes to an execution, at its version."""
    return Append(execution=fold(changes, execution), expected=execution.version, changes=changes, **options)


def move(execution: Execution, *states: State, **options: Any) -> Append:
    """The execution goes through these states, a second each."""
    changes = []
    for n, (before, after) in enumerate(zip((execution.state, *states), states, strict=False), 1):
        at = execution.history[-1][1] + n * 1_000_000
        changes.append(Moved(at=at, before=before, after=after, sequence=execution.sequence + n))
    return append(execution, *changes, **options)


def end(execution: Execution, **options: Any) -> Append:
    """The execution runs and succeeds, in one go."""
    return move(execution, State.RUNNING, State.SUCCESS, **options)


def task(execution: Execution, n: int, **options: Any) -> Append:
    """Task run n begins and succeeds; the first one opens the flow."""
    at = AT + n
    opened = () if execution.blocks else (Opened(at=at, n=0, lanes=1),)
    began = (RunCreated(at=at, n=n, task=f"task{n}", parent=0, step=n), RunMoved(at=at, n=n, state=State.RUNNING, attempt=1))
    return append(execution, *opened, *began, RunMoved(at=at, n=n, state=State.SUCCESS, outputs={"n": n, "text": "größer"}), **options)


def record(id_: str, topic: str = "orders", time: int = AT, **fields: Any) -> Record:
    """A record of the bus."""
    return Record(topic=topic, id=id_, data=fields.pop("data", {"id": id_}), time=time, **fields)


def work(*parts: Creation | Append, **others: Any) -> Work:
    """Creations and appends, and what goes with them."""
    return Work(
        creations=tuple(part for part in parts if isinstance(part, Creation)),
        appends=tuple(part for part in parts if isinstance(part, Append)),
        **others,
    )
