"""How well maps of true and synthesised PET agree, voxel by voxel (Wei's thesis, sections 3.3.5, 4.3.4 and 4.3.5)."""

import numpy as np

from brainlab.errors import InputError
from brainlab.myelin.indices import Index
from brainlab.types import BoolArray, UInt8Array

AGREEMENT = {0: "outside", 1: "neither", 2: "both", 3: "only the true", 4: "only the synthesised"}
"""What the numbers of an agreement map say: where within the lesions a voxel is demyelinated."""


def dice(true: BoolArray, synthesised: BoolArray) -> Index:
    """Return 2 |A and B| / (|A| + |B|) of two masks on one grid; undefined where both are empty.

    `voxels` of the result counts those of either mask.
    """
    _check_grid(true, synthesised)
    total = int(true.sum()) + int(synthesised.sum())
    if total == 0:
        return Index(None, 0, "undefined: both maps are empty")
    return Index(2 * int((true & synthesised).sum()) / total, int((true | synthesised).sum()))


def agreement_map(lesion: BoolArray, true: BoolArray, synthesised: BoolArray) -> UInt8Array:
    """Return for each voxel which of two maps calls it demyelinated, as the numbers of AGREEMENT [X, Y, Z]."""
    _check_grid(lesion, true)
    _check_grid(true, synthesised)
    number = np.select([true & synthesised, true, synthesised], [2, 3, 4], 1)
    return np.where(lesion, number, 0).astype(np.uint8)


def _check_grid(first: BoolArray, second: BoolArray) -> None:
    if first.shape != second.shape:
        raise InputError(f"maps to compare need one grid, got {first.shape} and {second.shape}; resample one of them")
