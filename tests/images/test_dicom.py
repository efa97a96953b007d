"""Slices of DICOM: their values, their sides, their window, and what is no slice."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from brainlab.errors import UnreadableScanError
from brainlab.images.dicom import is_dicom, read_dicom

ROWS, COLUMNS = np.mgrid[0:20, 0:24]
VALUES = (2 * (60 * ROWS + COLUMNS) - 100).astype(np.int16)
AXIAL, SAGITTAL = "1\\0\\0\\0\\1\\0", "0\\1\\0\\0\\0\\-1"


def write(path: Path, values: np.ndarray = VALUES, **tags: str) -> Path:
    """Write a slice [rows, columns] with rescale -100 + 2 stored, axial if no other orientation is given."""
    image = sitk.GetImageFromArray(values[None], isVector=values.ndim == 3)
    given = {"0028|1052": "-100", "0028|1053": "2", "0020|0037": AXIAL, "0020|0032": "0\\0\\0", **tags}
    for tag, text in given.items():
        image.SetMetaData(tag, text)
    sitk.WriteImage(image, str(path))
    return path


def test_rescaled_values_come_back(tmp_path):
    read = read_dicom(write(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(read.picture, VALUES)
    assert (read.plane, read.window) == ("axial", None)
    assert is_dicom(tmp_path / "a.dcm")
    assert not is_dicom(tmp_path / "no such file")


def test_a_window_shows_its_ends_as_black_and_white(tmp_path):
    """DICOM PS3.3, C.11.2.1.2.1: at centre - 0.5 - (width - 1) / 2 and below black, at the other end white."""
    read = read_dicom(write(tmp_path / "a.dcm", **{"0028|1050": "500\\40", "0028|1051": "901\\80"}))
    assert read.window == (49.5, 949.5)


@pytest.mark.parametrize("bits", [16, 12])
def test_monochrome1_is_turned_round_with_its_window(tmp_path, bits):
    path = write(tmp_path / "a.dcm", **{"0028|1050": "500.5", "0028|1051": "901"})
    content = path.read_bytes().replace(b"MONOCHROME2", b"MONOCHROME1")
    for element, value in ((0x0101, bits), (0x0102, bits - 1), (0x0103, 0)):
        tag = struct.pack("<HHI", 0x0028, element, 2)
        assert content.count(tag) == 1
        content = content.replace(tag + content[content.index(tag) + 8 :][:2], tag + struct.pack("<H", value))
    path.write_bytes(content)
    read = read_dicom(path)
    # What is darkest in a MONOCHROME1 image is its highest value.
    np.testing.assert_array_equal(read.picture - read.picture.min(), VALUES.max() - VALUES)
    black, white = read.window
    shown = np.clip((read.picture - black) / (white - black), 0, 1)
    np.testing.assert_allclose(shown, 1 - np.clip((VALUES - 50.0) / 900, 0, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("orientation", "plane", "turned"),
    [
        (AXIAL, "axial", lambda x: x),  # rows towards the left, columns towards the back: as axial slices are shown
        ("-1\\0\\0\\0\\1\\0", "axial", lambda x: x[:, ::-1]),
        ("1\\0\\0\\0\\-1\\0", "axial", lambda x: x[::-1]),
        ("0\\1\\0\\1\\0\\0", "axial", lambda x: x.T),
        (SAGITTAL, "sagittal", lambda x: x),  # nose to the left, crown up
        ("0\\-1\\0\\0\\0\\-1", "sagittal", lambda x: x[:, ::-1]),
        ("1\\0\\0\\0\\0\\-1", "coronal", lambda x: x),
    ],
)
def test_a_slice_is_turned_as_its_plane_is_looked_at(tmp_path, orientation, plane, turned):
    read = read_dicom(write(tmp_path / "a.dcm", **{"0020|0037": orientation}))
    assert read.plane == plane
    np.testing.assert_array_equal(read.picture, turned(VALUES))


def test_what_is_no_grey_slice_is_refused_in_one_line(tmp_path):
    def refused(path: Path, reason: str) -> None:
        with pytest.raises(UnreadableScanError, match=reason) as error:
            read_dicom(path)
        assert "\n" not in str(error.value)
        assert path.name in str(error.value)

    colours = np.random.default_rng(0).integers(0, 255, (20, 24, 3), dtype=np.uint8)
    refused(write(tmp_path / "c.dcm", colours, **{"0028|1052": "0", "0028|1053": "1"}), "of its pixels are coloured")
    grey = np.repeat(colours[..., :1], 3, axis=-1)
    read = read_dicom(write(tmp_path / "g.dcm", grey, **{"0028|1052": "0", "0028|1053": "1"}))
    np.testing.assert_array_equal(read.picture, colours[..., 0])
    frames = sitk.GetImageFromArray(np.zeros((3, 20, 24), np.uint16))
    sitk.WriteImage(frames, str(tmp_path / "f.dcm"))
    refused(tmp_path / "f.dcm", "needs one slice, got 3 frames")
    refused(write(tmp_path / "s.dcm", VALUES[:10]), "needs at least 16 pixels a side, got 10x24")
    whole = write(tmp_path / "a.dcm").read_bytes()
    (tmp_path / "t.dcm").write_bytes(whole[:-300])
    refused(tmp_path / "t.dcm", "cannot be read as DICOM")
    (tmp_path / "e.dcm").write_bytes(b"")
    refused(tmp_path / "e.dcm", "an empty file")
    (tmp_path / "p.dcm").write_bytes(b"\x89PNG and so on" * 30)
    refused(tmp_path / "p.dcm", "cannot be read as DICOM")


@pytest.mark.realdata
@pytest.mark.skipif("BRAINLAB_REALDATA" not in os.environ, reason="needs real scans")
def test_slices_of_scanners_are_read_and_colours_refused():
    folder = Path(os.environ["BRAINLAB_REALDATA"]) / "dicom"
    read = read_dicom(next(folder.glob("siemens_anatomical/001/*.dcm")))
    assert (read.plane, read.picture.shape, read.pixel_size_mm) == ("sagittal", (256, 256), (1.0, 1.0))
    with pytest.raises(UnreadableScanError, match="coloured"):
        read_dicom(next(folder.glob("generic_rgb/001/*.dcm")))
    with pytest.raises(UnreadableScanError, match="8 frames"):
        read_dicom(next(folder.glob("siemens_multiframe_anatomical/001/*.dcm")))
