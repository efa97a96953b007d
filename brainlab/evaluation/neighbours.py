"""Exact nearest neighbours among many images, without ever holding all pairs of pixels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from brainlab.errors import InputError
from brainlab.types import Float32Array, FloatArray, IntArray

BLOCK = 256
CANDIDATES = 4

Take = Callable[[IntArray], Float32Array]
"""Row numbers to images [n, *shape]: an array's `__getitem__`, or a dataset's memory map."""


class Neighbours(NamedTuple):
    """The nearest and the second nearest image: mean squared difference per pixel [n, 2], row numbers [n, 2]."""

    distances: FloatArray
    indices: IntArray


def nearest(images: Float32Array, take: Take, count: int, exclude_self: bool = False) -> Neighbours:
    """Find for each image its two nearest among `count` others.

    Squared distances come from blocked products, |a|^2 + |b|^2 - 2 ab in float32; the four best of each image are then
    measured again in float64, so that the result is exact also for copies, whose products cancel to noise.
    images: [n, *shape]. exclude_self: image i is the others' image i, and is not its own neighbour.
    Raises InputError when there are fewer than two others.
    """
    available = count - 1 if exclude_self else count
    if available < 2:
        raise InputError(f"nearest neighbours need at least two other images; got {available}")
    flat = images.reshape(len(images), -1)
    centre = flat.mean(axis=0)
    a = flat - centre
    a_norm = np.einsum("iv,iv->i", a, a)
    keep = min(CANDIDATES, available)
    best = np.full((len(a), keep), np.inf, dtype=np.float32)
    where = np.zeros((len(a), keep), dtype=np.int64)
    for start in range(0, count, BLOCK):
        rows = np.arange(start, min(start + BLOCK, count))
        b = take(rows).reshape(len(rows), -1) - centre
        distances = a_norm[:, None] + np.einsum("jv,jv->j", b, b) - 2 * (a @ b.T)
        if exclude_self:
            distances[np.arange(len(a))[:, None] == rows] = np.inf
        together = np.concatenate([best, distances], axis=1)
        labels = np.concatenate([where, np.broadcast_to(rows, distances.shape)], axis=1)
        order = np.argpartition(together, keep - 1, axis=1)[:, :keep]
        best, where = np.take_along_axis(together, order, 1), np.take_along_axis(labels, order, 1)
    exact = np.empty(where.shape)
    for i, candidates in enumerate(where):
        difference = take(candidates).reshape(keep, -1).astype(np.float64) - flat[i]
        exact[i] = (difference**2).mean(axis=1)
    order = np.argsort(exact, axis=1)[:, :2]
    return Neighbours(np.take_along_axis(exact, order, 1), np.take_along_axis(where, order, 1))
