"""Slices of DICOM: their values, their sides, their window, and what is no slice."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.header import is_dicom
from brainlab.images.dicom.slice_file import read_dicom
from tests.dicom_files import enhanced, image, save, voxels_of
from tests.images.dicom.test_pixels import with_jpeg

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


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)  # a writer, so that the test itself never waits
    os.write(pipe, write(tmp_path / "a.dcm").read_bytes()[:200])
    assert not is_dicom(tmp_path / "pipe")
    os.close(pipe)


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
    refused(tmp_path / "t.dcm", "cut off")
    (tmp_path / "e.dcm").write_bytes(b"")
    refused(tmp_path / "e.dcm", "an empty file")
    (tmp_path / "p.dcm").write_bytes(b"\x89PNG and so on" * 30)
    refused(tmp_path / "p.dcm", "not a DICOM file")


def original(path: Path) -> np.ndarray:
    """Return what SimpleITK reads of a file itself, rescaled [rows, columns]."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))[0]


@pytest.mark.parametrize("packing", ["JPEG", "JPEG2000", "RLE", "JPEG-LS"])
def test_compressed_slices_are_what_simpleitk_reads_of_them(packing: str, tmp_path: Path):
    values = voxels_of(1)[0]
    tags = {"RescaleSlope": 2.0, "RescaleIntercept": -7.0}
    if packing in ("JPEG", "JPEG2000"):
        made = with_jpeg(values, packing, tmp_path)
        syntax = made.syntax
        del made.syntax
        path = save(made, tmp_path / "a.dcm", syntax)
    elif packing == "RLE":
        plain = dcmread(save(image(values, (0, 0, 0), **tags), tmp_path / "plain"))
        plain.compress(RLELossless)
        path = tmp_path / "a.dcm"
        plain.save_as(path)
    else:  # the one at hand is too small for a slice
        path = Path(get_testdata_file("MR_small_jpeg_ls_lossless.dcm"))
    read = read_dicom(path)
    assert read.plane == "axial"
    np.testing.assert_array_equal(read.picture, original(path))
    if packing != "JPEG-LS":
        np.testing.assert_array_equal(read.picture, values * 2.0 - 7)


@pytest.mark.parametrize("planes", [0, 1])
def test_colours_may_lie_pixel_by_pixel_or_plane_by_plane(planes: int, tmp_path: Path):
    grey = (voxels_of(1)[0] % 256).astype(np.uint8)
    made = image(grey, (0, 0, 0), PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=planes)
    made.PixelData = np.repeat(grey[None], 3, axis=0).tobytes() if planes else np.repeat(grey, 3).tobytes()
    path = save(made, tmp_path / "a.dcm")
    np.testing.assert_array_equal(read_dicom(path).picture, grey)
    np.testing.assert_array_equal(original(path)[..., 0], grey)
    made.PixelData = bytes(len(made.PixelData) // 3) + made.PixelData[len(made.PixelData) // 3 :]
    if planes:  # without its red
        with pytest.raises(UnreadableScanError, match="coloured"):
            read_dicom(save(made, tmp_path / "a.dcm"))


def test_a_compressed_grey_picture_in_colours(tmp_path: Path):
    """As viewers save what they show: a JPEG of red, green and blue that are alike."""
    rows, columns = np.mgrid[:24, :32]
    stream = io.BytesIO()
    Image.fromarray(np.repeat((rows * 5 + columns * 3).astype(np.uint8)[..., None], 3, -1)).save(stream, "JPEG")
    made = image(np.zeros((24, 32), np.uint8), (0, 0, 0), SamplesPerPixel=3, PlanarConfiguration=0)
    made.PhotometricInterpretation, made.PixelData = "YBR_FULL_422", encapsulate([stream.getvalue()])
    made["PixelData"].VR = "OB"
    path = save(made, tmp_path / "a.dcm", JPEGBaseline8Bit)
    np.testing.assert_array_equal(read_dicom(path).picture, original(path)[..., 0])
    assert np.abs(read_dicom(path).picture - (rows * 5 + columns * 3)).max() < 8


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "are PALETTE COLOR with 1 sample each; needs grey levels"),
        ({"PhotometricInterpretation": "YBR_FULL", "SamplesPerPixel": 3}, "are YBR_FULL with 3 samples each"),
        ({"PhotometricInterpretation": "RGB"}, "are RGB with 1 sample each"),
        ({"PhotometricInterpretation": None}, "are unknown with 1 sample each"),
        ({"BitsAllocated": 12}, "has 12 bits a pixel; 8, 16 or 32 are needed"),
        ({"Rows": None}, "holds no image"),
        ({"Rows": 65535, "Columns": 65535}, "claims 65535 x 65535 pixels, which no slice has"),
        ({"Rows": 4097, "Columns": 4096}, "claims 4097 x 4096 pixels, which no slice has"),
        ({"NumberOfFrames": 2}, "needs one slice, got 2 frames"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]}, "needs one slice, got a Siemens mosaic"),
        ({"RescaleSlope": "1e300"}, "beyond all numbers"),
    ],
)
def test_what_a_header_says_of_pixels_is_checked_before_they_are_read(tags, reason, tmp_path):
    path = save(image(voxels_of(1)[0], (0, 0, 0), **tags), tmp_path / "a.dcm")
    with pytest.raises(UnreadableScanError, match=reason) as error:
        read_dicom(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("tags", "size"),
    [
        ({"PixelSpacing": [0.5, 0.75]}, (0.5, 0.75)),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.5, 0.75]}, (0.5, 0.75)),
        ({"PixelSpacing": [0.25, 0.5], "ImagerPixelSpacing": [3, 3]}, (0.25, 0.5)),
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": None}, None),
    ],
)
@pytest.mark.parametrize("placed", [True, False])
def test_the_size_of_pixels(tags, size, placed, tmp_path):
    placing = {} if placed else {"ImageOrientationPatient": None}
    path = save(image(voxels_of(1)[0], (0, 0, 0), **tags, **placing), tmp_path / "a.dcm")
    read = read_dicom(path)
    assert read.plane == ("axial" if placed else None)
    assert read.pixel_size_mm == size


def test_directions_that_are_none_leave_a_slice_as_it_is_stored(tmp_path):
    path = save(image(voxels_of(1)[0], (0, 0, 0), (1, 0, 0, 1, 0, 0)), tmp_path / "a.dcm")
    read = read_dicom(path)
    assert read.plane is None
    np.testing.assert_array_equal(read.picture, voxels_of(1)[0])


def test_a_window_of_signed_monochrome1_is_turned_round_with_it(tmp_path):
    values = np.random.default_rng(0).integers(-900, 900, (20, 24)).astype(np.int16)
    made = image(values, (0, 0, 0), PhotometricInterpretation="MONOCHROME1", WindowCenter="0.5", WindowWidth="1001")
    made.RescaleSlope, made.RescaleIntercept = 2.0, 10.0
    read = read_dicom(save(made, tmp_path / "a.dcm"))
    shown = np.clip((read.picture - read.window[0]) / (read.window[1] - read.window[0]), 0, 1)
    np.testing.assert_allclose(shown, 1 - np.clip((values * 2.0 + 10 + 500) / 1000, 0, 1), atol=1e-6)


def test_an_enhanced_image_of_one_frame_is_a_slice(tmp_path):
    volume = voxels_of(1)

    def change(frame, number, place):
        scaling, window = Dataset(), Dataset()
        scaling.RescaleSlope, scaling.RescaleIntercept = 3.0, -20.0
        window.WindowCenter, window.WindowWidth = 500.5, 1001
        frame.PixelValueTransformationSequence, frame.FrameVOILUTSequence = [scaling], [window]

    path = save(enhanced([volume], change), tmp_path / "a.dcm")
    read = read_dicom(path)
    assert (read.plane, read.pixel_size_mm, read.window) == ("axial", (2.0, 2.0), (0.0, 1000.0))
    np.testing.assert_array_equal(read.picture, volume[0] * 3.0 - 20)
    np.testing.assert_array_equal(read.picture, original(path))


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
