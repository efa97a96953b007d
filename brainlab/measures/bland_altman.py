"""Agreement of two ways to measure the same: bias and limits of agreement, each with its interval.

Bland and Altman, Statistical Methods in Medical Research 8:135, 1999, section 2: limits are bias +- 1.96 sd of the
differences, and the standard error of a limit is sd sqrt(1/n + 1.96^2 / (2 (n - 1))).
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE, Estimate, Z, undefined


@dataclass(frozen=True)
class BlandAltman:
    """Differences of pairs: their mean (bias), standard deviation, and the limits within which 95% of them lie."""

    bias: Estimate
    sd: float | None
    lower_limit: Estimate
    upper_limit: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers for JSON."""
        return asdict(self)


def bland_altman(first: ArrayLike, second: ArrayLike) -> BlandAltman:
    """Compare two measurements of the same cases by their differences, first - second [n].

    Pairs of which a value is missing (NaN) are left out; `n` counts the others. Intervals use Student's quantile of
    n - 1 degrees of freedom. Differences are taken to be about normal and not to grow with the size of what is
    measured. Raises InputError where lengths differ.
    """
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.shape != other.shape or one.ndim != 1:
        raise InputError(f"Bland-Altman limits need pairs of values, got shapes {one.shape} and {other.shape}")
    differences = (one - other)[np.isfinite(one - other)]
    n = len(differences)
    if n == 0:
        nothing = undefined("undefined: no pair of values")
        return BlandAltman(nothing, None, nothing, nothing)
    bias = float(differences.mean())
    if n == 1:
        limit = undefined("undefined: needs two pairs of values or more, got 1", n)
        return BlandAltman(
            Estimate(bias, n=n, reason="no interval: needs two pairs or more, got 1"), None, limit, limit
        )
    sd = float(differences.std(ddof=1))
    if np.ptp(differences) == 0:
        flat = Estimate(bias, n=n, reason="no interval: the difference is the same in every pair")
        return BlandAltman(flat, 0.0, flat, flat)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1))
    of_bias = quantile * sd / math.sqrt(n)
    of_limit = quantile * sd * math.sqrt(1 / n + Z**2 / (2 * (n - 1)))
    lower, upper = bias - Z * sd, bias + Z * sd
    return BlandAltman(
        Estimate(bias, bias - of_bias, bias + of_bias, n),
        sd,
        Estimate(lower, lower - of_limit, lower + of_limit, n),
        Estimate(upper, upper - of_limit, upper + of_limit, n),
    )
