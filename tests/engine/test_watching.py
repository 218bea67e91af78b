"""Watching: one reader for all who look on, and nobody misses a change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine import watching
from onbeat.engine.watching import PAUSE, TICK, Lagged, Seen, Told, Watch
from onbeat.errors import NotFound
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.stores.build import creation, end, id_of, move, task, work


class Counting(MemoryStore):
    """Counts how often the journal is looked at."""

    looks = 0

    async def touched(self, after: int, limit: int) -> list[tuple[int, str]]:
        """As it is, counted."""
        self.looks += 1
        return await super().touched(after, limit)


class Scene:
    """A store, who watches it, and a clock that the test moves."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.store, self.clock = Counting(), ManualClock()
        self.watch = Watch(self.store, self.clock, group)
        self.at: dict[int, Execution] = {}

    async def create(self, n: int, **head: Any) -> None:
        """Execution n is there."""
        made = creation(n, **head)
        await self.store.write(work(made))
        self.at[n] = made.execution

    async def write(self, n: int, how: Any, *args: Any) -> None:
        """Execution n goes on."""
        step = how(self.at[n], *args)
        await self.store.write(work(step))
        self.at[n] = step.execution

    async def pass_by(self, seconds: float) -> None:
        """So much time goes by."""
        await self.clock.advance(seconds)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """One with an open store."""
    async with asyncio.TaskGroup() as group:
        made = Scene(group)
        await made.store.open()
        yield made
        await made.store.close()


def versions(told: list[Told]) -> list[int]:
    """Of the executions that were told."""
    return [each.execution.version for each in told]


async def test_each_change_is_told_in_order(scene: Scene) -> None:
    """From what it was when it was followed on; the last one is what is stored, and each place is larger than the one before."""
    await scene.create(1)
    async with scene.watch.execution(id_of(1)) as following:
        assert following.execution == scene.at[1]
        await scene.write(1, move, State.RUNNING)
        told = await following.next()
        await scene.write(1, task, 1)
        await scene.write(1, move, State.SUCCESS)
        await scene.pass_by(PAUSE)
        told += await following.next()
        assert versions(told) == list(range(2, scene.at[1].version + 1))
        assert told[-1].execution == await scene.store.load(id_of(1))
        assert [each.seq for each in told] == sorted({each.seq for each in told})


async def test_who_comes_back_to_an_execution_hears_what_he_missed(scene: Scene) -> None:
    """It begins as it was at that place; each change behind it is told, and what comes."""
    await scene.create(1)
    await scene.write(1, move, State.RUNNING)
    seen, then = await scene.store.journal_end(), scene.at[1]
    await scene.write(1, task, 1)
    async with scene.watch.execution(id_of(1), seen) as following:
        assert following.waits
        told = await following.next()
        assert versions(told) == list(range(then.version + 1, scene.at[1].version + 1))
        assert told[-1].execution == await scene.store.load(id_of(1))
        await scene.write(1, move, State.SUCCESS)
        await scene.pass_by(PAUSE)
        assert versions(await following.next()) == [scene.at[1].version]
    async with scene.watch.execution(id_of(1), await scene.store.journal_end()) as following:
        assert (following.waits, following.execution) == (False, scene.at[1])


@pytest.mark.parametrize(("most", "after"), [(2, 1), (99, 0), (99, 10_000)])
async def test_a_place_that_is_none_of_an_execution_is_too_far_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, most: int, after: int
) -> None:
    """Too much was missed; before it was; behind all that is written."""
    monkeypatch.setattr(watching, "MOST", most)
    await scene.create(1)
    await scene.write(1, move, State.RUNNING)
    await scene.write(1, task, 1)
    with pytest.raises(Lagged):
        async with scene.watch.execution(id_of(1), after):
            pass


async def test_a_change_between_the_look_and_the_first_word_is_not_missed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written after the execution was loaded, and read by the reader before he knows of the follower."""
    await scene.create(1)
    await scene.create(2)
    load = scene.store.load

    async def late(id_: str) -> Execution | None:
        found = await load(id_)
        if id_ == id_of(1):
            await scene.write(1, end)
            await scene.pass_by(PAUSE)
        return found

    monkeypatch.setattr(scene.store, "load", late)
    async with scene.watch.execution(id_of(2)), scene.watch.execution(id_of(1)) as following:
        assert following.execution.state is State.SUCCESS
        assert versions(await following.next()) == [2, 3]


async def test_a_burst_is_read_once_for_all(scene: Scene) -> None:
    """Ten followers and twenty commits: a look or two, not two hundred. Who follows another one hears nothing."""
    await scene.create(1)
    await scene.create(2)
    async with AsyncExitStack() as looking, asyncio.TaskGroup() as group:
        heard: list[int] = []

        async def follow() -> None:
            async with scene.watch.execution(id_of(1)) as following:
                while not following.execution.ended:
                    heard.extend(versions(await following.next()))

        followers = [group.create_task(follow()) for _ in range(10)]
        stranger = await looking.enter_async_context(scene.watch.execution(id_of(2)))
        await scene.pass_by(PAUSE)
        await scene.write(1, move, State.RUNNING)
        await scene.pass_by(PAUSE)
        before = scene.store.looks
        for n in range(1, 20):
            await scene.write(1, task, n)
        await scene.write(1, move, State.SUCCESS)
        await scene.pass_by(PAUSE * 3)
        assert scene.store.looks - before <= 2
        await asyncio.gather(*followers)
        assert sorted(heard) == sorted(10 * list(range(2, scene.at[1].version + 1)))
        assert (stranger.execution.version, versions(stranger._told)) == (1, [])


async def test_nothing_is_read_while_nobody_looks(scene: Scene) -> None:
    """Before the first, after the last."""
    await scene.create(1)
    await scene.pass_by(1)
    assert scene.store.looks == 0
    async with scene.watch.execution(id_of(1)):
        await scene.write(1, move, State.RUNNING)
        await scene.pass_by(PAUSE)
    looked = scene.store.looks
    assert looked > 0
    await scene.write(1, move, State.SUCCESS)
    await scene.pass_by(1)
    assert (scene.store.looks, scene.clock.sleeping()) == (looked, 0)
    with pytest.raises(NotFound, match="there is no execution"):
        async with scene.watch.execution(id_of(9)):
            pass
    async with scene.watch.execution(id_of(1)) as again:
        assert again.execution.state is State.SUCCESS


def shown(seen: Seen) -> tuple[list[tuple[str, str]], list[str], int]:
    """The lines with their states, the ids that are gone, how many more there are."""
    return [(line.summary.id, line.summary.state.value) for line in seen.changed], seen.gone, seen.more


async def test_a_list_hears_of_each_at_most_ten_times_a_second(scene: Scene) -> None:
    """Once, with its newest state; of those that are not in it any more, that they are gone; of what he may not see, nothing."""
    wanted = ExecutionFilter(states=(State.CREATED, State.RUNNING), allowed=("shop",))
    await scene.create(1)
    async with scene.watch.listing(wanted, 10) as (listing, begin):
        assert begin == await scene.store.journal_end()
        listing.show([id_of(1)])
        await scene.write(1, move, State.RUNNING)
        assert shown(await listing.next()) == ([(id_of(1), "RUNNING")], [], 0)
        await scene.create(2)
        await scene.create(3, namespace="secret")
        await scene.write(1, task, 1)
        await scene.pass_by(TICK - PAUSE)
        assert not listing._told.is_set()
        await scene.pass_by(PAUSE * 3)
        assert shown(await listing.next()) == ([(id_of(2), "CREATED"), (id_of(1), "RUNNING")], [], 0)
        await scene.write(1, move, State.SUCCESS)
        await scene.write(3, end)
        await scene.pass_by(TICK + PAUSE)
        seen = await listing.next()
        assert (shown(seen), seen.seq) == (([], [id_of(1)], 0), await scene.store.journal_end())
        await scene.write(2, end)
        await scene.pass_by(TICK + PAUSE)
        assert shown(await listing.next()) == ([], [id_of(2)], 0)


async def test_a_flood_is_told_by_the_page(scene: Scene) -> None:
    """The newest, as many as can be seen, and how many more; those that are seen are told of, however many there are."""
    async with scene.watch.listing(ExecutionFilter(), 2) as (listing, _), scene.watch.listing(ExecutionFilter(), 3) as (other, _):
        listing.show([id_of(1)])
        for n in range(1, 7):
            await scene.create(n)
        await scene.pass_by(TICK + PAUSE)
        seen = await listing.next()
        assert shown(seen) == ([(id_of(n), "CREATED") for n in (6, 5, 1)], [], 3)
        assert {id(line) for line in (await other.next()).changed} >= {id(line) for line in seen.changed[:2]}, "each is written once"
        await scene.write(6, end)
        await scene.write(2, end)
        await scene.pass_by(TICK + PAUSE)
        assert shown(await listing.next()) == ([(id_of(6), "SUCCESS"), (id_of(2), "SUCCESS")], [], 0)


async def test_who_comes_back_to_a_list_hears_what_he_missed(scene: Scene) -> None:
    """From his place on; of what he may not see, nothing."""
    for n in (1, 2):
        await scene.create(n)
    await scene.create(3, namespace="secret")
    place = await scene.store.journal_end()
    for n in (2, 3):
        await scene.write(n, end)
    wanted = ExecutionFilter(allowed=("shop",))
    async with scene.watch.listing(wanted, 10, place) as (listing, _):
        seen = await listing.next()
        assert (shown(seen), seen.seq) == (([(id_of(2), "SUCCESS")], [], 0), await scene.store.journal_end())
    async with scene.watch.listing(ExecutionFilter(allowed=("shop",), states=(State.CREATED,)), 10, place) as (listing, _):
        assert shown(await listing.next()) == ([], [id_of(2)], 0)


async def test_who_comes_back_too_late_is_told_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is one from another time: a database that was restored."""
    monkeypatch.setattr(watching, "MOST", 3)
    for n in range(1, 6):
        await scene.create(n)
    for place in (1, 99):
        with pytest.raises(Lagged):
            async with scene.watch.listing(ExecutionFilter(), 10, place):
                pass
    assert scene.clock.sleeping() == 0


async def test_who_does_not_keep_up_is_told_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for him; others go on."""
    monkeypatch.setattr(watching, "MOST", 3)
    await scene.create(1)
    async with scene.watch.execution(id_of(1)) as slow, scene.watch.listing(ExecutionFilter(), 10) as (listing, _):
        for n in range(1, 6):
            await scene.write(1, task, n)
            await scene.create(n + 1)
        await scene.pass_by(TICK + PAUSE)
        with pytest.raises(Lagged):
            await slow.next()
        assert slow._told == []
        with pytest.raises(Lagged):
            await listing.next()
        await scene.write(2, end)
        await scene.pass_by(TICK + PAUSE)
        assert shown(await listing.next()) == ([(id_of(2), "SUCCESS")], [], 0)
