"""The databases: append-only, forwards only, and whole after every fault that could be thought of."""

import sqlite3
import threading
from contextlib import closing

import pytest

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.record import integrity, store
from brainlab.reading.record.store import StorageError, Store, connect


def _answer_one(study, reader="A"):
    session = study.enter(reader, takeover=True)
    case = session.current()
    session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    return case


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answer_event SET value = 'fake'",
        "DELETE FROM answer_event",
        "INSERT OR REPLACE INTO answer_event SELECT * FROM answer_event",
        "UPDATE session_event SET at = ''",
        "DELETE FROM session_event",
        "INSERT OR REPLACE INTO session_event SELECT * FROM session_event",
        "UPDATE state_change SET actor = 'nobody'",
        "DELETE FROM state_change",
        "UPDATE study SET protocol_json = '{}'",
        "UPDATE study SET truth_sha256 = ''",
        "UPDATE study SET seed = 1",
        "UPDATE study SET state = 'draft'",
        "UPDATE study SET state = 'unblinded'",
        "DELETE FROM study",
        "UPDATE stimulus SET pixels = x'00'",
        "DELETE FROM stimulus",
        "INSERT INTO stimulus VALUES ('x', 'slice', '{}', '', x'00')",
        "UPDATE presentation SET position = position + 1000",
        "DELETE FROM presentation",
        "INSERT INTO presentation SELECT 'x', reading, 999, stimulus, 9, phase, NULL FROM presentation LIMIT 1",
        "UPDATE presentation SET arrangement = '[1, 0]'",
        "DELETE FROM question",
        "UPDATE question SET text = ''",
        "INSERT INTO question VALUES ('x', 9, 'text', '?', '[]', 0)",
        "UPDATE reader SET code = 'C' WHERE code = 'B'",
        "UPDATE reader SET experience_years = 30",
        "INSERT INTO reader (code) VALUES ('C')",
        "INSERT OR REPLACE INTO reader SELECT * FROM reader",
        "DELETE FROM reader WHERE code = 'B'",
        "INSERT INTO reader_name VALUES ('B', 'Ann Example')",
        "UPDATE reader_name SET reader = 'B'",
        "UPDATE reading SET round = round + 1",
        "UPDATE reading SET reader = 'B' WHERE reader = 'A'",
        "UPDATE reading SET id = id + 1000",
        "INSERT INTO reading (reader, round) VALUES ('A', 2)",
        "INSERT OR REPLACE INTO reading SELECT * FROM reading",
        "DELETE FROM reading WHERE reader = 'B'",
        "INSERT INTO feedback SELECT id, '' FROM stimulus WHERE id NOT IN (SELECT stimulus FROM feedback)",
        "UPDATE feedback SET text = 'This image was fake.'",
        "DELETE FROM feedback",
    ],
)
def test_nothing_is_rewritten_after_the_lock(make_study, statement):
    study = make_study(practice_feedback=True)
    _answer_one(study)
    with (
        pytest.raises(StorageError, match=r"refused, .*; nothing was changed") as caught,
        Store(study.folder).write() as db,
    ):
        db.execute(statement)
    said = str(caught.value)
    assert any(word in said for word in ("after the lock", "append-only", "only moves", "is not deleted")), said
    assert "\n" not in said
    assert integrity.verify(study.folder).ok


def test_a_row_that_refers_to_nothing_is_refused(study):
    with pytest.raises(StorageError, match="FOREIGN KEY"), Store(study.folder).write() as db:
        db.execute("INSERT INTO lease VALUES (999, 'x', '')")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reader SET token_hash = 'x', token_expires_at = '2030-01-01' WHERE code = 'A'",
        "UPDATE reader SET withdrawn_at = '2030-01-01' WHERE code = 'A'",
        "UPDATE reading SET started_at = '2030', finished_at = '2030', not_before = '2030'",
        "DELETE FROM reader_name",
    ],
)
def test_links_withdrawals_times_and_erased_names_are_what_still_changes(study, statement):
    _answer_one(study)
    with Store(study.folder).write() as db:
        assert db.execute(statement).rowcount > 0
    assert integrity.verify(study.folder).ok


@pytest.mark.parametrize(
    ("table", "change", "found"),
    [
        ("reader", "UPDATE reader SET experience_years = 30 WHERE code = 'B'", "readers are not those of the protocol"),
        ("reader", "DELETE FROM reader WHERE code = 'B'", "readers are not those of the protocol"),
        ("reading", "UPDATE reading SET round = 2 WHERE reader = 'B'", "not those that were sealed at lock"),
    ],
)
def test_readers_that_were_changed_without_the_triggers_are_found(study, table, change, found):
    """By whoever drops the triggers first, or writes the file with other means."""
    with closing(sqlite3.connect(study.folder / "study.db", isolation_level=None)) as db:
        triggers = f"SELECT name FROM sqlite_schema WHERE tbl_name = '{table}' AND type = 'trigger'"
        for (name,) in db.execute(triggers).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(change)
    assert any(found in problem for problem in integrity.verify(study.folder).problems)


def test_no_answer_enters_a_closed_study(study):
    case = _answer_one(study)
    lifecycle.close(study.folder)
    columns = "presentation, question, 7, kind, value, confidence, 'k', shown_at, received_at, active_ms, 'p', 'h'"
    with pytest.raises(StorageError, match="only while a study is locked"), Store(study.folder).write() as db:
        db.execute(
            f"INSERT INTO answer_event SELECT 99, {columns} FROM answer_event WHERE presentation = ?", (case.id,)
        )


def test_states_move_forwards_one_by_one(study):
    with pytest.raises(StudyStateError, match="must be closed, but it is locked"):
        lifecycle.unblind(study.folder, "me")
    lifecycle.close(study.folder)
    with pytest.raises(StudyStateError, match="must be locked, but it is closed"):
        lifecycle.close(study.folder)
    lifecycle.unblind(study.folder, "me", "all done")
    assert [change["state"] for change in lifecycle.history(study.folder)] == ["draft", "locked", "closed", "unblinded"]
    assert lifecycle.history(study.folder)[-1]["actor"] == "me"


def test_every_safeguard_is_on(study):
    db = connect(Store(study.folder).path)
    pragmas = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in (
        "foreign_keys", "recursive_triggers", "journal_mode", "synchronous", "busy_timeout")}  # fmt: skip
    db.close()
    assert pragmas == {
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "journal_mode": "wal",
        "synchronous": 2,
        "busy_timeout": 15000,
    }


def test_a_failed_write_leaves_nothing_and_says_so(make_study, monkeypatch):
    """Disk full: SQLite is given no page more than it has."""
    study = make_study(cue=True)
    _answer_one(study)
    before = integrity.verify(study.folder)
    session = study.enter()
    case = session.current()

    def full(path):
        db = connect(path)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(store, "connect", full)
        filled = Store(study.folder).write()
        with pytest.raises(StorageError, match="full; nothing was changed, earlier answers are kept"), filled as db:
            db.execute("INSERT INTO session_event VALUES (999, 1, '', 'opened', '', ?)", ("x" * 200_000,))
        with pytest.raises(StorageError, match="full"):
            session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key, cue="y" * 4000)
    assert integrity.verify(study.folder) == before
    assert session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key).saved


def test_a_read_only_database_refuses_in_one_line(study, monkeypatch):
    session = study.enter()
    case = session.current()

    def read_only(path):
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    with monkeypatch.context() as patch:
        patch.setattr(store, "connect", read_only)
        with pytest.raises(StorageError, match="readonly database"):
            session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    assert integrity.verify(study.folder).answers == 0


def test_a_damaged_file_is_one_line_and_listed(study):
    Store(study.folder).path.write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(StorageError, match=r"malformed|not a database"):
        lifecycle.study_status(study.folder)
    assert [status.state for status in lifecycle.list_studies(study.folder.parent)] == ["damaged"]


def test_backup_of_a_study_in_use_is_whole(study, tmp_path):
    session = study.enter()
    _answer_one(study)
    with Store(study.folder).read():
        Store(study.folder).backup(tmp_path / "copy.db")
    case = session.current()
    session.answer(case.id, "fake", confidence=1, idempotency_key=case.answer_key)
    restored = tmp_path / "restored"
    restored.mkdir()
    (tmp_path / "copy.db").rename(restored / "study.db")
    (restored / "truth.db").write_bytes((study.folder / "truth.db").read_bytes())
    (restored / "anchor.log").write_text(
        (study.folder / "anchor.log").read_text(encoding="utf-8").splitlines()[1] + "\n", encoding="utf-8"
    )
    assert integrity.verify(restored).ok
    assert integrity.verify(restored).answers == 1
    assert [path.name for path in tmp_path.glob(".copy*")] == []


def test_many_threads_lose_and_double_nothing(make_study):
    from brainlab.reading.protocol.design import Reader

    study = make_study(readers=tuple(Reader(code=f"R{k}") for k in range(6)))
    threads = [threading.Thread(target=study.read_all, args=(f"R{k}",)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = integrity.verify(study.folder)
    assert verdict.ok
    assert verdict.answers == verdict.events == 6 * (20 + 2 + 2)
    assert all(reader.done == reader.total == 22 for reader in lifecycle.study_status(study.folder).readers)


def test_creation_leaves_nothing_half_made(tmp_path):
    def fail(db):
        raise InputError("no")

    with pytest.raises(InputError):
        store.create(tmp_path / "x", fail)
    assert list(tmp_path.iterdir()) == []
