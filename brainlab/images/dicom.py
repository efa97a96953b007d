"""Read single slices of DICOM: the scanner's numbers, brighter ones higher, placed as the file says.

SimpleITK decodes (whatever the transfer syntax), applies rescale slope and intercept, and turns MONOCHROME1 round. Only
pixels, size, orientation and window are taken; nothing else that a file says of a person is kept.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image
from brainlab.files.picture_files import LEAST_SIDE, MOST_PIXELS, WHITE, grey_of_colours
from brainlab.images.grid import Grid, normal_axis
from brainlab.types import Float32Array, FloatArray

DICOM_ENDINGS = (".dcm", ".dicom", ".ima")
PREAMBLE_BYTES, MAGIC = 128, b"DICM"

PHOTOMETRIC, BITS_STORED, SIGNED = "0028|0004", "0028|0101", "0028|0103"
SPACINGS, ORIENTATION = ("0028|0030", "0018|1164"), "0020|0037"
CENTRE, WIDTH, INTERCEPT, SLOPE = "0028|1050", "0028|1051", "0028|1052", "0028|1053"


@dataclass(frozen=True)
class DicomSlice:
    """One slice as it is looked at.

    picture: float32 [rows, columns], in radiological convention where the file says how it lies in the patient, else
    as stored. plane: the one that it is nearest to, None where the file does not say. pixel_size_mm: height and width,
    None where it does not say. window: the values that its own window shows as black and white, if it has one.
    """

    picture: Float32Array
    plane: str | None
    pixel_size_mm: tuple[float, float] | None
    window: tuple[float, float] | None


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do; scanners often give them no ending."""
    try:
        with path.open("rb") as stream:
            return stream.read(PREAMBLE_BYTES + len(MAGIC))[PREAMBLE_BYTES:] == MAGIC
    except OSError:
        return False


def read_dicom(path: Path) -> DicomSlice:
    """Read one slice; raises UnreadableScanError for what is none: damaged, several frames, coloured."""
    try:
        start_of_image(path)
        values, affine, tags = _decoded(path)
        if values.ndim == 3:
            values = grey_of_colours(values, WHITE)
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, path) from error
    if min(values.shape) < LEAST_SIDE:
        size = "x".join(map(str, values.shape))
        raise UnreadableScanError(f"needs at least {LEAST_SIDE} pixels a side, got {size}", path)
    columns_mm, rows_mm = np.linalg.norm(affine[:3, :2], axis=0)
    known = any(tag in tags for tag in SPACINGS)
    window = _window(tags)
    if ORIENTATION not in tags:
        return DicomSlice(values, None, (float(rows_mm), float(columns_mm)) if known else None, window)
    flat = values.T[..., None]
    orientation = nib.orientations.io_orientation(affine)
    placed = nib.orientations.apply_orientation(flat, orientation)
    affine = affine @ nib.orientations.inv_ornt_aff(orientation, flat.shape)
    plane = next(name for name in ("axial", "coronal", "sagittal") if placed.shape[normal_axis(name)] == 1)
    grid = Grid(placed.shape, affine)
    picture = np.ascontiguousarray(grid.view(placed, plane, 0), dtype=np.float32)
    return DicomSlice(picture, plane, grid.pixel_size_mm(plane) if known else None, window)


def _decoded(path: Path) -> tuple[Float32Array, FloatArray, dict[str, str]]:
    """Return values [rows, columns] or [rows, columns, channels], the matrix [4, 4] to mm (RAS) from [column, row, 0],
    and the tags that are asked for here."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        size = reader.GetSize()
        if np.prod(size, dtype=float) > MOST_PIXELS:
            raise UnreadableScanError(f"claims {' x '.join(map(str, size))} pixels, more than a slice has")
        if len(size) > 2 and size[2] != 1:
            raise UnreadableScanError(f"needs one slice, got {size[2]} frames; export them as files of their own")
        image = reader.Execute()
    except RuntimeError as error:  # ITK's, of several lines
        raise UnreadableScanError("cannot be read as DICOM (damaged, cut off, or of another format)") from error
    tags = {
        tag: reader.GetMetaData(tag).strip().strip("\0")
        for tag in (PHOTOMETRIC, BITS_STORED, SIGNED, *SPACINGS, ORIENTATION, CENTRE, WIDTH, INTERCEPT, SLOPE)
        if reader.HasMetaDataKey(tag)
    }
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    array: npt.NDArray[Any] = sitk.GetArrayFromImage(image)
    return array[0].astype(np.float32), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine, tags  # DICOM is LPS


def _window(tags: dict[str, str]) -> tuple[float, float] | None:
    """Return the values shown as black and white by the first window of a file (DICOM PS3.3, C.11.2.1.2).

    Of MONOCHROME1, whose stored values SimpleITK turns round within the bits that are stored, it is turned round too.
    """
    centre, width = _number(tags.get(CENTRE)), _number(tags.get(WIDTH))
    if centre is None or width is None or width <= 1:
        return None
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if tags.get(PHOTOMETRIC) != "MONOCHROME1":
        return low, high
    bits, slope, intercept = (_number(tags.get(tag)) for tag in (BITS_STORED, SLOPE, INTERCEPT))
    if bits is None or tags.get(SIGNED) != "0":
        return None
    ends = (2**bits - 1) * (1 if slope is None else slope) + 2 * (
        intercept or 0
    )  # what a value and its opposite sum to
    return ends - high, ends - low


def _number(text: str | None) -> float | None:
    """Return the first of the numbers of a tag."""
    try:
        return float((text or "").split("\\")[0])
    except ValueError:
        return None
