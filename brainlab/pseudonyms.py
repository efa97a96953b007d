"""Keyed hashes: names by which people and files are known again, and that nobody without the key can count out.

A plain hash of an id such as `sub-0042` hides nothing, for there are few ids: whoever counts finds the one that fits.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from brainlab.errors import InputError

DIGITS = 32
"""Hexadecimal digits that are kept: 128 bits, so that two people hardly ever share a hash."""

PUBLIC_KEY = b"brainlab: simulated people have public names"
"""The key for what is no secret: ids of simulated people, and contents that only their holder can hash."""

PUBLIC = "public"
"""Id of the public key."""

KEY_BYTES = 32


def keyed_hash(text: str, key: bytes) -> str:
    """Return the first 32 hexadecimal digits of HMAC-SHA256 (RFC 2104) of a name under a key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def key_id(key: bytes) -> str:
    """Return the name of a key, which tells nothing of it: `public`, or 8 digits of its SHA-256."""
    return PUBLIC if key == PUBLIC_KEY else hashlib.sha256(key).hexdigest()[:8]


def read_key(path: Path) -> bytes | None:
    """Return the secret key in a file of 64 hexadecimal digits; None where there is no file, or it is another user's.

    Raises InputError where the file holds something else.
    """
    try:
        text = path.read_bytes().strip()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    with contextlib.suppress(ValueError):
        if len(key := bytes.fromhex(text.decode("ascii"))) == KEY_BYTES:
            return key
    raise InputError(
        f"{path}: needs {2 * KEY_BYTES} hexadecimal digits, got {len(text)} bytes of something else; restore it from a "
        "backup, or delete it for a new key, under which people of earlier runs are no longer known by name"
    )


def read_or_make_key(path: Path) -> bytes:
    """Return the secret key in a file that only its owner may read; a new random one is written at first need.

    Of several processes that need it at once all get the key of the first.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
        scratch = Path(name)
        try:
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_hex(KEY_BYTES) + "\n")
                out.flush()
                os.fsync(out.fileno())
            _publish(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)
    key = read_key(path)
    if key is None:
        raise InputError(f"{path}: needs to be readable, for it is the key of people's hashes; ask its owner")
    return key


def _publish(scratch: Path, path: Path) -> None:
    """Give a whole file its name, unless another process was quicker."""
    try:
        path.hardlink_to(scratch)  # unlike a rename it never replaces a key that is there
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            scratch.rename(path)
