"""A finished scan is taken up only where nothing that it was made from has changed."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from brainlab.cohort.preparation.kept_scans import Outcome, keep, kept
from brainlab.cohort.preparation.prepare import _sha256
from brainlab.cohort.sources.scan_source import ScanSource


@pytest.mark.parametrize(
    ("name", "voxels"), [("a.nii", "a.nii"), ("a.nhdr", "a.raw"), ("a.mhd", "a.raw"), ("a.hdr", "a.img")]
)
def test_a_scan_whose_voxels_changed_is_prepared_again(name: str, voxels: str, tmp_path: Path):
    """Also where its header, in a file of its own, is as it was."""
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 4, 5), np.int16)), str(tmp_path / name))
    source, before = ScanSource(tmp_path / name, name), _sha256(tmp_path / name)
    keep(tmp_path, source, Outcome(name, 1.0, data=np.zeros((2, 2, 2), np.uint8)))
    assert kept(tmp_path, source, None) is not None
    content = bytearray((tmp_path / voxels).read_bytes())
    content[-1] ^= 1
    (tmp_path / voxels).write_bytes(content)
    os.utime(tmp_path / voxels, ns=(1, 1))
    assert kept(tmp_path, source, None) is None
    assert _sha256(tmp_path / name) != before
