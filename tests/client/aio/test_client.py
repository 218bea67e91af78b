"""Finding a daemon and being let in, by both clients."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from onbeat import __version__
from onbeat.errors import NotFound, OutsideError, Unauthorized, UserError
from tests.client.conftest import collect
from tests.services.daemon import Daemon

Connect = Callable[..., Any]


async def test_a_daemon_is_found_as_the_commands_find_it(connect: Connect, daemon: Daemon, monkeypatch: pytest.MonkeyPatch):
    """By address and token, by the environment, by its data folder."""
    monkeypatch.chdir(daemon.data.parent)
    assert connect(daemon.url, daemon.token).place.how == "--server"
    assert (await connect(daemon.url + "/", daemon.token).health()).version == __version__
    assert (await connect(data=str(daemon.data)).status()).ready
    monkeypatch.setenv("ONBEAT_SERVER", daemon.url)
    monkeypatch.setenv("ONBEAT_TOKEN", daemon.token)
    client = connect()
    assert client.place.url == daemon.url
    assert (await client.status()).version == __version__


async def test_where_no_daemon_is_the_error_names_the_command(connect: Connect, tmp_path: Any):
    """Before anything is sent."""
    with pytest.raises(OutsideError, match="start one with `onbeat serve`"):
        connect(data=tmp_path)
    with pytest.raises(UserError, match="http://host:8080"):
        connect("localhost:8080")


async def test_a_wrong_token_is_said_to_be_one(connect: Connect, daemon: Daemon):
    """For calls and for streams; health is everybody's."""
    client = connect(daemon.url, "wrong")
    with pytest.raises(Unauthorized, match="ONBEAT_TOKEN"):
        await client.status()
    with pytest.raises(Unauthorized, match="ONBEAT_TOKEN"):
        await collect(client.tail("orders"))
    assert (await client.health()).status == "UP"


async def test_anything_else_of_the_api_is_at_hand(client: Any):
    """As plain data; streams, too."""
    assert (await client.call("GET", "/api/v1/main/executions/search", query={"size": 1}))["total"] >= 0
    assert (await client.call("POST", "/api/v1/main/flows/validate", b"{", headers={"Content-Type": "application/x-yaml"}))[0][
        "constraints"
    ]
    with pytest.raises(NotFound):
        await client.call("GET", "/nothing")
    async with aclosing(client.stream("/api/v1/main/executions/follow", {"size": 1})) as frames:
        assert (await anext(frames)).name == "snapshot"
