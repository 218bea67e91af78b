"""A batch: what each event of an emit did, told apart."""

from itertools import count

from onbeat.core.evolve import create
from onbeat.core.execution import Head
from onbeat.core.parse import parse_flow
from onbeat.engine.batch import Batch
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.prepared import Prepared
from onbeat.engine.subscription import Subscription
from onbeat.ports import Key


def prepared(id_: str) -> Prepared:
    """An execution that nothing has happened to."""
    flow, _ = parse_flow("id: f\nnamespace: t\ntasks: [{id: a, type: core.log.Log, message: x}]\n", "f.yaml")
    head = Head(id=id_, namespace="t", flow="f", revision=1, created=0, correlation_id=id_)
    return Prepared(LoadedFlow(flow), create(head), ())


def test_each_event_is_told_what_it_did() -> None:
    """Two starts, one of them known; nothing; a duplicate; dead; in the order of the events."""
    numbers = count()
    batch = Batch(Subscription("s"), lambda at: f"id{next(numbers)}", 5)
    for starts, dead in ((("a", "b"), None), ((), None), (("c",), None), ((), "why")):
        batch.begin()
        for id_ in starts:
            batch.add(prepared(id_), Key("t", "t.f", id_))
        if dead:
            batch.bury("key", dead, raw=b"?")
    results = batch.results(["a", "known b", "known c"], [True, False, False])
    assert [(each.started, each.duplicate, each.dead, each.unmatched) for each in results] == [
        (("a", "known b"), False, None, False),
        ((), False, None, True),
        (("known c",), True, None, False),
        ((), False, "why", False),
    ]


def test_a_dead_event_is_one_for_each_trigger() -> None:
    """The same event buried for two triggers has two keys; for the source itself its own."""
    batch = Batch(Subscription("s"), lambda at: "id", 5)
    batch.begin()
    for trigger in ("t.f.on", "t.g.on", None):
        batch.bury("key", "why", trigger=trigger)
    assert [dead.key for dead in batch.dead] == ["t.f.on\nkey", "t.g.on\nkey", "key"]
    assert {(dead.reader, dead.at) for dead in batch.dead} == {("s", 5)}
