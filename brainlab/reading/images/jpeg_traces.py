"""Traces of JPEG in pixels, whatever file they come in now: a PNG of what once was a JPEG has them too.

JPEG rounds the cosine coefficients of blocks of 8 x 8 pixels to multiples of a step each, most of them to 0. On the
grid of these blocks, and on no other of the 64 that blocks can begin at, far more coefficients are then next to 0 than
elsewhere, and the comb of the others tells the steps (Fan and de Queiroz, IEEE Trans Image Process 12:230, 2003).
Smooth or noisy images, checkerboards and whatever else repeats every 2, 4 or 8 pixels are alike on all grids. Of an
image that was resampled after JPEG nothing is found.
"""

import io
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from scipy.fft import dct

from brainlab.reading.images.rendering import foreground
from brainlab.types import Float32Array, FloatArray, UInt8Array

SIDE = 8
MOST_BLOCKS = 8000
"""Blocks, at any place, that are looked at: those nearest to the middle."""

FEWEST_BLOCKS = 4 * SIDE**2
"""Of the 64 grids each has four or so; fewer tell nothing."""

NEAR_ZERO = 0.25
"""Share of the usual size of a coefficient, over all grids, below which it counts as 0."""

EXCESS = 0.05
"""Share of coefficients near 0 by which the grid of JPEG is ahead of the next. Of 604 real and generated slices that
were never JPEG the furthest was ahead by 0.033; at quality 90 the median is 0.2."""

COMB = 0.3
"""Mean cosine of the coefficients' place between two multiples of their steps from which a quality is believed: 1 where
all are multiples, 0 where none is."""

FEWEST_COEFFICIENTS = 30
FLOOR = 0.08
"""Of white; darker pixels are background, where every grid is like every other."""

UNKNOWN_QUALITY = 50
"""Taken where the levels were stretched after JPEG, so that their comb fits no table."""

QUALITIES = range(5, 99)


def jpeg_quality(levels: UInt8Array) -> int | None:
    """Return the quality (of libjpeg, 1 to 100) at which a slice or volume was saved as JPEG; None where it was not.

    levels: [rows, columns] or [X, Y, Z], not resampled. Of a volume the middle slices of the three planes are judged.
    """
    if levels.ndim == 2:
        return _quality(levels)
    middles = (np.take(levels, length // 2, axis) for axis, length in enumerate(levels.shape))
    return min((quality for part in middles if (quality := _quality(part)) is not None), default=None)


def coarseness(quality: int | None) -> float:
    """Return how coarse JPEG made an image, 0 where it was none: the feature of the blinding check."""
    return 0.0 if quality is None else float(101 - quality)


def _quality(levels: UInt8Array) -> int | None:
    coefficients, grids = _coefficients(levels)
    if len(grids) < FEWEST_BLOCKS:
        return None
    sizes = np.abs(coefficients)
    near_zero = (sizes <= NEAR_ZERO * np.median(sizes, axis=0)).mean(axis=1)
    count = np.bincount(grids, minlength=SIDE**2)
    shares = np.bincount(grids, near_zero, SIDE**2) / np.maximum(count, 1)
    own, comb = _best_table(coefficients[grids == shares.argmax()])
    second, first = np.sort(shares)[-2:]
    if comb >= COMB:
        return own
    return UNKNOWN_QUALITY if first - second > EXCESS else None


def _coefficients(levels: UInt8Array) -> tuple[Float32Array, FloatArray]:
    """Return the 63 coefficients but the mean of blocks in the foreground [n, 63], and the grid, 0 to 63, of each.

    Blocks of one level are left out: of them every coefficient is 0.
    """
    if min(levels.shape) < SIDE:
        return np.empty((0, SIDE**2 - 1), np.float32), np.empty(0, int)
    inside = sliding_window_view(foreground(levels, FLOOR), (SIDE, SIDE)).all(axis=(-1, -2))
    rows, columns = np.nonzero(inside)
    if len(rows) > MOST_BLOCKS:
        away = np.maximum(abs(rows - np.median(rows)), abs(columns - np.median(columns)))
        near = np.sort(np.argsort(away, kind="stable")[:MOST_BLOCKS])
        rows, columns = rows[near], columns[near]
    blocks = sliding_window_view(levels, (SIDE, SIDE))[rows, columns].reshape(-1, SIDE**2).astype(np.float32)
    coefficients = (blocks @ _cosines().T)[:, 1:]
    varied = np.ptp(blocks, axis=1) > 0
    return coefficients[varied], (rows % SIDE * SIDE + columns % SIDE)[varied]


def _best_table(coefficients: Float32Array) -> tuple[int, float]:
    """Return the quality whose steps the coefficients [n, 63] are nearest to multiples of, and how near: up to 1."""
    nearest = []
    for steps in _tables():
        apart = np.abs(coefficients) > steps / 2  # not rounded to 0, which is a multiple of everything
        places = np.cos(2 * np.pi * (coefficients / steps))[apart]
        nearest.append(places.mean() if len(places) >= FEWEST_COEFFICIENTS else 0.0)
    best = int(np.argmax(nearest))
    return QUALITIES[best % len(QUALITIES)], float(nearest[best])


@cache
def _cosines() -> Float32Array:
    """The cosine transform of a flattened block: [64, 64]."""
    one = dct(np.eye(SIDE), axis=0, norm="ortho")
    return np.kron(one, one).astype(np.float32)


@cache
def _tables() -> Float32Array:
    """The steps of the 63 coefficients at each of QUALITIES, as Pillow's JPEG writes them, then those of pictures that
    were turned by a quarter."""
    tables = []
    for quality in QUALITIES:
        file = io.BytesIO()
        Image.new("L", (SIDE, SIDE)).save(file, "JPEG", quality=quality)
        tables.append(Image.open(file).quantization[0])  # type: ignore[attr-defined]
    steps = np.array(tables, dtype=np.float32).reshape(-1, SIDE, SIDE)
    return np.concatenate([steps, steps.swapaxes(1, 2)]).reshape(-1, SIDE**2)[:, 1:]
