"""The hash chain notices every change made behind its back, and the anchor a cut tail."""

import json
import sqlite3
from hashlib import sha256

import pytest

from brainlab.reading.record import integrity
from brainlab.reading.record.chain import FIELDS, event_hash
from brainlab.reading.record.store import Store


@pytest.fixture
def read(study):
    """A study with one reader's answers."""
    study.read_all("A")
    return study


def _behind_its_back(study, *statements):
    """Change the database as someone with the file would: without triggers."""
    db = sqlite3.connect(Store(study.folder).path, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    db.close()


def test_a_whole_study_verifies(read):
    verdict = integrity.verify(read.folder)
    assert verdict.ok
    assert verdict.problems == ()
    assert verdict.answers == verdict.events == 24
    assert len(verdict.head) == 64


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE answer_event SET value = 'maybe' WHERE sequence = 7", "answer 7 was changed"),
        ("UPDATE answer_event SET confidence = 5 WHERE sequence = 7", "answer 7 was changed"),
        ("UPDATE answer_event SET received_at = '2020' WHERE sequence = 7", "answer 7 was changed"),
        ("DELETE FROM answer_event WHERE sequence = 7", "answer 7 is missing"),
        ("DELETE FROM answer_event WHERE sequence > 20", "24 answers were anchored but 20 are here"),
        ("DELETE FROM answer_event", "anchored but 0 are here"),
        ("UPDATE stimulus SET pixels = zeroblob(120) WHERE rowid = 1", "pixels were changed"),
        ("UPDATE presentation SET position = position + 100 WHERE reading = 2", "a reader's order are not those"),
        ("UPDATE presentation SET phase = 'main' WHERE reading = 2", "a reader's order are not those"),
        ("UPDATE study SET protocol_json = replace(protocol_json, 'Bright', 'Dim')", "the protocol was changed"),
        ("DELETE FROM presentation WHERE id IN (SELECT presentation FROM answer_event)", "a row refers to a missing"),
    ],
)
def test_every_change_is_found(read, statement, said):
    _behind_its_back(read, "PRAGMA foreign_keys = OFF", statement)
    verdict = integrity.verify(read.folder)
    assert not verdict.ok
    assert any(said in problem for problem in verdict.problems)


def test_a_chain_written_anew_does_not_fit_its_anchor(read):
    db = sqlite3.connect(Store(read.folder).path, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("DROP TRIGGER answer_event_is_fixed")
    previous = db.execute("SELECT protocol_sha256 FROM study").fetchone()[0]
    for row in db.execute("SELECT * FROM answer_event ORDER BY sequence").fetchall():
        value = "fake" if row["value"] == "real" else "real"
        hash_ = event_hash(previous, {**dict(row), "value": value})
        db.execute(
            "UPDATE answer_event SET value = ?, previous_hash = ?, hash = ? WHERE sequence = ?",
            (value, previous, hash_, row["sequence"]),
        )
        previous = hash_
    db.close()
    assert integrity.verify(read.folder).problems == (
        "answer 1 is not the one that was anchored: the chain was rewritten",
    )


def test_truth_cannot_be_exchanged_or_lost(read):
    truth = Store(read.folder).truth_path
    sealed = truth.read_bytes()
    truth.chmod(0o600)
    truth.write_bytes(sealed + b"x")
    assert integrity.verify(read.folder).problems == ("truth.db is not the file that was sealed at lock",)
    truth.unlink()
    assert integrity.verify(read.folder).problems == ("truth.db is missing",)


def test_a_torn_or_late_anchor_is_no_fault(read):
    """A crash between commit and anchor, or in the middle of the anchor's line, is not tampering."""
    anchor = Store(read.folder).anchor_path
    lines = anchor.read_text(encoding="utf-8").splitlines()
    anchor.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:20], encoding="utf-8")
    assert integrity.verify(read.folder).ok


def test_a_log_that_cannot_be_written_loses_no_answer(study):
    Store(study.folder).anchor_path.unlink()
    Store(study.folder).anchor_path.mkdir()
    session = study.enter()
    case = session.current()
    assert session.answer(case.id, "real", confidence=1, idempotency_key=case.answer_key).saved
    assert session.current().id != case.id


def test_the_hash_is_what_the_docstring_says():
    event = dict.fromkeys(FIELDS, None) | {"sequence": 1, "value": "real"}
    content = json.dumps(
        ["start", 1, None, None, None, None, "real", None, None, None, None, None], separators=(",", ":")
    )
    assert event_hash("start", event) == sha256(content.encode()).hexdigest()
