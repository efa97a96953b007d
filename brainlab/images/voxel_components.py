"""Principal components of the voxels inside the brain: what is learnt of images without a network."""

import math
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from brainlab.files.array_files import let_go
from brainlab.types import Float32Array, FloatArray, IntArray

PCA_SCANS = 4000
PCA_BYTES = 2**29
"""Most scans that a PCA is fitted on, and most memory that their voxels fill: 4,000 of 40x48x40 need 0.5 GB."""

MOST_VOXELS = 64**3
"""Images with more voxels are averaged over blocks until they have no more, so that memory does not grow with them."""

READ_VOXELS = 2**22
"""Voxels that are read at once."""

INSIDE_SCANS = 64
"""Scans that decide what is inside the brain."""


class Volumes(Protocol):
    """Images [N, *shape] by row numbers: an array, memory-mapped or not, of uint8 over [0, 1] or floats in [0, 1]."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: IntArray, /) -> npt.NDArray[Any]: ...


class VoxelComponents:
    """The first principal components of the voxels inside the brain.

    After `fit`: `inside_` (voxels brighter than 1% of the range in more than half of 64 training scans, [V] flat) and
    `pca_`. Randomised SVD (Halko et al. 2011) with a fixed seed.
    """

    def __init__(self, components: int = 64, seed: int = 0, most_bytes: int = PCA_BYTES) -> None:
        self.components = components
        self.seed = seed
        self.most_bytes = most_bytes

    def fit(self, volumes: Volumes, rows: IntArray) -> "VoxelComponents":
        """Learn from the scans at `rows`; evenly spaced ones where they are more than `PCA_SCANS` or `most_bytes`."""
        from sklearn.decomposition import PCA

        rows = _evenly(rows, PCA_SCANS)
        # [some scans, coarse voxels], of which those inside the brain are looked for
        self.inside_ = np.flatnonzero((_flat(volumes, _evenly(rows, INSIDE_SCANS)) > 0.01).mean(axis=0) > 0.5)
        rows = _evenly(rows, self.most_bytes // (4 * max(1, len(self.inside_))))
        data = _flat(volumes, rows, self.inside_)
        n_components = min(self.components, len(rows) - 1, data.shape[1])
        solver = "randomized" if n_components < 0.8 * min(data.shape) else "full"
        self.pca_ = PCA(n_components, svd_solver=solver, iterated_power=4, random_state=self.seed, copy=False).fit(data)
        return self

    def transform(self, volumes: Volumes, rows: IntArray) -> FloatArray:
        """Return the component scores of the scans at `rows`: [n, components]."""
        blocks = [rows[start : start + 256] for start in range(0, len(rows), 256)]
        return np.concatenate([self.pca_.transform(_flat(volumes, block, self.inside_)) for block in blocks])


def block_sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the edges, in voxels, of the blocks that an image is averaged over before its components are taken."""
    edge = 1
    while math.prod(-(-length // edge) for length in shape) > MOST_VOXELS:
        edge += 1
    return tuple(min(edge, length) for length in shape)


def _evenly(rows: IntArray, most: int) -> IntArray:
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), max(2, most))).astype(int)]


def _flat(volumes: Volumes, rows: IntArray, inside: IntArray | None = None) -> Float32Array:
    """Return the chosen (or all) voxels of the scans at `rows` as float32 [n, V] in [0, 1], reading few at a time."""
    shape = tuple(volumes.shape[1:])
    sides = block_sides(shape)
    coarse = math.prod(length // side for length, side in zip(shape, sides, strict=True))
    at_once = max(1, READ_VOXELS // math.prod(shape))
    full_scale = 1
    out = np.empty((len(rows), coarse if inside is None else len(inside)), dtype=np.float32)
    for start in range(0, len(rows), at_once):
        block = np.asarray(volumes[rows[start : start + at_once]])
        let_go(getattr(volumes, "volumes", volumes))  # of slices, what they are cut from
        if max(sides) > 1:
            block = block_means(block, sides)
        flat = block.reshape(len(block), -1)
        out[start : start + len(block)] = flat if inside is None else flat[:, inside]
        full_scale = 255 if block.dtype == np.uint8 else 1
    out /= np.float32(full_scale)
    return out


def block_means(images: npt.NDArray[Any], sides: tuple[int, ...]) -> Float32Array:
    """Return the means of blocks of an image's `sides`, without what is left over: float32 in [0, 1]."""
    counts = [length // side for length, side in zip(images.shape[1:], sides, strict=True)]
    kept = images[(slice(None), *(slice(0, n * side) for n, side in zip(counts, sides, strict=True)))]
    blocks = kept.reshape(len(images), *(part for pair in zip(counts, sides, strict=True) for part in pair))
    means = blocks.mean(axis=tuple(range(2, blocks.ndim, 2)), dtype=np.float32)
    return means / np.float32(255) if images.dtype == np.uint8 else means
