"""The API is what its OpenAPI document says: a small run of `make schema`."""

import re
from pathlib import Path

import pytest

from tests.e2e.schema_campaign import campaign, summary

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    """No 5xx, nothing wrong taken, nothing right refused, no status, type or shape that the document does not have."""
    done = campaign(tmp_path, 1, seed=1, more=[])
    wrong = re.search(r"^=+ (ERRORS|FAILURES) =+$.*?(?=^=+ (?:WARNINGS|SUMMARY) =+$)", done.stdout, re.MULTILINE | re.DOTALL)
    assert done.returncode == 0, f"{wrong[0][:8_000] if wrong else ''}\n{done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
    told = re.fullmatch(r"([0-9,]+) requests to (\d+) operations: 0 findings, 0 of them a server's error; seed 1", summary(done.stdout))
    assert told is not None
    assert int(told[1].replace(",", "")) > 9_000
    assert int(told[2]) > 200
