"""The client is loaded quickly, for commands and for programs that only publish an event."""

import subprocess
import sys

HEAVY = {
    "aiohttp",
    "asyncio",
    "fastapi",
    "jinja2",
    "onbeat.api",
    "onbeat.core",
    "onbeat.engine",
    "onbeat.settings",
    "pydantic",
    "starlette",
    "yaml",
}


def loaded(code: str) -> set[str]:
    """What of the heavy is loaded after that."""
    command = f"import sys\n{code}\nprint(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    return HEAVY & set(said.split())


def test_the_client_loads_nothing_heavy():
    """Neither does making one."""
    assert loaded("import onbeat.client") == set()
    assert loaded("from onbeat.client import Client; Client('http://127.0.0.1:9', 'token')") == set()


def test_the_client_for_asyncio_loads_what_it_needs_when_it_is_asked_for():
    """And nothing of the daemon."""
    assert loaded("from onbeat.client import AsyncClient") == {"aiohttp", "asyncio"}
    assert loaded("import onbeat.client; onbeat.client.AsyncClient") == {"aiohttp", "asyncio"}


def test_a_name_that_is_not_there_is_an_error_as_any():
    """Typing errors are not swallowed."""
    wrong = "try: onbeat.client.Cleint\nexcept AttributeError as wrong: assert 'Cleint' in str(wrong)\nelse: raise SystemExit(1)"
    assert loaded(f"import onbeat.client\n{wrong}") == set()
