"""The scanner's numbers come out of every way in which files hold them."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.pixels import rescaled, stored_frames
from tests.dicom_files import enhanced, image, save, voxels_of

JPEG_LS = (
    "/9j/9wALCwAMAAoBAREA/9oACAEBAAAAAAAAAAD87nfXNH/d5uus1i1KZcq6420SQ9zoW6420SQ9zoRaxjFrWtw+UzMzMzYAAABxghCI"
    "iJADaqqqqq06FVVVVUl6qrbbZBBNJJJPI91xtokh7nT/2Q=="
)
"""`jpeg_ls_image()` as pyjpegls 1.5.1 (CharLS) encodes it."""


def jpeg_ls_image() -> np.ndarray:
    row, column = np.mgrid[:12, :10]
    return (row * row * 7 + column * 13 - (row > 5) * 900 + 1000).astype(np.uint16)


def decoded(made: Dataset, folder: Path, syntax: str = ExplicitVRLittleEndian) -> np.ndarray:
    """Return [rows, columns] of a file of one image."""
    return stored_frames(save(made, folder / "x", syntax), [0])[0]


UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize("syntax", UNCOMPRESSED, ids=lambda uid: uid.name)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16"])
def test_uncompressed_pixels(syntax: str, kind: str, tmp_path: Path):
    values = voxels_of(1)[0].astype(np.int64)
    values = (values % 256 if kind == "uint8" else values - 2000 * (kind == "int16")).astype(kind)
    stored = values.astype(values.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else values
    made = image(values, (0, 0, 0))
    made.PixelData = stored.tobytes()
    found = decoded(made, tmp_path, syntax)
    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


def test_a_file_without_preamble(tmp_path: Path):
    """As some archives keep them: the image alone, in implicit little endian."""
    values = voxels_of(1)[0]
    path = tmp_path / "bare"
    image(values, (0, 0, 0)).save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert path.read_bytes()[:2] == b"\x08\0"
    assert np.array_equal(stored_frames(path, [0])[0], values)


def with_jpeg(values: np.ndarray, compressor: str, folder: Path) -> Dataset:
    """Return an image whose pixels SimpleITK compressed."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor(compressor)
    writer.SetFileName(str(folder / "made.dcm"))
    writer.Execute(sitk.GetImageFromArray(values))
    packed = dcmread(folder / "made.dcm")
    made = image(values, (0, 0, 0), RescaleSlope=2.0, RescaleIntercept=-7.0)
    made.PixelData = encapsulate(list(generate_frames(packed.PixelData, number_of_frames=1)))
    made["PixelData"].VR = "OB"
    made.syntax = packed.file_meta.TransferSyntaxUID
    return made


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
@pytest.mark.parametrize("kind", ["uint16", "int16"])
def test_compressed_pixels_come_out_as_stored(compressor: str, kind: str, tmp_path: Path):
    values = (voxels_of(1)[0].astype(int) - 2000 * (kind == "int16")).astype(kind)
    made = with_jpeg(values, compressor, tmp_path)
    syntax = made.syntax
    del made.syntax
    assert np.array_equal(decoded(made, tmp_path, syntax), values)


def test_run_length_encoded_frames(tmp_path: Path):
    volume = voxels_of(4)
    made = enhanced([volume], lambda *frame: None)
    made.file_meta = Dataset()
    save(made, tmp_path / "plain")
    packed = dcmread(tmp_path / "plain")
    packed.compress(RLELossless)
    packed.save_as(tmp_path / "packed")
    assert np.array_equal(stored_frames(tmp_path / "packed", range(4)), volume)


def test_jpeg_ls(tmp_path: Path):
    made = image(jpeg_ls_image(), (0, 0, 0))
    made.PixelData = encapsulate([base64.b64decode(JPEG_LS)])
    made["PixelData"].VR = "OB"
    assert np.array_equal(decoded(made, tmp_path, JPEGLSLossless), jpeg_ls_image())


def test_what_cannot_be_decoded_says_which_way_it_is_packed(tmp_path: Path):
    made = image(voxels_of(1)[0], (0, 0, 0))
    made.PixelData = encapsulate([b"\xff\xd8 no such picture \xff\xd9"])
    made["PixelData"].VR = "OB"
    with pytest.raises(
        UnreadableScanError, match=r"^its pixels \(JPEG-LS Lossless Image Compression\) cannot be decoded"
    ):
        decoded(made, tmp_path, JPEGLSLossless)


def test_a_slope_beyond_all_numbers_is_refused():
    with pytest.raises(UnreadableScanError, match="beyond all numbers"):
        rescaled(voxels_of(1)[0], 1e300, 0.0)


@pytest.mark.parametrize(
    ("bits", "stored", "signed", "meant"),
    [
        (12, [0xF123, 0x0FFF], False, [0x123, 0xFFF]),  # an overlay in the four upper bits
        (12, [0x0FFF, 0x0800, 0x07FF], True, [-1, -2048, 2047]),
    ],
)
def test_bits_that_are_not_stored_do_not_count(
    bits: int, stored: list[int], signed: bool, meant: list[int], tmp_path: Path
):
    made = image(np.array([stored], np.uint16), (0, 0, 0))
    made.BitsStored, made.HighBit, made.PixelRepresentation = bits, bits - 1, int(signed)
    assert decoded(made, tmp_path)[0].tolist() == meant


@pytest.mark.parametrize(
    ("values", "bits", "meant"),
    [(np.array([[0, 1, 4095]], np.uint16), 12, [4095, 4094, 0]), (np.array([[-5, 0, 7]], np.int16), 16, [4, -1, -8])],
)
def test_what_is_dark_in_monochrome1_becomes_bright(values: np.ndarray, bits: int, meant: list[int], tmp_path: Path):
    made = image(values, (0, 0, 0), PhotometricInterpretation="MONOCHROME1")
    made.BitsStored, made.HighBit = bits, bits - 1
    assert decoded(made, tmp_path)[0].tolist() == meant


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda made: setattr(made, "PixelData", made.PixelData[:-2]), "cut off"),
        (lambda made: delattr(made, "PixelData"), "has no pixels"),
        (lambda made: setattr(made, "BitsAllocated", 64), "64 bits a pixel"),
        (lambda made: setattr(made, "HighBit", 3), "16 of 16 bits stored up to bit 3"),
    ],
)
def test_pixels_that_do_not_fit_the_header(spoil: Callable[[Dataset], object], reason: str, tmp_path: Path):
    made = image(voxels_of(1)[0], (0, 0, 0))
    spoil(made)
    with pytest.raises(UnreadableScanError, match=reason):
        decoded(made, tmp_path)


def test_a_file_cut_off_in_its_pixels(tmp_path: Path):
    path = save(image(voxels_of(1)[0], (0, 0, 0)), tmp_path / "x")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableScanError):
        stored_frames(path, [0])


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGLSLossless])
def test_pixels_that_a_header_claims_take_no_memory(syntax: str, tmp_path: Path):
    made = image(jpeg_ls_image(), (0, 0, 0))
    if syntax == JPEGLSLossless:
        made.PixelData = encapsulate([base64.b64decode(JPEG_LS)])
        made["PixelData"].VR = "OB"
    made.Rows = made.Columns = 65535
    with pytest.raises(UnreadableScanError, match="claims 65535 x 65535 pixels, which no slice has"):
        decoded(made, tmp_path, syntax)
