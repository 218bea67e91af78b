"""Talk to an onbeat daemon from a program: start, wait, follow, publish, tail, and the rest of what the commands do.

    from onbeat.client import Client

    with Client() as client:
        execution = client.start("shop", "greet", {"name": "Ada"}, wait=60)

    aio/        the calls, for asyncio: `AsyncClient`          answers.py   what they answer, typed
    sync/       the same calls for threads: `Client`           wire.py      what is sent, and what an answer means
    place.py    where the daemon is                            frames.py form.py keys.py

Rules
1. Each call is written once, in aio; sync is made from it by `python -m tests.client.test_sync` and never edited, but for its wire.
2. It knows onbeat's errors and nothing else of onbeat. Importing it loads neither pydantic nor an HTTP server; aiohttp is loaded for
   `AsyncClient`.

Called by: programs; the commands that talk to a daemon.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onbeat.client.answers import (
    ENDED,
    GOOD,
    Backfill,
    Checked,
    DeadEvent,
    Entry,
    Event,
    Execution,
    Flow,
    Health,
    LogLine,
    Preview,
    Published,
    Replayed,
    Status,
    TaskRun,
    Topic,
    Trigger,
    TriggerState,
    Value,
)
from onbeat.client.frames import Frame
from onbeat.client.sync.client import Client

if TYPE_CHECKING:
    from onbeat.client.aio.client import AsyncClient

__all__ = [
    "ENDED",
    "GOOD",
    "AsyncClient",
    "Backfill",
    "Checked",
    "Client",
    "DeadEvent",
    "Entry",
    "Event",
    "Execution",
    "Flow",
    "Frame",
    "Health",
    "LogLine",
    "Preview",
    "Published",
    "Replayed",
    "Status",
    "TaskRun",
    "Topic",
    "Trigger",
    "TriggerState",
    "Value",
]


def __getattr__(name: str) -> Any:
    """AsyncClient, loaded when it is asked for: it needs asyncio and aiohttp, which take longer than all the rest."""
    if name == "AsyncClient":
        return import_module("onbeat.client.aio.client").AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
