"""Measure inside a process how long every answer's transaction takes, by a connection that looks at its clock.

    python -m benchmarks.reading.timed_commits LOG run app/main.py ...

runs Streamlit so, and writes one line for each answer to LOG: seconds from the call of `Store.write` until it holds the
write lock (connection, turn among threads, BEGIN IMMEDIATE), inside the transaction, and on COMMIT until it is on disk.
"""

import argparse
import functools
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from brainlab.reading.record import store

STEPS = ("wait for the lock", "inside", "commit to disk")


_this_thread = threading.local()


class TimedConnection(sqlite3.Connection):
    """A connection that notes when its transactions begin and end."""

    log = -1
    begun = 0.0
    answers = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        before = time.perf_counter()
        done = super().execute(sql, *values)
        after = time.perf_counter()
        if sql == "BEGIN IMMEDIATE":
            self.begun, self.answers = after, False
        elif sql.startswith("INSERT INTO answer_event"):
            self.answers = True
        elif sql == "COMMIT" and self.answers:
            taken = (self.begun - _this_thread.asked, before - self.begun, after - before)
            os.write(self.log, (" ".join(f"{seconds:.6f}" for seconds in taken) + "\n").encode())
        return done


def time_commits(log: Path) -> None:
    """Let every connection that the store opens from now on write its times to `log`."""
    TimedConnection.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    timed = functools.partial(sqlite3.connect, factory=TimedConnection)
    write = store.Store.write

    @contextmanager
    def timed_write(self: store.Store) -> Iterator[sqlite3.Connection]:
        _this_thread.asked = time.perf_counter()
        with write(self) as db:
            yield db

    store.Store.write = timed_write  # type: ignore[method-assign]
    store.sqlite3 = SimpleNamespace(**{**vars(sqlite3), "connect": timed})  # type: ignore[assignment]


def read_times(log: Path) -> list[tuple[float, float, float]]:
    """Return the times of every answer, in seconds, in the order of STEPS."""
    return [tuple(map(float, line.split())) for line in log.read_text(encoding="utf-8").splitlines()]  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, metavar="LOG")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="what Streamlit is called with")
    args = parser.parse_args()
    from streamlit.web import cli

    time_commits(args.log)
    sys.path.insert(0, str(Path.cwd()))
    cli.main(args.words)


if __name__ == "__main__":
    main()
