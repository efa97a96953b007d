"""m-alternative forced choice: the share of correct choices, how it differs from chance, d', and agreement."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from brainlab.measures.agreement import fleiss_kappa
from brainlab.measures.bounded_mean import bounds_of_mean
from brainlab.measures.estimate import CONFIDENCE, Estimate, undefined

REACH = 9.0
"""Standard deviations within which a normal density is integrated, and the largest d' that is looked for."""

STEP = 0.1
OFFSETS = np.arange(-REACH, REACH + STEP / 2, STEP)
DENSITY = np.exp(-(OFFSETS**2) / 2) / np.sqrt(2 * np.pi)


def exact_share(successes: int, n: int) -> Estimate:
    """Share of correct choices with Clopper and Pearson's exact interval (1934), which covers 95% or more."""
    if n == 0:
        return undefined("undefined: no answers")
    bounds = stats.binomtest(successes, n).proportion_ci(CONFIDENCE, method="exact")
    return Estimate(successes / n, float(bounds.low), float(bounds.high), n)


def chance_p(successes: int, n: int, alternatives: int) -> float:
    """Return the exact two-sided p of a binomial test against chance, 1 / alternatives."""
    return float(stats.binomtest(successes, n, 1 / alternatives).pvalue)


def expected_share(d_prime: float, alternatives: int) -> float:
    """Share of correct choices of an observer without bias: the integral of phi(x - d') Phi(x)^(m - 1).

    Hacker and Ratcliff 1979 (Perception and Psychophysics 26, 168-170), equation 1.
    """
    # Equal steps suffice: for a smooth function that vanishes at both ends, their error is that of rounding.
    return float(STEP * (DENSITY * special.ndtr(OFFSETS + d_prime) ** (alternatives - 1)).sum())


def choice_d_prime(share: Estimate, alternatives: int) -> Estimate:
    """Return d' of a share of correct choices, and of the bounds of its interval; 0 is chance.

    At shares of 0 and 1 d' is infinite, so that a value there is undefined and a bound is left out.
    """
    if share.value is None:
        return undefined(str(share.reason), share.n)
    value, low, high = (_invert(bound, alternatives) for bound in (share.value, share.low, share.high))
    if value is None:
        everything = "all" if share.value else "none"
        return undefined(f"undefined: {everything} of the choices are correct", share.n)
    return Estimate(value, low, high, share.n)


def choice_kappa(counts: ArrayLike, strata: ArrayLike | None = None) -> Estimate:
    """Fleiss' kappa of which of m images readers chose, with an interval that knows that the images are drawn by lot.

    counts [n, m]: how many readers chose each image of a case, the same number in all. By lot, two readers agree on 1/m
    of the cases by chance whatever their ways, so that the interval is that of their agreement, of cases sampled within
    `strata` [n], rescaled. With chance taken from twenty or fifty cases, as `fleiss_kappa` has to, kappa lies too low,
    and its interval covers 74 to 95% of the time.
    """
    table = np.asarray(counts, dtype=float)
    found = fleiss_kappa(table)
    if found.value is None or found.n < 2:
        return found
    readers, images = table[0].sum(), table.shape[1]
    agreement = (table * (table - 1)).sum(axis=1) / (readers * (readers - 1))
    low, high = ((images * bound - 1) / (images - 1) for bound in bounds_of_mean(agreement, strata))
    return replace(found, low=min(low, found.value), high=max(high, found.value), reason=None)


def _invert(share: float | None, alternatives: int) -> float | None:
    """Return the d' that leads to a share, None for none that is finite."""
    if share is None or not expected_share(-REACH, alternatives) < share < expected_share(REACH, alternatives):
        return None
    return float(optimize.brentq(lambda d: expected_share(d, alternatives) - share, -REACH, REACH, xtol=1e-6))
