"""From a brain on the template's grid to a small volume in [0, 1]: block means, then bounds."""

import numpy as np

from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.template import GRID_ORIGIN_MM
from brainlab.errors import IntensityError, UnreadableScanError
from brainlab.types import Float32Array, FloatArray
from brainlab.volume import Volume

LABEL_VALUES = 8
"""An image with no more distinct values than this is a mask or a label image."""


def check_scan(volume: Volume) -> None:
    """Refuse an image that is no scan: blank, constant, or a mask. Raises UnreadableScanError, the reason alone."""
    low, high = float(volume.data.min()), float(volume.data.max())
    if low == high:
        raise UnreadableScanError("blank: every voxel is 0" if high == 0 else f"constant: every voxel is {high:g}")
    sample = np.unique(volume.data[::3, ::3, ::3])
    if len(sample) <= LABEL_VALUES and len(np.unique(volume.data)) <= LABEL_VALUES:
        raise UnreadableScanError(f"{len(sample)} distinct values: a mask or label image, not a scan")


def is_axis_aligned(affine: FloatArray) -> bool:
    """Whether the voxel axes lie along the axes of space, so that block means need no interpolation."""
    matrix = affine[:3, :3]
    return bool(np.abs(matrix - np.diag(np.diag(matrix))).max() < 1e-3 * np.abs(matrix).max())


def block_means(volume: Volume, recipe: PreparationRecipe) -> Float32Array:
    """Average an axis-aligned volume in template space over the recipe's blocks.

    Each value is the mean over a cube of space, voxels counted by the share that lies inside (outside the image is 0):
    the plain mean of 4x4x4 voxels where the volume is on the 1 mm grid, and of what covers the cube on any other.
    Returns float32 [*recipe.shape].
    """
    means = volume.data
    for axis, count in enumerate(recipe.shape):
        start = GRID_ORIGIN_MM[axis] + recipe.trim[axis][0] - 0.5
        edges = start + recipe.block_mm * np.arange(count + 1)
        weights = _overlaps(edges, volume.affine[axis, 3], volume.affine[axis, axis], volume.data.shape[axis])
        # each turn drops the first axis and appends its means: [X, Y, Z] -> [Y, Z, x] -> [Z, x, y] -> [x, y, z]
        means = np.tensordot(means, weights, axes=(0, 1))
    return np.ascontiguousarray(means)


def bound(data: FloatArray, upper_percentile: float) -> Float32Array:
    """Bound above at a percentile, shift the minimum to 0, divide by the maximum (FLAIR IntroVAE, section 3).

    data: any shape. Returns float32 of the same shape in [0, 1]. Raises IntensityError when all values are equal.
    """
    bounded = np.minimum(data, np.percentile(data, upper_percentile)).astype(np.float32)
    bounded -= bounded.min()
    highest = float(bounded.max())
    if not highest > 0:
        raise IntensityError("no contrast left inside the brain: every value is the same")
    return bounded / np.float32(highest)


def _overlaps(edges: FloatArray, first: float, step: float, count: int) -> Float32Array:
    """Share of each block [n] that each voxel along an axis covers: [n, count], rows summing to at most 1."""
    centres = first + step * np.arange(count)
    low, high = centres - abs(step) / 2, centres + abs(step) / 2
    covered = np.minimum(edges[1:, None], high) - np.maximum(edges[:-1, None], low)
    return (np.clip(covered, 0, None) / np.diff(edges)[:, None]).astype(np.float32)
