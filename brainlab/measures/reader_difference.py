"""Differences of ROC areas and of shares between two conditions that the same readers judged, one difference a reader.

A difference is a sum of independent means over cases: of the real ones, of the fakes, of either of two groups of fakes.
Each case is compared with itself where both conditions show it. Cases are sampled within strata, their sources.
Tables are nan where a reader did not judge a case, and a reader's figures are of own cases, see `own_cases`.
"""

from dataclasses import dataclass

import numpy as np

from brainlab.measures.accuracy import QUARTER_CASE
from brainlab.measures.estimate import CONFIDENCE, Estimate
from brainlab.measures.own_cases import covariance_of_own_means, over_readers, own_means
from brainlab.measures.strata import Spread, spread_of_mean
from brainlab.types import BoolArray, FloatArray, IntArray


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
    of_real, of_fake = own_means(wins, axis=1), own_means(wins, axis=0)  # [real, r], [fake, r]
    by_cases = covariance_of_own_means(of_real, real) + covariance_of_own_means(of_fake, fake)
    change = (QUARTER_CASE, 0.0, 0.25 / wins.shape[2])
    spread = _spread(of_real, real, *change) + _spread(of_fake, fake, *change)
    values, n = own_means(of_real), _judged(of_real) + _judged(of_fake)
    return ReaderDifference(values, by_cases - _pairwise(wins, real, fake), spread, n)


def placement_difference_of_groups(first: FloatArray, second: FloatArray, real: IntArray) -> ReaderDifference:
    """Compare ROC areas of the same real cases against two groups of fakes.

    first, second: placements, [real, fakes of the group, r]. real: strata of the real cases, [real]. For the spread see
    `placement_difference`.
    """
    of_real = own_means(first, axis=1) - own_means(second, axis=1)  # [real, r]
    covariance = covariance_of_own_means(of_real, real)
    random = 0.25 / first.shape[2]
    spread, n = _spread(of_real, real, QUARTER_CASE, 0.0, random), _judged(of_real)
    for wins in (first, second):
        alike = np.zeros(wins.shape[1], dtype=int)
        of_fake = own_means(wins, axis=0)  # [fakes of the group, r]
        covariance = covariance + covariance_of_own_means(of_fake, alike) - _pairwise(wins, real, alike)
        spread += _spread(of_fake, alike, QUARTER_CASE, float(own_means(of_fake).mean()), random)
        n += _judged(of_fake)
    return ReaderDifference(own_means(of_real), covariance, spread, n)


def share_difference(change: FloatArray, strata: IntArray) -> ReaderDifference:
    """Compare shares of the same cases. `change` [n, r]: 1, 0 or -1, first minus second condition.

    Half a case that changes at random is added to each stratum for the spread.
    """
    spread = _spread(change, strata, 0.5 * float(strata.max() + 1), 0.0, 0.5 / change.shape[1])
    return ReaderDifference(own_means(change), covariance_of_own_means(change, strata), spread, _judged(change))


def share_difference_of_groups(first: FloatArray, second: FloatArray) -> ReaderDifference:
    """Compare shares of two groups of cases, [n, r] and [m, r] of 1 and 0; half a random case is added to each."""
    alike = [np.zeros(len(group), dtype=int) for group in (first, second)]
    parts = list(zip((first, second), alike, strict=True))
    covariance = sum((covariance_of_own_means(group, codes) for group, codes in parts), np.zeros(()))
    guess = (0.5, 0.5, 0.25 / first.shape[1])
    spread = _spread(*parts[0], *guess) + _spread(*parts[1], *guess)
    return ReaderDifference(own_means(first) - own_means(second), covariance, spread, _judged(first) + _judged(second))


def _spread(of_cases: FloatArray, strata: IntArray, added: float, mean: float, variance: float) -> Spread:
    """Return the variance of the mean over readers of [n, r], to which cases are `added` (see `Prior`)."""
    parts = over_readers(of_cases, strata)
    return spread_of_mean(parts.values, parts.codes, parts.prior(added, mean, variance))


def _judged(of_cases: FloatArray) -> int:
    """Return how many cases of [n, r] anybody judged."""
    return int(np.isfinite(of_cases).any(axis=1).sum())


def _pairwise(wins: FloatArray, real: IntArray, fake: IntArray) -> FloatArray:
    """Return what DeLong's covariance of ROC areas counts twice: [r, r].

    The variance of a placement over cases holds a share of the variation of single pairs, once among the real cases and
    once among the fakes. Without it the covariance is unbiased (Gallas, Pennello and Meyers 2007, J Opt Soc Am A
    24:B70-80). Pairs' residuals from both cases' placements are summed stratum by stratum of `wins` [real, fake, r],
    for any two readers over the cases that both judged; strata without two such cases of a class give none.
    """
    judged = np.isfinite(wins)
    reads: BoolArray = np.any(judged, axis=1)  # [real, r]
    judges: BoolArray = np.any(judged, axis=0)  # [fake, r]
    pairs = reads.sum(axis=0) * judges.sum(axis=0)  # [r], that each reader's area is a mean of
    groups = _groups(np.concatenate([reads, judges]))
    total = np.zeros((wins.shape[2], wins.shape[2]))
    for place, one in enumerate(groups):
        for other in groups[place:]:
            of_real, of_fake = (each[:, one[0]] & each[:, other[0]] for each in (reads, judges))
            residual = np.zeros((len(one), len(other)))
            for rows in _members(real, of_real):
                for columns in _members(fake, of_fake):
                    residual += _residual(wins, rows, columns, one, other)
            total[np.ix_(one, other)] = residual
            total[np.ix_(other, one)] = residual.T
    return total / np.outer(pairs, pairs)


def _residual(wins: FloatArray, rows: IntArray, columns: IntArray, one: IntArray, other: IntArray) -> FloatArray:
    """Sum the products of two groups of readers' residuals over one stratum of pairs, unbiased: [one, other]."""
    a, b = len(rows), len(columns)
    if min(a, b) < 2:
        return np.zeros((len(one), len(other)))
    first, second = (wins[np.ix_(rows, columns, who)] for who in (one, other))
    whole = first.reshape(a * b, -1).T @ second.reshape(a * b, -1)
    by_cases = b * first.mean(axis=1).T @ second.mean(axis=1) + a * first.mean(axis=0).T @ second.mean(axis=0)
    means = a * b * np.outer(first.mean(axis=(0, 1)), second.mean(axis=(0, 1)))
    return (whole - by_cases + means) * a * b / ((a - 1) * (b - 1))


def _groups(judged: BoolArray) -> list[IntArray]:
    """Return the readers who judged the same cases, together: `judged` [n, r]."""
    return _members(np.unique(judged, axis=1, return_inverse=True)[1].ravel())


def _members(codes: IntArray, of: BoolArray | None = None) -> list[IntArray]:
    """Return the places of the cases (of some of them) of each stratum, or of the readers of each group."""
    within = np.ones(len(codes), dtype=bool) if of is None else of
    return [np.flatnonzero((codes == code) & within) for code in np.unique(codes)]
