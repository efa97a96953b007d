"""A study in one file and back: whole, never behind what is there, and never losing it."""

import io
import sqlite3
import tarfile
import threading

import pytest

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.backup import backup_study, restore_study
from brainlab.reading.record import integrity
from brainlab.reading.record.store import StorageError, Store, connect


def _answer(study, count=1, reader="A"):
    session = study.enter(reader, takeover=True)
    for _ in range(count):
        case = session.current()
        session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)


def _events(folder):
    with Store(folder).read() as db:
        return [tuple(row) for row in db.execute("SELECT * FROM answer_event ORDER BY sequence")]


@pytest.fixture
def saved(study, tmp_path):
    """A study with five answers, and its backup."""
    _answer(study, 5)
    backup_study(study.folder, tmp_path / "saved.tar")
    return study, tmp_path / "saved.tar"


def test_a_backup_brings_everything_to_an_empty_workspace(saved, tmp_path):
    study, archive = saved
    verdict = integrity.verify(study.folder)
    restored = restore_study(archive, tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere" / study.folder.name
    assert (restored.study, restored.state, restored.replaced) == (study.folder.name, "locked", None)
    assert integrity.verify(folder) == verdict == restored.verdict
    assert _events(folder) == _events(study.folder)
    assert Store(folder).truth_path.read_bytes() == Store(study.folder).truth_path.read_bytes()
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"study.db": 0o600, "truth.db": 0o400, "anchor.log": 0o600}
    db = connect(Store(folder).path)
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()
    study.folder = folder
    study.read_all("A")
    assert integrity.verify(folder).answers == 24
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [folder.name]


def test_the_file_holds_the_truth_and_is_for_its_owner_alone(saved):
    _, archive = saved
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["study.db", "truth.db", "anchor.log"]
    assert archive.stat().st_mode & 0o777 == 0o600


def test_backups_while_readers_read_are_whole(study, tmp_path):
    reader = threading.Thread(target=study.read_all, args=("A",))
    reader.start()
    counts = []
    while reader.is_alive() or not counts:
        backup_study(study.folder, tmp_path / f"{len(counts)}.tar")
        counts.append(restore_study(tmp_path / f"{len(counts)}.tar", tmp_path / f"r{len(counts)}").verdict)
    reader.join()
    answers = [verdict.answers for verdict in counts]
    assert all(verdict.ok for verdict in counts)
    assert answers == sorted(answers)
    assert integrity.verify(study.folder).answers == 24


@pytest.mark.parametrize("present", [False, True])
def test_a_backup_that_cannot_be_opened_is_named_and_nothing_is_made(tmp_path, present):
    if present:
        (tmp_path / "saved.tar").mkdir()
    with pytest.raises(OSError) as refused:  # noqa: PT011 - missing, or a folder
        restore_study(tmp_path / "saved.tar", tmp_path / "studies")
    assert refused.value.filename == str(tmp_path / "saved.tar")
    assert not (tmp_path / "studies").exists()


def test_more_answers_are_never_replaced(saved):
    study, archive = saved
    _answer(study)
    with pytest.raises(StudyStateError, match="has 6 answers, the backup only 5; nothing was changed"):
        restore_study(archive, study.folder.parent)
    assert integrity.verify(study.folder).answers == 6
    assert not (study.folder.parent / ".replaced").exists()


def test_a_study_does_not_go_back_to_an_earlier_state(saved):
    study, archive = saved
    lifecycle.close(study.folder)
    with pytest.raises(StudyStateError, match="is closed, the backup is from when it was locked"):
        restore_study(archive, study.folder.parent)
    assert lifecycle.study_status(study.folder).state == "closed"


def test_other_answers_are_never_replaced(saved, tmp_path):
    """Two copies of one study that were read apart."""
    study, archive = saved
    copy = restore_study(archive, tmp_path / "elsewhere")
    _answer(study)
    study.folder = tmp_path / "elsewhere" / copy.study
    _answer(study, 2)
    backup_study(study.folder, archive)
    with pytest.raises(StudyStateError, match="other answers than the backup"):
        restore_study(archive, tmp_path)


def test_what_is_replaced_is_kept_and_links_and_withdrawals_stay(saved):
    study, archive = saved
    with Store(study.folder).read() as db:
        assert db.execute("SELECT count(*) FROM reader_name").fetchone()[0] == 1
    lifecycle.withdraw_reader(study.folder, "A")
    token = lifecycle.issue_links(study.folder, readers=["B"], reissue=True)[0].token
    restored = restore_study(archive, study.folder.parent)
    assert integrity.verify(study.folder).answers == integrity.verify(restored.replaced).answers == 5
    with Store(study.folder).read() as db:
        assert db.execute("SELECT count(*) FROM reader_name").fetchone()[0] == 0
    with pytest.raises(lifecycle.BrainlabError, match="not valid"):
        study.session("A")
    with pytest.raises(lifecycle.BrainlabError, match="not valid"):
        study.session("B")
    study.tokens["B"] = token
    assert study.session("B").state == "welcome"
    assert [status.study for status in lifecycle.list_studies(study.folder.parent)] == [study.folder.name]


def test_a_damaged_study_gives_way_to_its_backup_and_is_kept(saved):
    study, archive = saved
    damaged = b"not a database, but long enough to look like one" * 400
    Store(study.folder).path.write_bytes(damaged)
    restored = restore_study(archive, study.folder.parent)
    assert integrity.verify(study.folder).answers == 5
    assert (restored.replaced / "study.db").read_bytes() == damaged


def test_a_study_that_is_busy_is_not_taken_for_damaged(saved, monkeypatch):
    study, archive = saved
    monkeypatch.setattr("brainlab.reading.record.store.BUSY_TIMEOUT_S", 0.1)
    other = sqlite3.connect(Store(study.folder).path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        restore_study(archive, study.folder.parent)
    other.close()
    assert integrity.verify(study.folder).answers == 5


@pytest.mark.parametrize("moment", ["PRAGMA user_version", "PRAGMA busy_timeout = 0", "BEGIN IMMEDIATE"])
def test_an_answer_that_waited_for_a_restore_is_not_written_to_the_old_file(saved, monkeypatch, moment):
    """The study is replaced between a writer's opening of the database and its turn."""
    study, archive = saved
    session = study.enter(takeover=True)
    case = session.current()
    begin = sqlite3.Connection.execute
    restored = []

    class Late(sqlite3.Connection):
        def execute(self, sql, *values):
            if sql == moment and not restored:
                restored.append(None)
                (study.folder).rename(study.folder.parent / ".aside")
                restore_study(archive, study.folder.parent)
            return begin(self, sql, *values)

    def late(path):
        db = sqlite3.connect(path, isolation_level=None, factory=Late)
        db.row_factory = sqlite3.Row
        return db

    with monkeypatch.context() as patch:
        patch.setattr("brainlab.reading.record.store.connect", late)
        with pytest.raises(StorageError, match="replaced by a backup just now; try again"):
            session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
    session = study.enter(takeover=True)
    assert session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key).saved
    assert integrity.verify(study.folder).answers == 6


def test_no_backup_is_made_of_a_study_that_is_not_whole(saved):
    study, archive = saved
    good = archive.read_bytes()
    Store(study.folder).truth_path.unlink()
    with pytest.raises(StorageError, match=r"no backup was made.*truth.db is missing"):
        backup_study(study.folder, archive)
    assert archive.read_bytes() == good
    assert [path.name for path in archive.parent.glob(".backup*")] == []


def _tar(path, **files):
    with tarfile.open(path, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_other_files_are_refused(saved, tmp_path):
    _, archive = saved
    whole = archive.read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.tar").write_text("a text", encoding="utf-8")
    changed = whole.replace(b"real", b"fake", 7)
    (tmp_path / "changed.tar").write_bytes(changed)
    for file, said in [
        (tmp_path / "cut.tar", "cut short"),
        (tmp_path / "text.tar", "not a backup of a study"),
        (tmp_path / "changed.tar", "damaged, nothing was restored"),
        (_tar(tmp_path / "escape.tar", **{"study.db": b"", "../evil": b""}), "not a backup of a study"),
        (_tar(tmp_path / "empty.tar"), "not a backup of a study"),
    ]:
        with pytest.raises(InputError, match=said) as caught:
            restore_study(file, tmp_path / "elsewhere")
        assert "\n" not in str(caught.value)
    assert not list((tmp_path / "elsewhere").iterdir())
