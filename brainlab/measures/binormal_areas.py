"""ROC areas of readers whose scores are normal with one variance: how their estimates vary and go together over cases.

The score of a real case exceeds that of a fake one with probability A, the area. Two scores of one case, by two readers
or of one reader twice, correlate by r; differences between a real and a fake score that have one case in common then
correlate by r / 2, those that have both by r. Covariances of estimated areas are exact sums of such pairs (Gallas 2006,
Acad Radiol 13:353-362; Hillis 2018, Stat Med 37:2067-2093).
"""

from functools import lru_cache

from scipy import special, stats


@lru_cache(maxsize=4096)
def pair_covariance(first: float, second: float, correlation: float) -> float:
    """Return the covariance of two wins of a real over a fake case, of areas `first` and `second`.

    correlation: of the two differences between a real and a fake score, 0 to 1.
    """
    if correlation <= 0:
        return 0.0
    if correlation >= 1:
        return min(first, second) - first * second
    bounds = special.ndtri([first, second])
    both = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf(bounds)
    return float(both) - first * second


def area_covariance(first: float, second: float, correlation: float, real: float, fake: float) -> float:
    """Return the covariance of two areas estimated from the same `real` and `fake` cases.

    first, second: the areas. correlation: of the two scores of one case; 1 and equal areas give the variance.
    """
    one_case = pair_covariance(first, second, correlation / 2)
    return (pair_covariance(first, second, correlation) + (real + fake - 2) * one_case) / (real * fake)


def area_covariance_over_real(first: float, second: float, correlation: float, real: float) -> float:
    """Return the covariance of two areas estimated from the same real cases and different fakes."""
    return pair_covariance(first, second, correlation / 2) / real
