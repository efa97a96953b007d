"""Prepare one slice that somebody brings, a picture or a NIfTI file, for a run of slices."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.cohort.bias_field import CorrectBias
from brainlab.cohort.preparation.pictures import black_and_white, fitted
from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.cohort.recipes import RECIPES
from brainlab.errors import IntensityError, UnreadableScanError
from brainlab.files.picture_files import PICTURE_ENDINGS, read_pictures
from brainlab.images.grid import Grid, normal_axis, upright
from brainlab.images.pictures import middle_views
from brainlab.images.volume import Volume
from brainlab.types import Float32Array


@dataclass(frozen=True)
class PreparedSlice:
    """data: float32 [*shape] of the grid, in [0, 1]. notes: warnings, one line each."""

    data: Float32Array
    notes: tuple[str, ...]


def prepare_slice(path: Path, grid: Grid, recipe: str) -> PreparedSlice:
    """Prepare the slice of one file for images of a grid that a recipe made.

    What has the grid's size and values in [0, 1] (of a picture: 8 bits) is taken as it is, as a generator's images are.
    Anything else is padded with black to the grid's proportions and resampled, and takes the steps of the recipe: its
    place in the head is the user's to choose.
    Raises UnreadableScanError, naming the file, for what is no slice, or one of another plane.
    """
    try:
        if path.name.lower().endswith(PICTURE_ENDINGS):
            picture, ready, notes = _of_picture(path, grid)
        else:
            picture, ready, notes = _of_nifti(path, grid)
        if ready:
            return PreparedSlice(np.ascontiguousarray(upright(picture)), notes)
        return _stepped(fitted(picture, grid), recipe, notes)
    except (UnreadableScanError, IntensityError) as error:
        reason = error.reason if isinstance(error, UnreadableScanError) else str(error)
        raise UnreadableScanError(reason, path) from error


def _of_picture(path: Path, grid: Grid) -> tuple[Float32Array, bool, tuple[str, ...]]:
    """Return a picture [rows, columns] in [0, 1], whether it is as it should be, and notes."""
    read = read_pictures(path)
    if len(read.pages) != 1:
        raise UnreadableScanError(f"needs one slice, got {len(read.pages)} pages; save one of them")
    (page,) = read.pages
    check_scan(Volume(page[..., None], np.eye(4)))
    low, high = black_and_white(read)
    picture = np.clip((page - low) / (high - low), 0, 1).astype(np.float32)
    return picture, not read.deep and picture.shape == grid.shape[::-1], read.notes


def _of_nifti(path: Path, grid: Grid) -> tuple[Float32Array, bool, tuple[str, ...]]:
    """Return the slice of a NIfTI file as a picture with square pixels in [0, 1], and as `_of_picture` does."""
    volume = Volume.load(path, flat=True)
    plane = str(grid.plane)
    sides = "x".join(map(str, volume.data.shape))
    if volume.data.shape[normal_axis(plane)] != 1:
        raise UnreadableScanError(
            f"needs one {plane} slice, got {sides} voxels; save one, or prepare the scan with 'brainlab prepare'"
        )
    check_scan(volume)
    shape = tuple(side for axis, side in enumerate(volume.data.shape) if axis != normal_axis(plane))
    own = Grid(shape, volume.affine, plane)
    image = volume.data.reshape(shape)
    low, high = float(image.min()), float(image.max())
    if shape == grid.shape and low >= 0 and high <= 1:
        return upright(image), True, volume.notes
    scaled = (image - min(low, 0)) / (high - min(low, 0))
    (picture,) = middle_views(scaled.astype(np.float32), own)
    return np.asarray(picture, dtype=np.float32), False, volume.notes


def _stepped(image: Float32Array, recipe: str, notes: tuple[str, ...]) -> PreparedSlice:
    """Return a slice after a recipe's steps; those of recipes that are not known here were done by nobody."""
    said = ["fitted to the run's frame; its place and size in the head are as in the file"]
    volume = Volume(image[..., None], np.eye(4))
    known = RECIPES.get(recipe)
    for step in known.steps if known else ():
        if isinstance(step, CorrectBias):
            said.append("its bias field was not corrected, which takes a whole scan")
        else:
            volume = step.apply(volume)
    return PreparedSlice(np.clip(volume.data[..., 0], 0, 1), (*notes, *said))
