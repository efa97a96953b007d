"""How much one address may ask for, and all together. Nothing here grows with the number of addresses."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock

KEPT = 10_000


def neighbourhood(address: str | None) -> str:
    """Return what is counted together: an IPv4 address, or an IPv6 network of 64 bits, which one customer has whole.

    A proxy may pass on any text as an address; what is none is counted together, too.
    """
    if address is None:
        return "this machine"
    try:
        known = ip_address(address.split("%")[0])
    except ValueError:
        return "no address"
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
    return str(known)


class Buckets:
    """A bucket of `burst` acts for each key, into which `per_second` flow back.

    clock: returns seconds, for tests.
    """

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str) -> bool:
        """Take one act out; False where none is left."""
        with self._lock:
            level = self._level(key)
            self._levels[key] = (max(level - 1, 0.0), self._clock())
            self._levels.move_to_end(key)
            while len(self._levels) > KEPT:
                self._levels.popitem(last=False)
        return level >= 1

    def wait(self, key: str) -> float:
        """Return the seconds until there is an act to take."""
        with self._lock:
            return max(0.0, 1 - self._level(key)) / self._per_second

    def _level(self, key: str) -> float:
        level, at = self._levels.get(key, (self._burst, 0.0))
        return min(self._burst, level + (self._clock() - at) * self._per_second)


class Places:
    """Places that are held for a while: so many for each key, so many for all keys together."""

    def __init__(self, each: int, all_together: int) -> None:
        self._each, self._all = each, all_together
        self._held: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """Hold a place while the block runs; yields False where none is free."""
        with self._lock:
            free = self._held[key] < self._each and self._held.total() < self._all
            self._held[key] += free
        try:
            yield free
        finally:
            with self._lock:
                self._held[key] -= free
                if not self._held[key]:
                    del self._held[key]
