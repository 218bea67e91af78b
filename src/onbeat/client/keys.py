"""Make the keys by which a request that is sent twice is known to be one.

Called by: aio, sync.
"""

import secrets
import time


def new_key() -> str:
    """A key that nobody else makes; later ones sort after it, so that a store finds their place at once."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
