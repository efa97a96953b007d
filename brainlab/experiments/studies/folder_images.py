"""Images of other people's files, one by one: which a folder holds, and what each looks like as it is stored.

| file | is |
|---|---|
| PNG, JPEG | a slice [rows, columns] as it is looked at, in radiological convention |
| TIFF | the same, each page |
| NumPy, 2 axes | the same |
| NumPy, 3 axes | in a study of slices n of them, [n, rows, columns]; of volumes one, [X, Y, Z] in RAS order |
| NumPy, 4 axes | volumes [n, X, Y, Z] |
| DICOM | a slice, turned as its orientation says |
| NIfTI, Analyze, MGH, NRRD, MetaImage, MINC | a volume, which a study of slices cuts; or one slice |

Axes of length 1 are left out, and a last one of 3 or 4 is taken for channels of colour, which have to be alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.cohort.sources.image_files import find_images
from brainlab.errors import InputError, UnreadableScanError
from brainlab.files.array_files import ARRAY_ENDINGS, open_array
from brainlab.files.picture_files import (
    DEEP_WHITE,
    LEAST_SIDE,
    PICTURE_ENDINGS,
    WHITE,
    count_pages,
    grey_of_colours,
    read_pictures,
)
from brainlab.images.dicom.header import DICOM_ENDINGS, is_dicom
from brainlab.images.dicom.slice_file import read_dicom
from brainlab.images.formats.scan_file import FILE_ENDINGS, format_of
from brainlab.images.grid import Grid, normal_axis
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

SLICES_ONLY = (*PICTURE_ENDINGS, *DICOM_ENDINGS)
EITHER = (*FILE_ENDINGS, *ARRAY_ENDINGS)
MULTIPAGE = (".tif", ".tiff")
COLOURS = (3, 4)


@dataclass(frozen=True)
class FolderImage:
    """Where an image is: a file, and its place in one of several."""

    path: Path
    number: int | None = None

    def __str__(self) -> str:
        return str(self.path) if self.number is None else f"{self.path}, image {self.number}"


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An image as its file has it.

    values: float32 [rows, columns] of a slice as it is looked at, or [X, Y, Z] of a volume in RAS order. format: in a
    few words. white: of a file whose kind says what is black and white, those two. spacing_mm: one per axis, if known.
    grid: of a volume that the file places in the patient.
    """

    values: Float32Array
    format: str
    white: tuple[float, float] | None = None
    spacing_mm: tuple[float, ...] | None = None
    grid: Grid | None = None


def find_folder_images(folder: Path, stimulus: str) -> list[FolderImage]:
    """Return the images of a folder and all below it, in a fixed order, without reading more than headers.

    stimulus: slice or volume. Raises InputError where there are none of that kind.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    endings = (*EITHER, *SLICES_ONLY) if stimulus == "slice" else EITHER
    paths = find_images(folder, endings).paths
    if stimulus == "slice":
        bare = (path for path in sorted(folder.rglob("*")) if not path.suffix and not path.name.startswith("."))
        paths += [path for path in bare if path.is_file() and is_dicom(path)]
    if not paths:
        flat = stimulus == "volume" and find_images(folder, SLICES_ONLY).paths
        advice = "; set 'stimulus' to 'slice', or take another source" if flat else ""
        got = f"files of slices ({flat[0].name})" if flat else "none"
        raise InputError(f"{folder}: needs images ({', '.join(endings)}), got {got}{advice}")
    return [image for path in paths for image in _images_of(path, stimulus)]


def _images_of(path: Path, stimulus: str) -> Iterator[FolderImage]:
    """Name each image of one file. Of one that cannot be read there is one, which says so when it is read."""
    name, count = path.name.lower(), None
    if name.endswith(MULTIPAGE):
        pages = count_pages(path)
        count = pages if pages > 1 else None
    elif name.endswith(ARRAY_ENDINGS):
        try:
            count = _layout(open_array(path).shape, stimulus).count
        except UnreadableScanError:
            count = None
    yield from (FolderImage(path, number) for number in range(count)) if count else (FolderImage(path),)


def read_folder_image(image: FolderImage, stimulus: str, plane: str) -> StoredImage:
    """Read one image. Raises UnreadableScanError or InputError, naming the file, for what cannot be shown."""
    name = image.path.name.lower()
    try:
        if name.endswith(PICTURE_ENDINGS):
            stored = _picture(image)
        elif name.endswith(ARRAY_ENDINGS):
            stored = _array(image, stimulus)
        elif name.endswith(FILE_ENDINGS):
            stored = _volume(image.path, stimulus, plane)
        else:
            stored = _dicom(image.path, plane)
    except UnreadableScanError as error:
        raise UnreadableScanError(error.reason, image) from error
    if not np.isfinite(stored.values).all():
        raise UnreadableScanError("holds values that are no numbers (NaN or infinite)", image)
    return stored


def _picture(image: FolderImage) -> StoredImage:
    read = read_pictures(image.path)
    bits = "" if read.white is None else " of 16 bits" if read.deep else " of 8 bits"
    white = None if read.white is None else (0.0, read.white)
    return StoredImage(read.pages[image.number or 0], f"{read.format}{bits or ' of floats'}", white)


def _array(image: FolderImage, stimulus: str) -> StoredImage:
    array = open_array(image.path)
    layout = _layout(array.shape, stimulus)
    several = array.reshape(layout.sides if layout.count else (1, *layout.sides))
    values = np.asarray(several[image.number or 0], dtype=np.float32)
    whites: dict[str, tuple[float, float]] = {"bool": (0, 1), "uint8": (0, WHITE), "uint16": (0, DEEP_WHITE)}
    white = whites.get(array.dtype.name)
    if layout.coloured:
        values = grey_of_colours(values, white[1] if white else float(np.abs(values).max()))
    if min(values.shape) < LEAST_SIDE:
        size = "x".join(map(str, values.shape))
        raise UnreadableScanError(
            f"needs at least {LEAST_SIDE} {'pixels' if values.ndim == 2 else 'voxels'} a side, got {size}"
        )
    return StoredImage(values, f"NumPy of {array.dtype}", white)


@dataclass(frozen=True)
class _Layout:
    """sides: of an array, without those of 1. count: of its images, None where it is one. coloured: whether the last
    side is channels."""

    sides: tuple[int, ...]
    count: int | None
    coloured: bool


def _layout(shape: tuple[int, ...], stimulus: str) -> _Layout:
    """Return what the sides of an array are; raises UnreadableScanError where they are no images of the study's."""
    sides = tuple(side for side in shape if side != 1)
    wanted = 2 if stimulus == "slice" else 3
    coloured = stimulus == "slice" and len(sides) > wanted and sides[-1] in COLOURS
    several = len(sides) - coloured - wanted
    if several not in (0, 1):
        kind = "slices [rows, columns] or [n, rows, columns]" if wanted == 2 else "volumes [X, Y, Z] or [n, X, Y, Z]"
        raise UnreadableScanError(f"needs {kind}, got an array of shape {list(shape)}")
    return _Layout(sides, sides[0] if several else None, coloured)


def _dicom(path: Path, plane: str) -> StoredImage:
    read = read_dicom(path)
    if read.plane not in (None, plane):
        raise UnreadableScanError(f"needs {plane} slices, got {read.plane} ones; set 'plane' to '{read.plane}'")
    return StoredImage(read.picture, "DICOM", read.window, read.pixel_size_mm)


def _volume(path: Path, stimulus: str, plane: str) -> StoredImage:
    volume = Volume.load(path, flat=stimulus == "slice")
    grid = Grid(volume.data.shape, volume.affine)
    if 1 in grid.shape and grid.depth(plane) != 1:
        sides = " x ".join(map(str, grid.shape))
        own = next(axis for axis in ("axial", "coronal", "sagittal") if grid.shape[normal_axis(axis)] == 1)
        raise UnreadableScanError(f"needs {plane} slices, got one of {sides} voxels; set 'plane' to '{own}'")
    return StoredImage(volume.data, format_of(path), None, grid.spacing_mm, grid)
