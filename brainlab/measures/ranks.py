"""Ranks of k images in each case: their mean, and how far two readers' rankings go together."""

from brainlab.measures.bounded_mean import TENTH, bounds_of_mean
from brainlab.measures.estimate import Estimate, undefined
from brainlab.types import FloatArray


def mean_rank(ranks: FloatArray, images: int) -> Estimate:
    """Mean over cases of the rank [n] of one of so many images, 1 to k, with an interval by `bounds_of_mean`."""
    return _mean_between(1.0, float(images), ranks, images)


def mean_rank_correlation(first: FloatArray, second: FloatArray) -> Estimate:
    """Mean over cases of Spearman's correlation of two readers' ranks [n, k], with an interval by `bounds_of_mean`.

    1 - 6 sum d^2 / (k^3 - k) in a case, as ranks have no ties; 0 is chance.
    """
    n, images = first.shape
    if n == 0:
        return undefined("undefined: no case was ranked by both readers")
    correlations = 1 - 6 * ((first - second) ** 2).sum(axis=1) / (images**3 - images)
    return _mean_between(-1.0, 1.0, correlations, images)


def _mean_between(least: float, most: float, values: FloatArray, images: int) -> Estimate:
    """Mean of values [n] between two ends; a tenth of one of the k - 1 comparisons of a case is added."""
    n, value = len(values), float(values.mean())
    if n < 2:
        return Estimate(value, n=n, reason="no interval: needs two cases")
    bounds = bounds_of_mean((values - least) / (most - least), added=TENTH / (images - 1))
    low, high = (least + bound * (most - least) for bound in bounds)
    return Estimate(value, low, high, n)
