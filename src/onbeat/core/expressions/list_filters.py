"""Filters on lists and maps: parts, order, joining, selecting. Kestra's and Pebble's, and the most used of Jinja2's."""

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.budget import writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.lookups import in_order
from onbeat.core.expressions.missing import Missing
from onbeat.core.expressions.operators import add, equal, join, less, truthy
from onbeat.core.expressions.predicates import TESTS, is_empty
from onbeat.core.expressions.texts import kind_of, to_json, to_text, written
from onbeat.core.refs import Ref


def default(context: Context, value: Any, default: Any = None, boolean: Any = None) -> Any:
    """Something else when the value is missing or empty: null, blank text, an empty map or list."""
    if type(value) is not Ref and (type(value) is Missing or is_empty(context, value)):
        return default
    return value


def first(context: Context, value: Any) -> Any:
    items = _sequence("first", value)
    return items[0] if items else None


def last(context: Context, value: Any) -> Any:
    items = _sequence("last", value)
    return items[-1] if items else None


def length(context: Context, value: Any) -> int:
    """How many characters, items or keys; 0 for anything else."""
    return len(value) if isinstance(value, str | list | tuple | Mapping) else 0


def joined(context: Context, value: Any, separator: str = "", attribute: str | None = None) -> str:
    items = _list("join", value)
    if attribute is not None:
        items = [_reach(item, attribute) for item in items]
    return join(context, [written(context, item) for item in items], separator)


def keys(context: Context, value: Any) -> list[Any]:
    """The keys of a map, the indexes of a list."""
    return in_order(value) if isinstance(value, Mapping) else list(range(len(_list("keys", value))))


def values(context: Context, value: Any) -> list[Any]:
    found = _map("values", value)
    return [found[key] for key in in_order(found)]


def entries(context: Context, value: Any) -> list[list[Any]]:
    """The pairs of a map."""
    found = _map("items", value)
    return [[key, found[key]] for key in in_order(found)]


def sorted_entries(context: Context, value: Any) -> list[list[Any]]:
    """The pairs of a map in the order of their keys."""
    return sorted(entries(context, value), key=lambda pair: pair[0])


def chunk(context: Context, value: Any, size: int) -> list[list[Any]]:
    """Lists of at most that many items."""
    items = _list("chunk", value)
    if type(size) is not int or size < 1:
        raise ExpressionError("the filter `chunk` takes a size of 1 or more")
    return [items[start : start + size] for start in range(0, len(items), size)]


def flatten(context: Context, value: Any) -> list[Any]:
    """The items of the lists inside, one level deep."""
    result: list[Any] = []
    for item in _list("flatten", value):
        inside = list(item) if isinstance(item, list | tuple) else [item]
        context.budget.spend(len(inside))
        result += inside
    return result


def distinct(context: Context, value: Any) -> list[Any]:
    """Each value once, in order."""
    seen: set[Any] = set()
    result = []
    for item in _list("distinct", value):
        mark = (type(item) is bool, item) if isinstance(item, str | int | float) else _json(context, item)
        if mark not in seen:
            seen.add(mark)
            result.append(item)
    return result


def merge(context: Context, value: Any, items: Any) -> Any:
    """Two maps (the second wins) or two lists as one."""
    if value is None or items is None:
        if value is None and items is None:
            raise ExpressionError("the filter `merge` got null twice")
        return items if value is None else value
    if isinstance(value, Mapping):
        more = items if isinstance(items, Mapping) else {written(context, item): item for item in _list("merge", items)}
        context.budget.spend(len(more))
        return {**value, **more}
    more_items = entries(context, items) if isinstance(items, Mapping) else _list("merge", items)
    context.budget.spend(len(more_items))
    return [*_list("merge", value), *more_items]


def reverse(context: Context, value: Any) -> Any:
    return value[::-1] if isinstance(value, str) else _list("reverse", value)[::-1]


def slice_(context: Context, value: Any, from_index: int = 0, to_index: int | None = None) -> Any:
    """The part from one index up to before another."""
    items = _sequence("slice", value)
    end = len(items) if to_index is None else to_index
    if not 0 <= from_index <= end <= len(items):
        raise ExpressionError("the filter `slice` takes indexes inside of the text or list, the first one not after the second")
    return items[from_index:end]


def sort(context: Context, value: Any, reverse: Any = False, attribute: str | None = None) -> list[Any]:
    """In order; numbers by size, texts by their characters. `attribute` says by what of each item."""
    items = [(item if attribute is None else _reach(item, attribute), item) for item in _list("sort", value)]

    def compare(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
        context.budget.spend(1)
        if one[0] is None or other[0] is None:
            return (one[0] is not None) - (other[0] is not None)
        if type(one[0]) is bool or type(other[0]) is bool:
            return int(one[0]) - int(other[0])
        return -1 if less(context, one[0], other[0]) else int(less(context, other[0], one[0]))

    context.budget.spend(len(items) >> 2)
    plain = {type(key) for key, _ in items}
    if plain <= {int, float} or plain == {str}:
        items.sort(key=lambda pair: pair[0], reverse=truthy(reverse))
    else:
        items.sort(key=cmp_to_key(compare), reverse=truthy(reverse))
    return [item for _, item in items]


def rsort(context: Context, value: Any) -> list[Any]:
    """In the opposite order."""
    return sort(context, value, True)


def map_(
    context: Context, value: Any, filter: str | None = None, *arguments: Any, attribute: str | None = None, default: Any = None
) -> list[Any]:
    """Each item through a filter, or what it has under a key: `map('upper')`, `map(attribute='name')`."""
    items = _list("map", value)
    if attribute is not None:
        return [_reach(item, attribute, default) for item in items]
    function = context.environment.filters.get(filter or "")
    if function is None:
        raise ExpressionError("the filter `map` takes the name of a filter, or `attribute='…'`")
    return [function(context, item, *arguments) for item in items]


def select(context: Context, value: Any, test: str = "truthy", *arguments: Any) -> list[Any]:
    """The items that pass a test: `select('even')`."""
    check = _test("select", test, arguments)
    return [item for item in _list("select", value) if check(context, item)]


def reject(context: Context, value: Any, test: str = "truthy", *arguments: Any) -> list[Any]:
    """The items that do not pass a test."""
    check = _test("reject", test, arguments)
    return [item for item in _list("reject", value) if not check(context, item)]


def select_by(context: Context, value: Any, attribute: str, test: str = "truthy", *arguments: Any) -> list[Any]:
    """The items whose value under a key passes a test: `selectattr('state', 'eq', 'FAILED')`."""
    check = _test("selectattr", test, arguments)
    return [item for item in _list("selectattr", value) if check(context, _reach(item, attribute))]


def reject_by(context: Context, value: Any, attribute: str, test: str = "truthy", *arguments: Any) -> list[Any]:
    """The items whose value under a key does not pass a test."""
    check = _test("rejectattr", test, arguments)
    return [item for item in _list("rejectattr", value) if not check(context, _reach(item, attribute))]


def group_by(context: Context, value: Any, attribute: str) -> list[list[Any]]:
    """Pairs of a value under that key and the list of items that have it, in order."""
    groups: list[list[Any]] = []
    for item in _list("groupby", value):
        key = _reach(item, attribute)
        group = next((group for group in groups if equal(context, group[0], key)), None)
        context.budget.spend(len(groups))
        if group is None:
            groups.append([key, [item]])
        else:
            group[1].append(item)
    return groups


def total(context: Context, value: Any, attribute: str | None = None, start: Any = 0) -> Any:
    """All items added up."""
    result = start
    for item in _list("sum", value):
        result = add(context, result, item if attribute is None else _reach(item, attribute))
    return result


def largest(context: Context, value: Any, attribute: str | None = None) -> Any:
    items = sort(context, value, attribute=attribute)
    return items[-1] if items else None


def smallest(context: Context, value: Any, attribute: str | None = None) -> Any:
    items = sort(context, value, attribute=attribute)
    return items[0] if items else None


def list_(context: Context, value: Any) -> list[Any]:
    """A text as its characters, a map as its keys."""
    if isinstance(value, Mapping):
        return in_order(value)
    if isinstance(value, str):
        return list(value)
    return _list("list", value)


def _json(context: Context, value: Any) -> str:
    text = to_json(value)
    context.budget.spend(writing(text))
    return text


def _sequence(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return [value[key] for key in in_order(value)]
    return value if isinstance(value, str) else _list(name, value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ExpressionError(f"the filter `{name}` takes a list, not {kind_of(value)}")
    return list(value)


def _map(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ExpressionError(f"the filter `{name}` takes a map, not {kind_of(value)}")
    return value


def _reach(item: Any, attribute: str, default: Any = None) -> Any:
    """What the item has under a key, or under keys joined by dots."""
    if not isinstance(attribute, str | int):
        raise ExpressionError(f"an attribute is a text, not {kind_of(attribute)}")
    for key in to_text(attribute).split("."):
        if isinstance(item, Mapping):
            item = item.get(key)
        elif isinstance(item, list | tuple) and key.isdecimal() and int(key) < len(item):
            item = item[int(key)]
        else:
            item = None
    return default if item is None else item


def _test(name: str, test: str, arguments: tuple[Any, ...]) -> Callable[[Context, Any], bool]:
    found = TESTS.get(test)
    if found is None:
        raise ExpressionError(f"the filter `{name}` takes the name of a test")
    return lambda context, item: found(context, item, *arguments)


_STRICT = guard.filters(
    {
        "chunk": chunk,
        "batch": chunk,
        "dictsort": sorted_entries,
        "distinct": distinct,
        "first": first,
        "flatten": flatten,
        "groupby": group_by,
        "items": entries,
        "join": joined,
        "keys": keys,
        "last": last,
        "list": list_,
        "map": map_,
        "max": largest,
        "min": smallest,
        "reject": reject,
        "rejectattr": reject_by,
        "reverse": reverse,
        "rsort": rsort,
        "select": select,
        "selectattr": select_by,
        "slice": slice_,
        "sort": sort,
        "sum": total,
        "uniq": distinct,
        "unique": distinct,
        "values": values,
    }
)
FILTERS = {
    **_STRICT,
    **guard.filters({"length": length, "count": length, "merge": merge}, null=False),
    **guard.filters({"default": default, "d": default}, lenient=True, null=False),
}
