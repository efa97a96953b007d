"""Each scan gets the segmentation of its own person, visit and coordinates, or a reason why it has none."""

from pathlib import Path
from typing import Any

import pytest

from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.sources.segmentation_files import find_segmentations
from brainlab.errors import InputError


def scan(name: str, modality: str = "FLAIR", **more: Any) -> ScanSource:
    parts = dict(pair.split("-") for pair in name.split("_")[:-1])
    session = f"ses-{parts['ses']}" if "ses" in parts else None
    details = {"participant": f"sub-{parts['sub']}", "session": session, "modality": modality}
    return ScanSource(Path(f"{name}.nii.gz"), name, details, **more)


def write(folder: Path, *names: str) -> None:
    for name in names:
        place = folder / name.split("_")[0] / "anat" / f"{name}.nii.gz"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def chosen(folder: Path, *scans: ScanSource) -> list[str | None]:
    found = find_segmentations(folder, scans)
    return [found.files[one.relative].name if one.relative in found.files else None for one in scans]


def test_person_and_visit_decide(tmp_path: Path) -> None:
    write(tmp_path, "sub-1_ses-a_dseg", "sub-1_ses-b_dseg", "sub-2_ses-a_dseg", "sub-3_dseg")
    scans = [scan("sub-1_ses-b_FLAIR"), scan("sub-2_ses-a_FLAIR"), scan("sub-3_FLAIR"), scan("sub-2_ses-b_FLAIR")]
    names = ["sub-1_ses-b_dseg.nii.gz", "sub-2_ses-a_dseg.nii.gz", "sub-3_dseg.nii.gz", None]
    assert chosen(tmp_path, *scans) == names
    found = find_segmentations(tmp_path, scans)
    assert [one.segmentation.name for one in found.of(scans) if one.segmentation] == names[:3]
    reason = f"no segmentation named sub-2_ses-b_*_dseg.nii.gz in {tmp_path}"
    assert found.failed == [{"path": "sub-2_ses-b_FLAIR", "stage": "segmentation", "reason": reason}]


def test_the_name_nearest_to_the_scan_s_is_taken(tmp_path: Path) -> None:
    write(
        tmp_path, "sub-1_run-1_dseg", "sub-1_run-2_dseg", "sub-2_dseg", "sub-2_desc-aseg_dseg", "sub-2_space-T2w_dseg"
    )
    assert chosen(tmp_path, scan("sub-1_run-2_FLAIR"), scan("sub-2_FLAIR"), scan("sub-2_T2w", "T2w")) == [
        "sub-1_run-2_dseg.nii.gz",
        "sub-2_dseg.nii.gz",
        "sub-2_space-T2w_dseg.nii.gz",
    ]


def test_a_template_s_space_fits_only_scans_that_lie_there(tmp_path: Path) -> None:
    write(tmp_path, "sub-1_space-MNI152NLin2009cAsym_dseg", "sub-2_dseg")
    name = "sub-1_space-MNI152NLin2009cAsym_dseg.nii.gz"
    assert chosen(tmp_path, scan("sub-1_FLAIR", in_template_space=True)) == [name]
    found = find_segmentations(tmp_path, [scan("sub-1_FLAIR"), scan("sub-2_FLAIR")])
    assert "on the scan's own coordinates, only " + name in found.failed[0]["reason"]


def test_two_that_fit_alike_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "sub-1_desc-a_dseg", "sub-1_desc-b_dseg", "sub-2_dseg")
    found = find_segmentations(tmp_path, [scan("sub-1_FLAIR"), scan("sub-2_FLAIR")])
    assert "such as sub-1_desc-a_dseg.nii.gz and sub-1_desc-b_dseg.nii.gz; keep one" in found.failed[0]["reason"]


def test_labels_have_the_names_of_the_table(tmp_path: Path) -> None:
    write(tmp_path, "sub-1_dseg")
    scans = [scan("sub-1_FLAIR")]
    assert find_segmentations(tmp_path, scans).named({4}) == {"4": "label-4"}
    (tmp_path / "dseg.tsv").write_text(
        "index\tname\tcolor\n0\tbackground\tx\n2\twhite\tx\n1001\tcortex\tx\n", encoding="utf-8"
    )
    assert find_segmentations(tmp_path, scans).named({4}) == {"2": "white", "4": "label-4"}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("x\twhite", "line 2: needs a whole number and a name, got 'x' and 'white'"),
        ("2\t", "line 2: needs a whole number and a name"),
        ("2\twhite\n2\tgrey", "line 3: label 2 'grey' stands twice"),
        ("2\twhite\n3\twhite", "line 3: label 3 'white' stands twice"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(tmp_path: Path, rows: str, says: str) -> None:
    write(tmp_path, "sub-1_dseg")
    (tmp_path / "dseg.tsv").write_text(f"index\tname\n{rows}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        find_segmentations(tmp_path, [scan("sub-1_FLAIR")])


def test_a_folder_without_any_that_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_segmentations(tmp_path / "nowhere", [scan("sub-1_FLAIR")])
    with pytest.raises(InputError, match=r"needs files sub-\*/ses-\*/anat/\*_dseg.nii.gz, found none"):
        find_segmentations(tmp_path, [scan("sub-1_FLAIR")])
    write(tmp_path, "sub-2_dseg")
    with pytest.raises(InputError, match="fits none of the 1 scan; sub-1_FLAIR: no segmentation named sub-1_"):
        find_segmentations(tmp_path, [scan("sub-1_FLAIR")])
