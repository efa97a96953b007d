"""The researcher's side of a study: create, seal, hand out links, follow, close, unblind. No answer shows early."""

import hashlib
import json
import random
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from brainlab.errors import InputError, StudyStateError
from brainlab.reading import chain
from brainlab.reading.design import Protocol, Reader
from brainlab.reading.order import draw_order
from brainlab.reading.store import TRUTH_SCHEMA, StorageError, Store, create, now
from brainlab.reading.tokens import LOCAL_APP, new_id, new_token, reader_url, token_hash
from brainlab.types import UInt8Array
from brainlab.workspace import studies_folder

STATES = ("draft", "locked", "closed", "unblinded")


@dataclass(frozen=True, eq=False)
class Case:
    """One stimulus with its truth, ready to be sealed.

    pixels: uint8, [height, width] of a slice or [X, Y, Z] of a volume, final. voxel_size_mm: one per axis.
    source: name of the cohort, run or folder. detail: where exactly it came from.
    """

    pixels: UInt8Array
    voxel_size_mm: tuple[float, ...]
    label: str
    source: str
    practice: bool = False
    disease_class: str | None = None
    participant_hash: str | None = None
    run_sha256: str | None = None
    seed: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A reader's personal link. It is shown once: only a hash of the token is kept."""

    reader: str
    url: str
    token: str


@dataclass(frozen=True)
class ReaderStatus:
    """How far a reader is, counted in cases of the study itself."""

    reader: str
    round: int
    done: int
    total: int
    started_at: str | None
    finished_at: str | None
    has_link: bool
    withdrawn: bool


@dataclass(frozen=True)
class StudyStatus:
    """What may be known of a study before it is unblinded: never an answer, never a score."""

    study: str
    title: str
    state: str
    created_at: str
    cases: int
    readers: tuple[ReaderStatus, ...]


def create_study(protocol: Protocol, root: Path | None = None) -> str:
    """Make a draft study and return its id. root: folder of studies, by default the workspace's."""
    study = secrets.token_hex(4)

    def fill(db: sqlite3.Connection) -> None:
        db.execute(
            "INSERT INTO study (one, id, protocol_json, seed, created_at) VALUES (1, ?, ?, ?, ?)",
            (study, protocol.to_json(), protocol.seed, now()),
        )
        _record(db, "draft", "")

    create((root or studies_folder()) / study, fill)
    return study


def study_folder(study: str, root: Path | None = None) -> Path:
    """Return the folder of a study by its id; raises InputError when there is none."""
    root = root or studies_folder()
    if not study or Path(study).name != study or not (root / study / "study.db").is_file():
        known = ", ".join(path.parent.name for path in sorted(root.glob("*/study.db"))) or "none"
        raise InputError(f"{study}: no such study; known are {known}")
    return root / study


def list_studies(root: Path | None = None) -> list[StudyStatus]:
    """All studies of the workspace, newest first."""
    folders = [
        path.parent for path in (root or studies_folder()).glob("*/study.db") if not path.parent.name.startswith(".")
    ]
    return sorted((study_status(folder) for folder in folders), key=lambda status: status.created_at, reverse=True)


def load_protocol(folder: Path) -> Protocol:
    """Return a study's protocol."""
    with Store(folder).read() as db:
        return Protocol.from_json(db.execute("SELECT protocol_json FROM study").fetchone()[0])


def change_protocol(folder: Path, protocol: Protocol) -> None:
    """Replace the protocol of a draft."""
    with Store(folder).write() as db:
        _need(db, "draft", "change the protocol")
        db.execute("UPDATE study SET protocol_json = ?, seed = ?", (protocol.to_json(), protocol.seed))


def seal(folder: Path, cases: Sequence[Case], checks: dict[str, Any], note: str = "") -> None:
    """Lock a draft: store the pixels under random ids, draw every reader's order, write truth apart, fix the protocol.

    checks: what the blinding checks found, kept for the report. note: recorded with the lock (an override's reason).
    Raises InputError when the cases do not look alike: shape, voxel size and type must be the same for all.
    """
    store = Store(folder)
    _check_alike(cases)
    shuffled = list(cases)
    random.SystemRandom().shuffle(shuffled)
    ids = [new_id() for _ in shuffled]
    store.truth_path.unlink(missing_ok=True)  # of a lock that was interrupted
    try:
        with store.write() as db:
            _need(db, "draft", "lock the study")
            protocol = Protocol.from_json(db.execute("SELECT protocol_json FROM study").fetchone()[0])
            _write_truth(store.truth_path, ids, shuffled)
            _insert_stimuli(db, protocol, ids, shuffled)
            _insert_readers(db, protocol, ids, shuffled)
            db.execute(
                "UPDATE study SET state = 'locked', protocol_sha256 = ?, truth_sha256 = ?, checks_json = ?",
                (protocol.sha256(), _file_sha256(store.truth_path), json.dumps(checks)),
            )
            _record(db, "locked", note)
    except BaseException:
        store.truth_path.unlink(missing_ok=True)
        raise


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
    expires = None if valid_days is None else datetime.now(UTC) + timedelta(days=valid_days)
    with Store(folder).write() as db:
        _need(db, "locked", "make links")
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
            )
            for row in db.execute(_STATUS)
        ]
    if study["state"] == "draft":
        total = protocol.cases + protocol.repeats
        readers = [ReaderStatus(r.code, 1, 0, total, None, None, False, False) for r in protocol.readers]
    return StudyStatus(study["id"], protocol.title, study["state"], study["created_at"], protocol.cases, tuple(readers))


def close(folder: Path, note: str = "") -> None:
    """Take no more answers. Cannot be taken back."""
    with Store(folder).write() as db:
        _need(db, "locked", "close the study")
        db.execute("UPDATE study SET state = 'closed'")
        _record(db, "closed", note)


def unblind(folder: Path, actor: str, note: str = "") -> None:
    """Open the truth, as a recorded act of `actor`. Refused while the truth is not the one that was sealed."""
    if not actor.strip():
        raise InputError("unblinding is recorded: needed who does it, came nothing")
    store = Store(folder)
    with store.write() as db:
        _need(db, "closed", "unblind the study")
        sealed = db.execute("SELECT truth_sha256 FROM study").fetchone()[0]
        if not store.truth_path.is_file() or _file_sha256(store.truth_path) != sealed:
            raise StorageError(f"{store.truth_path}: not the file that was sealed at lock; restore it from a backup")
        db.execute("UPDATE study SET state = 'unblinded'")
        _record(db, "unblinded", note, actor)


@dataclass(frozen=True)
class Verdict:
    """Whether a study's databases are whole.

    answers: answers that stand, to required questions, practice included. events: length of the chain, with undone
    answers and optional texts. head: hash of the last event. problems: what is wrong, in words.
    """

    ok: bool
    answers: int
    events: int
    head: str
    problems: tuple[str, ...]


def verify(folder: Path) -> Verdict:
    """Check the database's structure, the chain of answers and its anchors, pixels, protocol and the sealed truth."""
    store = Store(folder)
    with store.read() as db:
        found = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"{row[0]}: a row refers to a missing {row[2]}" for row in db.execute("PRAGMA foreign_key_check")]
        found += chain.problems(db, store.anchor_path)
        for row in db.execute("SELECT id, pixels, pixel_sha256 FROM stimulus"):
            if hashlib.sha256(row["pixels"]).hexdigest() != row["pixel_sha256"]:
                found.append(f"stimulus {row['id']}: pixels were changed")
        study = db.execute("SELECT * FROM study").fetchone()
        end = chain.head(db)
        answers = db.execute(
            "SELECT count(*) FROM answer JOIN question ON key = question WHERE required = 1"
        ).fetchone()[0]
    if study["state"] != "draft":
        if Protocol.from_json(study["protocol_json"]).sha256() != study["protocol_sha256"]:
            found.append("the protocol was changed after the lock")
        if not store.truth_path.is_file():
            found.append("truth.db is missing")
        elif _file_sha256(store.truth_path) != study["truth_sha256"]:
            found.append("truth.db is not the file that was sealed at lock")
    return Verdict(not found, answers, end.count, end.hash, tuple(found))


_STATUS = """
SELECT reader.*, reading.round, reading.started_at, reading.finished_at,
    (SELECT count(*) FROM completed WHERE reading = reading.id AND phase <> 'practice') AS done,
    (SELECT count(*) FROM presentation WHERE reading = reading.id AND phase <> 'practice') AS total
FROM reader JOIN reading ON reading.reader = reader.code
ORDER BY reading.round, reader.rowid
"""


def _need(db: sqlite3.Connection, state: str, act: str) -> None:
    """Raise StudyStateError unless the study is in `state`."""
    present = db.execute("SELECT state FROM study").fetchone()[0]
    if present != state:
        raise StudyStateError(f"to {act} it must be {state}, but it is {present}")


def _record(db: sqlite3.Connection, state: str, note: str, actor: str = "researcher") -> None:
    db.execute("INSERT INTO state_change (state, at, actor, note) VALUES (?, ?, ?, ?)", (state, now(), actor, note))


def _check_alike(cases: Sequence[Case]) -> None:
    if not any(not case.practice for case in cases):
        raise InputError("a study needs at least one case")
    first = cases[0]
    for case in cases:
        if case.pixels.dtype.name != "uint8" or case.pixels.ndim not in (2, 3):
            raise InputError(f"{case.source}: needed uint8 pixels in 2 or 3 dimensions, came {case.pixels.dtype}")
        if case.pixels.shape != first.pixels.shape or case.voxel_size_mm != first.voxel_size_mm:
            raise InputError(
                f"all cases must look alike: needed shape {first.pixels.shape} at {first.voxel_size_mm} mm as in "
                f"{first.source}, came {case.pixels.shape} at {case.voxel_size_mm} mm in {case.source}"
            )


def _write_truth(path: Path, ids: Sequence[str], cases: Sequence[Case]) -> None:
    """Write truth.db in one go, without side files, and make it read-only."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.executescript(f"PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; {TRUTH_SCHEMA.read_text()} BEGIN;")
        db.executemany(
            "INSERT INTO truth VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    stimulus,
                    case.label,
                    case.source,
                    case.disease_class,
                    case.participant_hash,
                    case.run_sha256,
                    case.seed,
                    json.dumps(case.detail),
                )
                for stimulus, case in zip(ids, cases, strict=True)
            ],
        )
        db.execute("COMMIT")
    finally:
        db.close()
    path.chmod(0o400)


def _insert_stimuli(db: sqlite3.Connection, protocol: Protocol, ids: Sequence[str], cases: Sequence[Case]) -> None:
    for position, question in enumerate(protocol.all_questions):
        db.execute(
            "INSERT INTO question VALUES (?, ?, ?, ?, ?, ?)",
            (
                question.key,
                position,
                question.kind,
                question.text,
                json.dumps(question.options),
                int(question.required),
            ),
        )
    for stimulus, case in zip(ids, cases, strict=True):
        pixels = case.pixels.tobytes()
        shape = {"shape": case.pixels.shape, "voxel_size_mm": case.voxel_size_mm}
        kind = "slice" if case.pixels.ndim == 2 else "volume"
        db.execute(
            "INSERT INTO stimulus VALUES (?, ?, ?, ?, ?)",
            (stimulus, kind, json.dumps(shape), hashlib.sha256(pixels).hexdigest(), pixels),
        )
        if case.practice and protocol.practice_feedback:
            db.execute("INSERT INTO feedback VALUES (?, ?)", (stimulus, f"This image was {case.label}."))


def _insert_readers(db: sqlite3.Connection, protocol: Protocol, ids: Sequence[str], cases: Sequence[Case]) -> None:
    """Write readers, their readings, and the order of each, under fresh random ids."""
    is_real = [case.label == "real" for case in cases]
    practice = [case.practice for case in cases]
    for number, reader in enumerate(protocol.readers):
        _insert_reader(db, reader)
        for round_ in range(1, protocol.rounds + 1):
            reading = db.execute("INSERT INTO reading (reader, round) VALUES (?, ?)", (reader.code, round_)).lastrowid
            order = draw_order(is_real, practice, protocol.repeats, (protocol.seed, number, round_))
            db.executemany(
                "INSERT INTO presentation VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (new_id(), reading, position, ids[showing.case], showing.occurrence, showing.phase)
                    for position, showing in enumerate(order, start=1)
                ],
            )


def _insert_reader(db: sqlite3.Connection, reader: Reader) -> None:
    db.execute("INSERT INTO reader (code, experience_years) VALUES (?, ?)", (reader.code, reader.experience_years))
    if reader.name:
        db.execute("INSERT INTO reader_name VALUES (?, ?)", (reader.code, reader.name))


def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
