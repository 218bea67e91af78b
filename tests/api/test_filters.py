"""What a search asks for is read, or refused with the right name."""

import re
from urllib.parse import urlencode

import pytest
from starlette.datastructures import QueryParams

from onbeat.api.filters import Condition, Op, page_of, read_conditions, sort_of
from onbeat.errors import UserError

FIELDS = ("q", "namespace", "flowId", "state", "labels", "startDate")


def read(*pairs: tuple[str, str], flat: tuple[str, ...] = ("q", "state", "labels", "namespace")) -> list[Condition]:
    """The conditions of a query of these parameters."""
    return read_conditions(QueryParams(urlencode(pairs)), FIELDS, flat=flat, others=("size", "page"))


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("filters[flowId][EQUALS]", "a", Condition("flowId", Op.EQUALS, ("a",))),
        ("filters[FLOW_ID][EQUALS]", "a", Condition("flowId", Op.EQUALS, ("a",))),
        ("filters[flowid][equals]", "a,b", Condition("flowId", Op.EQUALS, ("a,b",))),
        ("filters[flowId][IN]", "a,b", Condition("flowId", Op.IN, ("a", "b"))),
        ("filters[state][EQUALS]", "FAILED,KILLED", Condition("state", Op.EQUALS, ("FAILED", "KILLED"))),
        ("filters[labels][EQUALS][team]", "blue", Condition("labels", Op.EQUALS, ("blue",), "team")),
        ("filters[labels][EQUALS]", "team:blue", Condition("labels", Op.EQUALS, ("blue",), "team")),
        ("filters[and][0][namespace][PREFIX]", "a.b", Condition("namespace", Op.PREFIX, ("a.b",))),
        ("filters[and][0][and][1][namespace][PREFIX]", "a.b", Condition("namespace", Op.PREFIX, ("a.b",))),
        ("q", "text", Condition("q", Op.EQUALS, ("text",))),
        ("namespace", "a", Condition("namespace", Op.PREFIX, ("a",))),
        ("labels", "team:blue:green", Condition("labels", Op.EQUALS, ("blue:green",), "team")),
    ],
)
def test_a_condition_is_read(name: str, value: str, condition: Condition) -> None:
    """As both of Kestra's clients write it, and as a flat parameter."""
    assert read((name, value)) == [condition]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("stat", "FAILED", "unknown parameter `stat`; did you mean `state`?"),
        ("flowId", "a", "unknown parameter `flowId`"),
        ("filters[flow][EQUALS]", "a", "unknown filter `flow`; did you mean `flowId`?"),
        ("filters[flowId][EQUAL]", "a", "did you mean `EQUALS`?"),
        ("filters[flowId]", "a", "is no filter; write `filters[flowId][EQUALS]=…`"),
        ("filters[or][0][flowId][EQUALS]", "a", "joined by `or`"),
        ("filters[and][0][or][0][flowId][EQUALS]", "a", "joined by `or`"),
        ("filters[flowId][IN]", ",", "has no value"),
        ("filters[labels][EQUALS]", "team", "is no label; write it as key:value"),
        ("labels", ":blue", "is no label"),
        ("q", "x" * 10_001, "the limit is 10000"),
    ],
)
def test_what_has_no_meaning_is_refused(name: str, value: str, words: str) -> None:
    """With the nearest right name."""
    with pytest.raises(UserError, match=re.escape(words)):
        read((name, value))


def test_several_flat_values_are_one_of_them() -> None:
    """Those of one parameter; empty ones are none, as Kestra's forms send them."""
    assert read(("state", "FAILED"), ("state", "KILLED"), ("q", ""), ("size", "3")) == [Condition("state", Op.IN, ("FAILED", "KILLED"))]


@pytest.mark.parametrize(
    ("op", "value", "so"),
    [
        (Op.EQUALS, "shop.order", True),
        (Op.EQUALS, "Shop.order", False),
        (Op.NOT_EQUALS, "shop.order", False),
        (Op.STARTS_WITH, "SHOP", True),
        (Op.ENDS_WITH, "order", True),
        (Op.CONTAINS, "p.o", True),
        (Op.NOT_CONTAINS, "p.o", False),
        (Op.PREFIX, "shop", True),
        (Op.PREFIX, "sho", False),
    ],
)
def test_a_condition_holds_of_a_text(op: Op, value: str, so: bool) -> None:
    """What is looked through in memory knows every operation on texts."""
    assert Condition("namespace", op, (value,)).holds("shop.order") is so


def test_nothing_is_never_so() -> None:
    """A text that is not there equals nothing and is unlike everything."""
    assert not Condition("flowId", Op.CONTAINS, ("",)).holds(None)
    assert Condition("flowId", Op.NOT_IN, ("a", "b")).holds(None)
    with pytest.raises(UserError, match="cannot be asked with `LESS_THAN`; use EQUALS"):
        Condition("flowId", Op.LESS_THAN, ("a",)).holds("a")
    with pytest.raises(UserError, match=re.escape("give one value, or use `filters[flowId][IN]`")):
        _ = Condition("flowId", Op.IN, ("a", "b")).value


def test_pages_are_bounded() -> None:
    """A size above the limit is the limit; what is below one is one. Behind the last one is none; nobody skips a million rows."""
    assert (page_of(None, None).size, page_of(5_000, 2).size, page_of(0, 0).number) == (25, 1_000, 1)
    assert list(page_of(2, 2).of(list("abcde"))) == ["c", "d"]
    assert page_of(10, 10_000).past(9_999)
    assert not page_of(10, 2).past(11)
    with pytest.raises(UserError, match="too deep"):
        page_of(1_000, 12).past(10_001)


def test_sort_names_a_field_and_a_direction() -> None:
    """`field:desc`, up when it does not say; another field is refused with the nearest one."""
    names = {"id": "created", "state.current": "state"}
    assert sort_of([], names) is None
    assert sort_of([""], names) is None
    assert sort_of(["state.current:desc", "id"], names) == ("state", True)
    assert sort_of(["id"], names) == ("created", False)
    with pytest.raises(UserError, match=re.escape("cannot sort by `state.curent`; did you mean `state.current`?")):
        sort_of(["state.curent:desc"], names)
    with pytest.raises(UserError, match="`id:down`: sort up by `id:asc`"):
        sort_of(["id:down"], names)


def test_every_order_that_is_asked_for_is_read() -> None:
    """The first one counts; what is wrong with another is told, too."""
    assert sort_of(["id:desc", "id"], {"id": "id"}) == ("id", True)
    with pytest.raises(UserError, match="cannot sort by `name`"):
        sort_of(["id", "name"], {"id": "id"})
