"""The one path from an image to the pixels on a reader's screen, the same for real and fake.

What it evens out is what gives a source away without looking at the brain: number format, the faint haze that a decoder
leaves where a stripped scan is exactly zero, specks, window and enlargement. It never touches the brain itself.
"""

import numpy as np
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.reading.protocol.design import Protocol
from brainlab.types import BoolArray, FloatArray, IntArray, UInt8Array

SLICE_PIXELS = 384
"""Length of a slice's longer side that automatic magnification comes nearest to from below."""

SPECK_SHARE = 0.05
"""Islands smaller than this share of the largest one are not brain."""


def render(
    image: FloatArray, voxel_size_mm: tuple[float, ...], protocol: Protocol
) -> tuple[UInt8Array, tuple[float, ...]]:
    """Return the final pixels of a slice [rows, columns] or volume [X, Y, Z], and the size of one.

    image: intensities in [0, 1]. Steps, in this order for every image: round to 256 levels, as prepared datasets are;
    set the background to 0 (`foreground`); apply the window; enlarge.
    Raises InputError when intensities are not in [0, 1].
    """
    if image.ndim not in (2, 3) or not np.isfinite(image).all() or image.min() < -1e-3 or image.max() > 1 + 1e-3:
        raise InputError("an image to be read needs 2 or 3 dimensions and finite intensities in [0, 1]")
    levels = to_bytes(image)
    levels = np.where(foreground(levels, protocol.background_floor), levels, 0).astype(np.uint8)
    levels = _window(levels, protocol.window_low, protocol.window_high)
    factor = magnification(levels.shape, protocol)
    return _enlarge(levels, factor, protocol.interpolation), tuple(size / factor for size in voxel_size_mm)


def foreground(levels: UInt8Array, floor: float) -> BoolArray:
    """Return where an image is not background: at least `floor` (of 1) bright, half that where enclosed, and no speck.

    Fluid inside the brain is dark and stays; the haze in a hole, which in a stripped scan is exactly zero, does not.
    """
    return islands(levels >= max(1, round(floor * 255))) & (levels >= max(1, round(floor * 255 / 2)))


def islands(bright: BoolArray) -> BoolArray:
    """Return the islands of a mask, holes filled, without those smaller than SPECK_SHARE of the largest."""
    numbers, count = ndimage.label(_fill_holes(bright))
    if count == 0:
        return np.zeros(bright.shape, dtype=bool)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return (sizes >= SPECK_SHARE * sizes.max())[numbers]


def _fill_holes(bright: BoolArray) -> BoolArray:
    """Fill what is dark and does not reach an edge, as `ndimage.binary_fill_holes` does in five times the time."""
    numbers, count = ndimage.label(~bright)
    outside = np.zeros(count + 1, dtype=bool)
    for axis in range(bright.ndim):
        outside[np.take(numbers, (0, -1), axis)] = True
    outside[0] = False
    return ~outside[numbers]


def magnification(shape: tuple[int, ...], protocol: Protocol) -> int:
    """Return the factor by which pixels are enlarged at lock."""
    if protocol.magnification:
        return protocol.magnification
    return max(1, SLICE_PIXELS // max(shape)) if len(shape) == 2 else 1


def slice_indices(grid: Grid, protocol: Protocol) -> IntArray:
    """Return the slice numbers that the protocol's range allows in volumes of a grid."""
    last = grid.depth(protocol.plane) - 1
    first, end = (round(part * last) for part in protocol.slice_range)
    return np.arange(first, end + 1)


def _window(levels: UInt8Array, low: float, high: float) -> UInt8Array:
    """Map [low, high] (of 1) to [0, 255] by one table for all images."""
    table = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1)
    return to_bytes(table)[levels]


def _enlarge(levels: UInt8Array, factor: int, interpolation: str) -> UInt8Array:
    """Enlarge every axis by a whole factor; pixel centres stay where they are in mm."""
    if factor == 1:
        return np.ascontiguousarray(levels)
    if interpolation == "nearest":
        for axis in range(levels.ndim):
            levels = np.repeat(levels, factor, axis=axis)
        return levels
    enlarged = ndimage.zoom(levels.astype(np.float32), factor, order=1, mode="nearest", grid_mode=True)
    # Halves go up: to the even level, as numpy rounds, smooth images would have more even levels than sharp ones.
    return np.floor(enlarged + 0.5).astype(np.uint8)
