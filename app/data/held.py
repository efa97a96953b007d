"""What visitors bring, prepared once and held in memory; of too much, what was not asked for longest goes first."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from brainlab.errors import BrainlabError, InputError

T = TypeVar("T")

AGAIN = "this upload is no longer held; upload it again"


class Held(Generic[T]):
    """Prepared uploads by key, and why others were refused, so that a refusal is not worked out again.

    kept: the most that are held.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._found: OrderedDict[str, T | BrainlabError] = OrderedDict()
        self._lock = Lock()
        self._preparing = Lock()  # one registration at a time: several at once would only be slower

    def make(self, key: str, prepare: Callable[[], T]) -> T:
        """Return what is held under a key, prepared first unless it is. Raises InputError where it was refused."""
        if self._known(key) is None:
            with self._preparing:
                if self._known(key) is None:  # it was not prepared while this waited
                    self._keep(key, prepare)
        return self.get(key)

    def get(self, key: str) -> T:
        """Return what is held under a key. Raises InputError where it is held no longer, or was refused."""
        found = self._known(key)
        if found is None:
            raise InputError(AGAIN)
        if isinstance(found, BrainlabError):
            raise InputError(str(found))
        return found

    def _known(self, key: str) -> T | BrainlabError | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def _keep(self, key: str, prepare: Callable[[], T]) -> None:
        made: T | BrainlabError
        try:
            made = prepare()
        except BrainlabError as error:
            made = error
        with self._lock:
            self._found[key] = made
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
