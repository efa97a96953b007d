"""Differences of ROC areas and of shares between two conditions that the same readers judged, one difference a reader.

A difference is a sum of independent means over cases: of the real ones, of the fakes, of either of two groups of fakes.
Each case is compared with itself where both conditions show it. Cases are sampled within strata, their sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.measures.accuracy import QUARTER_CASE
from brainlab.measures.estimate import CONFIDENCE, Estimate
from brainlab.measures.strata import Prior, Spread, covariance_of_means, spread_of_mean
from brainlab.types import FloatArray, IntArray


@dataclass(frozen=True)
class ReaderDifference:
    """First minus second condition: `values` [r], a difference a reader, and `covariance` [r, r] that cases cause.

    spread: variance of their mean over cases, these readers given. n: cases.
    """

    values: FloatArray
    covariance: FloatArray
    spread: Spread
    n: int

    def for_these_readers(self) -> Estimate:
        """Return the mean difference of these readers, with an interval for new cases; within -1 and 1.

        Student's, with the degrees of freedom of Satterthwaite.
        """
        value, half = float(self.values.mean()), self.spread.half_width(CONFIDENCE)
        return Estimate(value, max(value - half, -1.0), min(value + half, 1.0), self.n)


def placement_difference(wins: FloatArray, real: IntArray, fake: IntArray) -> ReaderDifference:
    """Compare ROC areas of the same cases. `wins` [real, fake, r]: placements in the first minus in the second.

    real, fake: strata of the cases, [real] and [fake]. Covariances are the unbiased ones, see `_pairwise`. A quarter of
    a case that changes at random for each reader is added to each class for the spread, so that unanimous readers do
    not seem certain.
    """
    of_real, of_fake = wins.mean(axis=1), wins.mean(axis=0)  # [real, r], [fake, r]
    by_cases = covariance_of_means(of_real, real) + covariance_of_means(of_fake, fake)
    change = Prior(QUARTER_CASE, 0.0, 0.25 / wins.shape[2])
    spread = _spread(of_real, real, change) + _spread(of_fake, fake, change)
    values = wins.mean(axis=(0, 1))
    return ReaderDifference(values, by_cases - _pairwise(wins, real, fake), spread, sum(wins.shape[:2]))


def placement_difference_of_groups(first: FloatArray, second: FloatArray, real: IntArray) -> ReaderDifference:
    """Compare ROC areas of the same real cases against two groups of fakes.

    first, second: placements, [real, fakes of the group, r]. real: strata of the real cases, [real]. For the spread see
    `placement_difference`.
    """
    of_real = first.mean(axis=1) - second.mean(axis=1)  # [real, r]
    covariance = covariance_of_means(of_real, real)
    random = 0.25 / first.shape[2]
    spread = _spread(of_real, real, Prior(QUARTER_CASE, 0.0, random))
    for wins in (first, second):
        alike = np.zeros(wins.shape[1], dtype=int)
        of_fake = wins.mean(axis=0)  # [fakes of the group, r]
        covariance = covariance + covariance_of_means(of_fake, alike) - _pairwise(wins, real, alike)
        spread += _spread(of_fake, alike, Prior(QUARTER_CASE, float(wins.mean()), random))
    n = len(real) + first.shape[1] + second.shape[1]
    return ReaderDifference(of_real.mean(axis=0), covariance, spread, n)


def share_difference(change: FloatArray, strata: IntArray) -> ReaderDifference:
    """Compare shares of the same cases. `change` [n, r]: 1, 0 or -1, first minus second condition.

    Half a case that changes at random is added to each stratum for the spread.
    """
    random = Prior(0.5 * float(strata.max() + 1), 0.0, 0.5 / change.shape[1])
    spread = _spread(change, strata, random)
    return ReaderDifference(change.mean(axis=0), covariance_of_means(change, strata), spread, len(change))


def share_difference_of_groups(first: FloatArray, second: FloatArray) -> ReaderDifference:
    """Compare shares of two groups of cases, [n, r] and [m, r] of 1 and 0; half a random case is added to each."""
    alike = [np.zeros(len(group), dtype=int) for group in (first, second)]
    parts = list(zip((first, second), alike, strict=True))
    covariance = sum((covariance_of_means(group, codes) for group, codes in parts), np.zeros(()))
    guess = Prior(0.5, 0.5, 0.25 / first.shape[1])
    spread = _spread(*parts[0], guess) + _spread(*parts[1], guess)
    return ReaderDifference(first.mean(axis=0) - second.mean(axis=0), covariance, spread, len(first) + len(second))


def _spread(of_cases: FloatArray, strata: IntArray, prior: Prior) -> Spread:
    """Return the variance of the mean over readers and cases of [n, r]."""
    return spread_of_mean(of_cases.mean(axis=1), strata, prior)


def _pairwise(wins: FloatArray, real: IntArray, fake: IntArray) -> FloatArray:
    """Return what DeLong's covariance of ROC areas counts twice: [r, r].

    The variance of a placement over cases holds a share of the variation of single pairs, once among the real cases and
    once among the fakes. Without it the covariance is unbiased (Gallas, Pennello and Meyers 2007, J Opt Soc Am A
    24:B70-80). Pairs' residuals from both cases' placements are summed stratum by stratum of `wins` [real,
    fake, r]; strata without two cases of a class give none.
    """
    n, m, readers = wins.shape
    total = np.zeros((readers, readers))
    for rows in _members(real):
        for columns in _members(fake):
            block = wins[np.ix_(rows, columns)]
            a, b = len(rows), len(columns)
            if min(a, b) < 2:
                continue
            of_real, of_fake, whole = block.mean(axis=1), block.mean(axis=0), block.mean(axis=(0, 1))
            flat = block.reshape(a * b, readers)
            by_cases = b * of_real.T @ of_real + a * of_fake.T @ of_fake
            residual = flat.T @ flat - by_cases + a * b * np.outer(whole, whole)
            weight = (a / n) ** 2 * (b / m) ** 2
            total += weight * residual / ((a - 1) * (b - 1) * a * b)
    return total


def _members(strata: IntArray) -> Sequence[IntArray]:
    """Return the places of the cases of each stratum."""
    return [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
