"""The API is what its OpenAPI document says: a small run of `make schema`."""

from pathlib import Path

import pytest

from tests.e2e.schema_campaign import campaign

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]


def test_every_answer_is_as_the_document_says(tmp_path: Path) -> None:
    """No 5xx, nothing wrong taken, nothing right refused, no status, type or shape that the document does not have."""
    done = campaign(tmp_path, 1, seed=1, more=[])
    assert done.returncode == 0, f"{done.stdout[-6_000:]}\n{done.stderr[-2_000:]}"
    assert "Tested: 2" in done.stdout  # more than two hundred operations
