"""The researcher's side: links shown once, progress without answers, acts on record."""

import dataclasses
import json

import pytest

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.record import integrity
from brainlab.reading.record.sealing import seal
from brainlab.reading.record.store import StorageError, Store


def test_a_study_is_locked_once(make_protocol, make_cases, tmp_path):
    protocol = make_protocol(rounds=2)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    assert lifecycle.load_protocol(folder) == protocol
    seal(folder, make_cases(protocol), {"probe": {"auc": 0.5}})
    assert lifecycle.lock_checks(folder) == {"probe": {"auc": 0.5}}
    with pytest.raises(StudyStateError, match="must be draft, but it is locked"):
        seal(folder, make_cases(protocol), {})
    assert integrity.verify(folder).ok


def test_status_tells_progress_and_nothing_else(study):
    session = study.enter()
    for _ in range(7):
        case = session.current()
        session.answer(case.id, "fake", confidence=5, idempotency_key=case.answer_key)
    status = lifecycle.study_status(study.folder)
    assert [(r.reader, r.done, r.total) for r in status.readers] == [("A", 5, 22), ("B", 0, 22)]
    text = json.dumps(dataclasses.asdict(status))
    assert "fake" not in text
    assert "real" not in text
    assert "Ann" not in text


def test_a_draft_has_a_status_too(make_protocol, tmp_path):
    folder = lifecycle.study_folder(lifecycle.create_study(make_protocol(), tmp_path), tmp_path)
    assert [(r.reader, r.done, r.total) for r in lifecycle.study_status(folder).readers] == [("A", 0, 22), ("B", 0, 22)]
    assert integrity.verify(folder).ok


def test_studies_are_listed_newest_first(make_protocol, tmp_path):
    ids = [lifecycle.create_study(make_protocol(), tmp_path) for _ in range(3)]
    for number, study in enumerate(ids):
        with Store(tmp_path / study).write() as db:
            db.execute("UPDATE study SET created_at = ?", (f"2026-01-0{number + 1}",))
    assert [status.study for status in lifecycle.list_studies(tmp_path)] == ids[::-1]
    assert lifecycle.list_studies(tmp_path / "none yet") == []


def test_an_unknown_study_names_the_known_ones(make_protocol, tmp_path):
    study = lifecycle.create_study(make_protocol(), tmp_path)
    for wrong in ("", "nope", "..", f"../{tmp_path.name}/{study}"):
        with pytest.raises(InputError, match=study):
            lifecycle.study_folder(wrong, tmp_path)


def test_links_are_shown_once_and_can_be_replaced(study):
    with pytest.raises(StudyStateError, match="shown once"):
        lifecycle.issue_links(study.folder)
    (link,) = lifecycle.issue_links(study.folder, "https://reading.example.org/", readers=["A"], reissue=True)
    assert link.url == f"https://reading.example.org/reading-room?study={study.folder.name}&token={link.token}"
    with pytest.raises(lifecycle.BrainlabError, match="not valid"):
        study.session("A")
    assert study.session("B").state == "welcome"
    with pytest.raises(InputError, match="known are A, B"):
        lifecycle.issue_links(study.folder, readers=["C"])


def test_links_need_a_locked_study(make_protocol, tmp_path):
    folder = lifecycle.study_folder(lifecycle.create_study(make_protocol(), tmp_path), tmp_path)
    with pytest.raises(StudyStateError, match="must be locked"):
        lifecycle.issue_links(folder)


def test_a_reader_who_withdraws_is_forgotten_by_name(study):
    study.read_all("A")
    lifecycle.withdraw_reader(study.folder, "A")
    with Store(study.folder).read() as db:
        assert db.execute("SELECT count(*) FROM reader_name").fetchone()[0] == 0
        assert db.execute("SELECT count(*) FROM answer").fetchone()[0] == 24
    with pytest.raises(InputError, match="withdrawn already"):
        lifecycle.withdraw_reader(study.folder, "A")
    assert [r.withdrawn for r in lifecycle.study_status(study.folder).readers] == [True, False]
    with pytest.raises(InputError, match="A: no such reader"):
        lifecycle.issue_links(study.folder, readers=["A"], reissue=True)


def test_unblinding_needs_a_name_and_the_sealed_truth(study):
    lifecycle.close(study.folder, "enough answers")
    with pytest.raises(InputError, match="who does it"):
        lifecycle.unblind(study.folder, " ")
    truth = Store(study.folder).truth_path
    content = truth.read_bytes()
    truth.chmod(0o600)
    truth.write_bytes(content[:-1] + b"?")
    with pytest.raises(StorageError, match="not the file that was sealed"):
        lifecycle.unblind(study.folder, "me")
    assert lifecycle.study_status(study.folder).state == "closed"
    truth.write_bytes(content)
    lifecycle.unblind(study.folder, "me")
    assert lifecycle.history(study.folder)[2]["note"] == "enough answers"


def test_an_interrupted_lock_leaves_a_draft_that_can_be_locked(make_protocol, make_cases, tmp_path, monkeypatch):
    protocol = make_protocol()
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("brainlab.reading.record.sealing.draw_order", stop)
        with pytest.raises(KeyboardInterrupt):
            seal(folder, make_cases(protocol), {})
    assert lifecycle.study_status(folder).state == "draft"
    assert not Store(folder).truth_path.exists()
    seal(folder, make_cases(protocol), {})
    assert integrity.verify(folder).ok


def test_the_truth_is_sealed_read_only(study):
    assert Store(study.folder).truth_path.stat().st_mode & 0o777 == 0o400


def test_a_draft_can_be_deleted_and_nothing_else(make_protocol, study, tmp_path):
    folder = lifecycle.study_folder(lifecycle.create_study(make_protocol(), tmp_path), tmp_path)
    lifecycle.delete_draft(folder)
    assert [status.study for status in lifecycle.list_studies(tmp_path)] == [study.folder.name]
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(StudyStateError, match="to delete the study it must be draft"):
        lifecycle.delete_draft(study.folder)
    assert study.folder.is_dir()
