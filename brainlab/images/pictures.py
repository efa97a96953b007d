"""Flat pictures of images: middle slices in their true proportions, and rows of them for logs and film-strips."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from brainlab.images.grid import Grid
from brainlab.types import Float32Array, FloatArray, UInt8Array


def middle_views(image: npt.NDArray[np.float32] | UInt8Array, grid: Grid) -> list[npt.NDArray[np.generic]]:
    """Return the middle slice of each plane of a volume, or the one picture of a slice: [rows, columns] each.

    All have square pixels as wide as the voxel's shortest edge.
    """
    edge_mm = min(grid.spacing_mm)
    return [_square_pixels(grid.view(image, plane), grid.pixel_size_mm(plane), edge_mm) for plane in grid.planes]


def square_views(image: npt.NDArray[np.float32] | UInt8Array, grid: Grid) -> list[npt.NDArray[np.generic]]:
    """Return the middle views of an image in squares of one size, so that all have one scale."""
    views = middle_views(image, grid)
    side = max(max(view.shape) for view in views)
    return [_centred(view, side, side) for view in views]


def film_strip(images: Float32Array, grid: Grid, zoom: int = 2) -> Image.Image:
    """Return images [n, *shape] in [0, 1] side by side, a column of middle views each; `zoom` enlarges each voxel."""
    shown = [middle_views(image, grid) for image in images]
    width = max(view.shape[1] for view in shown[0])
    columns = [np.concatenate([_centred(view, len(view), width) for view in views]) for views in shown]
    return enlarged(to_bytes(np.concatenate(columns, axis=1)), zoom, Image.Resampling.NEAREST)


def mosaic(images: Sequence[UInt8Array], grid: Grid, *, stacked: bool) -> UInt8Array:
    """Return the middle views of images in square tiles: one image a column, or all in one row if not `stacked`."""
    tiles = [np.concatenate(square_views(image, grid), axis=0 if stacked else 1) for image in images]
    return np.concatenate(tiles, axis=1).astype(np.uint8, copy=False)


def to_bytes(pixels: FloatArray) -> UInt8Array:
    """Round intensities in [0, 1] to bytes; what lies outside is clipped."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def windowed(values: FloatArray, low: float, high: float) -> UInt8Array:
    """Return values as bytes, `low` as black and `high` as white; what lies outside is clipped."""
    return to_bytes((values - low) / np.float32(high - low))


def to_unit(levels: UInt8Array) -> Float32Array:
    """Return bytes as the intensities in [0, 1] that they stand for; undoes `to_bytes` but for its rounding."""
    return levels.astype(np.float32) / np.float32(255)


def enlarged(pixels: UInt8Array, zoom: int, resampling: Image.Resampling) -> Image.Image:
    """Return bytes [rows, columns] as a picture `zoom` times as large."""
    picture = Image.fromarray(pixels)
    return picture.resize((zoom * picture.width, zoom * picture.height), resampling)


def _centred(view: npt.NDArray[np.generic], rows: int, columns: int) -> npt.NDArray[np.generic]:
    """Return a picture in the middle of one of `rows` and `columns`, both at least its own, of zeros."""
    spare = [whole - own for whole, own in zip((rows, columns), view.shape, strict=True)]
    return np.pad(view, [(room // 2, room - room // 2) for room in spare])


def _square_pixels(
    view: npt.NDArray[np.generic], size_mm: tuple[float, float], edge_mm: float
) -> npt.NDArray[np.generic]:
    """Stretch a picture whose pixels are `size_mm` high and wide so that they are `edge_mm` both ways."""
    rows, columns = (round(count * size / edge_mm) for count, size in zip(view.shape, size_mm, strict=True))
    if (rows, columns) == view.shape:
        return view
    return np.asarray(Image.fromarray(np.ascontiguousarray(view)).resize((columns, rows), Image.Resampling.BILINEAR))
