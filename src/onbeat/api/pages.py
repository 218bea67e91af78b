"""Small pages of ours: what a browser is shown before there is anybody to show the web UI to.

Called by: login, oidc.
"""

import secrets

from starlette.responses import Response

from onbeat.api.headers import page_policy

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>onbeat</title>
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">
{head}<link rel="icon" href="/assets/icon.svg" type="image/svg+xml"><style nonce="{nonce}">
body {{ font: 16px/24px system-ui, sans-serif; max-width: 400px; margin: 20vh auto 0; padding: 0 24px }}
h1 {{ font-size: 20px; line-height: 28px }} button {{ font: inherit; font-weight: 600; padding: 8px 16px; margin-top: 8px }}
</style></head>
<body><h1>onbeat</h1>{content}</body></html>
"""


def page(content: str, status: int = 200, head: str = "") -> Response:
    """A page with this HTML in its body, and in its head; nothing keeps it, and no script runs in it."""
    nonce = secrets.token_urlsafe(16)
    headers = {"cache-control": "no-store", "content-security-policy": page_policy(nonce)}
    return Response(_PAGE.format(nonce=nonce, content=content, head=head), status, headers, "text/html")
