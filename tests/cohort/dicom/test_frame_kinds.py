"""Enhanced files whose frames are of several kinds, which the type of each frame tells (DICOM PS3.3, C.8.13.3.1)."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.importing import ImportReport
from tests.dicom_files import enhanced, save, voxels_of

Bring = Callable[..., ImportReport]
ANAT = "sub-01/ses-01/anat/sub-01_ses-01"
MIXED = ["MIXED", "PRIMARY", "M", "MIXED"]


def of_kinds(
    *kinds: tuple[str, ...], b_values: tuple[float | None, ...] = (), components: tuple[str, ...] = ()
) -> Callable[[Dataset, int, int], None]:
    """Return what gives the frames of each volume their type, b-value and part of the complex signal."""

    def change(frame: Dataset, volume: int, place: int) -> None:
        told = Dataset()
        told.FrameType = list(kinds[volume])
        if components:
            told.ComplexImageComponent = components[volume]
        frame.MRImageFrameTypeSequence = [told]
        if b_values and b_values[volume] is not None:
            weighting = Dataset()
            weighting.DiffusionBValue = b_values[volume]
            frame.MRDiffusionSequence = [weighting]

    return change


def written(root: Path, file: str) -> np.ndarray:
    return np.asarray(nib.load(root / file).dataobj)  # type: ignore[attr-defined]


def test_the_four_images_of_a_dixon_file_are_told_apart(tmp_path: Path, bring_in: Bring):
    kinds = [("ORIGINAL", "PRIMARY", "M_FFE", kind) for kind in ("W", "F", "IP", "OP")]
    volumes = [voxels_of(6, seed=number) for number in range(4)]
    save(
        enhanced(volumes, of_kinds(*kinds), ImageType=MIXED, SeriesDescription="t1 mDIXON"), tmp_path / "scanner" / "x"
    )
    report = bring_in()
    assert report.skipped == []
    assert set(report.files) == {f"{ANAT}_{name}T1w.nii.gz" for name in ("", "rec-fat_", "run-2_", "rec-opposed_")}
    for name, volume in zip(("", "rec-fat_", "run-2_", "rec-opposed_"), volumes, strict=True):
        assert np.array_equal(written(tmp_path / "bids", f"{ANAT}_{name}T1w.nii.gz"), volume.transpose(2, 1, 0)), name


def test_a_map_in_a_file_of_images_is_left_out(tmp_path: Path, bring_in: Bring):
    kinds = (("ORIGINAL", "PRIMARY", "M", "NONE"), ("DERIVED", "PRIMARY", "M", "T1_MAP"))
    volumes = [voxels_of(6, seed=number) for number in range(2)]
    save(enhanced(volumes, of_kinds(*kinds), ImageType=MIXED, SeriesDescription="t1 ir"), tmp_path / "scanner" / "x")
    report = bring_in()
    assert report.files == [f"{ANAT}_T1w.nii.gz"]
    assert np.array_equal(written(tmp_path / "bids", report.files[0]), volumes[0].transpose(2, 1, 0))
    [note] = report.skipped
    assert note["reason"] == "a map of a quantity (T1 MAP): 6 images; magnitude images are needed"


def test_an_adc_map_in_a_file_of_diffusion_is_an_image_of_its_own(tmp_path: Path, bring_in: Bring):
    kinds = (*[("ORIGINAL", "PRIMARY", "DIFFUSION", "NONE")] * 2, ("DERIVED", "PRIMARY", "DIFFUSION", "ADC"))
    volumes = [voxels_of(6, seed=number) for number in range(3)]
    change = of_kinds(*kinds, b_values=(0.0, 1000.0, None))
    save(enhanced(volumes, change, ImageType=MIXED), tmp_path / "scanner" / "x")
    report = bring_in()
    stem = "sub-01/ses-01/dwi/sub-01_ses-01_"
    assert (sorted(report.files), report.skipped) == ([f"{stem}ADC.nii.gz", f"{stem}dwi.nii.gz"], [])
    assert np.array_equal(written(tmp_path / "bids", f"{stem}ADC.nii.gz"), volumes[2].transpose(2, 1, 0))
    assert (tmp_path / "bids" / f"{stem}dwi.bval").read_text(encoding="utf-8").split() == ["0", "1000"]


@pytest.mark.parametrize(
    ("kinds", "files"),
    [
        ((("ORIGINAL", "PRIMARY", "PHASE MAP", "P"), ("ORIGINAL", "PRIMARY", "M_FFE", "M")), {"T1w": 1}),
        ((("DERIVED", "PRIMARY", "T1", "T1_MAP"), ("ORIGINAL", "PRIMARY", "T1", "NONE")), {"T1w": 1}),
        ((("DERIVED", "SECONDARY", "M", "NONE"), ("ORIGINAL", "PRIMARY", "M", "NONE")), {"T1w": 1}),
        ((("DERIVED", "PRIMARY", "MAX_IP", "NONE"), ("ORIGINAL", "PRIMARY", "M", "NONE")), {"T1w": 1}),
        ((("ORIGINAL", "PRIMARY", "F", "F"), ("ORIGINAL", "PRIMARY", "W", "W")), {"T1w": 1, "rec-fat_T1w": 0}),
    ],
)  # fmt: skip
def test_the_image_type_of_the_first_frame_is_not_that_of_the_others(
    tmp_path: Path, bring_in: Bring, kinds: tuple[tuple[str, ...], ...], files: dict[str, int]
):
    """The standard wants MIXED there (PS3.3, C.8.16.1); some makers write what the first frame is."""
    volumes = [voxels_of(6, seed=number) for number in range(2)]
    made = enhanced(volumes, of_kinds(*kinds), ImageType=list(kinds[0]), SeriesDescription="t1")
    save(made, tmp_path / "scanner" / "x")
    assert set(bring_in().files) == {f"{ANAT}_{name}.nii.gz" for name in files}
    for name, number in files.items():
        assert np.array_equal(written(tmp_path / "bids", f"{ANAT}_{name}.nii.gz"), volumes[number].transpose(2, 1, 0))


def test_images_of_diffusion_are_no_adc_maps_where_the_first_frame_is_one(tmp_path: Path, bring_in: Bring):
    kinds = (("DERIVED", "PRIMARY", "DIFFUSION", "ADC"), *[("ORIGINAL", "PRIMARY", "DIFFUSION", "NONE")] * 2)
    change = of_kinds(*kinds, b_values=(None, 0.0, 1000.0))
    made = enhanced([voxels_of(6, seed=number) for number in range(3)], change, ImageType=list(kinds[0]))
    save(made, tmp_path / "scanner" / "x")
    stem = "sub-01/ses-01/dwi/sub-01_ses-01_"
    assert sorted(bring_in().files) == [f"{stem}ADC.nii.gz", f"{stem}dwi.nii.gz"]


def test_magnitude_and_phase_that_the_component_alone_tells_apart(tmp_path: Path, bring_in: Bring):
    volumes = [voxels_of(6, seed=number) for number in range(2)]
    change = of_kinds(*[("ORIGINAL", "PRIMARY", "T1", "NONE")] * 2, components=("PHASE", "MAGNITUDE"))
    made = enhanced(volumes, change, ImageType=["ORIGINAL", "PRIMARY", "P", "NONE"], SeriesDescription="t1")
    save(made, tmp_path / "scanner" / "x")
    report = bring_in()
    assert np.array_equal(written(tmp_path / "bids", report.files[0]), volumes[1].transpose(2, 1, 0))
    assert [note["reason"] for note in report.skipped] == ["phase of the signal: 6 images; magnitude images are needed"]


def test_fat_that_the_image_type_alone_tells_is_fat(tmp_path: Path, bring_in: Bring):
    change = of_kinds(("ORIGINAL", "PRIMARY", "M", "NONE"))
    made = enhanced([voxels_of(6)], change, ImageType=["DERIVED", "PRIMARY", "DIXON", "FAT"], SeriesDescription="t1")
    save(made, tmp_path / "scanner" / "x")
    assert bring_in().files == [f"{ANAT}_rec-fat_T1w.nii.gz"]
