"""Read single slices of DICOM: the scanner's numbers, brighter ones higher, placed as the file says.

Only pixels, size, orientation and window are taken; nothing else that a file says of a person is kept.
"""

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom.dataset import Dataset

from brainlab.errors import UnreadableScanError
from brainlab.files.picture_files import LEAST_SIDE, grey_of_colours
from brainlab.images.dicom.csa import MOSAIC
from brainlab.images.dicom.header import quietly, read_header
from brainlab.images.dicom.pixels import LAYOUT, RESCALING, rescaled, size_of, stored_frames
from brainlab.images.dicom.placement import is_pixel_size, is_right_angled
from brainlab.images.dicom.tags import groups_of, item, number, numbers, text, words
from brainlab.images.formats.stored import LPS_TO_RAS
from brainlab.images.grid import PLANES, Grid, normal_axis
from brainlab.types import Float32Array, FloatArray

TAGS = (
    "ImageType", *LAYOUT, *RESCALING, "PixelSpacing", "ImagerPixelSpacing", "ImageOrientationPatient", "WindowCenter",
    "WindowWidth", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip


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


@dataclass(frozen=True)
class _Header:
    """What a header says of one slice beside its pixels. pixel_mm: distance of rows, of columns, None where it does not
    say. orientation: of rows and of columns, in LPS, None where it does not say. white: highest value of a colour."""

    slope: float
    intercept: float
    pixel_mm: tuple[float, float] | None
    orientation: FloatArray | None
    window: tuple[float, float] | None
    white: float


def read_dicom(path: Path) -> DicomSlice:
    """Read one slice; raises UnreadableScanError for what is none: damaged, several frames, coloured."""
    try:
        with quietly():
            header = _read(path)
        values = stored_frames(path, [0])[0]
        if values.ndim == 3:
            values = grey_of_colours(values.astype(np.float32), header.white)
        values = rescaled(values, header.slope, header.intercept).astype(np.float32)
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, path) from error
    if header.orientation is None:
        return DicomSlice(values, None, header.pixel_mm, header.window)
    flat, affine = values.T[..., None], _affine(header.orientation, header.pixel_mm or (1.0, 1.0))
    orientation = nib.orientations.io_orientation(affine)
    placed = nib.orientations.apply_orientation(flat, orientation)
    affine = affine @ nib.orientations.inv_ornt_aff(orientation, flat.shape)
    plane = next(name for name in PLANES if placed.shape[normal_axis(name)] == 1)
    grid = Grid(placed.shape, affine)
    picture = np.ascontiguousarray(grid.view(placed, plane, 0))
    return DicomSlice(picture, plane, header.pixel_mm and grid.pixel_size_mm(plane), header.window)


def _read(path: Path) -> _Header:
    header = read_header(path, TAGS)
    size = size_of(header)
    if min(size) < LEAST_SIDE:
        raise UnreadableScanError(f"needs at least {LEAST_SIDE} pixels a side, got {'x'.join(map(str, size))}")
    if MOSAIC in words(header, "ImageType"):
        raise UnreadableScanError("needs one slice, got a Siemens mosaic of a volume's slices; import it as a scan")
    frames = number(header, "NumberOfFrames") or 1
    if frames > 1:
        raise UnreadableScanError(f"needs one slice, got {frames:g} frames; export them as files of their own")
    group = groups_of(header, item(header, "PerFrameFunctionalGroupsSequence"))
    values = group("PixelValueTransformationSequence")
    slope, intercept = number(values, "RescaleSlope") or 1.0, number(values, "RescaleIntercept") or 0.0
    bits = number(header, "BitsStored") or number(header, "BitsAllocated") or 0
    spacings = (numbers(group("PixelMeasuresSequence"), "PixelSpacing"), numbers(header, "ImagerPixelSpacing"))
    orientation = numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient")
    window = _window(group("FrameVOILUTSequence"))
    if window and text(header, "PhotometricInterpretation").upper() == "MONOCHROME1":
        # of stored values, one and what it is turned into sum to this (see `stored_frames`)
        ends = (-1 if number(header, "PixelRepresentation") else 2**bits - 1) * slope + 2 * intercept
        window = ends - window[1], ends - window[0]
    return _Header(
        slope=slope,
        intercept=intercept,
        pixel_mm=next(((down, across) for down, across in filter(is_pixel_size, spacings)), None),
        orientation=np.array(orientation) if is_right_angled(orientation) else None,
        window=window,
        white=2**bits - 1,
    )


def _window(header: Dataset) -> tuple[float, float] | None:
    """Return the values shown as black and white by the first window of a file (DICOM PS3.3, C.11.2.1.2)."""
    centre, width = number(header, "WindowCenter"), number(header, "WindowWidth")
    if centre is None or width is None or width <= 1:
        return None
    return centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2


def _affine(orientation: FloatArray, pixel_mm: tuple[float, float]) -> FloatArray:
    """Return the matrix [4, 4] to mm (RAS) from [column, row, 0] of a slice that lies at the origin."""
    across, down = (part / np.linalg.norm(part) for part in np.split(orientation, 2))
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([across * pixel_mm[1], down * pixel_mm[0], np.cross(across, down)])
    return LPS_TO_RAS @ affine
