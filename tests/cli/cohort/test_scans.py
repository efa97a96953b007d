"""`brainlab scans` lists and prepares nothing."""

import json
from pathlib import Path

import pytest

from brainlab.cli import main
from tests.cohort.sources.test_listing import HEADER


def dataset(root: Path) -> Path:
    for k in (1, 2):
        folder = root / f"sub-{k}" / "anat"
        folder.mkdir(parents=True)
        (folder / f"sub-{k}_FLAIR.nii.gz").write_bytes(HEADER if k == 1 else b"")
    (root / "participants.tsv").write_text("participant_id\tage\tclass\nsub-1\t34.5\tms\n", encoding="utf-8")
    return root


def test_a_scan_a_line_and_the_counts_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(dataset(tmp_path / "bids").rglob("*"))
    assert main(["scans", str(tmp_path / "bids")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["participant", "session", "modality", "age_years", "sex", "class", "path"]
    assert lines[1].split() == ["sub-1", "-", "FLAIR", "34.5", "-", "ms", "sub-1/anat/sub-1_FLAIR.nii.gz"]
    assert lines[3] == "unreadable  sub-2/anat/sub-2_FLAIR.nii.gz: an empty file (0 bytes); copy or download it again"
    assert any(line.startswith("warning  participants.tsv: ") and "no row for sub-2" in line for line in lines)
    assert lines[-1] == "2 scans of 2 participants (2 FLAIR), 1 unreadable; nothing was prepared"
    assert sorted((tmp_path / "bids").rglob("*")) == before


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scans", str(dataset(tmp_path)), "--recipe", "flair-40", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"scans", "warnings", "failed"}
    assert [(scan["participant"], scan["age_years"], scan["class"]) for scan in told["scans"]] == [
        ("sub-1", 34.5, "ms"),
        ("sub-2", None, None),
    ]
    assert [item["path"] for item in told["failed"]] == ["sub-2/anat/sub-2_FLAIR.nii.gz"]


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scans", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'none'}: no such file or folder")
    assert main(["scans", str(tmp_path)]) == 2
    assert "no image" in capsys.readouterr().err
