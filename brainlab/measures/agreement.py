"""How far readers agree: Cohen's and Fleiss' kappa, Gwet's AC1 and PABAK.

Readers' answers are counted in one of two ways: `contingency` [k, k] for a pair of readers, `category_counts` [n, k]
(how many readers put case i into category j) for any number of readers, with or without missing answers.
A coefficient that is 0/0 is None with the reason, never 0 or 1; an interval without width is never given.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats import inter_rater

from brainlab.counted import all_of
from brainlab.measures.accuracy import stratified_share
from brainlab.measures.estimate import CONFIDENCE, Estimate, Z, bootstrap_interval, undefined
from brainlab.measures.strata import Prior, Spread, spread_of_mean, stratum_codes
from brainlab.types import FloatArray, IntArray

MISSING = -1
PLUS_FOUR = 4.0
"""Cases of two random answers that are added before a kappa's spread is taken (Agresti and Coull 1998, for shares)."""


@dataclass(frozen=True)
class Kappa(Estimate):
    """Cohen's kappa with its asymptotic standard error (Fleiss, Cohen, Everitt 1969) and the readers' plain agreement.

    `observed_agreement` is the share of cases on which the two readers agree.
    """

    se: float | None = None
    observed_agreement: float | None = None


def added_cases(readers: float) -> float:
    """Return how many cases of random answers are added where a case has so many: the answers are eight, as in a pair.

    Four cases of ten random answers each would be nearly as much as twenty cases tell: Fleiss' kappa of 20 cases and
    ten readers is then covered 84 to 88% of the time, and 89 to 98% with eight answers.
    """
    return 2 * PLUS_FOUR / readers


def contingency(first: IntArray, second: IntArray, categories: int) -> IntArray:
    """Count pairs of answers of two readers, [k, k], over all categories; cases with a missing (-1) answer drop out."""
    both = (first != MISSING) & (second != MISSING)
    table = np.zeros((categories, categories), dtype=int)
    np.add.at(table, (first[both], second[both]), 1)
    return table


def category_counts(codes: IntArray, categories: int) -> IntArray:
    """Count how many readers put each case into each category: codes [n, readers] (-1 missing) to counts [n, k]."""
    return (codes[:, :, None] == np.arange(categories)).sum(axis=1)


def cohens_kappa(table: ArrayLike, weights: ArrayLike | None = None, scheme: str | None = None) -> Kappa:
    """Agreement of two readers beyond chance, with the asymptotic interval (Cohen 1960; Fleiss, Cohen, Everitt 1969).

    `table` [k, k] counts answers of the first reader by those of the second. `scheme` None is unweighted; 'linear',
    'quadratic' and 'toeplitz' weigh disagreement by the distance of the category scores in `weights` (0, 1, 2, ...
    by default), as in statsmodels.
    """
    counts = np.asarray(table, dtype=float)
    n = int(counts.sum())
    if n == 0:
        return Kappa(None, n=0, reason="undefined: no case has two answers to compare")
    agreement = float(np.trace(counts) / n)
    constant = [bool((counts.sum(axis) > 0).sum() == 1) for axis in (1, 0)]
    if all(constant):
        reason = f"undefined: each side gave a single answer to {all_of(n, 'case')} (agreement {agreement:.0%})"
        return Kappa(None, n=n, reason=reason, observed_agreement=agreement)
    if any(constant):
        reason = (
            f"no interval: one rater gave the same answer to {all_of(n, 'case')}, so kappa is 0 whatever the other gave"
        )
        return Kappa(0.0, n=n, reason=reason, observed_agreement=agreement)
    if agreement == 1:
        return Kappa(
            1.0, n=n, reason=f"no interval: the answers agree on {all_of(n, 'case')}", observed_agreement=agreement
        )
    scores = None if weights is None else np.asarray(weights, float)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a variance that is 0 or, rounded, below
        fit = inter_rater.cohens_kappa(counts, weights=scores, wt=scheme)
    value = float(fit.kappa)
    if not fit.var_kappa > 1e-18:
        reason = "no interval: the asymptotic variance of such a table is not positive"
        return Kappa(value, n=n, reason=reason, observed_agreement=agreement)
    se = float(fit.std_kappa)
    return Kappa(value, max(value - Z * se, -1), min(value + Z * se, 1), n, None, se, agreement)


def sampled_kappa(
    first: IntArray,
    second: IntArray,
    categories: int,
    strata: ArrayLike | None = None,
    scheme: Literal["linear"] | None = None,
) -> Kappa:
    """Cohen's kappa of two readers' answers [n] (-1 missing), with an interval for cases sampled within `strata` [n].

    The value is that of `cohens_kappa`, the interval is not: four cases of random answers are added (the 'plus four' of
    Agresti and Coull 1998), kappa is linearised there (Fleiss, Cohen, Everitt 1969), its variance taken within strata,
    and the quantile is Student's. The asymptotic interval is too narrow where one answer prevails or cases are few, and
    has no width at full agreement, where this one says what so many agreements leave possible. `scheme`: as in
    `cohens_kappa`.
    """
    both = (first != MISSING) & (second != MISSING)
    counts = contingency(first, second, categories)
    plain = cohens_kappa(counts, scheme=scheme)
    if plain.value is None or any((counts.sum(axis) > 0).sum() == 1 for axis in (0, 1)):
        return plain
    joint = counts + PLUS_FOUR / categories**2
    joint = joint / joint.sum()
    rows, columns, credit = joint.sum(axis=1), joint.sum(axis=0), np.eye(categories)
    if scheme == "linear":
        credit = 1 - np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))) / (categories - 1)
    agree, chance = float((credit * joint).sum()), float(rows @ credit @ columns)
    influence = (credit - agree) / (1 - chance)  # of a case in cell i, j: [k, k]
    tilt = (credit @ columns)[:, None] + rows @ credit
    influence = influence - (1 - agree) / (1 - chance) ** 2 * (tilt - 2 * chance)
    values = influence[first[both], second[both]]
    codes = stratum_codes(None if strata is None else np.asarray(strata)[both], plain.n)
    spread = spread_of_mean(values, codes, Prior(PLUS_FOUR, float(influence.mean()), float(influence.var())))
    low, high = bounds_around((agree - chance) / (1 - chance), spread, plain.value)
    return replace(plain, low=low, high=high, reason=None)


def bounds_around(centre: float, spread: Spread, value: float) -> tuple[float, float]:
    """Return the bounds around `centre`, within -1 and 1, stretched where `value` itself lies outside."""
    half = spread.half_width(CONFIDENCE)
    return max(min(centre - half, value), -1.0), min(max(centre + half, value), 1.0)


def fleiss_kappa(counts: ArrayLike, strata: ArrayLike | None = None) -> Estimate:
    """Agreement of several readers beyond chance (Fleiss 1971), with an interval for cases sampled within `strata` [n].

    `counts` [n, k]; only cases answered by every reader enter, and `n` says how many those are. The interval is made as
    in `sampled_kappa`: eight random answers (`added_cases`), linearisation, variance within strata, Student's quantile.
    (A percentile bootstrap over cases covers 89% instead of 95% where one answer prevails.)
    """
    table = np.asarray(counts, dtype=float)
    complete = table.sum(axis=1) == table.sum(axis=1).max(initial=0)
    table = table[complete]
    n, categories = table.shape
    readers = table[0].sum() if n else 0
    if readers < 2:
        return undefined("undefined: no case was answered by two readers or more", n)
    if (table.sum(axis=0) > 0).sum() == 1:
        return undefined(f"undefined: every reader gave one and the same answer to {all_of(n, 'case')}", n)
    value = float(inter_rater.fleiss_kappa(table))
    per_case = (table * (table - 1)).sum(axis=1) / (readers * (readers - 1))
    if (per_case == 1).all():
        return Estimate(value, n=n, reason=f"no interval: the readers agree on {all_of(n, 'case')}")
    added = added_cases(readers)
    shares = (table.sum(axis=0) / readers + added / categories) / (n + added)
    agree = (per_case.sum() + added / categories) / (n + added)
    chance = shares @ shares
    slope, tilt = 1 / (1 - chance), -2 * (1 - agree) / (1 - chance) ** 2
    values = slope * (per_case - agree) + tilt * (table @ shares / readers - chance)
    # Of random answers, agreement of pairs and the shares they fall on are uncorrelated.
    wobble = slope**2 * 2 * (1 - 1 / categories) / (categories * readers * (readers - 1))
    wobble += tilt**2 * shares.var() / readers
    level = slope * (1 / categories - agree) + tilt * (1 / categories - chance)
    codes = stratum_codes(None if strata is None else np.asarray(strata)[complete], n)
    spread = spread_of_mean(values, codes, Prior(added, float(level), float(wobble)))
    return Estimate(value, *bounds_around(float((agree - chance) / (1 - chance)), spread, value), n)


def gwet_ac1(counts: ArrayLike, strata: ArrayLike | None = None) -> Estimate:
    """Agreement beyond chance that stays stable where one answer prevails (Gwet 2008), for any number of readers.

    `counts` [n, k] with all k categories of the question, used or not; missing answers are allowed. The interval uses
    Gwet's variance conditional on the readers, taken within `strata` [n] and apart for cases that one reader alone
    answered, which tell of chance only, and Student's quantile.
    """
    table = np.asarray(counts, dtype=float)
    value, per_case, n = _ac1(table)
    if value is None:
        return undefined("undefined: no case was answered by two readers, or only one answer exists", n)
    if per_case is None or np.ptp(per_case) < 1e-9:
        return Estimate(value, n=n, reason="no interval: the readers agree alike on every case")
    answers = table.sum(axis=1)
    answered = answers > 0
    sources = (
        np.zeros(n, dtype=int) if strata is None else np.unique(np.asarray(strata)[answered], return_inverse=True)[1]
    )
    spread = spread_of_mean(per_case, stratum_codes(2 * sources + (answers[answered] > 1), n))
    if spread.se < 1e-9:
        return Estimate(value, n=n, reason="no interval: within each source the readers agree alike on every case")
    return Estimate(value, *bounds_around(value, spread, value), n)


def _ac1(counts: FloatArray) -> tuple[float | None, FloatArray | None, int]:
    """Return Gwet's AC1, each case's part in it and the number of cases answered at all (Gwet 2008, eqs. 9 and 36)."""
    counts = counts[counts.sum(axis=1) > 0]
    answers = counts.sum(axis=1)  # [n]
    n, categories = counts.shape
    paired = answers >= 2
    if not paired.any() or categories < 2:
        return None, None, int(paired.sum())
    per_case = np.where(paired, (counts * (counts - 1)).sum(axis=1) / np.maximum(answers * (answers - 1), 1), 0)
    shares = (counts / answers[:, None]).mean(axis=0)  # [k]
    chance = (shares * (1 - shares)).sum() / (categories - 1)
    value = (per_case[paired].mean() - chance) / (1 - chance)
    if n < 2:
        return float(value), None, n
    linear = np.where(paired, (n / paired.sum()) * (per_case - chance) / (1 - chance), 0)
    chance_per_case = counts @ (1 - shares) / answers / (categories - 1)
    linear = linear - 2 * (1 - value) * (chance_per_case - chance) / (1 - chance)
    return float(value), linear, n


def gwet_ac1_se(counts: ArrayLike) -> float | None:
    """Return the standard error of Gwet's AC1 for cases of one stratum, as printed in his tables; None without one."""
    per_case = _ac1(np.asarray(counts, dtype=float))[1]
    return None if per_case is None else float(per_case.std() / np.sqrt(len(per_case)))


def pabak(counts: ArrayLike, strata: ArrayLike | None = None) -> Estimate:
    """Prevalence- and bias-adjusted kappa: kappa as if every answer were equally common (Byrt et al. 1993, equation 7).

    `counts` [n, k]. With two readers the interval is that of `stratified_share` for the agreements within `strata` [n],
    rescaled; with more or with missing answers a bootstrap over cases within strata.
    """
    table = np.asarray(counts, dtype=float)
    paired = table.sum(axis=1) >= 2
    table = table[paired]
    n, categories = table.shape
    if n == 0 or categories < 2:
        return undefined("undefined: no case was answered by two readers, or only one answer exists", n)
    answers = table.sum(axis=1)
    per_case = (table * (table - 1)).sum(axis=1) / (answers * (answers - 1))

    def rescale(agreement: float) -> float:
        return (categories * agreement - 1) / (categories - 1)

    value = rescale(float(per_case.mean()))
    kept = None if strata is None else np.asarray(strata)[paired]
    if (answers == 2).all():
        codes = stratum_codes(kept, n)
        agreed = np.bincount(codes, per_case).round().astype(int)
        share = stratified_share(zip(agreed.tolist(), np.bincount(codes).tolist(), strict=True))
        return Estimate(value, rescale(share.low or 0.0), rescale(share.high or 0.0), n)
    low, high, reason = bootstrap_interval(lambda draws: draws @ per_case / n, n, strata=kept)
    if low is None or high is None:
        return Estimate(value, n=n, reason=reason)
    return Estimate(value, rescale(low), rescale(high), n)
