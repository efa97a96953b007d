"""The difference of two means with a bootstrap interval: paired over people, or of two independent sets.

Percentile intervals (Efron and Tibshirani 1993, ch. 13), whose percentiles are moved outwards as Student's distribution
is wider than the normal one, by which few people are covered as many are (Hesterberg 2015, section 5.3).
"""

import math

import numpy as np
from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE, RESAMPLES, Estimate
from brainlab.types import FloatArray, IntArray

FEWEST = 8
"""People, or images of a set, that an interval needs."""

DRAWN_AT_ONCE = 2**21
"""Draws that are held at once, so that memory does not grow with the number of images."""


def paired_difference(
    first: FloatArray, second: FloatArray, people: IntArray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Return mean(first) - mean(second) of values of the same images, with a 95% interval; `n` counts people.

    first, second: [n], of image i each. people: number of the person that image i is of, [n]. Whole people are
    resampled, each with all images, for those of one person are alike: to resample images would promise too much.
    Raises InputError where lengths differ.
    """
    if not len(first) == len(second) == len(people):
        raise InputError(
            f"a paired difference needs values of the same images, got {len(first)}, {len(second)} and {len(people)}"
        )
    owners = np.unique(people, return_inverse=True)[1]
    weights = (None, first - second)
    counts, sums = (np.bincount(owners, weights=each).astype(np.float64) for each in weights)
    value, n = float((first - second).mean()), len(counts)
    if n < FEWEST:
        return Estimate(value, n=n, reason=f"no interval: needs {FEWEST} people or more, got {n}")
    if np.ptp(sums / counts) == 0:
        return Estimate(value, n=n, reason="no interval: the difference is the same for every person")
    drawn = _resampled(sums, counts, resamples, np.random.default_rng(seed))
    return Estimate(value, *_bounds(drawn, n), n)


def unpaired_difference(
    first: FloatArray, second: FloatArray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Return mean(first) - mean(second) of two independent sets [n] and [m], with a 95% interval; `n` is the smaller.

    Each set is resampled by itself.
    """
    value, n = float(first.mean() - second.mean()), min(len(first), len(second))
    if n < FEWEST:
        return Estimate(value, n=n, reason=f"no interval: needs {FEWEST} images or more of each run, got {n}")
    if np.ptp(first) == np.ptp(second) == 0:
        return Estimate(value, n=n, reason="no interval: the images of each run are all alike")
    random = np.random.default_rng(seed)
    one, other = (_resampled(values, np.ones(len(values)), resamples, random) for values in (first, second))
    return Estimate(value, *_bounds(one - other, n), n)


def _resampled(sums: FloatArray, counts: FloatArray, resamples: int, random: np.random.Generator) -> FloatArray:
    """Return the mean in each resample of units, of which each has a sum over a count of images: [resamples]."""
    n, means = len(sums), []
    size = max(1, DRAWN_AT_ONCE // n)
    for start in range(0, resamples, size):
        drawn = random.integers(n, size=(min(size, resamples - start), n))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(means)


def _bounds(drawn: FloatArray, n: int) -> tuple[float, float]:
    """Return the bounds of the interval of values that were resampled from n units."""
    outside = 0.5 - CONFIDENCE / 2
    tail = float(stats.norm.cdf(math.sqrt(n / (n - 1)) * stats.t.ppf(outside, n - 1)))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
