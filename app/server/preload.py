"""Imports what research pages compute with while a browser still fetches the page: seconds nobody need wait for.

Readers' pages do without torch and scikit-learn, and so does a server that has only readers.
"""

import importlib
import threading

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

HEAVY = (
    "torch",
    "safetensors.torch",
    "scipy.stats",
    "sklearn.discriminant_analysis",
    "sklearn.ensemble",
    "sklearn.model_selection",
)
"""Libraries only: nothing of the project, so that the order in which its own modules are imported stays one."""

_lock = threading.Lock()
_started: threading.Thread | None = None


def start_for(scope: Scope) -> None:
    """Begin, once in a process, when a browser asks for a page without a reader's link."""
    wants_page = "text/html" in Headers(scope=scope).get("accept", "")
    if scope["method"] == "GET" and wants_page and not QueryParams(scope["query_string"]).get("token"):
        _start()


def is_running() -> bool:
    """Whether what was begun is not all imported yet."""
    return _started is not None and _started.is_alive()


def wait() -> None:
    """Wait until what was begun is imported, so that no page imports the same modules at the same time."""
    if _started is not None:
        _started.join()


def _start() -> None:
    global _started
    with _lock:
        if _started is None:
            thread = threading.Thread(target=_import, name="preload", daemon=True)
            thread.start()
            _started = thread


def _import() -> None:
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:  # the page that needs it says so
            return
