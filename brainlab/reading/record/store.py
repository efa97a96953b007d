"""The database of a study on disk: connections and transactions. Schema in schema.sql."""

import hashlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from brainlab.errors import BrainlabError, InputError, StudyStateError
from brainlab.files.whole import whole_file
from brainlab.reading.record import migrations
from brainlab.reading.record.connections import file_number, keep_open, turn_of

SCHEMA = Path(__file__).with_name("schema.sql")
TRUTH_SCHEMA = Path(__file__).with_name("truth_schema.sql")
BUSY_TIMEOUT_S = 15.0
RETRY_S = (0.001, 0.008)


class StorageError(BrainlabError):
    """The study's database could not be read or written; whatever was acknowledged before is kept."""


def now() -> str:
    """Return the time as it is stored: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


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
        _free_side_files(self.path)
        file = file_number(self.path)
        with _spoken_errors(self.path), _closing(self._connect()) as db, _turn(self.path):
            _begin(db)
            try:
                if file_number(self.path) != file:
                    raise sqlite3.OperationalError("the study was replaced by a backup just now; try again")
                yield db
                db.execute("COMMIT")
                keep_open(self.path, file)
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def fold(self) -> None:
        """Bring the write-ahead log's content into study.db; where that fails now, SQLite does it later."""
        with suppress(sqlite3.Error), _closing(self._connect()) as db:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def backup(self, target: Path) -> None:
        """Copy study.db while it is in use, with SQLite's online backup; the copy appears whole or not at all."""
        with (
            _spoken_errors(self.path),
            _closing(self._connect()) as db,
            whole_file(target, mode=0o600) as scratch,
            _closing(sqlite3.connect(scratch)) as copy,
        ):
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")

    def _connect(self) -> sqlite3.Connection:
        if not self.path.is_file():
            raise InputError(f"{self.folder}: no study here (no study.db)")
        db = connect(self.path)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != migrations.SCHEMA_VERSION:
                migrations.migrate(self.path, version, BUSY_TIMEOUT_S)
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


def _free_side_files(path: Path) -> None:
    """Let the files beside a database be written by whom the database may be.

    Whoever looks at a read-only database makes them read-only too, and they would stay so when it is writable again.
    """
    with suppress(OSError):
        mode = path.stat().st_mode
        for side in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if side.exists() and side.stat().st_mode != mode:
                side.chmod(mode & 0o777)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let the threads of this process write one after another, without trying again and again."""
    turn = turn_of(path)
    if not turn.acquire(timeout=BUSY_TIMEOUT_S):
        raise sqlite3.OperationalError("database is locked")
    try:
        yield
    finally:
        turn.release()


def _begin(db: sqlite3.Connection) -> None:
    """Take the write lock, for which other processes may compete.

    SQLite itself would wait longer after each try, so that among many writers some wait for seconds while others pass.
    """
    until = time.monotonic() + BUSY_TIMEOUT_S
    db.execute("PRAGMA busy_timeout = 0")
    while True:
        try:
            db.execute("BEGIN IMMEDIATE")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(random.uniform(*RETRY_S))  # noqa: S311 (a pause)
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")


def create(folder: Path, fill: Callable[[sqlite3.Connection], None]) -> Store:
    """Make a study folder with an empty study.db, let `fill` write its first rows, and rename it when whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    (scratch / "study.db").touch(0o600)  # for its owner alone, wherever the folder is copied to
    try:
        with _spoken_errors(scratch), _closing(sqlite3.connect(scratch / "study.db", isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(
                f"BEGIN; {SCHEMA.read_text(encoding='utf-8')} PRAGMA user_version = {migrations.SCHEMA_VERSION};"
            )
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


@contextmanager
def _closing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield db
    finally:
        db.close()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name what was to be written, where it names no file itself, as on a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _spoken_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one line that says what became of the data."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StorageError(f"{path}: refused, {error}; nothing was changed") from error
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{path}: {error}; nothing was changed, earlier answers are kept") from error
