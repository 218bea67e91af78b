"""What Request adds to a call; calls themselves are tested in test_call.py."""

import pytest
from pydantic import ValidationError

from onbeat.plugins.http import Request
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeWorld
from tests.plugins.http.server import Server


async def test_the_older_places_of_options_are_taken(world: FakeWorld, server: Server) -> None:
    """`allowFailed` and `sslOptions` stood beside `options`; what stands in `options` wins."""
    server.answers["/x"] = {"status": 500}
    options = {"uri": server.url + "/x", "sslOptions": {"insecureTrustAllCertificates": True}}
    outputs = (await world.run(Request, {**options, "allowFailed": True})).outputs
    assert outputs
    assert outputs["code"] == 500
    with pytest.raises(TaskFailed):
        await world.run(Request, {**options, "allowFailed": True, "options": {"allowFailed": False}})


async def test_basic_credentials_in_the_older_spelling_are_sent(world: FakeWorld, server: Server) -> None:
    """As `auth` has them."""
    await world.run(Request, {"uri": server.url, "options": {"basicAuthUser": "u", "basicAuthPassword": "p"}})
    assert server.seen[0].headers["Authorization"] == "Basic dTpw"


def test_a_body_is_not_encrypted() -> None:
    """Asked for, it is refused, not left out in silence."""
    with pytest.raises(ValidationError, match="encryptBody"):
        Request.model_validate({"uri": "http://x", "encryptBody": True})
