"""Files appear whole or not at all."""

import errno
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brainlab.files.whole import whole_file, write_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from brainlab.files.whole import whole_file
with whole_file(Path(sys.argv[1])) as scratch:
    scratch.write_text("half of the weights")
    os.kill(os.getpid(), signal.SIGKILL)
"""


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


def test_what_a_killed_writer_left_is_used_up_by_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "weights.pt")], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".writing-")
    assert left.name.endswith(".pt")
    assert left.stat().st_size > 1
    with whole_file(tmp_path / "weights.pt") as scratch, scratch.open("r+b") as file:
        file.write(b"w")
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pt"]
    assert (tmp_path / "weights.pt").read_bytes() == b"w"


def test_of_several_writers_of_one_file_each_writes_it_whole(tmp_path):
    path = tmp_path / "evaluation.json"

    def write(number: int) -> None:
        for _ in range(50):
            write_whole(path, str(number) * 20_000)
            assert len(set(path.read_text(encoding="utf-8"))) == 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert list(tmp_path.iterdir()) == [path]


def test_a_scratch_file_of_another_user_stops_nobody(tmp_path):
    """Nor does a link that was laid where the scratch file would come."""
    path = tmp_path / "card.md"
    with whole_file(path) as scratch:
        pass
    scratch.symlink_to(tmp_path / "elsewhere")
    write_whole(path, "card")
    assert path.read_text(encoding="utf-8") == "card"
    assert not (tmp_path / "elsewhere").exists()


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
