"""Images and truth are read back as they were, under the names of BIDS."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import read_provenance
from brainlab.simulation.scanning.acquisition import draw_scan
from brainlab.simulation.scanning.imaging import SimulatedImage, Truth
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import SCANNERS
from brainlab.simulation.visit_writer import write_image, write_truth

SAID = Provenance(kind="simulated", seed=5, draw=2)


def truth(stroke=None):
    image = np.arange(64, dtype=np.float32).reshape(4, 4, 4)
    return Truth(
        affine=np.diag([2.0, 2.0, 2.0, 1.0]),
        brain=np.uint8(image > 3),
        labels=np.uint8(image % 12),
        lesion=np.uint8(image > 50),
        myelin=image / 63,
        stroke=stroke,
    )


def made(name, image, also=None, of=None):
    sequence = SEQUENCES[name]
    scan = draw_scan(np.random.default_rng(0), SCANNERS[0], sequence)
    return SimulatedImage(sequence, scan, image, also or {}, of or truth())


def written(tmp_path, image):
    """Write an image; returns the values that are read back, and the sidecar."""
    write_image(tmp_path, "sub-1_ses-01", image, SAID, skull_stripped=True)
    stem = tmp_path / image.sequence.folder / image.sequence.stem("sub-1_ses-01")
    found = nib.load(f"{stem}.nii.gz")
    np.testing.assert_allclose(found.affine, image.affine)
    assert read_provenance(Path(f"{stem}.nii.gz")) == (SAID,)
    return found.get_fdata(), json.loads(stem.with_name(f"{stem.name}.json").read_text(encoding="utf-8"))


def test_a_sidecar_holds_the_scans_own_settings(tmp_path):
    image = made("FLAIR", np.full((4, 4, 4), 100, np.float32))
    values, sidecar = written(tmp_path, image)
    technique = image.scan.technique
    assert (values == 100).all()
    assert sidecar["PixelBandwidth"] == image.scan.pixel_bandwidth_hz
    assert sidecar["MagneticFieldStrength"] == 1.5
    assert sidecar["SliceThickness"] == 4.0
    assert (sidecar["EchoTime"], sidecar["InversionTime"], sidecar["RepetitionTime"]) == (
        technique.echo_time_s,
        technique.inversion_time_s,
        technique.repetition_time_s,
    )
    assert "Units" not in sidecar


@pytest.mark.parametrize(
    ("name", "highest", "units"), [("ADC", 3000, "um^2/s"), ("FA", 1, "1"), ("MTR", 60, "%"), ("DVR", 2, "1")]
)
def test_maps_keep_their_values_and_say_their_units(name, highest, units, tmp_path):
    image = np.linspace(0, highest, 64, dtype=np.float32).reshape(4, 4, 4)
    values, sidecar = written(tmp_path, made(name, image))
    np.testing.assert_allclose(values, image, atol=highest / 500)
    assert sidecar["Units"] == units
    assert sidecar["Simulated"] is True


def test_a_diffusion_image_has_its_b_value_and_the_image_without_weighting(tmp_path):
    image = np.full((4, 4, 4), 50, np.float32)
    written(tmp_path, made("DWI", image, {"S0map": 2 * image}))
    folder = tmp_path / "dwi"
    assert float((folder / "sub-1_ses-01_dwi.bval").read_text(encoding="utf-8")) == 1000
    assert np.loadtxt(folder / "sub-1_ses-01_dwi.bvec").tolist() == [0, 0, 0]
    assert (nib.load(folder / "sub-1_ses-01_S0map.nii.gz").get_fdata() == 100).all()


def test_a_tracers_map_has_no_magnet(tmp_path):
    _, sidecar = written(tmp_path, made("DVR", np.ones((4, 4, 4), np.float32)))
    assert "EchoTime" not in sidecar
    assert "MagneticFieldStrength" not in sidecar


def test_truth_is_read_back_as_it_was(tmp_path):
    one = truth(np.eye(4, dtype=np.uint8)[:, :, None].repeat(4, 2))
    blank = np.zeros((4, 4, 4), np.float32)
    write_truth(tmp_path, "sub-1", [made("FLAIR", blank, of=one), made("T2w", blank, of=one)], SAID)
    for name, expected in (
        ("dseg", one.labels),
        ("desc-brain_mask", one.brain),
        ("desc-lesion_mask", one.lesion),
        ("desc-stroke_mask", one.stroke),
        ("desc-myelin_probseg", one.myelin),
    ):
        found = nib.load(tmp_path / f"anat/sub-1_{name}.nii.gz").get_fdata()
        np.testing.assert_allclose(found, expected, atol=1 / 400 + 1e-6, err_msg=name)
        assert read_provenance(tmp_path / f"anat/sub-1_{name}.nii.gz") == (SAID,)
    assert not list(tmp_path.rglob("*space-*"))  # both lie on one grid


def test_a_grid_of_its_own_has_masks_of_its_own(tmp_path):
    blank = np.zeros((4, 4, 4), np.float32)
    write_truth(tmp_path, "sub-1", [made("FLAIR", blank), made("T2w", blank)], SAID)
    names = sorted(path.name for path in tmp_path.rglob("*space-*"))
    assert names == ["sub-1_space-T2w_desc-brain_mask.nii.gz", "sub-1_space-T2w_desc-lesion_mask.nii.gz"]


def test_maps_of_one_scan_share_their_masks(tmp_path):
    blank = np.zeros((4, 4, 4), np.float32)
    one = made("DWI", blank)
    write_truth(tmp_path, "sub-1", [made("FLAIR", blank), one, made("ADC", blank, of=one.truth)], SAID)
    assert {path.name.split("_")[1] for path in tmp_path.rglob("*space-*")} == {"space-DWI"}
