"""Schedules, backfills and ordering keys under kill -9, small: what `make kill-loop` does at full size."""

from pathlib import Path

import pytest

from tests.e2e import schedules

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def test_each_second_of_a_schedule_has_one_execution(tmp_path: Path) -> None:
    """Missed ones run after the restart; nothing runs twice, and no two at once."""
    report = await schedules.every_second(tmp_path, 2)
    assert report.problems == []
    assert report.sent >= 3


async def test_a_backfill_is_resumed_where_it_was(tmp_path: Path) -> None:
    """Each instant once, in order, one after the other."""
    report = await schedules.backfill(tmp_path, 24, 2)
    assert report.problems == []


async def test_a_backfill_that_runs_all_at_once_is_resumed_too(tmp_path: Path) -> None:
    """Hundreds in a transaction: each instant once, created in order."""
    report = await schedules.backfill(tmp_path, 300, 2, at_once=True)
    assert report.problems == []


async def test_executions_of_a_key_keep_their_order(tmp_path: Path) -> None:
    """And the limit beside it holds; nobody waits for ever."""
    report = await schedules.ordered(tmp_path, 60, 2)
    assert report.problems == []
    assert report.kills == 2
