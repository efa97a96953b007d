"""Patches of several input sequences: the neighbourhood of each voxel, and the samples that baselines learn from."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brainlab.errors import InputError
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

SIDE = 3
"""Voxels along each side of a patch (Jog et al. 2014; Ye et al. 2013)."""


def edge_patches(inputs: FloatArray, side: int = SIDE) -> Float32Array:
    """Return the neighbourhood of every voxel as a read-only view of a padded copy: [X, Y, Z, C, side, side, side].

    inputs: [C, X, Y, Z]. side: odd. Beyond the faces of the volume its outermost voxels are repeated. Index the view
    by voxels before reshaping it; to reshape all of it copies `side`^3 volumes.
    """
    margin = side // 2
    padded = np.pad(np.asarray(inputs, np.float32), ((0, 0), *[(margin, margin)] * 3), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side, side), axis=(1, 2, 3))
    return np.moveaxis(windows, 0, 3)


def patch_rows(patches: Float32Array, places: IntArray) -> Float32Array:
    """Return the patches of some voxels as rows: [n, C * side^3]. patches: of `edge_patches`. places: [n, 3]."""
    return patches[tuple(places.T)].reshape(len(places), -1)


@dataclass(frozen=True)
class Samples:
    """Training voxels of all volumes.

    patches: [n, C * side^3]. places: voxel indices, [n, 3]. values: of the target, [n]. background: of targets outside
    the masks.
    """

    patches: Float32Array
    places: IntArray
    values: Float32Array
    background: float


def draw_samples(
    inputs: Sequence[FloatArray],
    targets: Sequence[FloatArray],
    masks: Sequence[BoolArray],
    seed: int,
    samples_per_volume: int,
) -> Samples:
    """Draw voxels without replacement from the mask of each volume, or take them all where it has fewer.

    inputs: [C, X, Y, Z] each. targets, masks: [X, Y, Z] each. The background is the median over volumes of the median
    of the target outside the mask, or the lowest value of all where masks leave nothing outside. Neither the samples
    nor their order depend on the order of the volumes. Raises InputError where volumes do not fit together.
    """
    _check(inputs, targets, masks, samples_per_volume)
    # The checksum makes each volume draw other voxels, and the same ones wherever it stands in the list.
    checksums = [_checksum(target, _checksum(each)) for each, target in zip(inputs, targets, strict=True)]
    patches, places, values, outside = [], [], [], []
    for number in sorted(range(len(inputs)), key=checksums.__getitem__):
        random = np.random.default_rng([seed, checksums[number]])
        inside = np.argwhere(masks[number])
        chosen = random.choice(len(inside), min(samples_per_volume, len(inside)), replace=False)
        places.append(inside[chosen])
        patches.append(patch_rows(edge_patches(inputs[number]), places[-1]))
        values.append(targets[number][tuple(places[-1].T)].astype(np.float32))
        if not masks[number].all():
            outside.append(float(np.median(targets[number][~masks[number]])))
    background = float(np.median(outside)) if outside else float(min(target.min() for target in targets))
    return Samples(np.concatenate(patches), np.concatenate(places), np.concatenate(values), background)


def _checksum(values: FloatArray, start: int = 0) -> int:
    return zlib.crc32(np.ascontiguousarray(values).data, start)


def check_inputs(inputs: FloatArray, mask: BoolArray, sequences: int) -> None:
    """Raise InputError unless inputs are finite, [C, X, Y, Z] with C as in training, and on the grid of the mask."""
    if inputs.ndim != 4 or inputs.shape[0] != sequences or inputs.shape[1:] != mask.shape:
        raise InputError(
            f"prediction needs inputs [{sequences}, X, Y, Z] and a mask of the same grid, got {inputs.shape} and "
            f"{mask.shape}; pass the sequences that the baseline was fitted on"
        )
    _check_finite(inputs)


def _check(
    inputs: Sequence[FloatArray], targets: Sequence[FloatArray], masks: Sequence[BoolArray], samples_per_volume: int
) -> None:
    if not len(inputs) == len(targets) == len(masks) > 0:
        raise InputError(
            f"fitting needs one target and one mask for each of one volume or more, got {len(inputs)} inputs, "
            f"{len(targets)} targets and {len(masks)} masks"
        )
    if samples_per_volume < 1:
        raise InputError(f"fitting needs at least 1 sample per volume, got {samples_per_volume}")
    for number, (each, target, mask) in enumerate(zip(inputs, targets, masks, strict=True)):
        if each.ndim != 4 or each.shape[0] != inputs[0].shape[0] or not each.shape[1:] == target.shape == mask.shape:
            raise InputError(
                f"volume {number} needs inputs [{inputs[0].shape[0]}, X, Y, Z], a target and a mask on one grid, got "
                f"{each.shape}, {target.shape} and {mask.shape}; resample them first"
            )
        if not mask.any():
            raise InputError(f"volume {number} needs a mask with voxels, got an empty one; leave it out")
        _check_finite(each)
        _check_finite(target)


def _check_finite(values: npt.NDArray[np.floating]) -> None:
    if not np.isfinite(values).all():
        raise InputError("patches need finite values, got NaN or infinity; set these voxels to the background")
