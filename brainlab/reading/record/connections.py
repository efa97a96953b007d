"""Idle connections that are held open to the studies that this process wrote to last.

When the last connection to a database closes, SQLite folds the write-ahead log into it, which waits for the disk
several times; with one held open an answer waits once. Each takes three or four file descriptors, so few are held.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

MOST = 16
"""Studies to which a connection is held: at most 64 file descriptors. With more studies an answer may wait longer."""

_kept: OrderedDict[Path, tuple[int | None, sqlite3.Connection]] = OrderedDict()
_turns: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
_lock = threading.Lock()


def file_number(path: Path) -> int | None:
    """Return the number of a file (inode), by which it is known again; None where there is none."""
    with suppress(OSError):
        return path.stat().st_ino
    return None


def keep_open(path: Path, file: int | None) -> None:
    """Hold a connection to the database `path`, whose number is `file`; let go of what is gone, and of the oldest."""
    with _lock:
        gone = [held for held, (number, _) in _kept.items() if file_number(held) != number]
        idle = [_kept.pop(held)[1] for held in gone]  # deleted, moved or replaced by a backup
        if path in _kept:
            _kept.move_to_end(path)
        elif file is not None:
            with suppress(sqlite3.Error):  # what was written is on disk already
                _kept[path] = (file, _idle_connection(path))
        while len(_kept) > MOST:
            idle.append(_kept.popitem(last=False)[1][1])
    _close(idle)


def let_go(path: Path) -> None:
    """Close the connection that is held to a database, as the end of this process would."""
    with _lock:
        idle = [_kept.pop(path)[1]] if path in _kept else []
    _close(idle)


def turn_of(path: Path) -> threading.Lock:
    """Return the lock by which the threads of this process write to a database one after another."""
    with _lock:
        return _turns.setdefault(path, threading.Lock())


def _idle_connection(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("SELECT count(*) FROM study").fetchone()
    return db


def _close(idle: Iterable[sqlite3.Connection]) -> None:
    """Close connections, outside the lock: each may wait for the disk."""
    for db in idle:
        with suppress(sqlite3.Error):
            db.close()
