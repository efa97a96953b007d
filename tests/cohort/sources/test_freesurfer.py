"""Of a FreeSurfer subject one scan of each sequence is taken, and nothing that was made of it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from brainlab.cohort.sources.discovery import Found, find_sources
from brainlab.errors import InputError

MADE = (
    "orig_nu", "nu", "T1", "brainmask", "brainmask.auto", "brain", "norm", "wm", "wm.seg", "wm.asegedit", "aseg",
    "aseg.presurf", "aparc+aseg", "aparc.a2009s+aseg", "ribbon", "lh.ribbon", "filled", "wmparc", "brain.finalsurfs",
    "ctrl_pts",
)  # fmt: skip
"""What recon-all writes into `mri/` beside the images that were scanned."""


def subject(folder: Path, scanned: Iterable[str] = ("rawavg", "orig", "orig/001", "orig/002")) -> None:
    for name in (*(f"mri/{stem}.mgz" for stem in (*scanned, *MADE)), "surf/lh.thickness.mgh", "label/lh.mgh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def taken(found: Found) -> dict[str, tuple[str, str | None, str]]:
    return {
        scan.relative: (scan.details["participant"], scan.details["session"], scan.details["modality"])
        for scan in found.scans
    }


def test_one_scan_of_each_subject_and_visit(tmp_path: Path) -> None:
    for name in ("bert", "NDAR-12", "sub-01_ses-1", "sub-01_ses-2"):
        subject(tmp_path / name)
    found = find_sources(tmp_path, "t1-cube-64")
    assert taken(found) == {
        "NDAR-12/mri/rawavg.mgz": ("NDAR-12", None, "T1w"),
        "bert/mri/rawavg.mgz": ("bert", None, "T1w"),
        "sub-01_ses-1/mri/rawavg.mgz": ("sub-01", "ses-1", "T1w"),
        "sub-01_ses-2/mri/rawavg.mgz": ("sub-01", "ses-2", "T1w"),
    }
    (counts,) = [
        note["reason"] for note in found.warnings if note["reason"].startswith("left out: ") and note["path"] == "."
    ]
    # per subject 20 made images, of which 6 show the head, and orig/002
    assert "60 mask (such as NDAR-12/mri/aparc+aseg.mgz)" in counts
    assert "8 surface data (such as NDAR-12/label/lh.mgh)" in counts
    versions = [note["path"] for note in found.warnings if "is taken for this visit" in note["reason"]]
    assert len(versions) == 4 * 8
    assert "bert/mri/orig/001.mgz" in versions


@pytest.mark.parametrize(
    ("scanned", "first"),
    [(("orig/001", "orig"), "orig/001"), (("orig",), "orig"), (("orig", "rawavg"), "rawavg")],
)
def test_the_least_changed_image_is_taken(tmp_path: Path, scanned: tuple[str, ...], first: str) -> None:
    subject(tmp_path / "bert", scanned)
    assert list(taken(find_sources(tmp_path, "t1-cube-64"))) == [f"bert/mri/{first}.mgz"]


def test_the_other_sequences_that_a_subject_has(tmp_path: Path) -> None:
    subject(tmp_path / "bert", ("rawavg", "orig", "orig/001", "orig/FLAIRraw", "FLAIR"))
    assert taken(find_sources(tmp_path, "flair-40")) == {"bert/mri/orig/FLAIRraw.mgz": ("bert", None, "FLAIR")}


def test_averages_and_copies_of_longitudinal_runs_are_nobody(tmp_path: Path) -> None:
    for name in ("fsaverage", "fsaverage5", "anna_1", "anna_2", "anna", "anna_1.long.anna", "anna_2.long.anna"):
        subject(tmp_path / name)
    (tmp_path / "anna" / "base-tps").touch()
    found = find_sources(tmp_path, "t1-cube-64")
    assert {person for person, _, _ in taken(found).values()} == {"anna"}
    assert list(taken(found)) == ["anna_1/mri/rawavg.mgz", "anna_2/mri/rawavg.mgz"]
    (counts,) = [note["reason"] for note in found.warnings if "average of several people or visits" in note["reason"]]
    assert "copy of another visit's image (such as anna_1.long.anna/label/lh.mgh)" in counts
    assert list(taken(find_sources(tmp_path, "t1-cube-64", include="*anna_1.long.anna/mri/orig.mgz"))) == [
        "anna_1.long.anna/mri/orig.mgz"
    ]


@pytest.mark.parametrize("source", ["bert", "bert/mri", "bert/mri/orig.mgz"])
def test_a_subject_or_a_file_of_it_as_the_source(tmp_path: Path, source: str) -> None:
    subject(tmp_path / "bert")
    ((person, _, sequence),) = taken(find_sources(tmp_path / source, "t1-cube-64")).values()
    assert (person, sequence) == ("bert", "T1w")


def test_a_folder_of_labels_alone_holds_no_scan(tmp_path: Path) -> None:
    for name in ("anna_aseg.mgz", "bert_aparc+aseg.mgz", "carl.ribbon.mgz"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="no T1w"):
        find_sources(tmp_path, "t1-cube-64")
