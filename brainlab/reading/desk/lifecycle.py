"""The researcher's side of a study: create, seal, hand out links, follow, close, unblind. No answer shows early."""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from brainlab.errors import BrainlabError, InputError, StudyStateError
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.protocol.validation import check_question_keys, check_reader_codes
from brainlab.reading.record.store import StorageError, Store, create, file_sha256, need_state, now, record_state
from brainlab.reading.record.tokens import LOCAL_APP, new_token, reader_url, token_hash
from brainlab.workspace import studies_folder

LONGEST_TERM_DAYS = 3650

STATES = ("draft", "locked", "closed", "unblinded")


@dataclass(frozen=True)
class Link:
    """A reader's personal link. It is shown once: only a hash of the token is kept."""

    reader: str
    url: str
    token: str


@dataclass(frozen=True)
class ReaderStatus:
    """How far a reader is, counted in cases of the study itself. link_until: when the link ends, None for no term."""

    reader: str
    round: int
    done: int
    total: int
    started_at: str | None
    finished_at: str | None
    has_link: bool
    withdrawn: bool
    link_until: str | None = None


@dataclass(frozen=True)
class StudyStatus:
    """What may be known of a study before it is unblinded: never an answer, never a score."""

    study: str
    title: str
    state: str
    created_at: str
    cases: int
    readers: tuple[ReaderStatus, ...]


def create_study(protocol: Protocol, root: Path | None = None, listed: bool = True) -> str:
    """Make a draft study and return its folder's name, which is its id. root: folder of studies, by default the
    workspace's.

    listed: if not, the folder's name is a dot and the id, so that no list of studies shows it until it is renamed.
    Raises InputError where readers' codes are not plain or differ in case alone, or a question's key is taken.
    """
    check_reader_codes([reader.code for reader in protocol.readers])
    check_question_keys(protocol)
    study = secrets.token_hex(4)

    def fill(db: sqlite3.Connection) -> None:
        db.execute(
            "INSERT INTO study (one, id, protocol_json, seed, created_at) VALUES (1, ?, ?, ?, ?)",
            (study, protocol.to_json(), protocol.seed, now()),
        )
        record_state(db, "draft", "")

    name = study if listed else f".{study}"
    create((root or studies_folder()) / name, fill)
    return name


def delete_draft(folder: Path) -> None:
    """Remove a study that was never locked; raises StudyStateError for any other."""
    with Store(folder).write() as db:
        need_state(db, "draft", "delete the study")
    shutil.rmtree(folder.rename(folder.with_name(f".{folder.name}-deleted")))


def study_folder(study: str, root: Path | None = None) -> Path:
    """Return the folder of a study by its id; raises InputError when there is none."""
    root = root or studies_folder()
    if not study or Path(study).name != study or not (root / study / "study.db").is_file():
        known = ", ".join(path.parent.name for path in sorted(root.glob("*/study.db"))) or "none"
        raise InputError(f"{study}: no such study; known are {known}")
    return root / study


def list_studies(root: Path | None = None) -> list[StudyStatus]:
    """All studies of the workspace, newest first; one that cannot be read is listed with the state `damaged`."""
    found = []
    for path in (root or studies_folder()).glob("[!.]*/study.db"):
        try:
            found.append(study_status(path.parent))
        except BrainlabError as error:
            found.append(StudyStatus(path.parent.name, str(error), "damaged", "", 0, ()))
    return sorted(found, key=lambda status: status.created_at, reverse=True)


def load_protocol(folder: Path) -> Protocol:
    """Return a study's protocol."""
    with Store(folder).read() as db:
        return Protocol.from_json(db.execute("SELECT protocol_json FROM study").fetchone()[0])


def issue_links(
    folder: Path,
    base_url: str = LOCAL_APP,
    readers: Sequence[str] = (),
    reissue: bool = False,
    valid_days: float | None = None,
) -> list[Link]:
    """Make personal links, for the readers named or for all who have none yet.

    reissue: replace links that were made before; the old ones stop working at once.
    valid_days: term of the links; None for as long as the study is open.
    """
    if valid_days is not None and not 0 < valid_days <= LONGEST_TERM_DAYS:
        raise InputError(f"links work for more than 0 and at most {LONGEST_TERM_DAYS} days, got {valid_days:g}")
    expires = None if valid_days is None else datetime.now(UTC) + timedelta(days=valid_days)
    with Store(folder).write() as db:
        need_state(db, "locked", "make links")
        study = db.execute("SELECT id FROM study").fetchone()[0]
        rows = {
            row["code"]: row for row in db.execute("SELECT * FROM reader WHERE withdrawn_at IS NULL ORDER BY rowid")
        }
        if unknown := [code for code in readers if code not in rows]:
            raise InputError(f"{', '.join(unknown)}: no such reader; known are {', '.join(rows)}")
        wanted = [code for code in (readers or rows) if reissue or rows[code]["token_hash"] is None]
        if not wanted:
            raise StudyStateError("every reader has a link, and links are shown once; make new ones with --reissue")
        links = []
        for code in wanted:
            token = new_token()
            db.execute(
                "UPDATE reader SET token_hash = ?, token_expires_at = ? WHERE code = ?",
                (token_hash(token), expires and expires.isoformat(timespec="milliseconds"), code),
            )
            links.append(Link(code, reader_url(base_url, study, token), token))
    return links


def revoke_link(folder: Path, reader: str) -> None:
    """Make a reader's link worthless; answers stay."""
    with Store(folder).write() as db:
        if not db.execute("UPDATE reader SET token_hash = NULL WHERE code = ?", (reader,)).rowcount:
            raise InputError(f"{reader}: no such reader")


def withdraw_reader(folder: Path, reader: str) -> None:
    """Mark a reader as withdrawn, end the link and erase the name; reports leave the reader out."""
    with Store(folder).write() as db:
        changed = db.execute(
            "UPDATE reader SET withdrawn_at = ?, token_hash = NULL WHERE code = ? AND withdrawn_at IS NULL",
            (now(), reader),
        ).rowcount
        if not changed:
            raise InputError(f"{reader}: no such reader, or withdrawn already")
        db.execute("DELETE FROM reader_name WHERE reader = ?", (reader,))


def study_status(folder: Path) -> StudyStatus:
    """Return the state of a study and how far each reader is."""
    with Store(folder).read() as db:
        study = db.execute("SELECT * FROM study").fetchone()
        protocol = Protocol.from_json(study["protocol_json"])
        readers = [
            ReaderStatus(
                row["code"],
                row["round"],
                row["done"],
                row["total"],
                row["started_at"],
                row["finished_at"],
                row["token_hash"] is not None,
                row["withdrawn_at"] is not None,
                row["token_expires_at"] if row["token_hash"] is not None else None,
            )
            for row in db.execute(_STATUS)
        ]
    if study["state"] == "draft":
        total = protocol.cases_each + protocol.repeats
        readers = [ReaderStatus(r.code, 1, 0, total, None, None, False, False) for r in protocol.readers]
    return StudyStatus(study["id"], protocol.title, study["state"], study["created_at"], protocol.cases, tuple(readers))


def close(folder: Path, note: str = "") -> None:
    """Take no more answers. Cannot be taken back."""
    with Store(folder).write() as db:
        need_state(db, "locked", "close the study")
        db.execute("UPDATE study SET state = 'closed'")
        record_state(db, "closed", note)
    Store(folder).fold()


def unblind(folder: Path, actor: str, note: str = "") -> None:
    """Open the truth, as a recorded act of `actor`. Refused while the truth is not the one that was sealed."""
    if not actor.strip():
        raise InputError("unblinding is recorded: needs who does it, got nothing")
    store = Store(folder)
    with store.write() as db:
        need_state(db, "closed", "unblind the study")
        sealed = db.execute("SELECT truth_sha256 FROM study").fetchone()[0]
        if not store.truth_path.is_file() or file_sha256(store.truth_path) != sealed:
            raise StorageError(f"{store.truth_path}: not the file that was sealed at lock; restore it from a backup")
        db.execute("UPDATE study SET state = 'unblinded'")
        record_state(db, "unblinded", note, actor)


def history(folder: Path) -> list[dict[str, Any]]:
    """Return every change of state: state, at, actor, note, oldest first."""
    with Store(folder).read() as db:
        return [dict(row) for row in db.execute("SELECT state, at, actor, note FROM state_change ORDER BY sequence")]


def lock_checks(folder: Path) -> dict[str, Any]:
    """Return what the blinding checks found at lock; empty for a draft."""
    with Store(folder).read() as db:
        return json.loads(db.execute("SELECT checks_json FROM study").fetchone()[0] or "{}")


_STATUS = """
SELECT reader.*, reading.round, reading.started_at, reading.finished_at,
    (SELECT count(*) FROM completed WHERE reading = reading.id AND phase <> 'practice') AS done,
    (SELECT count(*) FROM presentation WHERE reading = reading.id AND phase <> 'practice') AS total
FROM reader JOIN reading ON reading.reader = reader.code
ORDER BY reading.round, reader.rowid
"""
