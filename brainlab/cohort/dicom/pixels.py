"""Decode the pixels of DICOM images to the scanner's numbers, whatever the transfer syntax.

Uncompressed pixels are read by pydicom. Compressed ones go through SimpleITK (JPEG, lossless JPEG, JPEG-LS, JPEG 2000,
RLE): each frame in a file of its own that holds the pixels and nothing else, so that nothing is rescaled on the way.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, MRImageStorage, generate_uid

from brainlab.cohort.dicom.frames import Frame
from brainlab.cohort.dicom.header import VALUES, quietly
from brainlab.cohort.dicom.tags import number, text
from brainlab.errors import UnreadableScanError

Values = npt.NDArray[Any]
NEEDED = [*VALUES, "Rows", "Columns", "NumberOfFrames", "PixelData"]
CUT_OFF = "is cut off: it holds fewer pixels than its header says; copy or export it again"


def volume_of(frames: Sequence[Frame]) -> Values:
    """Return the voxels [columns, rows, slices] of frames in their order.

    They keep the stored type where no slope and no intercept are to be applied, else they are float32. What is dark in
    MONOCHROME1 is made bright, as in MONOCHROME2. Raises UnreadableScanError with the reason alone.
    """
    places: dict[Path, list[int]] = defaultdict(list)
    for place, frame in enumerate(frames):
        places[frame.path].append(place)
    slices: list[Values] = [np.empty(0)] * len(frames)
    for path, wanted in places.items():
        stored = _stored(path, [frames[place].number or 0 for place in wanted])
        for place, values in zip(wanted, stored, strict=True):
            frame = frames[place]
            if values.shape != frame.shape:
                raise UnreadableScanError("changed while it was read; import it again")
            slices[place] = values if (frame.slope, frame.intercept) == (1, 0) else _rescaled(values, frame)
    return np.stack([values.T for values in slices], axis=-1)


def _rescaled(values: Values, frame: Frame) -> Values:
    with np.errstate(over="ignore"):
        rescaled = (values * frame.slope + frame.intercept).astype(np.float32)
    if not np.isfinite(rescaled).all():
        raise UnreadableScanError("has a slope or an intercept beyond all numbers; export it again")
    return rescaled


def _stored(path: Path, numbers: Sequence[int]) -> list[Values]:
    """Return frames [rows, columns] of a file by their numbers."""
    with quietly():
        image = dcmread(path, force=True, specific_tags=NEEDED)
        if "PixelData" not in image:
            raise UnreadableScanError("has no pixels")
        if image.file_meta.get("TransferSyntaxUID") is None:  # of a file without meta information
            image.file_meta.TransferSyntaxUID = UID(_bare_syntax(image))
        if image.file_meta.TransferSyntaxUID.is_encapsulated:
            frames = _decoded(image, numbers)
        else:
            frames = _uncompressed(image, numbers)
        return [_shown(values, image) for values in frames]


def _bare_syntax(image: Dataset) -> str:
    return "1.2.840.10008.1.2" if image.original_encoding[0] else "1.2.840.10008.1.2.1"


def _uncompressed(image: Dataset, numbers: Sequence[int]) -> list[Values]:
    rows, columns, bits = (int(number(image, name) or 0) for name in ("Rows", "Columns", "BitsAllocated"))
    if bits not in (8, 16, 32):
        raise UnreadableScanError(f"has {bits} bits a pixel; 8, 16 or 32 are needed")
    order = "<" if image.original_encoding[1] else ">"
    kind = np.dtype(f"{order}{'i' if number(image, 'PixelRepresentation') else 'u'}{bits // 8}")
    size = rows * columns * kind.itemsize
    raw: bytes = image.PixelData
    if len(raw) < size * (max(numbers) + 1):
        raise UnreadableScanError(CUT_OFF)
    native = kind.newbyteorder("=")
    return [
        np.frombuffer(raw, kind, rows * columns, offset=size * frame).reshape(rows, columns).astype(native)
        for frame in numbers
    ]


def _decoded(image: Dataset, numbers: Sequence[int]) -> list[Values]:
    import SimpleITK as sitk

    claimed = int(number(image, "NumberOfFrames") or 1)
    parts = list(generate_frames(image.PixelData, number_of_frames=claimed))
    if len(parts) <= max(numbers):
        raise UnreadableScanError(CUT_OFF)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.dcm"
        for frame in numbers:
            _write_bare(path, image, parts[frame])
            reader = sitk.ImageFileReader()
            reader.SetImageIO("GDCMImageIO")
            reader.SetFileName(str(path))
            try:
                values = sitk.GetArrayFromImage(reader.Execute())
            except RuntimeError as error:  # ITK's, of several lines
                name = image.file_meta.TransferSyntaxUID.name
                raise UnreadableScanError(f"its pixels ({name}) cannot be decoded; export them uncompressed") from error
            found.append(values.reshape(values.shape[-2:]))
    return found


def _write_bare(path: Path, image: Dataset, pixels: bytes) -> None:
    """Write a DICOM file of one frame that holds what decoding needs, and no identifier of the original."""
    bare = Dataset()
    for name in VALUES[:6]:
        setattr(bare, name, image.get(name))
    bare.PhotometricInterpretation = "MONOCHROME2"
    bare.Rows, bare.Columns = image.Rows, image.Columns
    bare.SOPClassUID, bare.SOPInstanceUID = MRImageStorage, generate_uid()
    bare.PixelData = encapsulate([pixels])
    bare["PixelData"].VR = "OB"
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = image.file_meta.TransferSyntaxUID
    bare.file_meta.MediaStorageSOPClassUID = bare.SOPClassUID
    bare.file_meta.MediaStorageSOPInstanceUID = bare.SOPInstanceUID
    bare.save_as(path, enforce_file_format=True)


def _shown(values: Values, image: Dataset) -> Values:
    """Return values within the bits that are stored, brighter ones higher."""
    allocated = values.dtype.itemsize * 8
    bits = int(number(image, "BitsStored") or allocated)
    high = int(number(image, "HighBit") or bits - 1)
    if not 0 < bits <= high + 1 <= allocated:
        raise UnreadableScanError(f"has {bits} of {allocated} bits stored up to bit {high}, which is no pixel")
    if bits < allocated:  # other bits may hold an overlay
        values = (values << (allocated - high - 1)) >> (allocated - bits)
    if text(image, "PhotometricInterpretation").upper() != "MONOCHROME1":
        return values
    return ~values if values.dtype.kind == "i" else np.asarray(((1 << bits) - 1) - values, dtype=values.dtype)
