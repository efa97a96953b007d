"""What is odd about a source is said before anything is prepared."""

import gzip
import json
from pathlib import Path

import nibabel as nib
import pytest
from PIL import Image

from brainlab.cohort.sources.listing import Listing, list_scans

HEADER = gzip.compress(nib.Nifti1Header().binaryblock)
"""All that is read of a scan before it is prepared."""


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(HEADER)


def write(root: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding=encoding)


def taken(found: Listing) -> dict[str, str]:
    return {scan["path"].rpartition("/")[2]: scan["modality"] for scan in found.scans}


def reasons(found: Listing) -> dict[str, str]:
    return {note["path"]: note["reason"] for note in found.warnings}


def test_what_shows_a_head_is_listed_in_every_version_and_the_rest_counted(tmp_path: Path) -> None:
    anat = "sub-007/ses-pre/anat/sub-007_ses-pre"
    scans = [f"{anat}_acq-hi_ce-gd_rec-norm_run-0{run}_T1w.nii.gz" for run in (1, 2)]
    scans += [f"{anat}_echo-2_part-mag_T2starw.nii.gz", f"{anat}_FLAIR.nii"]
    others = [f"{anat}_{name}.nii.gz" for name in ("part-phase_T2starw", "inv-1_MP2RAGE", "inv-2_MP2RAGE", "UNIT1",
              "mod-T1w_defacemask", "T1map")]  # fmt: skip
    others.append("sub-007/ses-pre/func/sub-007_ses-pre_task-rest_bold.nii.gz")
    hidden = ["derivatives/x/sub-007/anat/sub-007_T1w.nii.gz", "sourcedata/sub-007_T1w.nii.gz", "code/a_T1w.nii"]
    touch(tmp_path, *scans, *others, *hidden)
    write(tmp_path, "dataset_description.json", '{"Name": "a", "BIDSVersion": "1.9.0"}')
    write(tmp_path, "participants.tsv", "participant_id\tAge\tSEX\nsub-007\t34\tf\n")
    found = list_scans(tmp_path)
    assert taken(found) == {
        "sub-007_ses-pre_acq-hi_ce-gd_rec-norm_run-01_T1w.nii.gz": "T1w",
        "sub-007_ses-pre_acq-hi_ce-gd_rec-norm_run-02_T1w.nii.gz": "T1w",
        "sub-007_ses-pre_echo-2_part-mag_T2starw.nii.gz": "T2starw",
        "sub-007_ses-pre_FLAIR.nii": "FLAIR",
    }
    assert {(scan["participant"], scan["session"], scan["age_years"], scan["sex"]) for scan in found.scans} == {
        ("sub-007", "ses-pre", 34, "F")
    }
    first = next(scan for scan in found.scans if "run-01" in scan["path"])
    assert first["entities"] == {"acq": "hi", "ce": "gd", "rec": "norm", "run": "01"}
    counts = reasons(found)["."]
    for kind in ("2 MP2RAGE", "1 T1map", "1 UNIT1", "1 bold", "1 phase", "1 mask"):
        assert kind in counts
    assert found.failed == []


def test_files_that_are_plainly_no_images(tmp_path: Path) -> None:
    write(tmp_path, "a/flair.nii.gz", "")
    write(tmp_path, "b/flair.nii.gz", "/annex/objects/MD5-s1--abc")
    write(tmp_path, "c/flair.nii.gz", "version https://git-lfs.github.com/spec/v1")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "flair.nii.gz").symlink_to("../.git/annex/objects/x/y")
    write(tmp_path, "e/flair.nii.gz", "PK\x03\x04 and more")
    write(tmp_path, "f/flair.nii", "nothing")
    write(tmp_path, "g/flair.nrrd", "nothing")
    write(tmp_path, "h/flair.mgz", "nothing")
    write(tmp_path, "i/flair.mha", "nothing")
    found = list_scans(tmp_path)
    assert len(found.scans) == 9
    assert [(item["path"][0], item["stage"], item["reason"].partition(";")[0]) for item in found.failed] == [
        ("a", "read", "an empty file (0 bytes)"),
        ("b", "read", "a git-annex pointer, not the image"),
        ("c", "read", "a git-lfs pointer, not the image"),
        ("d", "read", "a broken link (git-annex?), not the image"),
        ("e", "read", "a zip archive"),
        ("f", "read", "7 bytes, too short for a NIfTI header (348)"),
        ("g", "read", "does not begin as an NRRD file"),
        ("h", "read", "does not begin as MGH"),
        ("i", "read", "needs a header that ends with ElementDataFile"),
    ]


def test_tables_and_sidecars_that_are_odd(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sub-{k}/anat/sub-{k}_FLAIR.nii.gz" for k in ("01", "02", "03", "04")))
    write(tmp_path, "dataset_description.json", '["not", "an", "object"]')
    table = (
        "participant_id\tAge\tGender\tclass\r\nsub-01\t89+\t1\tms\r\nsub-02\tP34Y6M\tO\tn/a\r\nsub-05\told\tM\tms\r\n"
    )
    write(tmp_path, "participants.tsv", table, "utf-8-sig")
    write(tmp_path, "sub-01/anat/sub-01_FLAIR.json", '{"EchoTime": 93, "RepetitionTime": 9000}')
    write(tmp_path, "sub-02/anat/sub-02_FLAIR.json", '[{"EchoTime": 0.1}]')
    write(tmp_path, "sub-03/anat/sub-03_FLAIR.json", '{"EchoTime": NaN, "RepetitionTime": 9}')
    write(tmp_path, "sub-04/anat/sub-04_FLAIR.json", json.dumps({"EchoTime": 12, "RepetitionTime": 0.01}), "utf-16")
    found = list_scans(tmp_path)
    assert [scan["age_years"] for scan in found.scans] == [89, 34.5, None, None]
    assert [scan["sex"] for scan in found.scans] == [None, "O", None, None]
    assert [scan["echo_time_s"] for scan in found.scans] == [pytest.approx(0.093), None, None, pytest.approx(0.012)]
    odd = reasons(found)
    assert odd["dataset_description.json"] == "not a JSON object: passed over (so in 1 more file)"
    assert "no folder for sub-05" in odd["participants.tsv"]
    assert "no row for sub-03, sub-04" in odd["participants.tsv"]
    assert "gender '1' is neither a word for a sex nor among the Levels of its column" in odd["participants.tsv"]
    first = odd["sub-01/anat/sub-01_FLAIR.nii.gz"]
    assert "EchoTime is above 1 s: taken for ms (sub-01_FLAIR.nii.gz, sub-04_FLAIR.nii.gz)" in first
    assert "RepetitionTime is above 100 s: taken for ms (sub-01_FLAIR.nii.gz)" in first
    assert odd["sub-04/anat/sub-04_FLAIR.nii.gz"].startswith("EchoTime is longer than RepetitionTime")


def test_a_dataset_without_its_own_tables(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1/ses-1/anat/sub-1_ses-1_T1w.nii.gz", "sub-1/ses-2/anat/sub-1_ses-2_T1w.nii.gz")
    write(tmp_path, "sub-1/sub-1_sessions.tsv", "session_id\tage\nses-1\t40\nses-2\t42\n")
    found = list_scans(tmp_path)
    assert [scan["age_years"] for scan in found.scans] == [40, 42]
    assert set(reasons(found)) == {"dataset_description.json", "participants.tsv"}
    touch(tmp_path / "free", "anna_t1.nii.gz")
    assert "participants.tsv" not in reasons(list_scans(tmp_path / "free"))


def test_only_what_a_recipe_would_prepare(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sub-1/anat/sub-1_{name}.nii.gz" for name in ("run-1_FLAIR", "run-2_FLAIR", "T1w")))
    assert len(list_scans(tmp_path).scans) == 3
    assert list(taken(list_scans(tmp_path, "flair-40"))) == ["sub-1_run-1_FLAIR.nii.gz"]


def test_what_bidsignore_keeps_from_the_validator_is_read_like_others(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz", "sub-1/anat/sub-1_DIR.nii.gz")
    write(tmp_path, ".bidsignore", "*_DIR.*\n")
    assert sorted(taken(list_scans(tmp_path))) == ["sub-1_DIR.nii.gz", "sub-1_T1w.nii.gz"]


def test_pictures_of_slices_are_checked_as_pictures(tmp_path: Path) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "p0_flair.png")
    (tmp_path / "p1_flair.png").write_bytes(b"GIMP or whatever")
    found = list_scans(tmp_path, "slices-128")
    assert len(found.scans) == 2
    [failed] = found.failed
    assert failed["path"] == "p1_flair.png"
    assert failed["reason"].startswith("cannot be read as a picture")
