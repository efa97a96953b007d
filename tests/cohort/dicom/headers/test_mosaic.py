"""Siemens mosaics: their slices lie where single images of them would."""

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.importing import ImportReport
from tests.dicom_files import AXIAL, SAGITTAL, mosaic, save, save_all, series, voxels_of

Bring = Callable[..., ImportReport]
OBLIQUE = (0.96, 0.0, -0.28, 0.0, 1.0, 0.0)
SCANNER = Path(nib.__file__).parent / "nicom" / "tests" / "data"
"""Images of a Siemens Trio (syngo B17) that come with nibabel: headers as they were, pixels all zero."""


def image(root: Path, report: ImportReport) -> nib.Nifti1Image:
    [file] = report.files
    return nib.load(root / "bids" / file)


def in_csa_alone(one: Dataset) -> Dataset:
    """Return a diffusion image without what newer scanners say of it beside the CSA header."""
    one.ImageType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "ND", "MOSAIC"]
    return one


def test_a_scanners_mosaics_lie_where_dcm2niix_puts_them(tmp_path: Path, bring_in: Bring):
    """Compared with dcm2niix v1.0.20260724, which stores rows from the back to the front."""
    for name in ("siemens_dwi_0", "siemens_dwi_1000"):
        (tmp_path / "scanner").mkdir(exist_ok=True)
        (tmp_path / "scanner" / name).write_bytes(gzip.decompress((SCANNER / f"{name}.dcm.gz").read_bytes()))
    found = image(tmp_path, bring_in())
    theirs = np.array([
        [-1.79687500e00, 0, 0, 1.15000000e02],
        [0, 1.79685044e00, -1.57080051e-02, -9.31714783e01],
        [0, 9.40844044e-03, 2.99995899e00, -7.99053497e01],
        [0, 0, 0, 1],
    ])  # fmt: skip
    back_to_front = np.array([[1, 0, 0, 0], [0, -1, 0, 127], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert np.allclose(found.affine, theirs @ back_to_front, atol=1e-4)
    assert found.shape == (128, 128, 48, 2)
    stem = found.get_filename().removesuffix(".nii.gz")
    assert np.loadtxt(f"{stem}.bval").tolist() == [0, 1000]
    directions = np.loadtxt(f"{stem}.bvec")
    # Its image is left-handed, so that FSL does not turn the first axis round, as it does ours; rows run the other way.
    assert np.allclose(directions[:, 1], np.array([0.999975, -0.00507649, -0.00502361]) * [-1, -1, 1], atol=2e-6)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, OBLIQUE])
def test_slices_lie_where_single_images_of_them_would(orientation, turned, tmp_path: Path, bring_in: Bring):
    """Also where they follow each other against the normal."""
    values = voxels_of(7)
    save(mosaic(values, turned=turned, orientation=orientation), tmp_path / "scanner" / "x")
    mosaics = image(tmp_path, bring_in())
    singles = series(voxels=values, orientation=orientation, gap_mm=-3.0 if turned else 3.0)
    save_all(singles, tmp_path / "singly" / "scanner")
    wanted = image(tmp_path / "singly", bring_in(tmp_path / "singly" / "scanner", tmp_path / "singly" / "bids"))
    assert mosaics.shape == wanted.shape == (20, 24, 7)
    assert np.array_equal(np.asarray(mosaics.dataobj), np.asarray(wanted.dataobj))
    assert np.allclose(mosaics.affine, wanted.affine, atol=1e-5)


def test_voxels_are_those_that_nibabel_cuts(tmp_path: Path, bring_in: Bring):
    save(mosaic(voxels_of(7)), tmp_path / "scanner" / "x")
    found = image(tmp_path, bring_in())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it is experimental
        from nibabel.nicom.dicomwrappers import MosaicWrapper

        theirs = MosaicWrapper(dcmread(tmp_path / "scanner" / "x"))
    assert np.array_equal(np.asarray(found.dataobj), theirs.get_unscaled_data().swapaxes(0, 1))
    assert np.allclose(found.affine, np.diag([-1, -1, 1, 1]) @ theirs.affine[:, [1, 0, 2, 3]], atol=1e-5)


def test_diffusion_is_one_image_in_the_order_it_was_taken(tmp_path: Path, bring_in: Bring):
    """With more images without weighting than a series of anatomical ones may have repetitions."""
    weights = [0, 1000, 0, 0, 1000, 0, 0, 0]
    for number, b_value in enumerate(weights, 1):
        along = ["1", "0", "0"] if number == 2 else ["0", "0", "1"]
        csa = {"B_value": [str(b_value)], **({"DiffusionGradientDirection": along} if b_value else {})}
        one = in_csa_alone(mosaic(voxels_of(5, seed=number), number, csa=csa, SeriesInstanceUID="1.2.3"))
        save(one, tmp_path / "scanner" / str(100 - number))
    report = bring_in()
    assert report.files == ["sub-01/ses-01/dwi/sub-01_ses-01_dwi.nii.gz"]
    found = image(tmp_path, report)
    stem = found.get_filename().removesuffix(".nii.gz")
    assert np.loadtxt(f"{stem}.bval").tolist() == weights
    assert np.allclose(np.loadtxt(f"{stem}.bvec").T[[1, 4]], [[-1, 0, 0], [0, 0, 1]])
    for number in range(len(weights)):
        assert np.array_equal(np.asarray(found.dataobj)[..., number], voxels_of(5, seed=number + 1).transpose(2, 1, 0))


def test_many_mosaics_without_weighting_are_functional(tmp_path: Path, bring_in: Bring):
    for number in range(6):
        save(mosaic(voxels_of(5), number, SeriesInstanceUID="1.2.3"), tmp_path / "scanner" / str(number))
    [note] = bring_in().skipped
    assert note["reason"].startswith("a series of 6 time points, such as functional")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda one: one.__delitem__((0x0029, 0x1110)), "a Siemens mosaic without its private header (CSA)"),
        (lambda one: one.__setitem__((0x0029, 0x1110), _with(SliceNormalVector=())), "without its private header"),
        (lambda one: one.__setitem__((0x0029, 0x1110), _with(NumberOfImagesInMosaic=["17"])), "claims 17 slices"),
        (lambda one: one.__setitem__((0x0029, 0x1110), _with(NumberOfImagesInMosaic=["0"])), "claims 0 slices"),
        (lambda one: one.__setitem__((0x0029, 0x1110), _with(SliceNormalVector=["0", "0.1", "0.99"])), "on a slant"),
        (lambda one: one.__setitem__((0x0029, 0x1110), _with(ProtocolSliceNumber=["4"])), "numbered in reverse"),
        (lambda one: [one.__delattr__(name) for name in ("SpacingBetweenSlices", "SliceThickness")], "how far its"),
        (lambda one: setattr(one, "SpacingBetweenSlices", 0.0) or setattr(one, "SliceThickness", 0.0), "how far its"),
        (lambda one: setattr(one[0x0029, 0x1110], "value", b"SV10" + b"\xff" * 60), "a damaged DICOM file"),
        (lambda one: setattr(one, "PixelData", one.PixelData[:50]), "cut off"),
    ],
)  # fmt: skip
def test_a_mosaic_that_does_not_say_how_it_lies_is_left_out(spoil, reason: str, tmp_path: Path, bring_in: Bring):
    one = mosaic(voxels_of(5))
    spoil(one)
    save(one, tmp_path / "scanner" / "x")
    [note] = bring_in().skipped
    assert reason in note["reason"]
    assert "\n" not in note["reason"]


def _with(**csa: object) -> object:
    return mosaic(voxels_of(5), csa=csa)[0x0029, 0x1110]  # type: ignore[arg-type]


def test_what_a_mosaic_holds_of_a_person_stays_behind(tmp_path: Path, bring_in: Bring):
    save(mosaic(voxels_of(5)), tmp_path / "scanner" / "x")
    bring_in()
    assert b"SIEMENS CSA" in (tmp_path / "scanner" / "x").read_bytes()
    for path in (tmp_path / "bids").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            assert b"Mustermann" not in content
            assert b"CSA" not in content
    assert dcmread(tmp_path / "scanner" / "x").PatientName == "Mustermann^Erika"
