"""Means over cases of values that lie between 0 and 1 and are neither only yes nor no."""

import numpy as np
from numpy.typing import ArrayLike

from brainlab.measures.accuracy import wilson_bounds
from brainlab.measures.estimate import CONFIDENCE, Z
from brainlab.measures.strata import Prior, spread_of_mean, stratum_codes
from brainlab.types import FloatArray

TENTH = 0.1


def bounds_of_mean(values: FloatArray, strata: ArrayLike | None = None, added: float = TENTH) -> tuple[float, float]:
    """Return Wilson's bounds of the mean P of values [n >= 2] within 0 and 1, at the effective sample size.

    Such a mean is worth P (1 - P) / variance answers of yes or no (Korn and Graubard 1998; Dean and Pagano 2015). Cases
    are sampled within `strata` [n], and the quantile is Student's. A tenth of a case (`added`), half 0 and half 1, is
    added, so that there is a width where all cases are alike.

    Student's interval is too narrow near 0 and 1: 84% for the mean rank of an image that is nearly always first, 88%
    for rankings that nearly always agree. With one or two cases at random added to it, or on the logit or arcsine
    scale, it covers up to 99%.
    """
    n = len(values)
    prior = Prior(added, 0.5, 0.25)
    half = spread_of_mean(values, stratum_codes(strata, n), prior).half_width(CONFIDENCE)
    smooth = (float(values.sum()) + added / 2) / (n + added)
    return wilson_bounds(float(np.clip(values.mean(), 0, 1)), smooth * (1 - smooth) * (Z / half) ** 2)
