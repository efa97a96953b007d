"""Faults under a study: nothing acknowledged is lost, the reader is told in one line and goes on afterwards."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brainlab.reading.record import integrity, store
from brainlab.reading.record.connections import let_go
from brainlab.reading.record.store import StorageError, Store
from brainlab.reading.room import reader_position
from brainlab.reading.room.session import LeaseLostError

NOBODY = 65534


def _answer(reading, value="real"):
    case = reading.current()
    return reading.answer(case.id, value, confidence=3, idempotency_key=case.answer_key)


def _refused(reading, said):
    """The answer is refused in one line, and what was there is whole."""
    with pytest.raises(StorageError, match=said) as caught:
        _answer(reading)
    assert "\n" not in str(caught.value)
    assert "nothing was changed" in str(caught.value)


def _let_go(study):
    """Close the connection that this process keeps, as its end would."""
    let_go(Store(study.folder).path)


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Be somebody whom file permissions bind, as root is not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def owned(study):
    """A study that has one answer and belongs to whom permissions bind.

    It lies outside of pytest's folders, which are root's alone: another pytest that starts would close them again.
    """
    _answer(study.enter())
    _let_go(study)
    with tempfile.TemporaryDirectory() as place:
        study.folder = Path(shutil.move(study.folder, place))
        if os.geteuid() == 0:
            for path in (Path(place), study.folder, *study.folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        yield study
        _let_go(study)


FULL_DISK = """
import resource, sys
from pathlib import Path
from brainlab.reading.room.session import ReaderSession
from brainlab.reading.record.store import StorageError
reading = ReaderSession.open(sys.argv[1], sys.argv[2], "tab on a full disk")
reading.acquire_lease(takeover=True)
reading.record_event("welcome_done")
reading.record_event("consent_given")
files = [Path(sys.argv[1]) / name for name in ("study.db", "study.db-wal")]
limit = max(file.stat().st_size for file in files) + 10_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
while True:
    case = reading.current()
    try:
        reading.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key, cue="x" * 3000)
    except StorageError as error:
        sys.exit(str(error))
    print(case.id, flush=True)
"""


def test_a_full_disk_loses_nothing_and_reading_goes_on_when_there_is_room(make_study):
    """The system lets no file of the reader's process grow any further, as on a full disk or over a quota."""
    study = make_study(cue=True)
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(study.folder), study.tokens["A"]], capture_output=True, encoding="utf-8"
    )
    acknowledged = ended.stdout.split()
    assert ended.stderr.count("\n") == 1
    assert "nothing was changed, earlier answers are kept" in ended.stderr
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers) == (True, len(acknowledged))
    with Store(study.folder).read() as db:
        assert {row[0] for row in db.execute("SELECT presentation FROM answer")} == set(acknowledged)
    study.read_all("A")
    assert integrity.verify(study.folder).answers == 24


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs a system with users")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_file_or_folder_refuses_until_it_can_be_written(owned, what):
    path = Store(owned.folder).path if what == "file" else owned.folder
    mode = path.stat().st_mode & 0o777
    reading = owned.session()
    with _without_privileges():
        path.chmod(0o444 if what == "file" else 0o555)
        try:
            _refused(reading, r"readonly database|unable to open")
        finally:
            path.chmod(mode)
        assert _answer(reading).saved
        assert integrity.verify(owned.folder).answers == 2
        _let_go(owned)


def test_a_database_locked_by_another_process_is_waited_for_and_then_refused(study, monkeypatch):
    reading = study.enter()
    case = reading.current()
    script = f"""
import sqlite3, sys
db = sqlite3.connect({str(Store(study.folder).path)!r}, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
db.execute("COMMIT")
"""
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert other.stdout.readline() == "locked\n"
    monkeypatch.setattr(store, "BUSY_TIMEOUT_S", 0.2)
    _refused(reading, "database is locked")
    assert reading.current() == case, "others may still look"
    other.communicate("\n")
    assert _answer(reading).saved
    assert integrity.verify(study.folder).ok


def test_an_answer_waits_its_turn_behind_another_process(study):
    reading = study.enter()
    other = sqlite3.connect(Store(study.folder).path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    began = time.monotonic()
    assert _answer(reading).saved
    assert time.monotonic() - began > 0.2
    release.join()
    other.close()


def test_a_thread_that_holds_the_lock_for_too_long_refuses_the_others(study, monkeypatch):
    reading = study.enter()
    monkeypatch.setattr(store, "BUSY_TIMEOUT_S", 0.2)
    with Store(study.folder).write():
        _refused(reading, "database is locked")
    assert _answer(reading).saved


def test_a_truth_that_is_away_stops_no_reader(study):
    truth = Store(study.folder).truth_path
    truth.rename(study.folder / "elsewhere")
    study.read_all("A")
    assert integrity.verify(study.folder).problems == ("truth.db is missing",)
    (study.folder / "elsewhere").rename(truth)
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers) == (True, 24)


def test_a_write_ahead_log_that_was_deleted_is_found(study, tmp_path):
    """Such as by one who copies study.db alone after a crash: its last answers are in the log beside it."""
    script = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from conftest import Study
study = Study(Path(sys.argv[1]), {"A": sys.argv[2]})
study.read_all("A")
os.kill(os.getpid(), signal.SIGKILL)
"""
    here = str(Path(__file__).resolve().parent.parent)
    subprocess.run([sys.executable, "-c", script, str(study.folder), study.tokens["A"], here])
    copy = tmp_path / "copy"
    shutil.copytree(study.folder, copy)
    (copy / "study.db-wal").unlink()
    verdict = integrity.verify(copy)
    assert not verdict.ok
    assert verdict.problems == ("24 answers were anchored but 0 are here: the end was cut off",)
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers) == (True, 24)


def test_a_missing_anchor_log_is_found_and_the_next_answer_begins_a_new_one(study):
    reading, anchors = study.enter(), Store(study.folder).anchor_path
    _answer(reading)
    anchors.unlink()
    assert integrity.verify(study.folder).problems == ("the anchor log is missing",)
    _answer(reading)
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers) == (True, 2)


def test_an_anchor_log_that_was_cut_or_could_not_be_written_is_told_and_caught_up(study):
    reading, anchors = study.enter(), Store(study.folder).anchor_path
    for _ in range(3):
        _answer(reading)
    lines = anchors.read_text(encoding="utf-8").splitlines(keepends=True)
    anchors.write_text("".join(lines[:-2]), encoding="utf-8")
    verdict = integrity.verify(study.folder)
    assert verdict.ok
    assert verdict.notes == ("the last 2 answers are not in anchor.log yet; the next answer anchors them",)
    anchors.unlink()
    anchors.mkdir()
    assert _answer(reading).saved, "an answer needs no anchor"
    anchors.rmdir()
    anchors.write_text("".join(lines[:-2]), encoding="utf-8")
    _answer(reading)
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers, verdict.notes) == (True, 5, ())


@pytest.mark.parametrize("kept", [1, 2, 5, 30, 66])
def test_an_anchor_after_a_torn_one_is_read_right(study, kept):
    """A line that a crash cut within its number would else make 12 and 13 into 1213."""
    reading, anchors = study.enter(), Store(study.folder).anchor_path
    for _ in range(12):
        _answer(reading)
    lines = anchors.read_text(encoding="utf-8").splitlines(keepends=True)
    anchors.write_text("".join(lines[:-1]) + lines[-1][:kept], encoding="utf-8")
    _answer(reading)
    verdict = integrity.verify(study.folder)
    assert (verdict.ok, verdict.answers, verdict.notes) == (True, 13, ())


SHOWN_OR_ANSWERED = ("answer_event", "question", "stimulus", "feedback", "presentation")


def _content(path: Path) -> dict[str, list]:
    with closing(sqlite3.connect(path)) as db:
        return {name: db.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in SHOWN_OR_ANSWERED}


def test_no_flipped_bit_changes_what_was_shown_or_answered_unnoticed(make_study):
    """Each of 150 random bits of the file is flipped in turn. Where `verify` finds nothing, nothing changed."""
    study = make_study(practice_feedback=True, cue=True)
    study.read_all("A", wrong_every=5)
    _let_go(study)
    path = Store(study.folder).path
    whole, before, chance, found = path.read_bytes(), _content(path), random.Random(0), 0
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        verdict = integrity.verify(study.folder)
        found += not verdict.ok
        if verdict.ok:
            assert _content(path) == before
    assert found > 10
    path.write_bytes(whole)
    assert integrity.verify(study.folder).ok


def test_a_damaged_page_is_found_and_said_in_words(study):
    study.read_all("A")
    _let_go(study)
    path = Store(study.folder).path
    content = bytearray(path.read_bytes())
    content[4096 * 8 : 4096 * 9] = os.urandom(4096)
    path.write_bytes(content)
    verdict = integrity.verify(study.folder)
    assert not verdict.ok
    assert verdict.problems
    json.dumps(verdict.problems)


def test_a_changed_order_or_question_is_found(study):
    study.read_all("A")
    _let_go(study)
    for statement in (
        "UPDATE presentation SET position = position + 100 WHERE reading = 2",
        "UPDATE question SET text = 'Is it fake?'",
        "UPDATE study SET checks_json = '{}'",
    ):
        with closing(sqlite3.connect(Store(study.folder).path, isolation_level=None)) as db:
            db.execute("BEGIN")
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            db.execute(statement)
            db.execute("COMMIT")
        (problem,) = integrity.verify(study.folder).problems
        assert problem == "questions, images or a reader's order are not those that were sealed at lock"


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set: `clock(hours)` moves it."""
    moved = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + moved

    def move(hours: float) -> None:
        nonlocal moved
        moved += timedelta(hours=hours)

    monkeypatch.setattr(store, "datetime", Clock)
    monkeypatch.setattr(reader_position, "datetime", Clock)
    assert reader_position.now is store.now
    return move


def test_a_clock_set_back_loses_nothing_and_locks_nobody_out(study, clock):
    reading = study.enter()
    given = [reading.current().id]
    _answer(reading)
    clock(-1)
    for value in ("fake", "real"):
        given.append(reading.current().id)
        assert _answer(reading, value).saved
    assert integrity.verify(study.folder).ok
    with Store(study.folder).read() as db:
        rows = db.execute("SELECT presentation, received_at FROM answer_event ORDER BY sequence").fetchall()
    assert [row["presentation"] for row in rows] == given
    assert rows[0]["received_at"] > rows[1]["received_at"], "the clock did go back"
    undone = reading.undo().current
    assert undone.id == given[-1], "the last answer is the last in order, not in time"


def test_a_lease_from_before_the_clock_was_set_back_ends_in_its_time(study, clock):
    """A browser that crashed before the clock went back an hour does not hold the study for an hour."""
    study.enter(tab="a tab that is gone now")
    clock(-1)
    other = study.session(tab="another tab of the day")
    assert other.acquire_lease().has_lease


def test_a_lease_holds_within_its_time_and_not_after(study, clock):
    first = study.enter()
    other = study.session(tab="another tab of the day")
    assert not other.acquire_lease().has_lease
    clock(1)
    assert other.acquire_lease().has_lease
    with pytest.raises(LeaseLostError):
        _answer(first)
    assert datetime.now(UTC)
