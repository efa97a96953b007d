"""The salt of a sealed study: 256 random bits that are drawn at lock and kept in truth.db alone.

Every draw that decides what readers see is made under it. Without it nobody can draw again, from the protocol, the
runs and this code, which images a study took; with it, after unblinding, everybody can. It also hides what
`truth_sha256` in study.db is the hash of: no guess of the truth can be tried against that.
"""

import hashlib
import hmac
import json
import secrets

import numpy as np

SALT_BYTES = 32


def new_salt() -> bytes:
    """Return 256 bits from the system's source of randomness."""
    return secrets.token_bytes(SALT_BYTES)


def another(salt: bytes, attempt: int) -> bytes:
    """Return the salt of a later attempt at the same draw; that of attempt 0 is the salt itself."""
    return hmac.new(salt, f"attempt {attempt}".encode(), hashlib.sha256).digest() if attempt else salt


def generator(salt: bytes, *purpose: str | int) -> np.random.Generator:
    """Return the random numbers of one purpose: the same for the same salt and purpose, unrelated for any other.

    purpose: such as ("images", "run", "vae-8"). PCG64 is seeded with HMAC-SHA256 of the purpose under the salt.
    """
    digest = hmac.new(salt, json.dumps(purpose).encode(), hashlib.sha256).digest()
    return np.random.default_rng(int.from_bytes(digest))
