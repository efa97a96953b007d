"""Slices are stacked by where they lie."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.headers.frames import Frame, frames_of
from brainlab.cohort.dicom.stacking import stack
from brainlab.errors import UnreadableScanError
from tests.dicom_files import SAGITTAL, save, series


def frames(images: list[Dataset], folder: Path) -> list[Frame]:
    found = [frames_of(save(image, folder / str(number))) for number, image in enumerate(images)]
    return [frame for file in found for frame in file]  # type: ignore[union-attr]


def test_the_order_of_the_files_changes_nothing(tmp_path: Path):
    own = frames(series(6), tmp_path)
    first, affine = stack(own)
    second, other = stack(own[::-1])
    assert first == second
    assert np.array_equal(affine, other)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), SAGITTAL, (0.6, 0.8, 0, 0, 0, -1), (0.8, 0, 0.6, 0, 1, 0)])
def test_the_affine_leads_each_pixel_to_its_place(orientation: tuple[float, ...], tmp_path: Path):
    """Against DICOM's own equation (PS3.3, C.7.6.2.1.1), x and y turned round."""
    ordered, affine = stack(frames(series(5, orientation=orientation, PixelSpacing=[1.5, 0.75]), tmp_path))
    for place, frame in enumerate(ordered):
        lps = np.array(frame.position) + 3 * 0.75 * np.array(orientation[:3]) + 7 * 1.5 * np.array(orientation[3:])
        assert np.allclose(affine @ [3, 7, place, 1], [-lps[0], -lps[1], lps[2], 1])


def test_spacing_comes_from_places_not_from_thickness(tmp_path: Path):
    _, affine = stack(frames(series(5, gap_mm=2.5, SliceThickness=9.0, SpacingBetweenSlices=7.0), tmp_path))
    assert np.isclose(np.linalg.norm(affine[:3, 2]), 2.5)


def test_positions_that_are_rounded_are_no_gaps(tmp_path: Path):
    images = series(40, gap_mm=1.0333, orientation=(0.6, 0.8, 0, 0, 0, -1))
    for image in images:
        image.ImagePositionPatient = [round(float(part), 2) for part in image.ImagePositionPatient]
    _, affine = stack(frames(images, tmp_path))
    assert np.linalg.norm(affine[:3, 2]) == pytest.approx(1.0333, abs=1e-3)


@pytest.mark.parametrize(("thickness", "spacing", "mm"), [(4.0, 5.0, 5.0), (4.0, None, 4.0), (None, None, 1.0)])
def test_one_slice_is_as_thick_as_its_header_says(
    thickness: float | None, spacing: float | None, mm: float, tmp_path: Path
):
    _, affine = stack(frames(series(1, SliceThickness=thickness, SpacingBetweenSlices=spacing), tmp_path))
    assert np.isclose(np.linalg.norm(affine[:3, 2]), mm)


def test_two_slices_are_too_few(tmp_path: Path):
    with pytest.raises(UnreadableScanError, match=r"^2 slices, which do not tell whether others are missing; needs 3"):
        stack(frames(series(2), tmp_path))


def test_several_missing_slices_are_counted(tmp_path: Path):
    images = series(12)
    del images[3:5], images[7]
    with pytest.raises(UnreadableScanError, match=r"^3 slices missing between the others"):
        stack(frames(images, tmp_path))
