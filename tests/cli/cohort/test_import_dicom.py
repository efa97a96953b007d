"""`brainlab import-dicom`: one JSON object, one line an error, exit codes as `prepare` has them."""

import csv
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brainlab.cli import main
from brainlab.cohort.dicom import writing
from brainlab.errors import InputError
from brainlab.files.unfinished import refuse_unfinished
from tests.dicom_files import save_all, series, voxels_of


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))


def call(*words: object) -> int:
    return main(["import-dicom", *map(str, words)])


def test_json_says_what_got_in_and_what_did_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_all(series(), tmp_path / "scanner")
    save_all(series(2, PatientID="other"), tmp_path / "scanner" / "two")
    assert call(tmp_path / "scanner", tmp_path / "bids", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["series"], said["new"], said["participants"]) == (1, 1, 1)
    assert [set(note) for note in said["skipped"]] == [{"path", "reason"}]
    assert said["skipped"][0]["path"].startswith("two/IM0000")


def test_text_says_that_faces_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_all(series(), tmp_path / "scanner")
    for number in range(9):
        (tmp_path / "scanner" / f"note{number}.txt").write_text("notes of a scan", encoding="utf-8")
    assert call(tmp_path / "scanner", tmp_path / "bids") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [
        "skipped  4 more files: not a DICOM file; --json lists all",
        f"1 series of 1 person in {tmp_path / 'bids'}, 9 skipped",
        "faces are not removed; remove them before you share the dataset",
    ]
    assert call(tmp_path / "scanner", tmp_path / "bids") == 0
    assert "1 series of 1 person" in (said := capsys.readouterr().out)
    assert "(1 of them there already)" in said


@pytest.mark.parametrize("packed", [False, True])
def test_a_dry_run_says_what_an_import_then_does_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], packed: bool
):
    save_all(series(), tmp_path / "scanner")
    save_all(series(2, PatientID="other"), tmp_path / "scanner" / "two")
    if packed:
        shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path / "scanner")
    words = (tmp_path / ("export.zip" if packed else "scanner"), tmp_path / "new" / "bids")
    assert call(*words, "--dry-run") == 0
    *_, image, count, last = capsys.readouterr().out.splitlines()
    assert image.startswith("sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz  from IM0000")
    assert (count.partition(" in ")[0], last) == ("1 series of 1 person", "a dry run; nothing written")
    assert {path.name for path in tmp_path.iterdir()} <= {"scanner", "export.zip", "workspace"}
    for there in (False, True):
        assert call(*words, "--dry-run", "--json") == 0
        foreseen = json.loads(capsys.readouterr().out)
        assert call(*words, "--json") == 0
        assert json.loads(capsys.readouterr().out) == foreseen
        assert foreseen["new"] == (0 if there else 1)


def test_nothing_imported_is_exit_code_2_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_all(series(2), tmp_path / "scanner")
    assert call(tmp_path / "scanner", tmp_path / "bids") == 2
    assert capsys.readouterr().out.splitlines()[-1] == "no series imported; nothing written"
    assert not (tmp_path / "bids").exists()


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call(tmp_path / "nowhere", tmp_path / "bids") == 2
    assert capsys.readouterr().err.startswith(
        f"error: {tmp_path / 'nowhere'}: no such file or folder; give a folder of"
    )


def test_the_linking_table_names_patients_outside_the_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_all(series(), tmp_path / "scanner")
    table = tmp_path / "people.csv"
    assert call(tmp_path / "scanner", tmp_path / "bids", "--linking-table", table) == 0
    [row] = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (row["participant"], row["session"], row["patient_id"]) == ("sub-01", "ses-01", "KH-4711-X")
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    assert call(tmp_path / "scanner", tmp_path / "bids", "--linking-table", table) == 2
    inside = tmp_path / "bids" / "people.csv"
    assert call(tmp_path / "scanner", tmp_path / "bids", "--linking-table", inside) == 2
    assert "lies in the dataset" in capsys.readouterr().err
    assert not inside.exists()


def test_a_full_disk_is_one_line_and_keeps_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for number in range(2):
        save_all(series(PatientID=f"P{number}"), tmp_path / "scanner" / str(number))
    write = writing.bids_writer.write_image

    def full(path: Path, *rest: object) -> None:
        if "sub-02" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(writing.bids_writer, "write_image", full)
    assert call(tmp_path / "scanner", tmp_path / "bids") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "No space left on device; free some and run again" in error
    assert error.count("\n") == 1
    with pytest.raises(InputError, match="is not whole: brainlab import-dicom was stopped there"):
        refuse_unfinished(tmp_path / "bids")
    monkeypatch.undo()
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path / "workspace"))
    assert call(tmp_path / "scanner", tmp_path / "bids", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["series"], said["new"]) == (2, 1)
    refuse_unfinished(tmp_path / "bids")


def test_a_killed_import_goes_on_and_ends_as_one_that_was_not(tmp_path: Path):
    """SIGKILL at some moment while images are written, then again; then the same bytes."""
    for number in range(12):
        values = voxels_of(24, 64, 64, seed=number)
        save_all(series(PatientID=f"P{number:02d}", voxels=values), tmp_path / "scanner" / str(number))
    words = [sys.executable, "-m", "brainlab", "import-dicom", str(tmp_path / "scanner")]
    assert call(tmp_path / "scanner", tmp_path / "whole") == 0
    out = tmp_path / "bids"
    for wanted in (2, 7):
        process = subprocess.Popen([*words, str(out)], stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(out.glob("sub-*/ses-*/anat/[!.]*.nii.gz"))) < wanted:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert call(tmp_path / "scanner", out) == 0
    assert _tree(out) == _tree(tmp_path / "whole")
    assert not list(tmp_path.glob(".*"))


def _tree(root: Path) -> dict[Path, bytes]:
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
