"""Folders of intermediate images have the names that users expect, one a scan, and never too long."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.preparation.intermediate import intermediate_names, write_intermediate
from brainlab.cohort.preparation.prepare import prepare_one
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import read_provenance
from brainlab.images.volume import Volume


def test_names_are_paths_without_extension() -> None:
    names = intermediate_names(["ms/patient01/study1_FLAIR.nii.gz", "scan.nii", "x.img"])
    assert list(names.values()) == ["ms__patient01__study1_FLAIR", "scan", "x"]


def test_two_scans_never_share_a_folder() -> None:
    names = intermediate_names(["a.nii", "a.nii.gz", "b/c.nii", "b__c.nii", "d.nii"])
    assert len(set(names.values())) == 5
    assert names["d.nii"] == "d"


def test_a_name_too_long_for_the_disk_is_shortened() -> None:
    relatives = [f"{'ä' * 100}/{'x' * 100}{end}.nii" for end in "12"] + [f"{'y' * 255}.nii"]
    names = intermediate_names(relatives)
    assert all(len(os.fsencode(name)) <= 255 for name in names.values())
    assert len(set(names.values())) == 3
    assert names[relatives[2]] == "y" * 255
    assert intermediate_names(relatives[:1]) == {relatives[0]: names[relatives[0]]}


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SLA"])
def test_the_native_mask_lies_on_the_grid_of_the_file(tmp_path: Path, brain_volume: Volume, axes: str) -> None:
    brain_volume.save(tmp_path / "scan.nii", axes)
    said = Provenance(kind="generated")
    write_intermediate(tmp_path / "out", prepare_one(tmp_path / "scan.nii", in_template_space=True), said)
    assert read_provenance(tmp_path / "out" / "mni.nii.gz") == (said,)
    scan, mask = (nib.load(tmp_path / name) for name in ("scan.nii", "out/brain_mask_native.nii.gz"))
    np.testing.assert_allclose(mask.affine, scan.affine, atol=1e-4)
    np.testing.assert_array_equal(mask.get_fdata() > 0, scan.get_fdata() > 0)
