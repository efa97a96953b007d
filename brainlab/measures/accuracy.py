"""How right readers are: shares with Wilson intervals, stratified shares, the ROC area and signal detection.

Throughout, the positive class is 'real': sensitivity is the share of real cases called real.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from brainlab.measures.estimate import CONFIDENCE, Estimate, undefined
from brainlab.measures.own_cases import CaseParts, one_reader
from brainlab.measures.strata import spread_of_mean, stratum_codes
from brainlab.types import FloatArray

QUARTER_CASE = 0.25
"""Case at chance added to each class before the spread of a ROC area is taken."""


def wilson(successes: int, n: int) -> Estimate:
    """Share of `successes` in `n` with Wilson's interval, which keeps its width at 0 and n (Wilson 1927)."""
    if n == 0:
        return undefined("undefined: no answers")
    return Estimate(successes / n, *wilson_bounds(successes / n, n), n)


def stratified_share(strata: Iterable[tuple[int, int]]) -> Estimate:
    """Share over strata of fixed size, (successes, n) each, with an interval that knows the strata.

    Pooling sources that differ makes a binomial interval far too wide. Here Wilson's interval takes the effective
    sample size, P (1 - P) / variance of the stratified share (Dean and Pagano 2015, after Korn and Graubard 1998); the
    strata's variances use (x + 0.25) / (n + 0.5), so that 0 and n keep a width. One stratum gives Wilson's interval.
    """
    sizes = [(successes, n) for successes, n in strata if n]
    total = sum(n for _, n in sizes)
    if total == 0:
        return undefined("undefined: no answers")
    called = sum(successes for successes, _ in sizes)
    if len(sizes) == 1:
        return wilson(called, total)
    smoothed = [(n, (successes + 0.25) / (n + 0.5)) for successes, n in sizes]
    variance = sum((n / total) ** 2 * share * (1 - share) / n for n, share in smoothed)
    pooled = (called + 0.25) / (total + 0.5)
    # Sizes are fixed, so that strata only ever narrow the interval: smoothing is not to widen it near 0 and 1.
    low, high = wilson_bounds(called / total, max(total, pooled * (1 - pooled) / variance))
    return Estimate(called / total, low, high, total)


def wilson_bounds(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's bounds (1927) for a sample size that need not be whole."""
    low, high = proportion_confint(share * n, n, alpha=1 - CONFIDENCE, method="wilson")
    # At 0 and 1 one bound is the share itself, which rounding would miss by a hair.
    return (float(low) if share else 0.0), (float(high) if share < 1 else 1.0)


def roc_area(
    positive: ArrayLike,
    negative: ArrayLike,
    positive_strata: ArrayLike | None = None,
    negative_strata: ArrayLike | None = None,
) -> Estimate:
    """Chance that a real case scores above a fake one (ties count half), with a logit interval on DeLong's variance.

    `positive` and `negative` are the scores of the real and fake cases, `..._strata` their sources. See `area_estimate`
    for the interval.
    """
    above, below = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    if min(len(above), len(below)) == 0:
        return undefined("undefined: needs both real and fake cases", len(above) + len(below))
    wins = placements(above, below)
    return area_estimate(
        one_reader(wins.mean(axis=1), stratum_codes(positive_strata, len(above))),
        one_reader(wins.mean(axis=0), stratum_codes(negative_strata, len(below))),
    )


def area_estimate(positive: CaseParts, negative: CaseParts) -> Estimate:
    """Return the ROC area from each case's placement: the share of the other class it beats or is beaten by.

    The variance is that of DeLong, DeLong, Clarke-Pearson (1988), taken within the sources of each class, to which half
    a case that scores at chance is added, a quarter to each class; the interval is symmetric on the logit scale (Pepe
    2003, section 5.2.4) with Student's quantile. DeLong's own interval is far too narrow near an area of 1, and far too
    wide where sources differ. Fewer than two cases of a class, or none that differ, leave no interval.
    """
    n, m = len(positive.values), len(negative.values)
    value = float(positive.values.mean())
    if min(n, m) < 2:
        return Estimate(value, n=n + m, reason="no interval: needs two real and two fake cases")
    if sum(float((parts.values / parts.weights).std()) for parts in (positive, negative)) < 1e-9:
        reason = "no interval: the scores separate real from fake alike in every case"
        return Estimate(value, n=n + m, reason=reason)
    smoothed = [
        (parts.values * others + QUARTER_CASE / 2 * parts.weights) / (others + QUARTER_CASE)
        for parts, others in ((positive, m), (negative, n))
    ]
    spread = spread_of_mean(smoothed[0], positive.codes, positive.prior(QUARTER_CASE, 0.5)) + spread_of_mean(
        smoothed[1], negative.codes, negative.prior(QUARTER_CASE, 0.5)
    )
    weight = n * m / ((n + QUARTER_CASE) * (m + QUARTER_CASE))
    centre = weight * value + (1 - weight) / 2
    low, high = logit_bounds(centre, spread.half_width(CONFIDENCE))
    return Estimate(value, min(low, value), max(high, value), n + m)


def logit_bounds(share: float, half: float) -> tuple[float, float]:
    """Return the bounds that lie half / (share (1 - share)) to both sides of a share on the logit scale."""
    steps = np.array([-1.0, 1.0]) * half / (share * (1 - share))
    low, high = special.expit(special.logit(share) + steps)
    return float(low), float(high)


def roc_area_se(positive: ArrayLike, negative: ArrayLike) -> float | None:
    """Return DeLong's standard error of the ROC area, sources ignored; None with fewer than two cases of a class."""
    above, below = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    if min(len(above), len(below)) < 2:
        return None
    wins = placements(above, below)
    spread = wins.mean(axis=1).var(ddof=1) / len(above) + wins.mean(axis=0).var(ddof=1) / len(below)
    return float(np.sqrt(spread))


def placements(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return 1 where a positive beats a negative, 0.5 where they tie, [positives, negatives].

    Scores of several readers, [positives, r] and [negatives, r], give [positives, negatives, r], nan where a score is.
    """
    wins = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    unknown = np.isnan(above)[:, None] | np.isnan(below)
    return np.where(unknown, np.nan, wins) if unknown.any() else wins


def signal_detection(hits: int, real: int, false_alarms: int, fake: int) -> tuple[float, float] | None:
    """Return d' and the criterion from calls of 'real' among real and fake cases; None without both kinds.

    Rates are log-linearly corrected, (x + 0.5) / (n + 1), so that 0 and 1 stay finite (Hautus 1995). A criterion
    below 0 leans to calling images real.
    """
    if min(real, fake) == 0:
        return None
    hit = stats.norm.ppf((hits + 0.5) / (real + 1))
    false_alarm = stats.norm.ppf((false_alarms + 0.5) / (fake + 1))
    return float(hit - false_alarm), float(-(hit + false_alarm) / 2)


def balanced_accuracy(real: Estimate, fake: Iterable[tuple[int, int]], margin: float) -> dict[str, float | bool] | None:
    """Compare a reader with chance: the mean of sensitivity and specificity, which guessing leaves at one half.

    `real` is the sensitivity, `fake` the (right answers, n) of each fake source. Two one-sided tests at 5% call the
    reader equivalent to chance when the 90% interval lies within 0.5 +- `margin` (Schuirmann 1987); an interval that
    merely includes 0.5 shows nothing. Variances use (x + 0.5) / (n + 1). Returns value, low, high (90%), margin,
    equivalent; None without both kinds of cases.
    """
    strata = [(successes, n) for successes, n in fake if n]
    cases = sum(n for _, n in strata)
    if not real.n or not cases or real.value is None:
        return None
    value = (real.value + sum(successes for successes, _ in strata) / cases) / 2
    groups = [(round(real.value * real.n), real.n, 1.0), *((x, n, n / cases) for x, n in strata)]
    variance = sum((w / 2) ** 2 * p * (1 - p) / n for x, n, w in groups for p in [(x + 0.5) / (n + 1)])
    half = float(stats.norm.ppf(0.95)) * variance**0.5
    low, high = value - half, value + half
    return {
        "value": value,
        "low": max(low, 0.0),
        "high": min(high, 1.0),
        "margin": margin,
        "equivalent": bool(0.5 - margin < low and high < 0.5 + margin),
    }
