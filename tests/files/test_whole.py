"""Files appear whole or not at all."""

import errno
import stat
from pathlib import Path

import pytest

from brainlab.files.whole import whole_file, write_whole


def test_a_file_takes_its_place_when_the_block_ends(tmp_path):
    path = tmp_path / "scan.nii.gz"
    path.write_text("before", encoding="utf-8")
    with whole_file(path, on_disk=True) as scratch:
        assert scratch.parent == tmp_path
        assert scratch.name.endswith(".nii.gz")
        scratch.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_text(encoding="utf-8") == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_what_stops_a_writer_leaves_what_was_there(stop, tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text("before", encoding="utf-8")

    def write() -> None:
        with whole_file(path) as scratch:
            scratch.write_text("half", encoding="utf-8")
            raise stop

    with pytest.raises(stop):
        write()
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_and_not_the_scratch_file(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        write_whole(tmp_path / "nowhere" / "answers.csv", "answers")
    assert caught.value.filename == str(tmp_path / "nowhere" / "answers.csv")


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_whole(tmp_path / "taken", "answers")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_full_disk_names_the_file_that_was_to_be_written(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_whole(tmp_path / "answers.csv", "answers")
    assert caught.value.filename == str(tmp_path / "answers.csv")
    assert not list(tmp_path.iterdir())
