"""Small pages of ours."""

import re

from onbeat.api.pages import page


def test_a_page_has_its_policy_and_is_kept_by_nobody() -> None:
    """Its styles have the nonce of this answer alone; scripts have none."""
    made, other = page("<p>here</p>", 404, "<meta name=x>"), page("")
    body, policy = bytes(made.body).decode(), made.headers["content-security-policy"]
    nonce = re.search(r'<style nonce="([^"]+)">', body)
    assert nonce is not None
    assert f"'nonce-{nonce[1]}'" in policy
    assert "script-src 'self'" in policy
    assert (made.status_code, made.headers["cache-control"]) == (404, "no-store")
    assert body.index("<meta name=x>") < body.index("</head>") < body.index("<p>here</p>")
    assert nonce[1].encode() not in bytes(other.body)
