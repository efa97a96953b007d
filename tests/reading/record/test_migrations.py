"""Studies of earlier versions: every row is kept, under a kill too, and a later version is refused.

`version_1.tar.gz` is a study that the first version of brainlab made and that was half read: 34 events of two readers.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.backup import restore_study
from brainlab.reading.record import integrity, migrations
from brainlab.reading.record.store import StorageError, Store, connect
from brainlab.reading.report.study_report import study_report
from brainlab.reading.room.session import ReaderSession

OLD = Path(__file__).with_name("version_1.tar.gz")
HEAD = "e3c26663cd7f674f9b3777e8a4db9824a069a48876341538e4dd79e7515dd961"
"""Last hash of its chain, as the first version's `verify` gave it."""

NEXT = migrations.SCHEMA_VERSION + 1
STEP = """
-- A column; a table; a table to which a view and answers refer, built anew with other checks.
ALTER TABLE reader ADD COLUMN site TEXT;
CREATE TABLE remark (reader TEXT NOT NULL REFERENCES reader (code), text TEXT NOT NULL) STRICT;
INSERT INTO remark SELECT code, 'half; read' FROM reader;
CREATE TABLE question_anew (
    key TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL CHECK (kind <> ''), text TEXT NOT NULL,
    options_json TEXT NOT NULL, required INTEGER NOT NULL CHECK (required IN (0, 1))
) STRICT;
INSERT INTO question_anew SELECT key, position, kind, text, options_json, required FROM question;
DROP TABLE question;
ALTER TABLE question_anew RENAME TO question;
CREATE TRIGGER question_stays BEFORE DELETE ON question
BEGIN SELECT RAISE(ABORT, 'questions; stay'); END;
"""
STATEMENTS = 8


def _rows(path: Path, tables: dict[str, str] | None = None) -> dict[str, list[tuple]]:
    """Every row of every table, or of some tables and columns."""
    with closing(sqlite3.connect(path)) as db:
        names = tables or {
            row[0]: ", ".join(column[1] for column in db.execute(f"PRAGMA table_info({row[0]})"))
            for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        }
        return {f"{columns} FROM {name}": db.execute(f"SELECT {columns} FROM {name}").fetchall()
                for name, columns in names.items()}  # fmt: skip


def _columns(path: Path) -> dict[str, str]:
    return {key.split(" FROM ")[1]: key.split(" FROM ")[0] for key in _rows(path)}


@pytest.fixture
def old(tmp_path):
    """The folder of the old study as its own version left it."""
    folder = tmp_path / "old"
    folder.mkdir()
    with tarfile.open(OLD) as tar:
        tar.extractall(folder, filter="data")
    return folder


def _version(folder):
    with closing(sqlite3.connect(folder / "study.db")) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_a_study_of_version_1_keeps_every_row(old, tmp_path):
    assert _version(old) == 1
    columns, before = _columns(old / "study.db"), _rows(old / "study.db")
    assert len(before) == 12
    restored = restore_study(OLD, tmp_path / "studies")
    folder = tmp_path / "studies" / restored.study
    assert _version(folder) == migrations.SCHEMA_VERSION
    assert _rows(folder / "study.db", columns) == before
    verdict = integrity.verify(folder)
    assert (verdict.ok, verdict.answers, verdict.events, verdict.head) == (True, 28, 34, HEAD)


def _schema(path: Path) -> dict[str, object]:
    """Every table by its columns, every view, index and trigger by its text, whatever the blanks."""
    with closing(sqlite3.connect(path)) as db:
        made = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
        return {
            name: db.execute(f"PRAGMA table_info({name})").fetchall() if kind == "table" else " ".join(sql.split())
            for kind, name, sql in made
        }


def test_an_old_study_has_the_schema_of_a_new_one_once_it_is_up_to_date(old, make_study):
    lifecycle.study_status(old)
    assert _schema(old / "study.db") == _schema(make_study().folder / "study.db")


def test_an_old_study_is_guarded_as_a_new_one(old):
    lifecycle.study_status(old)
    with closing(connect(old / "study.db")) as db:
        for statement in ("DELETE FROM reading", "UPDATE reader SET experience_years = 1"):
            with pytest.raises(sqlite3.IntegrityError, match="after the lock"):
                db.execute(statement)
    assert integrity.verify(old).ok


def test_a_study_of_version_1_is_read_to_its_end(tmp_path):
    folder = tmp_path / restore_study(OLD, tmp_path).study
    for link in lifecycle.issue_links(folder, reissue=True):
        session = ReaderSession.open(folder, link.token, "a tab of a later version")
        session.acquire_lease(takeover=True)
        for event in ("welcome_done", "consent_given"):
            session.record_event(event)
        while case := session.current():
            if session.state == "break":
                session.record_event("break_done")
            session.answer(case.id, "fake", confidence=3, idempotency_key=case.answer_key)
    first = [reader for reader in lifecycle.study_status(folder).readers if reader.round == 1]
    assert [(reader.done, reader.total) for reader in first] == [(22, 22), (22, 22)]
    assert integrity.verify(folder).ok
    # It was locked before truth.db had a salt; unblinding and report ask for none.
    with closing(sqlite3.connect(folder / "truth.db")) as truth:
        assert not truth.execute("SELECT * FROM sqlite_schema WHERE name = 'salt'").fetchall()
    lifecycle.close(folder)
    lifecycle.unblind(folder, "a researcher of a later version")
    assert study_report(folder, {})["per_reader"].keys() == {"A", "B"}
    assert integrity.verify(folder).ok


@pytest.fixture
def next_version(old, monkeypatch):
    """The old study, seen by a brainlab that is one version further."""
    lifecycle.study_status(old)  # brought to the present version
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", NEXT)
    monkeypatch.setattr(migrations, "MIGRATIONS", {NEXT - 1: STEP})
    return old


def test_a_step_that_builds_a_table_anew_keeps_rows_views_and_references(next_version):
    columns, before = _columns(next_version / "study.db"), _rows(next_version / "study.db")
    assert integrity.verify(next_version).ok
    assert _version(next_version) == NEXT
    assert _rows(next_version / "study.db", columns) == before
    assert _rows(next_version / "study.db", {"remark": "*"}) == {
        "* FROM remark": [("A", "half; read"), ("B", "half; read")]
    }
    assert [reader.done for reader in lifecycle.study_status(next_version).readers] == [21, 3, 0, 0]
    with (
        closing(connect(next_version / "study.db")) as db,
        pytest.raises(sqlite3.IntegrityError, match="questions; stay"),
    ):
        db.execute("DELETE FROM question")
    with closing(connect(next_version / "study.db")) as db, pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        db.execute("UPDATE question SET key = key || ' anew'")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("CREATE TABLE remark (text TEXT); no such statement;", "syntax error"),
        ("CREATE TABLE remark (text TEXT); DROP TABLE reader_name; DROP TABLE reading;", "refers to a missing reading"),
    ],
)
def test_a_step_that_fails_changes_nothing(next_version, monkeypatch, step, said):
    before = _rows(next_version / "study.db")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", {NEXT - 1: step})
        with pytest.raises(StorageError, match=said):
            lifecycle.study_status(next_version)
    assert _rows(next_version / "study.db") == before
    assert integrity.verify(next_version).ok


KILLED = """
import os, signal, sys
from pathlib import Path
from brainlab.reading.desk import lifecycle
from brainlab.reading.record import migrations
migrations.SCHEMA_VERSION = int(sys.argv[2])
migrations.MIGRATIONS = {migrations.SCHEMA_VERSION - 1: sys.argv[3]}
split = migrations.statements
def until(script):
    for number, statement in enumerate(split(script)):
        if number == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield statement
    os.kill(os.getpid(), signal.SIGKILL)
migrations.statements = until
lifecycle.study_status(Path(sys.argv[1]))
"""


def test_sigkill_after_any_statement_of_a_step_leaves_the_version_before(next_version):
    before = _rows(next_version / "study.db")
    for done in range(STATEMENTS + 1):
        command = [sys.executable, "-c", KILLED, str(next_version), str(NEXT), STEP, str(done)]
        assert subprocess.run(command, env={**os.environ}).returncode == -signal.SIGKILL
        assert _version(next_version) == NEXT - 1
        assert _rows(next_version / "study.db") == before
    assert integrity.verify(next_version).ok
    assert _version(next_version) == NEXT


def test_many_who_open_an_old_study_at_once_bring_it_up_to_date_once(next_version):
    together, failed = threading.Barrier(8), []

    def open_it():
        together.wait()
        try:
            lifecycle.study_status(next_version)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(_rows(next_version / "study.db", {"remark": "*"})["* FROM remark"]) == 2


def test_a_later_version_is_refused_and_left_alone(old):
    lifecycle.study_status(old)
    with closing(sqlite3.connect(old / "study.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match=f"needs schema version {migrations.SCHEMA_VERSION}, got 99"):
        lifecycle.study_status(old)
    assert _version(old) == 99


def test_a_protocol_with_fields_of_a_later_version_still_has_the_hash_of_its_lock(old, monkeypatch):
    """A new field with a default would else make every older study look changed."""
    monkeypatch.setattr("brainlab.reading.protocol.design.Protocol.sha256", lambda self: "of one more field")
    assert integrity.verify(old).ok
    assert Store(old).anchor_path.is_file()
