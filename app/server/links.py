"""Opaque, signed, expiring names for what the browser may fetch.

Custom routes have neither Streamlit's session nor its cross-site check, so the address itself is the permission:
a page that may show something publishes it and hands the browser the name. The same version of the same thing has
the same name within one period, so that a rerun sends nothing new; nothing about it can be read off.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from itsdangerous import BadSignature, Signer

PERIOD_S = 6 * 3600
KEPT = 20_000


class ExpiredLinkError(Exception):
    """The name was valid once."""


class UnknownLinkError(Exception):
    """The name was never given out by this server."""


class Links:
    """Names of published things. `clock` returns seconds, for tests."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(32)
        self._signer = Signer(self._key, digest_method=hashlib.sha256)
        self._clock = clock
        self._things: OrderedDict[str, Hashable] = OrderedDict()
        self._lock = Lock()

    def publish(self, thing: Hashable, version: str = "") -> str:
        """Return the name of a thing; it works for one to two periods of six hours.

        version: of what the thing is made from; another one is another name, so that no cache shows the old one.
        """
        expires = (int(self._clock() // PERIOD_S) + 2) * PERIOD_S
        described = f"{type(thing).__name__}:{thing!r}:{version}"
        name = hmac.new(self._key, described.encode(), hashlib.sha256).hexdigest()[:32]
        with self._lock:
            self._things[name] = thing
            self._things.move_to_end(name)
            while len(self._things) > KEPT:
                self._things.popitem(last=False)
        return self._signer.sign(f"{name}.{expires:x}").decode()

    def resolve(self, token: str) -> Hashable:
        """Return the thing of a name.

        Raises UnknownLinkError for a name that was not signed here, ExpiredLinkError for one whose time is over.
        """
        try:
            name, stamp = self._signer.unsign(token).decode().split(".")
        except (BadSignature, UnicodeError) as error:
            raise UnknownLinkError(token) from error
        if int(stamp, 16) < self._clock():
            raise ExpiredLinkError(token)
        with self._lock:
            if name not in self._things:
                raise ExpiredLinkError(token)
            return self._things[name]


LINKS = Links()
"""The one registry of this server process."""
