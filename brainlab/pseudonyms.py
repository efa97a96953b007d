"""Keyed hashes: names by which people and files are known again, and that nobody without the key can count out.

A plain hash of an id such as `sub-0042` hides nothing, for there are few ids: whoever counts finds the one that fits.
"""

import hashlib
import hmac

DIGITS = 32
"""Hexadecimal digits that are kept: 128 bits, so that two people hardly ever share a hash."""


def keyed_hash(text: str, key: bytes) -> str:
    """Return the first 32 hexadecimal digits of HMAC-SHA256 (RFC 2104) of a name under a key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:DIGITS]
