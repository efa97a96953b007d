"""Prove a study's databases whole: structure, chain of answers and anchors, what was sealed, pixels, truth."""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from brainlab.counted import noun
from brainlab.errors import InputError
from brainlab.reading.protocol.design import content_sha256
from brainlab.reading.record import chain
from brainlab.reading.record.store import StorageError, Store, file_sha256

LONGEST_PROBLEM = 300


@dataclass(frozen=True)
class Verdict:
    """Whether a study's databases are whole.

    answers: answers that stand, to required questions, practice included. events: length of the chain, with undone
    answers and optional texts. head: hash of the last event. problems: what is wrong, in words. notes: what is not
    wrong but should be known.
    """

    ok: bool
    answers: int
    events: int
    head: str
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def verify(folder: Path) -> Verdict:
    """Check everything of a study that can be checked. A database too damaged to be read is a verdict too."""
    store = Store(folder)
    found: list[str] = []
    answers = events = waiting = 0
    head = ""
    try:
        with store.read() as db:
            found += _structure(db)
            found += chain.problems(db, store.anchor_path)
            found += _sealed(db, store)
            end = chain.head(db)
            events, head = end.count, end.hash
            waiting = chain.unanchored(db, store.anchor_path)
            answers = db.execute(
                "SELECT count(*) FROM answer JOIN question ON key = question WHERE required = 1"
            ).fetchone()[0]
    except StorageError as error:
        found.append(f"study.db cannot be read: {error.__cause__}")
    except (ValueError, TypeError, LookupError, InputError) as error:  # damage where a number or JSON was
        found.append(f"study.db holds what it should not: {error}")
    last = "the last answer is" if waiting == 1 else f"the last {waiting} answers are"
    notes = (f"{last} not in anchor.log yet; the next answer anchors {noun(waiting, 'it', 'them')}",) if waiting else ()
    # SQLite names damaged pages on lines of their own, and quotes text that it cannot decode
    problems = tuple(" ".join(problem.split())[:LONGEST_PROBLEM] for problem in found)
    return Verdict(not found, answers, events, head, problems, notes)


def _structure(db: sqlite3.Connection) -> list[str]:
    """What SQLite itself finds: damaged pages, rows missing from an index, references to nothing."""
    found = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    return found + [f"{row[0]}: a row refers to a missing {row[2]}" for row in db.execute("PRAGMA foreign_key_check")]


def _sealed(db: sqlite3.Connection, store: Store) -> list[str]:
    """Whether pixels, protocol and truth are those of the lock."""
    found = [
        f"stimulus {row['id']}: pixels were changed"
        for row in db.execute("SELECT id, pixels, pixel_sha256 FROM stimulus")
        if hashlib.sha256(row["pixels"]).hexdigest() != row["pixel_sha256"]
    ]
    study = db.execute("SELECT * FROM study").fetchone()
    if study["state"] == "draft":
        return found
    if study["protocol_sha256"] != content_sha256(study["protocol_json"]):
        found.append("the protocol was changed after the lock")
    elif _readers(db) != {(r["code"], r["experience_years"]) for r in json.loads(study["protocol_json"])["readers"]}:
        found.append("readers are not those of the protocol that was locked")
    if not store.truth_path.is_file():
        found.append("truth.db is missing")
    elif file_sha256(store.truth_path) != study["truth_sha256"]:
        found.append("truth.db is not the file that was sealed at lock")
    return found


def _readers(db: sqlite3.Connection) -> set[tuple[str, float | None]]:
    return {(row["code"], row["experience_years"]) for row in db.execute("SELECT code, experience_years FROM reader")}
