"""Draw up which methods of Kestra's Python clients work, from the tests that call them. Used by: pages.py."""

from itertools import groupby

from tests.kestra.meaning import CLASSES, METHODS, called

ABOUT = """
Kestra's Python client `kestrapy` (1.3.1 and 2.0.3) works unchanged against onbeat: give it onbeat's address and an
[API token](../how-to/access.md), and `main` as the tenant.

```python
from kestrapy import KestraClient

client = KestraClient(host="http://127.0.0.1:8080", token="onbeat_…")
client.executions.create_execution("main", "company.team", "hello", wait=True)
```

Each method in the first table is called by a test, with both versions where both have it. Changes by query want a filter: one without
changes nothing. What is in the second table has no meaning here, and why.
"""


def parts() -> list[str]:
    """The page's parts."""
    works = ["| Class | Methods that work |", "|---|---|"]
    for owner, methods in groupby(sorted(called()), lambda each: each.partition(".")[0]):
        names = ", ".join(f"`{each.removeprefix(f'{owner}.')}`" for each in methods)
        works.append(f"| `{owner}` | {names} |")
    without = ["| Class or method | Why it has no meaning here |", "|---|---|"]
    without += [f"| `{name}` | {why} |" for name, why in sorted({**CLASSES, **METHODS}.items())]
    return [ABOUT, "## What works", "\n".join(works), "## What has no meaning", "\n".join(without)]
