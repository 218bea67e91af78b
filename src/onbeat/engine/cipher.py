"""Bring in the library that encrypts; a module of its own so that it is loaded with the first secret and not before.

Called by: vault.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["AESGCM", "InvalidTag"]
