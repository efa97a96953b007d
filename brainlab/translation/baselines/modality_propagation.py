"""Modality propagation: the target's values at the most similar training patches near by (Ye et al. 2013).

"Modality propagation", MICCAI 2013; a baseline of Wei, section 2.2.3, on patches of 3^3 voxels.

Simplified: candidates are voxels drawn from the training volumes, not all of them; the search is not repeated with
patches of the target predicted so far, by which the paper makes neighbouring voxels agree. Distances are those of all
input sequences together, as the thesis has several, each divided by its standard deviation.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from brainlab.errors import InputError
from brainlab.translation.baselines.patches import (
    SIDE,
    Samples,
    check_inputs,
    draw_samples,
    edge_patches,
    patch_rows,
)
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

NEIGHBOURS = 10
"""Training patches whose target values are averaged."""

WINDOW = 6
"""Voxels to each side, along each axis, within which training patches are looked for."""

SAMPLES_PER_VOLUME = 20_000

BLOCK = 8
"""Side in voxels of the cubes whose voxels are predicted together."""

TABLE = 2**22
"""Distances that are held at once, about."""


class ModalityPropagation:
    """Predicts each voxel as the mean of the target at the nearest training patches in a search window.

    Places are compared as voxel indices: the volumes of all people must lie on one grid and roughly on one another,
    as after affine registration. Where the window has fewer training voxels than neighbours are wanted, it is doubled
    until it has enough, or all.

    After `fit`: `samples_`, whose patches are divided by `scale_` [C * side^3], and `sequences_` (C). block: side of
    the cubes that are predicted at once, which changes no value.

    >>> rng = np.random.default_rng(0)
    >>> t1 = rng.random((1, 6, 6, 6))
    >>> inside = np.ones((6, 6, 6), bool)
    >>> model = ModalityPropagation(neighbours=1).fit([t1], [1 - t1[0]], [inside])
    >>> bool(np.allclose(model.predict(t1, inside), 1 - t1[0]))
    True
    """

    def __init__(self, neighbours: int = NEIGHBOURS, window: int = WINDOW, block: int = BLOCK) -> None:
        self.neighbours = neighbours
        self.window = window
        self.block = block

    def fit(
        self,
        inputs: Sequence[FloatArray],
        targets: Sequence[FloatArray],
        masks: Sequence[BoolArray],
        seed: int = 0,
        samples_per_volume: int = SAMPLES_PER_VOLUME,
    ) -> "ModalityPropagation":
        """Keep patches, places and target values of voxels drawn from the mask of each volume.

        inputs: [C, X, Y, Z] each. targets, masks: [X, Y, Z] each, on one grid for all people. Raises InputError where
        they do not fit together.
        """
        if min(self.neighbours, self.window, self.block) < 1:
            raise InputError(
                f"modality propagation needs neighbours, window and block of at least 1, got {self.neighbours}, "
                f"{self.window} and {self.block}"
            )
        samples = draw_samples(inputs, targets, masks, seed, samples_per_volume)
        self.sequences_ = samples.patches.shape[1] // SIDE**3
        spread = samples.patches.reshape(len(samples.patches), self.sequences_, -1).std(axis=(0, 2), dtype=np.float64)
        self.scale_ = np.repeat(np.where(spread > 0, spread, 1), SIDE**3).astype(np.float32)
        self.samples_ = Samples(samples.patches / self.scale_, samples.places, samples.values, samples.background)
        return self

    def predict(self, inputs: FloatArray, mask: BoolArray) -> Float32Array:
        """Return the target [X, Y, Z] in the mask, and the training targets' background outside it.

        inputs: [C, X, Y, Z] on the grid of the training volumes. mask: [X, Y, Z].
        """
        check_inputs(inputs, mask, self.sequences_)
        prediction = np.full(mask.shape, self.samples_.background, np.float32)
        patches = edge_patches(inputs)
        for places in _cubes(mask, self.block):
            prediction[tuple(places.T)] = self._propagated(patch_rows(patches, places) / self.scale_, places)
        return prediction

    def _propagated(self, rows: Float32Array, places: IntArray) -> Float32Array:
        """Return the values at voxels of one cube: [n]. rows: scaled patches [n, C * side^3]. places: [n, 3]."""
        values = np.empty(len(rows), np.float32)
        wanted = min(self.neighbours, len(self.samples_.values))
        pending, window = np.arange(len(rows)), self.window
        while len(pending):
            near = self._near(places[pending], window)
            few = []
            for some in np.array_split(pending, -(-len(pending) * len(near) // TABLE) or 1):
                apart = _largest_distance(places[some], self.samples_.places[near])
                enough = (apart <= window).sum(axis=1) >= wanted
                few.append(some[~enough])
                if enough.any():
                    distances = _squared_distances(rows[some[enough]], self.samples_.patches[near])
                    distances[apart[enough] > window] = np.inf
                    values[some[enough]] = _mean_of_nearest(distances, self.samples_.values[near], wanted)
            pending, window = np.concatenate(few), 2 * window
        return values

    def _near(self, places: IntArray, window: int) -> IntArray:
        """Return the numbers of the samples that lie in the window of any of the places."""
        low, high = places.min(axis=0) - window, places.max(axis=0) + window
        return np.flatnonzero(((self.samples_.places >= low) & (self.samples_.places <= high)).all(axis=1))


def _cubes(mask: BoolArray, side: int) -> Iterator[IntArray]:
    """Yield the voxels of the mask, cube by cube: [n, 3] each, n at least 1."""
    for corner in np.ndindex(*(-(-length // side) for length in mask.shape)):
        start = side * np.array(corner)
        found = np.argwhere(mask[tuple(slice(first, first + side) for first in start)])
        if len(found):
            yield found + start


def _largest_distance(places: IntArray, others: IntArray) -> IntArray:
    """Return the distance along the axis where it is largest, of each voxel to each other: [n, m]."""
    apart = np.abs(places[:, None, 0] - others[:, 0])
    for axis in (1, 2):
        np.maximum(apart, np.abs(places[:, None, axis] - others[:, axis]), out=apart)
    return apart


def _squared_distances(rows: Float32Array, others: Float32Array) -> FloatArray:
    """Return the squared Euclidean distance of each row to each other row: [n, m]."""
    from sklearn.metrics.pairwise import euclidean_distances

    distances: FloatArray = euclidean_distances(rows, others, squared=True)
    return distances


def _mean_of_nearest(distances: FloatArray, values: Float32Array, wanted: int) -> FloatArray:
    """Return the mean value at the `wanted` smallest distances of each row [n, m], and at those equal to the last."""
    last = np.partition(distances, wanted - 1, axis=1)[:, wanted - 1]
    nearest = distances <= last[:, None]
    return (nearest @ values.astype(np.float64)) / nearest.sum(axis=1)
