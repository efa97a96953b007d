"""What the measures of a synthesised and a true volume share: the check of both, and the voxels that count."""

import numpy as np

from brainlab.errors import InputError
from brainlab.types import BoolArray, FloatArray


def checked_pair(
    synthesis: FloatArray, truth: FloatArray, mask: BoolArray | None = None
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return both volumes as float64 and the mask, which is the whole volume by default: [X, Y, Z] each.

    Raises InputError where shapes differ, where a volume does not have three dimensions, or where a value in the mask
    is not finite.
    """
    volume, true_volume = checked_volume(synthesis, "the synthesis"), checked_volume(truth, "the truth")
    if volume.shape != true_volume.shape:
        raise InputError(
            f"a synthesis needs the shape of the truth {true_volume.shape}, got {volume.shape}; resample it first"
        )
    counted = np.ones(volume.shape, bool) if mask is None else checked_mask(mask, volume.shape)
    if not (np.isfinite(volume[counted]).all() and np.isfinite(true_volume[counted]).all()):
        raise InputError("synthesis and truth need finite values in the mask, got NaN or infinity; mask these voxels")
    return volume, true_volume, counted


def checked_volume(volume: FloatArray, name: str) -> FloatArray:
    """Return a volume [X, Y, Z] as float64."""
    values = np.asarray(volume, np.float64)
    if values.ndim != 3:
        raise InputError(f"{name} needs the shape [X, Y, Z], got {values.shape}; remove other axes")
    return values


def checked_mask(mask: BoolArray, shape: tuple[int, ...], name: str = "the mask") -> BoolArray:
    """Return a mask as booleans. Raises InputError unless it has a volume's shape."""
    inside = np.asarray(mask).astype(bool)
    if inside.shape != shape:
        raise InputError(f"{name} needs the shape of the volume {shape}, got {inside.shape}; resample it first")
    return inside
