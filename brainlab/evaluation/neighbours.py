"""Exact nearest neighbours among many images, without ever holding all of them or all pairs of pixels."""

from typing import NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.images import Images, block_rows, mean_image
from brainlab.types import Float32Array, FloatArray, IntArray, StringArray

CANDIDATES = 4

BLOCKS = 2
"""Blocks of memory that the images sought for fill: others are read once for each such part of the images."""


class Neighbours(NamedTuple):
    """The nearest and the second image of `nearest`: mean squared difference per pixel [n, 2], row numbers [n, 2]."""

    distances: FloatArray
    indices: IntArray


def nearest(
    images: Images, others: Images, exclude_self: bool = False, people: StringArray | None = None
) -> Neighbours:
    """Find for each image its two nearest among others, the second of another person where people are known.

    Squared distances come from blocked products, |a|^2 + |b|^2 - 2 ab in float32; the best few of each image are then
    measured again in float64, so that the result is exact also for copies, whose products cancel to noise.
    images: [n, *shape]; others: [m, *shape]. exclude_self: image i is the others' image i, and neither itself nor an
    image of the same person is its neighbour. people: whom each of the others is of, [m]; None where each may be of
    another person. Raises InputError when there are fewer than two others, or fewer than two other people.
    """
    _, owners, counts = np.unique(
        np.arange(len(others)) if people is None else people, return_inverse=True, return_counts=True
    )
    if (available := len(counts) - exclude_self) < 2:
        raise InputError(f"nearest neighbours need at least two other images, of two people; got {available}")
    centre = mean_image(images).astype(np.float32).ravel()
    # Of so many, one at least is of another person than the nearest.
    keep, size = min(CANDIDATES - 1 + int(counts.max()), len(others)), block_rows(images.shape[1:], BLOCKS)
    parts = []
    for start in range(0, len(images), size):
        rows = np.arange(start, min(start + size, len(images)))
        flat = images[rows].reshape(len(rows), -1)
        own = owners[rows] if exclude_self else None
        where = _candidates(flat - centre, own, others, centre, keep, owners)
        parts.append(_exact(flat, own, others, where, owners))
    return Neighbours(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _candidates(
    a: Float32Array, own: IntArray | None, others: Images, centre: Float32Array, keep: int, owners: IntArray
) -> IntArray:
    """Return the rows of the `keep` others that seem nearest to each image: a [n, V] less the centre, to [n, keep].

    own: number of the person that each image is of, whose others are last; owners: that of each of the others.
    """
    a_norm = np.einsum("iv,iv->i", a, a)
    best = np.full((len(a), keep), np.inf, dtype=np.float32)
    where = np.zeros((len(a), keep), dtype=np.int64)
    size = block_rows(others.shape[1:])
    for start in range(0, len(others), size):
        rows = np.arange(start, min(start + size, len(others)))
        b = others[rows].reshape(len(rows), -1) - centre
        distances = a_norm[:, None] + np.einsum("jv,jv->j", b, b) - 2 * (a @ b.T)
        if own is not None:
            distances[own[:, None] == owners[rows]] = np.inf
        together = np.concatenate([best, distances], axis=1)
        labels = np.concatenate([where, np.broadcast_to(rows, distances.shape)], axis=1)
        order = np.argpartition(together, keep - 1, axis=1)[:, :keep]
        best, where = np.take_along_axis(together, order, 1), np.take_along_axis(labels, order, 1)
    return where


def _exact(
    flat: Float32Array, own: IntArray | None, others: Images, where: IntArray, owners: IntArray
) -> tuple[FloatArray, IntArray]:
    """Measure images [n, V] against their candidates [n, k] in float64; return distances and rows of the two best.

    own: number of the person that each image is of, where that person's are no neighbours; owners: that of each of the
    others. The two are of different people.
    """
    exact = np.empty(where.shape)
    for i, candidates in enumerate(where):
        for k, candidate in enumerate(candidates):
            other = others[np.array([candidate])].reshape(-1)
            exact[i, k] = ((other.astype(np.float64) - flat[i]) ** 2).mean()
    if own is not None:
        exact[owners[where] == own[:, None]] = np.inf
    first = exact.argmin(axis=1)[:, None]
    same = owners[where] == owners[np.take_along_axis(where, first, 1)]
    second = np.where(same, np.inf, exact).argmin(axis=1)[:, None]
    order = np.concatenate([first, second], axis=1)
    return np.take_along_axis(exact, order, 1), np.take_along_axis(where, order, 1)
