"""A diffusion series in NRRD gives the images and the b-values that the same series in NIfTI with its `.bval` gives."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.preparation.series import choose_images
from brainlab.errors import UnreadableScanError
from brainlab.images.formats.nrrd_diffusion import b_values
from brainlab.images.formats.scan_file import read_scan_file
from brainlab.images.volume import Volume
from tests.images.formats.test_scan_formats import LPS, oblique

SHAPE = (9, 8, 10)
GRADIENTS = ("0 0 0", "1 0 0", "0 0.6 0.8", "0 0 0.70710678", "0 0 0")
"""Of a nominal 2000 s/mm2: the fourth is shorter by the root of two."""
B_VALUES = "0 2000 2000 1000 0"
DCM2NIIX = {
    "DWMRI_b-value": "2000",
    "DWMRI_gradient_0000": "0 0 0",
    "DWMRI_gradient_0001": "0.70710676908493042 0 0",
    "DWMRI_gradient_0002": "0.42426407337188721 -0.5656854510307312 0",
    "DWMRI_gradient_0003": "0.26726102828979492 -0.53452205657958984 0.80178409814834595",
    "DWMRI_gradient_0004": "0 0 0",
    "DWMRI_gradient_0005": "0 -0.23237901926040649 0.3098386824131012",
    "DWMRI_gradient_0006": "0 0 1",
}
"""As dcm2niix v1.0.20260724 wrote with `-e y` of a made-up DICOM series; its `.bval` of the same is in the test."""


def series() -> np.ndarray:
    """Return five unlike images, [X, Y, Z, 5]."""
    return np.random.default_rng(0).integers(0, 4000, (*SHAPE, 5)).astype(np.int16)


def told(gradients: tuple[str, ...] = GRADIENTS, nominal: str = "2000") -> dict[str, str]:
    keys = {f"DWMRI_gradient_{number:04}": gradient for number, gradient in enumerate(gradients)}
    return {"modality": "DWMRI", "DWMRI_b-value": nominal, **keys}


def write_nrrd(
    path: Path, keys: dict[str, str], *, place: int = 3, kind: str = "list", packed: bool = False, apart: bool = False
) -> Path:
    """Write the series in LPS. place: which axis the images lie along. apart: with the voxels in a file beside."""
    lps = LPS @ oblique()
    vector = [f"({','.join(map(str, column))})" for column in lps[:3].T]
    directions, kinds, sizes = vector[:3], ["space"] * 3, list(map(str, SHAPE))
    for words, word in ((directions, "none"), (kinds, kind), (sizes, "5")):
        words.insert(place, word)
    fields = {
        "type": "short", "dimension": "4", "space": "left-posterior-superior", "sizes": " ".join(sizes),
        "space directions": " ".join(directions), "kinds": " ".join(kinds), "endian": "little",
        "encoding": "gzip" if packed else "raw", "space origin": vector[3],
        "measurement frame": "(0,1,0) (1,0,0) (0,0,-1)",
    }  # fmt: skip
    raw = np.moveaxis(series(), 3, place).tobytes(order="F")
    raw = gzip.compress(raw) if packed else raw
    if apart:
        fields["data file"] = "voxels"
        path.with_name("voxels").write_bytes(raw)
    lines = ["NRRD0005", *(f"{name}: {value}" for name, value in fields.items())]
    lines += [f"{name}:={value}" for name, value in keys.items()]
    path.write_bytes("\n".join([*lines, "", ""]).encode() + (b"" if apart else raw))
    return path


@pytest.fixture
def nifti(tmp_path: Path) -> Path:
    nib.save(nib.Nifti1Image(series(), oblique()), tmp_path / "a.nii")
    (tmp_path / "a.bval").write_text(B_VALUES, encoding="utf-8")
    return tmp_path / "a.nii"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("place", "kind"), [(0, "list"), (3, "list"), (0, "vector"), (3, "vector"), (1, "list")])
def test_it_is_read_as_nifti_with_a_bval_file_is(
    tmp_path: Path, nifti: Path, place: int, kind: str, packed: bool, apart: bool, weighted: bool
) -> None:
    name = "b.nhdr" if apart else "b.nrrd"
    path = write_nrrd(tmp_path / name, told(), place=place, kind=kind, packed=packed, apart=apart)
    ours = Volume.load(path, choose_images(path, weighted=weighted))
    theirs = Volume.load(nifti, choose_images(nifti, weighted=weighted))
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-5)
    b = "mean of the 1 with b about 1000" if weighted else "mean of the 2 with b up to 0"
    assert ours.notes == theirs.notes == (f"series of 5 images: {b} s/mm2 used",)


def test_the_image_that_is_asked_for_is_the_same(tmp_path: Path, nifti: Path) -> None:
    path = write_nrrd(tmp_path / "b.nrrd", told(), place=0)
    for number in range(5):
        ours, theirs = (Volume.load(one, choose_images(one, number)) for one in (path, nifti))
        np.testing.assert_array_equal(ours.data, theirs.data)


def lowered(keys: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in keys.items()}


def test_the_b_values_are_those_that_dcm2niix_writes_beside_nifti() -> None:
    assert b_values(lowered(DCM2NIIX), 7).tolist() == [0, 1000, 1000, 2000, 0, 300, 2000]


def test_only_the_lengths_against_the_longest_count() -> None:
    keys = lowered(told(("0 0 0", "3 0 4", "0 0 -2.5"), "1000"))
    assert b_values(keys, 3).tolist() == [0, 1000, 250]


def test_a_gradient_counts_for_as_many_images_as_its_nex_says() -> None:
    keys = {"dwmri_b-value": "700", "dwmri_gradient_0000": "0 0 0", "dwmri_nex_0000": "2"}
    keys |= {"dwmri_gradient_0002": "1 0 0", "dwmri_gradient_0003": "0 1 0", "dwmri_nex_0003": "3"}
    assert b_values(keys, 6).tolist() == [0, 0, 700, 700, 700, 700]


def test_without_weighting_all_are_0() -> None:
    assert b_values(lowered(told(("0 0 0", "0 0 0"), "0")), 2).tolist() == [0, 0]


def without(name: str) -> Callable[[dict[str, str]], None]:
    return lambda keys: keys.pop(name) and None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("DWMRI_b-value"), "needs 'dwmri_b-value' in the header, got none"),
        ({"DWMRI_b-value": "many"}, "needs 1 numbers for 'DWMRI_b-value'"),
        ({"DWMRI_b-value": "-5"}, "needs a DWMRI_b-value of 0 s/mm2 or more, got -5"),
        ({"DWMRI_b-value": "nan"}, "needs a DWMRI_b-value of 0 s/mm2 or more, got nan"),
        (without("DWMRI_gradient_0003"), "needs a gradient for each of 5 images, got none for 3;"),
        ({"DWMRI_gradient_0003": "n/a"}, "needs 3 numbers for 'DWMRI_gradient_0003'"),
        ({"DWMRI_gradient_0003": "1 0"}, "needs 3 numbers for 'DWMRI_gradient_0003'"),
        ({"DWMRI_gradient_0003": "inf 0 0"}, "needs a gradient for each of 5 images, got none for 3;"),
        ({"DWMRI_gradient_0003": "1e200 0 0"}, "needs a gradient for each of 5 images, got none for 3;"),
        ({"DWMRI_gradient_0005": "1 0 0"}, "DWMRI_gradient_0005 is of 1 images from there, the series has 5;"),
        ({"DWMRI_NEX_0004": "3"}, "DWMRI_gradient_0004 is of 3 images from there, the series has 5;"),
        ({"DWMRI_NEX_0004": "0"}, "DWMRI_gradient_0004 is of 0 images from there"),
        ({"DWMRI_NEX_0004": "1.5"}, "needs whole numbers for 'DWMRI_NEX_0004'"),
        ({"DWMRI_NEX_0001": "2"}, "DWMRI_gradient_0002 is the second of one image;"),
        ({"DWMRI_gradient_1": "1 0 0"}, "DWMRI_gradient_1 is the second of one image;"),
        ({"DWMRI_NEX_0007": "2"}, "a DWMRI_NEX_0007 without a gradient;"),
        ({"DWMRI_skip_0003": "true"}, "the field DWMRI_skip_0003 is not read; convert it to NIfTI with a .bval file"),
        ({"DWMRI_B-matrix_0003": "1 0 0 0 0 0"}, "the field DWMRI_b-matrix_0003 is not read;"),
        (told(("0 0 0",) * 5), "a DWMRI_b-value of 2000 s/mm2 and no gradient: which are weighted is not known;"),
    ],
)
def test_what_does_not_tell_the_weighting_is_refused(
    tmp_path: Path, change: dict[str, str] | Callable[[dict[str, str]], None], reason: str
) -> None:
    keys = told()
    if callable(change):
        change(keys)
    else:
        keys |= change
    path = write_nrrd(tmp_path / "a.nrrd", keys)
    with pytest.raises(UnreadableScanError) as caught:
        Volume.load(path, choose_images(path))
    assert caught.value.reason.startswith(reason)
    assert "\n" not in caught.value.reason


def test_vectors_of_other_images_are_still_refused(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd", {}, kind="vector")
    with pytest.raises(UnreadableScanError, match=r"vector values \(vector\); an intensity image is needed"):
        Volume.load(path, choose_images(path))


def test_the_headers_own_b_values_are_taken_before_a_file_beside(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd", told())
    path.with_suffix(".bval").write_text("1000 1000 0 1000 1000", encoding="utf-8")
    assert Volume.load(path, choose_images(path)).notes[-1].endswith("mean of the 2 with b up to 0 s/mm2 used")
    plain = write_nrrd(tmp_path / "b.nrrd", {})
    plain.with_suffix(".bval").write_text(B_VALUES, encoding="utf-8")
    assert Volume.load(plain, choose_images(plain)).notes[-1].endswith("mean of the 2 with b up to 0 s/mm2 used")


def test_one_image_needs_no_gradients(tmp_path: Path) -> None:
    """As dcm2niix wrote of series that it took for diffusion wrongly."""
    path = write_nrrd(tmp_path / "a.nrrd", {"modality": "DWMRI"})
    text = path.read_bytes().replace(b"sizes: 9 8 10 5", b"sizes: 9 8 10 1")
    path.write_bytes(text)
    np.testing.assert_array_equal(read_scan_file(path).voxels, series()[..., 0])


def test_who_does_not_choose_gets_no_series(tmp_path: Path) -> None:
    path = write_nrrd(tmp_path / "a.nrrd", told())
    with pytest.raises(UnreadableScanError, match="4D"):
        Volume.load(path)
