"""What the server tells whoever runs it, on standard error: one line an event, with its time and no secret.

A line never holds a token, a password, a name of a person or of a file that was uploaded; an address is told as the
limits count it. Errors that nobody foresaw are told by Streamlit, with a traceback.
"""

import logging
import sys
import time
from collections import OrderedDict
from threading import Lock

from brainlab.errors import BrainlabError

QUIET_S = 60.0
"""Seconds for which a warning that repeats itself is told once: a flood of requests is no flood of lines."""
KEPT = 1000

_told: OrderedDict[str, float] = OrderedDict()
_lock = Lock()


def note(line: str) -> None:
    """Tell what happened."""
    _tell("INFO", line)


def warn(line: str) -> None:
    """Tell what whoever runs the server should look at, a line that repeats itself once a minute."""
    now = time.monotonic()
    with _lock:
        if now - _told.get(line, -QUIET_S) < QUIET_S:
            return
        _told[line] = now
        _told.move_to_end(line)
        while len(_told) > KEPT:
            _told.popitem(last=False)
    _tell("WARNING", line)


def leave_out_told_errors() -> None:
    """Let Streamlit log no error that a user was told and can mend: it may name an uploaded file."""
    logging.getLogger("streamlit.error_util").addFilter(_nobody_foresaw)


def _nobody_foresaw(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], BrainlabError))


def _tell(level: str, line: str) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{at} brainlab {level} {line}", file=sys.stderr, flush=True)
