"""The two databases of a study on disk: connections, transactions, migrations. Schema in schema.sql."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from brainlab.errors import BrainlabError, InputError, StudyStateError

SCHEMA_VERSION = 1
MIGRATIONS: dict[int, str] = {}
"""SQL that brings a study.db of version k to k + 1, by k; version 1 is the first."""

SCHEMA = Path(__file__).with_name("schema.sql")
TRUTH_SCHEMA = Path(__file__).with_name("truth_schema.sql")
BUSY_TIMEOUT_S = 15.0


class StorageError(BrainlabError):
    """The study's database could not be read or written; whatever was acknowledged before is kept."""


def now() -> str:
    """Return the time as it is stored: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


_kept: dict[Path, tuple[int, sqlite3.Connection]] = {}
_kept_lock = threading.Lock()
_turns: dict[Path, threading.Lock] = {}


class Store:
    """study.db of one study folder. Opens a connection for each operation, so it may be shared between threads."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    @property
    def path(self) -> Path:
        return self.folder / "study.db"

    @property
    def truth_path(self) -> Path:
        return self.folder / "truth.db"

    @property
    def anchor_path(self) -> Path:
        return self.folder / "anchor.log"

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the database."""
        with _spoken_errors(self.path), _closing(self._connect()) as db:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            yield db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, holding the write lock from its start; on disk when the block ends, or not at all."""
        with _spoken_errors(self.path), _closing(self._connect()) as db, _turn(self.path):
            file = _keep_open(self.path)
            db.execute("BEGIN IMMEDIATE")
            try:
                if self.path.stat().st_ino != file:
                    raise sqlite3.OperationalError("the study was replaced by a backup just now; try again")
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def backup(self, target: Path) -> None:
        """Copy study.db while it is in use, with SQLite's online backup; the copy appears whole or not at all."""
        with _spoken_errors(self.path), _closing(self._connect()) as db:
            handle, scratch = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
            os.close(handle)
            try:
                with _closing(sqlite3.connect(scratch)) as copy:
                    db.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")
                Path(scratch).replace(target)
            except BaseException:
                Path(scratch).unlink(missing_ok=True)
                raise

    def _connect(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise InputError(f"{self.folder}: no study here (no study.db)")
        db = connect(self.path)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA_VERSION:
                _migrate(self.path, version)
        except BaseException:
            db.close()
            raise
        return db


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing study database with every safeguard on.

    recursive_triggers: without it INSERT OR REPLACE slips past the triggers that refuse DELETE.
    synchronous FULL: an answer is on the disk when it is acknowledged; macOS needs fullfsync to mean it.
    """
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    db.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = ON", "recursive_triggers = ON", "synchronous = FULL", "fullfsync = ON"):
        db.execute(f"PRAGMA {pragma}")
    return db


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let the threads of this process write one after another.

    SQLite waits for its lock by sleeping and trying again, longer each time, so that among many writers some wait for
    seconds while others pass. Processes still wait for each other that way.
    """
    turn = _turns.setdefault(path, threading.Lock())
    if not turn.acquire(timeout=BUSY_TIMEOUT_S):
        raise sqlite3.OperationalError("database is locked")
    try:
        yield
    finally:
        turn.release()


def _keep_open(path: Path) -> int:
    """Hold one idle connection to a database that this process writes to; returns the number of its file.

    When the last connection closes, SQLite folds the write-ahead log into the database, which waits for the
    disk several times; with one held open an answer waits once. The connection is renewed when the file was replaced.
    """
    file = path.stat().st_ino
    with _kept_lock:
        if path in _kept and _kept[path][0] == file:
            return file
        if path in _kept:
            _kept.pop(path)[1].close()
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("SELECT count(*) FROM study").fetchone()
        _kept[path] = (file, db)
        return file


def create(folder: Path, fill: Callable[[sqlite3.Connection], None]) -> Store:
    """Make a study folder with an empty study.db, let `fill` write its first rows, and rename it when whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with _spoken_errors(scratch), _closing(sqlite3.connect(scratch / "study.db", isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(f"BEGIN; {SCHEMA.read_text()} PRAGMA user_version = {SCHEMA_VERSION};")
            fill(db)
            db.execute("COMMIT")
        scratch.replace(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Store(folder)


def need_state(db: sqlite3.Connection, state: str, act: str) -> None:
    """Raise StudyStateError unless the study is in `state`."""
    present = db.execute("SELECT state FROM study").fetchone()[0]
    if present != state:
        raise StudyStateError(f"to {act} it must be {state}, but it is {present}")


def record_state(db: sqlite3.Connection, state: str, note: str, actor: str = "researcher") -> None:
    """Keep when a state was reached, by whom and why."""
    db.execute("INSERT INTO state_change (state, at, actor, note) VALUES (?, ?, ?, ?)", (state, now(), actor, note))


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _migrate(path: Path, version: int) -> None:
    """Bring a database of an earlier version up to date in one transaction; refuse one of a later version.

    Foreign keys are off meanwhile, and a table that is renamed leaves what refers to it alone, as a step that builds a
    table anew needs (sqlite.org/lang_altertable.html, section 7); references are checked before it counts.
    """
    if version > SCHEMA_VERSION or not all(step in MIGRATIONS for step in range(version, SCHEMA_VERSION)):
        raise InputError(
            f"{path}: needed schema version {SCHEMA_VERSION}, came {version}; use the brainlab that made it"
        )
    with _closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA legacy_alter_table = ON")
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been first
        for step in range(version, SCHEMA_VERSION):
            for statement in _statements(MIGRATIONS[step]):
                db.execute(statement)
        if orphan := db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError(f"migration: a row of {orphan[0]} refers to a missing {orphan[2]}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Split SQL into statements; `executescript` would commit before it begins."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):  # a trigger has semicolons within
            yield statement
            statement = ""


@contextmanager
def _closing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield db
    finally:
        db.close()


@contextmanager
def _spoken_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one line that says what became of the data."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StorageError(f"{path}: refused, {error}; nothing was changed") from error
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path}: {error}; nothing was changed, earlier answers are kept") from error
