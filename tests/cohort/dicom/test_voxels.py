"""Slope and intercept are applied once, to each image those that it has."""

from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from brainlab.cohort.dicom.headers.frames import Frame, frames_of
from brainlab.cohort.dicom.voxels import volume_of
from tests.dicom_files import enhanced, image, save, voxels_of


def frames(path: Path) -> list[Frame]:
    found = frames_of(path)
    assert isinstance(found, list), found
    return found


def test_slope_and_intercept_of_each_frame(tmp_path: Path):
    """Philips scales every slice by itself; what is stored alike is not alike."""
    volume = np.full((3, 4, 5), 10, np.uint16)

    def change(frame: Dataset, volume: int, place: int) -> None:
        scaling = Dataset()
        scaling.RescaleSlope, scaling.RescaleIntercept = place + 1.0, -place * 0.5
        frame.PixelValueTransformationSequence = [scaling]

    found = volume_of(frames(save(enhanced([volume], change), tmp_path / "x")))
    assert found.dtype == np.float32
    assert found[0, 0].tolist() == [10, 19.5, 29]


def test_compressed_pixels_are_rescaled_once(tmp_path: Path):
    values = voxels_of(1)[0]
    save(image(values, (0, 0, 0), RescaleSlope=2.0, RescaleIntercept=-7.0), tmp_path / "plain")
    packed = dcmread(tmp_path / "plain")
    packed.compress(RLELossless)
    packed.save_as(tmp_path / "packed")
    assert np.array_equal(volume_of(frames(tmp_path / "packed"))[..., 0].T, values * 2.0 - 7)


def test_pixels_that_a_header_claims_are_refused_before_they_are_read(tmp_path: Path):
    made = image(voxels_of(1)[0], (0, 0, 0))
    made.Rows = made.Columns = 65535
    found = frames_of(save(made, tmp_path / "x"))
    assert not isinstance(found, list)
    assert found is not None
    assert found.reason == "claims 65535 x 65535 pixels, which no slice has"
