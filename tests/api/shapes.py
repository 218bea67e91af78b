"""Hold answers to what the OpenAPI document says of them."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.routing import Match

from onbeat.api.routing import Documented
from tests.api.client import TOKEN, Answer, Client


async def ask(call: Client, method: str, target: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> Answer:
    """One request; a good answer that is JSON fits the model that its route declares. A body that is no bytes is sent as JSON."""
    if body is not None and not isinstance(body, bytes):
        headers = {"content_type": "application/json", **headers}
    found = await call(method, target, body, token, **headers)
    if found.status < 300 and found.headers.get("content-type") == "application/json":
        fits(call.app, method, target, found)
    return found


class Shaped(Client):
    """A client all of whose answers are held to that."""

    async def __call__(self, method: str, target: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> Answer:
        """One request."""
        found = await super().__call__(method, target, body, token, **headers)
        if found.status < 300 and found.headers.get("content-type") == "application/json":
            fits(self.app, method, target, found)
        return found


def fits(app: Any, method: str, target: str, found: Answer) -> None:
    """Fail unless the answer is as its route declares it."""
    assert isinstance(app, FastAPI)
    path = target.partition("?")[0].replace("/api/v1/main/", "/api/v1/").replace("/api/v1/", "/api/v1/main/")
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    route = next((each for each in app.routes if isinstance(each, Documented) and each.matches(scope)[0] is Match.FULL), None)
    assert route is not None, f"{method} {path} is no route"
    declared = route.made.responses.get(found.status, {})
    assert "model" in declared, f"{method} {route.path} declares no answer with {found.status}"
    TypeAdapter(declared["model"]).validate_python(found.json)
