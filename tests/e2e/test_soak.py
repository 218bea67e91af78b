"""The soak in seconds: what it would notice, and that it runs. `make soak` is the long one."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.soak import Sample, grown, run

AT_FIRST = Sample(second=0, acknowledged=0, memory=90, threads=10, files=40, disk=9_000, p50=2, p99=9)


def test_what_stays_has_not_grown() -> None:
    """Of the first third nothing is asked: it warms up."""
    assert grown([replace(AT_FIRST, memory=20, files=1), *[AT_FIRST] * 8]) == []


@pytest.mark.parametrize(("name", "to"), [("memory", 110.0), ("threads", 16.0), ("files", 61.0), ("disk", 10_200.0)])
def test_what_grows_is_told(name: str, to: float) -> None:
    """By its name, with both figures."""
    samples = [*[AT_FIRST] * 6, *[replace(AT_FIRST, **{name: to})] * 3]
    assert grown(samples) == [f"{name} grew from {getattr(AT_FIRST, name):,.1f} to {to:,.1f}"]


def test_too_few_samples_say_nothing() -> None:
    """And are not taken for a good end."""
    assert "too short" in grown([AT_FIRST] * 2)[0]


@pytest.mark.slow
def test_a_soak_of_seconds(tmp_path: Path) -> None:
    """Every start is acknowledged and ends, and each sample is shown."""
    shown: list[str] = []
    wrong = run(tmp_path, 0.05, 20, 1.0, shown.append)
    assert [each for each in wrong if "grew" not in each] == []
    assert len(shown) >= 2
    assert "acknowledged" in shown[0]
