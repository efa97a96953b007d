"""Krippendorff's alpha: agreement of any number of readers, missing answers allowed, by the level of the answers."""

import numpy as np
from numpy.typing import ArrayLike

from brainlab.counted import all_of
from brainlab.measures.agreement import added_cases, bounds_around
from brainlab.measures.estimate import Estimate, undefined
from brainlab.measures.strata import Prior, spread_of_mean, stratum_codes
from brainlab.types import FloatArray

LEVELS = ("nominal", "ordinal", "interval", "ratio")
GUESSES = 2000
"""Random answers from which the spread of alpha's added cases is taken."""


def krippendorff_alpha(
    counts: ArrayLike, level: str = "nominal", values: ArrayLike | None = None, strata: ArrayLike | None = None
) -> Estimate:
    """Agreement of any number of readers with missing answers (Krippendorff 2011, 'Computing alpha-reliability').

    `counts` [n, k]; `level` is nominal, ordinal, interval or ratio; `values` [k] are the categories' numbers, needed
    for interval and ratio (0, 1, 2, ... by default). The interval, for cases sampled within `strata` [n], is made as in
    `fleiss_kappa`: eight random answers, linearisation, variance within strata, Student's quantile.
    """
    table = np.asarray(counts, dtype=float)
    paired = table.sum(axis=1) >= 2
    table = table[paired]
    n, categories = table.shape
    if n == 0:
        return undefined("undefined: no case was answered by two readers")
    if (table.sum(axis=0) > 0).sum() == 1:
        return undefined(f"undefined: the answers to {all_of(n, 'case')} are one and the same", n)
    numbers = np.arange(categories, dtype=float) if values is None else np.asarray(values, dtype=float)
    pairs = _coincidences(table)
    value = float(_alpha(pairs.sum(axis=0)[None], level, numbers)[0])
    if (table.max(axis=1) == table.sum(axis=1)).all():
        return Estimate(value, n=n, reason=f"no interval: the readers agree on {all_of(n, 'case')}")
    guesses = np.random.default_rng(0).multinomial(
        round(table.sum(axis=1).mean()), np.full(categories, 1 / categories), size=GUESSES
    )
    random_pairs = _coincidences(guesses.astype(float))
    added = added_cases(float(table.sum(axis=1).mean()))
    total = pairs.sum(axis=0) + added * random_pairs.mean(axis=0)
    step = 1e-5 * total.sum()
    nudge = step * np.eye(categories**2).reshape(-1, categories, categories)
    gradient = (_alpha(total + nudge, level, numbers) - _alpha(total - nudge, level, numbers)) / (2 * step)  # [k * k]
    influence, noise = ((n + added) * part.reshape(len(part), -1) @ gradient for part in (pairs, random_pairs))
    codes = stratum_codes(None if strata is None else np.asarray(strata)[paired], n)
    spread = spread_of_mean(influence, codes, Prior(added, float(noise.mean()), float(noise.var())))
    return Estimate(value, *bounds_around(float(_alpha(total[None], level, numbers)[0]), spread, value), n)


def _coincidences(table: FloatArray) -> FloatArray:
    """Return each case's part in the coincidence matrix, [n, k, k] (Krippendorff 2011, section C)."""
    pairs = table[:, :, None] * table[:, None, :]
    diagonal = np.arange(table.shape[1])
    pairs[:, diagonal, diagonal] -= table
    return pairs / (table.sum(axis=1) - 1)[:, None, None]


def _alpha(coincidence: FloatArray, level: str, numbers: FloatArray) -> FloatArray:
    """Return alpha of coincidence matrices [m, k, k], [m]."""
    margin = coincidence.sum(axis=2)  # [m, k]
    distance = _distance(level, numbers, margin)
    observed = (coincidence * distance).sum(axis=(1, 2))
    expected = (margin[:, :, None] * margin[:, None, :] * distance).sum(axis=(1, 2)) / (margin.sum(axis=1) - 1)
    return 1 - observed / expected


def _distance(level: str, values: FloatArray, margin: FloatArray) -> FloatArray:
    """Return squared distances between categories, [m or 1, k, k] (Krippendorff 2011, section D)."""
    if level == "nominal":
        return (1 - np.eye(len(values)))[None]
    if level == "ordinal":
        middle = np.cumsum(margin, axis=1) - margin / 2
        return (middle[:, :, None] - middle[:, None, :]) ** 2
    difference = values[:, None] - values
    if level == "interval":
        return (difference**2)[None]
    total = np.where(difference == 0, 1, values[:, None] + values)
    return ((difference / total) ** 2)[None]
