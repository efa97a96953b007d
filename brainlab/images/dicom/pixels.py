"""Decode the pixels of DICOM images to the scanner's numbers, whatever the transfer syntax.

Uncompressed pixels are read by pydicom. Compressed ones go through SimpleITK (JPEG, lossless JPEG, JPEG-LS, JPEG 2000,
RLE), in a process of its own: each frame in a file that holds the pixels and nothing else, so that nothing is rescaled
on the way.
Sizes are checked before memory is taken for them: the header's, and those that a compressed frame claims for itself.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage, generate_uid

from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.images.dicom.codestream import check_codestream
from brainlab.images.dicom.decoder import DECODER
from brainlab.images.dicom.header import quietly
from brainlab.images.dicom.tags import number, text
from brainlab.images.formats.stored import MOST_VOXELS

Values = npt.NDArray[Any]
LAYOUT = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "Rows", "Columns", "NumberOfFrames",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
)  # fmt: skip
"""The tags that say how pixels are stored."""
RESCALING = ("RescaleSlope", "RescaleIntercept")
COMPRESSED_COLOURS = ("YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
"""What decoders turn into red, green and blue; such pixels are not stored uncompressed by what exports MR images."""
MOST_PIXELS = 1 << 24
"""Of one image, 4096 x 4096; a decoder takes several times their memory, however few bytes the file has."""
CUT_OFF = "is cut off: it holds fewer pixels than its header says; copy or export it again"


@dataclass(frozen=True)
class _Layout:
    """How the pixels of a file are stored. shape: [rows, columns], or [rows, columns, 3] of colours. planes: whether
    the three colours lie one after the other. bits: that are stored of those allocated, up to number `high`."""

    shape: tuple[int, ...]
    frames: int
    photometric: str
    planes: bool
    allocated: int
    bits: int
    high: int
    signed: bool

    @property
    def samples(self) -> int:
        return self.shape[2] if len(self.shape) == 3 else 1


def size_of(header: Dataset) -> tuple[int, int]:
    """Return rows and columns of a file's images.

    Raises UnreadableScanError, with the reason alone, where these, or with its frames all its pixels, are more than
    any slice or head scan has.
    """
    rows, columns = number(header, "Rows"), number(header, "Columns")
    if rows is None or columns is None:
        raise UnreadableScanError("holds no image: its header has no rows and columns")
    if not (rows >= 1 and columns >= 1 and rows * columns <= MOST_PIXELS):
        raise UnreadableScanError(f"claims {rows:g} x {columns:g} pixels, which no slice has")
    if rows * columns * (number(header, "NumberOfFrames") or 1) > MOST_VOXELS:
        raise UnreadableScanError("claims more pixels than any head scan")
    return int(rows), int(columns)


def stored_frames(path: Path, numbers: Sequence[int]) -> list[Values]:
    """Return frames [rows, columns], or [rows, columns, 3] of colours, of a file by their numbers, from 0.

    They are of the stored type, before slope and intercept. What is dark in MONOCHROME1 is made bright, as in
    MONOCHROME2. Raises UnreadableScanError with the reason alone.
    """
    with quietly():
        image = dcmread(path, force=True, specific_tags=[*LAYOUT, "PixelData"])
        if "PixelData" not in image:
            raise UnreadableScanError("has no pixels, or is cut off before their end; copy or export it again")
        if image.file_meta.get("TransferSyntaxUID") is None:  # of a file without meta information
            image.file_meta.TransferSyntaxUID = UID(_bare_syntax(image))
        packed = image.file_meta.TransferSyntaxUID.is_encapsulated
        layout = _layout(image, packed)
        frames = _decoded(image, layout, numbers) if packed else _uncompressed(image, layout, numbers)
        return [_shown(values, layout) for values in frames]


def rescaled(values: Values, slope: float, intercept: float) -> Values:
    """Apply a slope and an intercept; without either the values keep their type, else they are float32.

    Raises UnreadableScanError, with the reason alone, where the values leave what float32 holds.
    """
    if (slope, intercept) == (1, 0):
        return values
    with np.errstate(over="ignore"):
        found = (values * slope + intercept).astype(np.float32)
    if not np.isfinite(found).all():
        raise UnreadableScanError("has a slope or an intercept beyond all numbers; export it again")
    return found


def _bare_syntax(image: Dataset) -> str:
    return ImplicitVRLittleEndian if image.original_encoding[0] else ExplicitVRLittleEndian


def _layout(image: Dataset, packed: bool) -> _Layout:
    """Read and check how pixels are stored. packed: whether they are compressed."""
    rows, columns = size_of(image)
    samples, photometric = int(number(image, "SamplesPerPixel") or 1), text(image, "PhotometricInterpretation").upper()
    known = {1: ("MONOCHROME1", "MONOCHROME2"), 3: ("RGB", *(COMPRESSED_COLOURS if packed else ()))}
    if photometric not in known.get(samples, ()):
        named = photometric if photometric.replace("_", "").replace(" ", "").isalnum() else "unknown"
        raise UnreadableScanError(
            f"its pixels are {named} with {counted(samples, 'sample')} each; needs grey levels (MONOCHROME2)"
        )
    allocated = int(number(image, "BitsAllocated") or 0)
    if allocated not in (8, 16, 32):
        raise UnreadableScanError(f"has {allocated} bits a pixel; 8, 16 or 32 are needed")
    bits = int(number(image, "BitsStored") or allocated)
    high = number(image, "HighBit")
    return _Layout(
        shape=(rows, columns) if samples == 1 else (rows, columns, samples),
        frames=int(number(image, "NumberOfFrames") or 1),
        photometric=photometric,
        planes=samples > 1 and number(image, "PlanarConfiguration") == 1,
        allocated=allocated,
        bits=bits,
        high=int(bits - 1 if high is None else high),
        signed=bool(number(image, "PixelRepresentation")),
    )


def _uncompressed(image: Dataset, layout: _Layout, numbers: Sequence[int]) -> list[Values]:
    order = "<" if image.original_encoding[1] else ">"
    kind = np.dtype(f"{order}{'i' if layout.signed else 'u'}{layout.allocated // 8}")
    count = int(np.prod(layout.shape))
    size = count * kind.itemsize
    raw: bytes = image.PixelData
    if len(raw) < size * (max(numbers) + 1):
        raise UnreadableScanError(CUT_OFF)
    native = kind.newbyteorder("=")
    stored = (np.frombuffer(raw, kind, count, offset=size * frame).astype(native) for frame in numbers)
    if layout.planes:
        rows, columns, samples = layout.shape
        return [np.moveaxis(values.reshape(samples, rows, columns), 0, -1) for values in stored]
    return [values.reshape(layout.shape) for values in stored]


def _decoded(image: Dataset, layout: _Layout, numbers: Sequence[int]) -> list[Values]:
    syntax = image.file_meta.TransferSyntaxUID
    parts = list(generate_frames(image.PixelData, number_of_frames=layout.frames))
    if len(parts) <= max(numbers):
        raise UnreadableScanError(CUT_OFF)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.dcm"
        for frame in numbers:
            check_codestream(parts[frame], syntax, layout.shape, layout.allocated)
            _write_bare(path, layout, syntax, parts[frame])
            values = DECODER.decode(path)
            if values is None or values.size != np.prod(layout.shape):
                raise UnreadableScanError(f"its pixels ({syntax.name}) cannot be decoded; export them uncompressed")
            found.append(values.reshape(layout.shape))
    return found


def _write_bare(path: Path, layout: _Layout, syntax: UID, pixels: bytes) -> None:
    """Write a DICOM file of one frame that holds what decoding needs, and no identifier of the original."""
    bare = Dataset()
    bare.SamplesPerPixel = layout.samples
    bare.PhotometricInterpretation = "MONOCHROME2" if layout.samples == 1 else layout.photometric
    if layout.samples > 1:
        bare.PlanarConfiguration = int(layout.planes)
    bare.Rows, bare.Columns = layout.shape[:2]
    bare.BitsAllocated, bare.BitsStored, bare.HighBit = layout.allocated, layout.bits, layout.high
    bare.PixelRepresentation = int(layout.signed)
    bare.SOPClassUID, bare.SOPInstanceUID = MRImageStorage, generate_uid()
    bare.PixelData = encapsulate([pixels])
    bare["PixelData"].VR = "OB"
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = syntax
    bare.file_meta.MediaStorageSOPClassUID = bare.SOPClassUID
    bare.file_meta.MediaStorageSOPInstanceUID = bare.SOPInstanceUID
    bare.save_as(path, enforce_file_format=True)


def _shown(values: Values, layout: _Layout) -> Values:
    """Return values within the bits that are stored, brighter ones higher."""
    allocated, bits, high = values.dtype.itemsize * 8, layout.bits, layout.high
    if not 0 < bits <= high + 1 <= allocated:
        raise UnreadableScanError(f"has {bits} of {allocated} bits stored up to bit {high}, which is no pixel")
    if bits < allocated:  # other bits may hold an overlay
        values = (values << (allocated - high - 1)) >> (allocated - bits)
    if layout.photometric != "MONOCHROME1":
        return values
    return ~values if values.dtype.kind == "i" else np.asarray(((1 << bits) - 1) - values, dtype=values.dtype)
