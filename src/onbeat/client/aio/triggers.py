"""What starts flows: how it is, switching it off and on, and running schedules for times that are past.

Called by: client.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any

from onbeat.client.aio.connection import AsyncConnection
from onbeat.client.answers import Preview, Trigger, TriggerState, page_of, read
from onbeat.client.wire import API

_PAGE = 200


class AsyncTriggers:
    """`client.triggers`: a trigger is named `namespace.flow.trigger`, one of a trigger file as `list` names it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(
        self, namespace: str | None = None, *, flow: str | None = None, text: str | None = None
    ) -> AsyncGenerator[Trigger, None]:
        """The triggers that are served. namespace: with those below it. text: part of the name.

        Example:
            async for trigger in client.triggers.list("shop"):
                print(trigger.name, trigger.state, trigger.received, trigger.why)
        """
        query: dict[str, Any] = {"namespace": namespace, "flowId": flow, "q": text, "size": _PAGE, "page": 1}
        seen = 0
        while True:
            found = await self._connection.get("/triggers/search", query)
            rows = page_of(found)
            for row in rows:
                yield read(Trigger, row)
            seen += len(rows)
            query["page"] += 1
            if not rows or seen >= found.get("total", 0):
                return

    async def disable(self, name: str) -> TriggerState:
        """Let a trigger start nothing, from now on and after restarts; what comes meanwhile is skipped.

        Example:
            await client.triggers.disable("shop.heard.on_order")

        Raises NotFound.
        """
        return await self._set(name, {"disabled": True}, again=True)

    async def enable(self, name: str) -> TriggerState:
        """Let a trigger start again what it should.

        Example:
            await client.triggers.enable("shop.heard.on_order")

        Raises NotFound, Refused (its file disables it).
        """
        return await self._set(name, {"disabled": False}, again=True)

    async def backfill(
        self,
        name: str,
        start: datetime | str,
        end: datetime | str | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        paused: bool = False,
    ) -> TriggerState:
        """Run a schedule for times that are past, one after the other, until `end` or now.

        Example:
            state = await client.triggers.backfill("shop.nightly.yearly", "2020-01-01T00:00:00Z", "2021-06-01T00:00:00Z")
            print(state.backfill)

        Raises NotFound, Refused (one goes on already), UserError (it is no schedule).
        """
        said = {**_range(start, end), "inputs": dict(inputs or {}), "labels": dict(labels or {}), "paused": paused}
        return await self._set(name, {"backfill": said})

    async def preview_backfill(self, name: str, start: datetime | str, end: datetime | str | None = None) -> Preview:
        """What a backfill would run: how many times, and the first thousand of them.

        Example:
            preview = await client.triggers.preview_backfill("shop.nightly.yearly", "2020-01-01T00:00:00Z")
            print(preview.total, preview.dates)

        Raises NotFound, UserError (it is no schedule).
        """
        body = {"name": name, "backfill": _range(start, end)}
        return read(Preview, await self._connection.call("POST", f"{API}/triggers/backfill/preview", body, again=True))

    async def pause_backfill(self, name: str) -> TriggerState:
        """Let a backfill wait.

        Example:
            await client.triggers.pause_backfill(backfilled.name)

        Raises NotFound (none goes on).
        """
        return read(TriggerState, await self._connection.call("PUT", f"{API}/triggers/backfill/pause", {"name": name}, again=True))

    async def resume_backfill(self, name: str) -> TriggerState:
        """Let a backfill go on.

        Example:
            await client.triggers.resume_backfill(backfilled.name)

        Raises NotFound (none goes on).
        """
        return read(TriggerState, await self._connection.call("PUT", f"{API}/triggers/backfill/unpause", {"name": name}, again=True))

    async def end_backfill(self, name: str) -> TriggerState:
        """Give a backfill up; what runs goes on.

        Example:
            await client.triggers.end_backfill(backfilled.name)

        Raises NotFound (none goes on).
        """
        return read(TriggerState, await self._connection.call("POST", f"{API}/triggers/backfill/delete", {"name": name}))

    async def _set(self, name: str, what: Mapping[str, Any], again: bool = False) -> TriggerState:
        return read(TriggerState, await self._connection.call("PUT", f"{API}/triggers", {"name": name, **what}, again=again))


def _range(start: datetime | str, end: datetime | str | None) -> dict[str, str]:
    """Instants as the API reads them; those without an offset are of this machine's time."""
    return {
        name: at.astimezone().isoformat() if isinstance(at, datetime) else at
        for name, at in (("start", start), ("end", end))
        if at is not None
    }
