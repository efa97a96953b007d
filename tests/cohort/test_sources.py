"""Scans are found in BIDS datasets, plain folders and tables, each with its participant and class."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources import find_sources
from brainlab.errors import InputError

RECIPE = find_recipe("flair-40")


def test_bids_dataset_without_its_derivatives(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(2)
    extra = root / "derivatives" / "other" / "sub-00_FLAIR.nii.gz"
    extra.parent.mkdir(parents=True)
    extra.touch()
    (root / "sub-00" / "anat" / "sub-00_T1w.nii.gz").touch()
    found = find_sources(root, RECIPE)
    assert [scan.relative for scan in found.scans] == [f"sub-0{n}/anat/sub-0{n}_FLAIR.nii.gz" for n in (0, 1)]
    assert [scan.details["class"] for scan in found.scans] == ["healthy", "ms"]
    assert all(scan.in_template_space and not scan.simulated for scan in found.scans)
    assert "1 T1w" in found.warnings[0]["reason"]
    only = find_sources(root, RECIPE, include="*T1w*")
    assert [scan.details["modality"] for scan in only.scans] == ["T1w"]
    assert not only.scans[0].in_template_space


def test_simulated_scans_say_so_and_bring_their_truth(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(1, sidecar={"Simulated": True})
    truth = root / "derivatives" / "truth"
    truth.mkdir(parents=True)
    (truth / "scans.tsv").write_text("participant_id\tlesion_volume_ml\tother\nsub-00\t12.5\tx\n")
    scan = find_sources(root, RECIPE).scans[0]
    assert scan.simulated
    assert scan.details["lesion_volume_ml"] == 12.5
    assert "other" not in scan.details


def test_plain_folder_keeps_the_scans_of_a_person_together(tmp_path: Path) -> None:
    for name in ("anna/first_flair.nii.gz", "anna/second.nii", "bert.img", "bert.hdr", ".hidden.nii", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    scans = find_sources(tmp_path, RECIPE, include="*").scans
    assert [(scan.relative, scan.details["participant"]) for scan in scans] == [
        ("bert.img", "bert"),
        ("anna/first_flair.nii.gz", "anna"),
        ("anna/second.nii", "anna"),
    ]
    assert scans[1].details["modality"] == "FLAIR"
    assert [scan.relative for scan in find_sources(tmp_path / "anna", RECIPE, include="*flair*").scans] == [
        "first_flair.nii.gz"
    ]
    assert [scan.relative for scan in find_sources(tmp_path / "bert.img", RECIPE).scans] == ["bert.img"]
    with pytest.raises(InputError, match="--include 'x': does not match"):
        find_sources(tmp_path / "bert.img", RECIPE, include="x")


def test_table_maps_files(tmp_path: Path) -> None:
    (tmp_path / "a.nii").touch()
    table = tmp_path / "table.csv"
    table.write_text("File,Participant,Group,Age,Sex,EchoTime\na.nii,p1,ms,41,F,0.1\ngone.nii,p2,healthy,30,M,\n")
    scans = find_sources(tmp_path, RECIPE, table=table).scans
    first = scans[0].details
    assert (first["participant"], first["class"], first["age_years"], first["sex"]) == ("p1", "ms", 41, "F")
    assert first["echo_time_s"] == 0.1
    assert scans[1].relative == "gone.nii"


def test_labels_from_any_column(make_dataset: Callable[..., Path]) -> None:
    root = make_dataset(2)
    assert [scan.details["class"] for scan in find_sources(root, RECIPE, labels="Sex").scans] == ["F", "M"]
    with pytest.raises(InputError, match="--labels centre: no such column; the tables have: age, class"):
        find_sources(root, RECIPE, labels="centre")


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        find_sources(tmp_path / "none", RECIPE)
    with pytest.raises(InputError, match="no image"):
        find_sources(tmp_path, RECIPE)
    (tmp_path / "t.csv").write_text("name\nx\n")
    with pytest.raises(InputError, match="no column 'file'"):
        find_sources(tmp_path, RECIPE, table=tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("file\n")
    with pytest.raises(InputError, match="--table"):
        find_sources(tmp_path, RECIPE, table=tmp_path / "t.csv")


def test_scan_of_a_subject_folder_alone_is_still_that_subject(tmp_path: Path) -> None:
    scan = tmp_path / "sub-07" / "ses-b" / "anat" / "sub-07_ses-b_FLAIR.nii.gz"
    scan.parent.mkdir(parents=True)
    scan.touch()
    (tmp_path / "sub-07" / "x.json").write_text(json.dumps({}))
    details = find_sources(tmp_path / "sub-07", RECIPE).scans[0].details
    assert (details["participant"], details["session"]) == ("sub-07", "ses-b")


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    scan = tmp_path / "store" / "anna" / "flair.nii"
    scan.parent.mkdir(parents=True)
    scan.touch()
    cohort = tmp_path / "cohort"
    cohort.mkdir()
    (cohort / "anna").symlink_to(scan.parent)
    (scan.parent / "round").symlink_to(cohort)
    assert [found.relative for found in find_sources(cohort, RECIPE).scans] == ["anna/flair.nii"]
