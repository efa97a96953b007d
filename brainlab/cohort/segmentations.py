"""Segmentations of a prepared dataset: `segmentations.npy` beside its volumes, and the names of the labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.types import UInt8Array

SEGMENTATIONS = "segmentations.npy"
"""Labels [N, *shape], uint8, on the voxels of `volumes.npy` without its channels; 0 is none."""
LABELS = "labels"
"""Key of `recipe.json` for the names of the labels by number, where there are segmentations."""

BRAIN_ALONE = {"1": "brain"}
"""Names of the labels of scans that came without any, where the preparation found one brain for several sequences."""

IGNORED = 255
"""Number of what counts nowhere: a voxel whose label is none of those that are meant."""


def numbers_among(names: Mapping[int, str], labels: Sequence[str]) -> UInt8Array:
    """Return by a label's number on disk its number among others of the same names, [256]; IGNORED where it has none.

    names: by number on disk.  labels: in the wanted order, that of 0 (background) first.
    """
    numbers = np.full(256, IGNORED, np.uint8)
    numbers[0] = 0
    for number, name in names.items():
        if name in labels:
            numbers[number] = labels.index(name)
    return numbers


def open_segmentations(folder: Path, recipe: Mapping[str, Any], shape: tuple[int, ...]) -> UInt8Array | None:
    """Map the segmentations of a dataset into memory; None where its recipe names no labels.

    shape: that they must have, [N, *shape]. Raises OSError, ValueError or TypeError where file, names and shape do not
    fit together.
    """
    if LABELS not in recipe:
        if (folder / SEGMENTATIONS).is_file():
            raise ValueError(f"{SEGMENTATIONS} without {LABELS} in recipe.json")
        return None
    labels: UInt8Array = np.load(folder / SEGMENTATIONS, mmap_mode="r", allow_pickle=False)
    if labels.dtype != np.uint8 or labels.shape != shape:
        raise ValueError(f"{SEGMENTATIONS} needs uint8 of {list(shape)}, got {labels.dtype} of {list(labels.shape)}")
    names = recipe[LABELS]
    if not isinstance(names, dict) or not all(
        number.isdecimal() and 0 < int(number) < 256 and isinstance(name, str) for number, name in names.items()
    ):
        raise ValueError(f"{LABELS} in recipe.json needs a name for each number from 1 to 255, got {names!r}")
    return labels
