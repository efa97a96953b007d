"""Signals that ask a command to end: it ends as after Ctrl-C, so that it leaves nothing half-written."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brainlab.errors import StoppedBySignalError

ASKING = (signal.SIGTERM, signal.SIGHUP)
"""What `kill`, a batch system and a terminal that is closed send; Ctrl-C is Python's own KeyboardInterrupt."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise StoppedBySignalError where a signal asks the process to end; one that is ignored, as by nohup, stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _: Any) -> None:
        raise StoppedBySignalError(number)

    asking = [number for number in ASKING if signal.getsignal(number) == signal.SIG_DFL]
    for number in asking:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in asking:
            signal.signal(number, signal.SIG_DFL)


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the exit code of a command that was asked to end: 130 after Ctrl-C, 143 after SIGTERM, as of shells."""
    return 128 + (error.number if isinstance(error, StoppedBySignalError) else signal.SIGINT)
