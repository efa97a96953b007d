"""Image files are found once each, and what is passed over is named."""

import os
from pathlib import Path

import numpy as np
import pytest

from brainlab.cohort.sources.image_files import LEFT_OUT, find_images, without_twins
from brainlab.images.volume import Volume


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def scan(path: Path, seed: int = 0) -> None:
    Volume(np.random.default_rng(seed).random((9, 9, 9), dtype=np.float32), np.diag([2.0, 2, 2, 1])).save(path)


def test_hidden_files_and_those_of_macos_are_no_scans(tmp_path: Path) -> None:
    touch(tmp_path, "a.nii.gz", "._a.nii.gz", ".b.nii", "__MACOSX/p/c.nii", ".git/d.nii", "notes.txt", "x.dcm")
    found = find_images(tmp_path)
    assert [path.name for path in found.paths] == ["a.nii.gz"]
    assert found.notes == [{"path": ".b.nii", "reason": f"{LEFT_OUT}a hidden file; rename it to use it"}]
    assert found.foreign == {"DICOM": 1}


def test_names_that_no_table_can_hold_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "jörg/flair.nii", "花/flair.nii", "tab\there.nii")
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.nii", os.O_CREAT))
    found = find_images(tmp_path)
    assert [path.parent.name for path in found.paths] == ["jörg", "花"]
    assert [(note["path"], note["reason"].split(";")[0]) for note in found.notes] == [
        ("tab\there.nii", "left out: its name holds a control character"),
        ("\\xff.nii", "left out: its name is not valid UTF-8"),
    ]


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.nii", "locked/b.nii")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_images(tmp_path)
    assert [path.name for path in found.paths] == ["a.nii"]
    assert found.notes == [{"path": "locked", "reason": "left out: the folder cannot be read (Permission denied)"}]


def test_links_in_a_circle_and_prepared_datasets_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "anna/flair.nii", "done/recipe.json", "done/volumes.npy", "done/intermediate/x/mni.nii.gz")
    (tmp_path / "anna" / "round").symlink_to(tmp_path)
    found = find_images(tmp_path)
    assert [path.name for path in found.paths] == ["flair.nii"]
    assert [note["path"] for note in found.notes] == ["anna/round", "done"]


def test_one_scan_in_two_formats_counts_once(tmp_path: Path) -> None:
    scan(tmp_path / "a.nii")
    scan(tmp_path / "a.nii.gz")
    scan(tmp_path / "b.nii")
    kept, notes = without_twins(find_images(tmp_path).paths, tmp_path)
    assert [path.name for path in kept] == ["a.nii.gz", "b.nii"]
    assert notes == [{"path": "a.nii", "reason": "left out: the same scan as a.nii.gz, which is taken"}]


def test_of_two_formats_the_readable_one_is_taken(tmp_path: Path) -> None:
    scan(tmp_path / "a.nii")
    (tmp_path / "a.nii.gz").write_bytes(b"<html>")
    kept, notes = without_twins(find_images(tmp_path).paths, tmp_path)
    assert [path.name for path in kept] == ["a.nii"]
    assert notes[0]["path"] == "a.nii.gz"
    assert "unreadable" in notes[0]["reason"]


def test_two_formats_that_differ_are_both_left_out(tmp_path: Path) -> None:
    scan(tmp_path / "a.nii", 0)
    scan(tmp_path / "a.nii.gz", 1)
    kept, notes = without_twins(find_images(tmp_path).paths, tmp_path)
    assert kept == []
    assert {note["path"] for note in notes} == {"a.nii", "a.nii.gz"}
    assert "hold different voxels" in notes[0]["reason"]
