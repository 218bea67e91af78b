"""Call a server with one of Kestra's clients: `python -m tests.kestra.run VERSION URL TOKEN [NAME]`; a line of JSON for each call.

It is a process of its own, for two versions of a package cannot be in one.

Used by: test_clients.py; people, with a NAME, to see one call's whole trace.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import traceback
from types import ModuleType

from tests.kestra import executions, flows, others
from tests.kestra.calls import CALLS, Setting
from tests.services.kestrapy import folder

assert all((executions, flows, others)), "they register their calls"


def methods_of(package: ModuleType) -> list[str]:
    """Every method of every class of a client, as `ClassApi.method`."""
    found = []
    for each in pkgutil.iter_modules(package.api.__path__):
        module = importlib.import_module(f"{package.__name__}.api.{each.name}")
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and name.endswith("Api") and kind.__module__ == module.__name__:
                found += [f"{name}.{method}" for method, made in vars(kind).items() if inspect.isfunction(made) and method[0] != "_"]
    return found


def main(version: str, url: str, token: str, only: str = "") -> None:
    """Make all calls, in order; go on after one that fails."""
    sys.path.insert(0, str(folder(version)))
    kp = importlib.import_module("kestrapy")
    client = importlib.import_module("kestrapy.kestra_client").KestraClient(host=url, token=token, timeout=30)
    setting = Setting(kp, client, url, token, version.startswith("2."))
    print(json.dumps({"methods": methods_of(kp)}))
    for _, call in CALLS:
        if only not in call.__name__:
            continue
        name = f"{call.__module__.rpartition('.')[2]}.{call.__name__}"
        try:
            call(setting)
            print(json.dumps({"call": name, "wrong": None}), flush=True)
        except Exception:
            print(json.dumps({"call": name, "wrong": traceback.format_exc() if only else traceback.format_exc(limit=-3)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
