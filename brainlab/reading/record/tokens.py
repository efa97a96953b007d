"""Personal links: a reader's token is shown once and stored only as a hash."""

import hashlib
import secrets
from urllib.parse import urlencode

from brainlab.errors import BrainlabError

LOCAL_APP = "http://localhost:8501"
"""Where the app answers when nothing else is said."""


class LinkError(BrainlabError):
    """A personal link that opens nothing. The message never says which part of it was wrong."""

    def __init__(self) -> None:
        super().__init__("this link is not valid, or not valid any more; ask the person who sent it for a new one")


def new_token() -> str:
    """Return a fresh secret of 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """Return a random id of 96 bits that carries no meaning."""
    return secrets.token_hex(12)


def token_hash(token: str) -> str:
    """Return the hash under which a token is stored. The token is random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def reader_url(base_url: str, study: str, token: str) -> str:
    """Return the personal link of a reader."""
    return f"{base_url.rstrip('/')}/reading-room?{urlencode({'study': study, 'token': token})}"
