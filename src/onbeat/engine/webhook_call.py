"""Call a webhook that is told of something: a POST of JSON.

Rules
1. Whatever is no 2xx was not taken, and is told again; a redirection is none.
2. The address may be a secret, and is in no text.

Called by: alerts, which load it when the first one is sent.
"""

from collections.abc import Mapping

import aiohttp

from onbeat.errors import OutsideError

PATIENCE = 10.0
"""Seconds that a webhook has for its answer."""


async def call(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """POST it. Raises OutsideError unless the answer is 2xx."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            if not 200 <= response.status < 300:
                raise OutsideError(f"the webhook answered {response.status}")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        raise OutsideError(f"the webhook did not answer: {type(problem).__name__}") from None
