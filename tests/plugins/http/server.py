"""A server that remembers what it is asked, for tests of plugins that call one."""

from typing import Any

from aiohttp import web


class Server:
    """Remembers requests; `answers` by path say what it does, `answer` what it does for every other."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[Any] = []
        self.answers: dict[str, Any] = {}
        self.answer: dict[str, Any] = {"text": "ok"}
        self.url = ""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        multipart = request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded")
        if multipart:
            parts = (await request.post()).items()
            self.bodies.append(
                {name: (item.filename, item.file.read()) if isinstance(item, web.FileField) else item for name, item in parts}
            )
        else:
            self.bodies.append(await request.read())
        answer = self.answers.get(request.path, self.answer)
        if callable(answer):
            return await answer(request)
        return answer if isinstance(answer, web.StreamResponse) else web.Response(**answer)
