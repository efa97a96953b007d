"""Series of scanners, as dicom2nifti keeps them with what its authors take for right."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.dicom.importing import import_dicom
from tests.cohort.dicom.test_privacy import secrets_of, traces

DICOM = Path(os.environ.get("BRAINLAB_REALDATA", "/nonexistent")) / "dicom"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DICOM.is_dir(), reason="needs BRAINLAB_REALDATA with the folder dicom"),
]
GOOD = {
    "ge_anatomical/001": "T1w", "ge_anatomical/001_implicit": "T1w", "ge_anatomical/001_single_slice": "T1w",
    "siemens_anatomical/001": "FLAIR", "siemens_anatomical/001_implicit": "FLAIR",
    "siemens_multiframe_anatomical/001": "MR", "hyperfine_anatomical/001": "FLAIR",
}  # fmt: skip
BAD = {
    "failing_slicecount": "2 slices, which do not tell whether others are missing",
    "failing_sliceorientation": "2 slices, which do not tell whether others are missing",
    "generic_rgb": "a colour image (RGB)",
}


@pytest.mark.parametrize("name", GOOD)
def test_voxels_and_places_are_those_of_the_ground_truth(name: str, tmp_path: Path):
    report = import_dicom(DICOM / name, tmp_path / "bids")
    assert [file.rpartition("_")[2] for file in report.files] == [f"{GOOD[name]}.nii.gz"]
    ours = nib.as_closest_canonical(nib.load(tmp_path / "bids" / report.files[0]))
    for ending in ("ground_truth", "ground_truth_reoriented"):
        theirs = nib.as_closest_canonical(nib.load(DICOM / f"{name}_{ending}.nii.gz"))
        assert np.array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj))
        assert np.allclose(ours.affine, theirs.affine, atol=1e-3)


@pytest.mark.parametrize("name", BAD)
def test_bad_ones_are_refused(name: str, tmp_path: Path):
    report = import_dicom(DICOM / name / "001", tmp_path / "bids")
    assert report.series == 0
    assert [note["reason"].startswith(BAD[name]) for note in report.skipped] == [True]
    assert not (tmp_path / "bids").exists()


def test_together_they_leave_no_trace_of_anybody(tmp_path: Path):
    report = import_dicom(DICOM, tmp_path / "bids")
    assert report.series == 6  # the single slice is one of another series
    files = list(DICOM.rglob("*.dcm"))
    secrets = set().union(*map(secrets_of, files))
    assert {"dicom2nifti", "20160309"} <= secrets
    assert traces(secrets, tmp_path / "bids") == []
