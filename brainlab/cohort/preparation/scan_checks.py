"""What is looked at before a scan is prepared: that it is a scan, and whether its axes lie along those of space."""

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray
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
