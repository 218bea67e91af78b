"""`onbeat backfill` against a real daemon."""

import json

import pytest

from onbeat.cli.backfill import instant
from onbeat.errors import UserError

YEARLY = ("backfill", "nightly", "yearly")


def test_times_are_read_with_and_without_an_offset():
    """Without one they are UTC, a date is its midnight."""
    assert instant("2026-01-31") == "2026-01-31T00:00:00+00:00"
    assert instant("2026-01-31T12:00:00+01:00") == "2026-01-31T12:00:00+01:00"
    with pytest.raises(UserError, match="write it like"):
        instant("last week")


def test_a_dry_run_lists_the_times(onbeat, daemon):
    """And runs nothing."""
    result = onbeat(*YEARLY, "--start", "2020-01-01", "--end", "2022-12-31", "--dry-run", data=daemon.data)
    assert result.stdout.splitlines() == [*(f"202{n}-01-01T00:00:00.000000Z" for n in range(3)), "3 run(s)"]
    found = json.loads(onbeat(*YEARLY, "--start", "2020-01-01", "--end", "2022-12-31", "--dry-run", "--json", data=daemon.data).stdout)
    assert found["total"] == 3
    assert onbeat(*YEARLY, data=daemon.data).stdout == "no backfill of trigger shop.nightly.yearly is going on\n"


def test_a_backfill_is_begun_shown_paused_and_deleted(onbeat, daemon, client):
    """With inputs and labels; its runs are executions like others."""
    begun = onbeat(*YEARLY, "--start", "2020-01-01", "--end", "2021-12-31", "--pause", data=daemon.data)
    assert begun.exit_code == 0, begun.stderr
    shown = onbeat(*YEARLY, data=daemon.data).stdout
    assert shown == "the backfill of trigger shop.nightly.yearly waits: 0 of 2 runs, at 2020-01-01T00:00:00.000000Z\n"
    assert "goes on" in onbeat(*YEARLY, "--resume", data=daemon.data).stdout or "no backfill" in onbeat(*YEARLY, data=daemon.data).stdout
    again = ("--start", "2018-01-01", "--end", "2018-12-31", "-i", "what=old", "--label", "by=hand", "--pause")
    while (result := onbeat(*YEARLY, *again, data=daemon.data)).exit_code == 4:
        assert "is going on" in result.stderr
    assert json.loads(onbeat(*YEARLY, "--json", data=daemon.data).stdout)["backfill"]["inputs"] == {"what": "old"}
    assert "no backfill" in onbeat(*YEARLY, "--delete", data=daemon.data).stdout
    found = client.get("/executions/search", {"namespace": "shop", "flowId": "nightly"})
    assert found["total"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--end", "2020-01-01"), "say from when"),
        (("--pause", "--delete"), "one of"),
        (("--start", "2020-01-01", "--delete"), "leave --start out"),
        (("--start", "soon"), "`soon` is no time"),
        (("--pause",), "no backfill"),
    ],
)
def test_what_makes_no_sense_is_refused(onbeat, daemon, options: tuple[str, ...], said: str):
    """Exit code 2, with what to write."""
    result = onbeat(*YEARLY, *options, data=daemon.data)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_schedule_that_is_not_there_is_named(onbeat, daemon):
    """With the flow that was looked at."""
    result = onbeat("backfill", "nightly", "monthly", data=daemon.data)
    assert (result.exit_code, result.stderr) == (2, "flow shop.nightly has no trigger monthly\n")
