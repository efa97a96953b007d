"""A whole study in one file, taken while it is in use, and the way back.

The file is a tar archive of study.db, truth.db and anchor.log. It holds the truth: never give it to a reader.
"""

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from brainlab.counted import counted
from brainlab.errors import UNREADABLE_ARCHIVE, InputError, StudyStateError
from brainlab.reading.desk.lifecycle import STATES
from brainlab.reading.record import chain
from brainlab.reading.record.integrity import Verdict, verify
from brainlab.reading.record.store import StorageError, Store, connect, naming, now
from brainlab.workspace import studies_folder

DATABASE, TRUTH, ANCHORS = "study.db", "truth.db", "anchor.log"
REPLACED = ".replaced"
"""Where studies are kept that a backup has replaced, in the folder of studies; nothing here is ever deleted."""


@dataclass(frozen=True)
class Restored:
    """A study that is back. replaced: where what was there before is kept, if anything was."""

    study: str
    state: str
    verdict: Verdict
    replaced: Path | None


def backup_study(folder: Path, out: Path) -> Verdict:
    """Write a study to one file while readers read on; the file appears whole or not at all.

    Returns the verdict on the copy. Raises StorageError when the copy is not whole: an earlier backup stays then.
    """
    store = Store(folder)
    with naming(out), _scratch_folder(out.parent) as scratch:
        # Anchors first: the database may be ahead of them, never behind.
        for path in (store.anchor_path, store.truth_path):
            if path.is_file():
                shutil.copyfile(path, scratch / path.name)
        store.backup(scratch / DATABASE)
        verdict = verify(scratch)
        if not verdict.ok:
            raise StorageError(f"{folder}: no backup was made, as the study is not whole: {verdict.problems[0]}")
        archive = scratch / "archive"
        archive.touch(0o600)
        with archive.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name in (DATABASE, TRUTH, ANCHORS):
                    if (scratch / name).is_file():
                        tar.add(scratch / name, name)
            file.flush()
            os.fsync(file.fileno())
        archive.replace(out)
    return verdict


def restore_study(archive: Path, root: Path | None = None) -> Restored:
    """Bring a study back from a backup, brought up to date if an earlier version of brainlab made it.

    What is there under the same id is moved aside, never deleted; links and withdrawals made since the backup stay.
    Raises StudyStateError when what is there has answers that the backup has not, or has gone further (closed,
    unblinded); InputError when the file is no backup or is damaged. root: folder of studies, the workspace's if absent.
    """
    root = root or studies_folder()
    with archive.open("rb") as file:  # before anything is made, and by its own name where it cannot be read
        root.mkdir(parents=True, exist_ok=True)
        with naming(root), _scratch_folder(root) as scratch:
            _unpack(archive, file, scratch)
            return _put_in_place(archive, scratch, root)


def _put_in_place(archive: Path, scratch: Path, root: Path) -> Restored:
    """Verify an unpacked study and exchange it for what is there under its id."""
    verdict = verify(scratch)
    if not verdict.ok:
        raise InputError(f"{archive}: this backup is damaged, nothing was restored: {verdict.problems[0]}")
    with closing(connect(scratch / DATABASE)) as db:
        db.execute("PRAGMA journal_mode = WAL")  # the copy has none, to be one file
        study, state = db.execute("SELECT id, state FROM study").fetchone()
    replaced = None
    if (root / study / DATABASE).exists():
        replaced = root / REPLACED / f"{study}-{now().replace(':', '')}"
        _replace(root / study, scratch, replaced)
    else:
        scratch.rename(root / study)
    return Restored(study, state, verdict, replaced)


def _replace(present: Path, restored: Path, aside: Path) -> None:
    """Exchange two folders, holding the write lock of the one that goes, so that no answer is taken in between."""
    try:
        with Store(present).write() as db:
            _refuse_loss(db, present, restored)
            _keep_readers(db, restored)
            _exchange(present, restored, aside)
    except StorageError as error:
        if isinstance(error.__cause__, sqlite3.OperationalError):  # locked or not writable, which is no damage
            raise
        _exchange(present, restored, aside)


def _exchange(present: Path, restored: Path, aside: Path) -> None:
    aside.parent.mkdir(exist_ok=True)
    present.rename(aside)
    restored.rename(present)


def _refuse_loss(db: sqlite3.Connection, present: Path, restored: Path) -> None:
    """Raise StudyStateError when the study that is there knows more than the backup."""
    end, state = chain.head(db), db.execute("SELECT state FROM study").fetchone()[0]
    with Store(restored).read() as copy:
        kept, kept_state = chain.head(copy), copy.execute("SELECT state FROM study").fetchone()[0]
        query = "SELECT hash FROM answer_event WHERE sequence = ?"
        there = copy.execute(query, (end.count,)).fetchone()
    aside = f"nothing was changed; move {present} away first if the backup shall count"
    if end.count > kept.count:
        raise StudyStateError(f"the study has {counted(end.count, 'answer')}, the backup only {kept.count}; {aside}")
    if STATES.index(state) > STATES.index(kept_state):
        raise StudyStateError(f"the study is {state}, the backup is from when it was {kept_state}; {aside}")
    if end.count and there["hash"] != end.hash:
        raise StudyStateError(f"the study has other answers than the backup; {aside}")


def _keep_readers(db: sqlite3.Connection, restored: Path) -> None:
    """Carry links and withdrawals over: a link that was ended stays so, and a name that was erased."""
    readers = db.execute("SELECT token_hash, token_expires_at, withdrawn_at, code FROM reader").fetchall()
    with closing(connect(restored / DATABASE)) as copy:
        copy.execute("BEGIN IMMEDIATE")
        copy.executemany(
            "UPDATE reader SET token_hash = ?, token_expires_at = ?, withdrawn_at = ? WHERE code = ?", readers
        )
        copy.execute("DELETE FROM reader_name WHERE reader IN (SELECT code FROM reader WHERE withdrawn_at IS NOT NULL)")
        copy.execute("COMMIT")


def _unpack(archive: Path, file: BinaryIO, folder: Path) -> None:
    """Write the files of a backup into a folder; any other file in it is refused. archive: what messages name."""
    try:
        with tarfile.open(fileobj=file) as tar:
            members = tar.getmembers()
            names = {member.name for member in members if member.isfile()}
            if len(names) != len(members) or DATABASE not in names or names - {DATABASE, TRUTH, ANCHORS}:
                raise InputError(f"{archive}: not a backup of a study; needed {DATABASE}, {TRUTH} and {ANCHORS} in it")
            for member in members:
                source = tar.extractfile(member)
                if source is not None:
                    path = folder / member.name
                    path.touch(0o600)  # for its owner alone, wherever the folder is copied to
                    path.write_bytes(source.read())
    except UNREADABLE_ARCHIVE as error:
        raise InputError(f"{archive}: not a backup of a study, or cut short; take another") from error
    if (folder / TRUTH).exists():
        (folder / TRUTH).chmod(0o400)


@contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    """A hidden folder that is gone afterwards, unless it was renamed."""
    scratch = Path(tempfile.mkdtemp(prefix=".backup-", dir=parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
