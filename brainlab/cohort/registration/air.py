"""Find the level of the air around a head, whatever number stands for it, and bring it to 0.

A scan may hold any affine scale of its signal (z-scores, an offset of 1000) and any number where nothing was measured
(0, -1000, NaN). All later steps compare intensities with 0, so 0 must be air. The level found, and so all that
follows, moves and scales with the values: `above_air(a * x + b)` is `a * above_air(x)` for a > 0.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from brainlab.errors import IntensityError, RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, Float32Array, FloatArray

SHELL = 2
"""How many voxels thick the left, right, front and back sides of the image are, and the rim of an empty part."""
COMMON = 0.2
"""A number that stands in so large a share of the sides is what a tool, or the scanner, put there."""
FAR, FAR_BELOW_0 = 3.0, 0.25
"""A lowest number this many times the range of all others below them was no measurement; the second holds where it
alone is negative, which no magnitude is."""
TOLERANCE = 0.05
"""Noise, in ranges of the values: what lies less than this below the air is air too, or less than the width of half of
the air's own values, if that is more, as in DIR, whose tissue is hardly brighter than its noise."""
MOST_DARKER = 0.05
"""Share of the voxels that may be darker than the air: dips beside bright edges, or a bad correction of the bias."""
AMID = 0.2
"""With this share of the voxels that differ from the number around a head darker than it, the number lies amid the
head's values and is not air, as 0 around a stripped brain of z-scores."""
INVERTED = 0.9
"""With this share of the voxels that differ from the background darker than it, the image is a negative."""
TIGHT = 0.1
"""Air beside an empty part varies by less than this, in ranges of the values; the cut edge of a head varies more."""
DARKEST_PERCENT = 1.0
"""Where no air is left around a head, the percentile of its values that is taken for it."""
NOTED = 0.05
"""A level further from 0 than this, in ranges of the values, is noted."""


def above_air(volume: Volume) -> tuple[Volume, tuple[str, ...]]:
    """Return the scan with air and missing voxels at 0, nothing below, and what a user should know of it.

    Raises IntensityError for a negative, RegistrationError when there is no air around a head.
    """
    empty = np.zeros(volume.data.shape, bool) if volume.missing is None else volume.missing.copy()
    notes: list[str] = []
    while (fill := _fill(volume.data[~empty])) is not None:
        notes.append(_take_as_empty(empty, volume.data, fill))
    level = None
    while level is None:
        level, fill = _level(volume.data, empty)
        if fill is not None:
            notes.append(_take_as_empty(empty, volume.data, fill))
    low, high = np.percentile(volume.data[~empty], (1, 98))
    if abs(level) > NOTED * (high - low):
        notes.append(f"air is at {level:.4g}: moved to 0")
    data = np.where(empty, np.float32(0), np.maximum(volume.data - np.float32(level), np.float32(0)))
    return dataclasses.replace(volume, data=data, missing=None), tuple(notes)


def _take_as_empty(empty: BoolArray, data: Float32Array, fill: float) -> str:
    """Add the voxels of one value to the empty ones, and say so."""
    filled = data == np.float32(fill)
    empty |= filled
    return f"{filled.mean():.0%} of the voxels hold {fill:.6g}: taken as empty"


def _fill(values: Float32Array) -> float | None:
    """Return the lowest value if it lies so far below all others that it was put there, such as -1000."""
    lowest = float(values.min())
    others = values[values > lowest]
    if others.size == 0:
        return None
    low, high = np.percentile(others, (DARKEST_PERCENT, 98))
    far = FAR_BELOW_0 if lowest < 0 <= others.min() else FAR
    return lowest if low - lowest > far * (high - low) > 0 else None


def _level(data: Float32Array, empty: BoolArray) -> tuple[float | None, float | None]:
    """Return the level of air, or else a value that fills the background amid those of the head."""
    measured = ~empty
    low, high = (float(value) for value in np.percentile(data[measured], (DARKEST_PERCENT, 98)))
    sides = np.sort(data[_sides(empty)])
    if sides.size == 0:
        return low, None
    found, counts = np.unique(sides, return_counts=True)
    common = counts.max() >= COMMON * sides.size
    level, width = (float(found[np.argmax(counts)]), 0.0) if common else _densest_half(sides)
    noise = max(TOLERANCE * (high - low), width if width <= TIGHT * (high - low) else 0.0)
    darker = float(np.mean(data[measured] < level - noise))
    head = float(np.mean(np.abs(data[measured] - level) > noise))
    if darker > MOST_DARKER and darker > INVERTED * head:
        raise IntensityError(
            f"needs air darker than the head, got a background of {level:.4g} brighter than the head; invert the image"
        )
    amid = common and darker > AMID * head
    if darker <= MOST_DARKER and not amid and (not empty.any() or width <= TIGHT * (high - low)):
        return level, None
    if common:
        return None, level
    if empty.any():
        return low, None
    raise RegistrationError(
        f"no head found: the sides of the image are at {level:.4g}, and {darker:.0%} of the voxels are darker; "
        "leave some air around the head"
    )


def _sides(empty: BoolArray) -> BoolArray:
    """Mark the measured voxels at the image's sides and beside its empty part. Above and below may be head."""
    sides = np.zeros(empty.shape, bool)
    sides[:SHELL] = sides[-SHELL:] = sides[:, :SHELL] = sides[:, -SHELL:] = True
    if empty.any():
        sides |= ndimage.binary_dilation(empty, iterations=SHELL)
    return sides & ~empty


def _densest_half(ordered: FloatArray) -> tuple[float, float]:
    """Return the median and the width of the narrowest interval that holds half of the ordered values."""
    half = max(1, ordered.size // 2)
    widths = ordered[half - 1 :] - ordered[: ordered.size - half + 1]
    # of all that are as narrow but for rounding, the one in the middle
    narrow = np.flatnonzero(widths <= widths.min() + 1e-4 * float(ordered[-1] - ordered[0]))
    first = int(narrow[len(narrow) // 2])
    return float(ordered[first + half // 2]), float(widths[first])
