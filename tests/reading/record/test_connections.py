"""Connections that are held open: few, to studies that are there, and one for a study that is being read."""

import gc
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.desk.backup import backup_study, restore_study
from brainlab.reading.record import connections
from brainlab.reading.record.sealing import seal
from brainlab.reading.record.store import Store


def open_files(within: Path) -> list[str]:
    """Files of a folder that this process holds open, deleted ones too."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        if descriptor.is_symlink():
            found.append(str(descriptor.readlink()))
    return [name for name in found if str(within) in name]


@pytest.fixture
def few(monkeypatch):
    """Hold eight connections at most, and none of other tests."""
    for path in list(connections._kept):
        connections.let_go(path)
    monkeypatch.setattr(connections, "MOST", 8)


def _locked(root, make_protocol, make_cases):
    protocol = make_protocol(practice=0)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
    seal(folder, make_cases(protocol), {})
    lifecycle.study_status(folder)
    return folder


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux lists them")
def test_thirty_studies_leave_the_files_of_eight_open_and_none_of_a_deleted_one(
    few, make_protocol, make_cases, tmp_path
):
    folders = [_locked(tmp_path, make_protocol, make_cases) for _ in range(30)]
    assert {Path(name).parent for name in open_files(tmp_path)} == set(folders[-8:])
    assert len(open_files(tmp_path)) <= 4 * 8
    for folder in folders[:-1]:
        shutil.rmtree(folder)
    lifecycle.issue_links(folders[-1])
    assert {Path(name).parent for name in open_files(tmp_path)} == {folders[-1]}
    gc.collect()
    assert not list(connections._turns)


def test_the_study_that_is_being_read_keeps_its_connection(few, study, make_protocol, make_cases, tmp_path):
    """An answer would else fold the write-ahead log each time, which waits for the disk several times."""
    study.enter()
    held = connections._kept[Store(study.folder).path][1]
    for _ in range(10):
        _locked(tmp_path / "others", make_protocol, make_cases)
        study.session().record_event("resumed")
        assert connections._kept[Store(study.folder).path][1] is held
    assert Path(f"{Store(study.folder).path}-wal").stat().st_size > 0


def test_a_study_that_a_backup_replaced_is_held_anew(few, study, tmp_path):
    study.enter()
    held = connections._kept[Store(study.folder).path][1]
    backup_study(study.folder, tmp_path / "backup.tar")
    restore_study(tmp_path / "backup.tar", study.folder.parent)
    study.enter(takeover=True)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        held.execute("SELECT 1")
    number, anew = connections._kept[Store(study.folder).path]
    assert number == connections.file_number(Store(study.folder).path)
    assert anew.execute("SELECT count(*) FROM study").fetchone() == (1,)


def test_threads_that_write_to_one_study_take_turns_by_one_lock(tmp_path):
    found, together = [], threading.Barrier(8)

    def ask() -> None:
        together.wait()
        found.append(connections.turn_of(tmp_path / "study.db"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(lock) for lock in found}) == 1
