"""Copies of training scans among generated images: near to one person's scans, and to nobody else's.

Blur alone brings an image nearer to every scan. A copy is also far nearer to one person's scans than to the next
person's; two visits of one person hide that where the second nearest scan is taken instead.
"""

from typing import NamedTuple

import numpy as np

from brainlab.evaluation.images import Images
from brainlab.evaluation.neighbours import nearest
from brainlab.types import BoolArray, FloatArray, StringArray

RARE = 0.01
"""A held-out scan is as close to a training scan, and as much closer than to the next person's, so seldom."""


class Judged(NamedTuple):
    """closer: nearer to a training scan than all but RARE of the held-out scans are; blur alone does that.

    copies: also so much nearer to it than to any other person's as hardly a held-out scan is; blur does not do that.
    """

    closer: BoolArray
    copies: BoolArray


def closeness(images: Images, training: Images, people: StringArray | None = None) -> FloatArray:
    """Return each image's distance to its nearest training scan, and that over the one to another person's: [n, 2].

    people: whom each training scan is of; None where each may be of another person. Distances are mean squared
    differences per voxel. Raises InputError where there are fewer than two people.
    """
    near, other = nearest(images, training, people=people).distances.T
    return np.stack([near, near / np.maximum(other, np.finfo(float).tiny)], axis=1)


def judge(images: FloatArray, held_out: FloatArray) -> Judged:
    """Tell copies by the `closeness` of images [n, 2] and of scans of people that were not trained on [m, 2].

    An image that is as close as another held-out scan would be has each of the two conditions by a chance of RARE at
    most; of fewer than 99 held-out scans by one of 1 in m + 1.
    """
    closer, apart = (images[:, k] < _rarely_below(held_out[:, k]) for k in (0, 1))
    return Judged(closer, closer & apart)


def judge_held_out(held_out: FloatArray, people: StringArray | None = None) -> Judged:
    """Judge each held-out scan's `closeness` [m, 2] by those of the other people: [m] each.

    people: whom each is of; None where each may be of another person. Where all are of one, none is told a copy.
    """
    owners = np.arange(len(held_out)) if people is None else np.unique(people, return_inverse=True)[1]
    found = np.zeros((2, len(held_out)), dtype=bool)
    for owner in range(int(owners.max()) + 1):
        own = owners == owner
        if not own.all():
            found[:, own] = judge(held_out[own], held_out[~own])
    return Judged(*found)


def _rarely_below(values: FloatArray) -> float:
    """Return the largest of m values that one more of their kind is below by a chance of RARE at most, or the least.

    One more is below the k-th smallest of m by a chance of k in m + 1.
    """
    k = max(int(RARE * (len(values) + 1)), 1)
    return float(np.partition(values, k - 1)[k - 1])
