"""Sampling of cases by source: a study fixes how many cases come from each, so figures vary within sources only.

`strata` [n] names each case's source; None treats all cases as one stratum. A study without sources and one with a
single source are the same thing.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from brainlab.types import FloatArray, IntArray


def stratum_codes(strata: ArrayLike | None, n: int) -> IntArray:
    """Return each case's stratum as 0, 1, 2, ... [n]. Strata of one case, which have no spread, are put together."""
    if strata is None or n == 0:
        return np.zeros(n, dtype=int)
    codes = np.unique(np.asarray(strata), return_inverse=True)[1].astype(int)
    sizes = np.bincount(codes)
    if (sizes == 1).any():
        largest = int(sizes.argmax())
        lone = sizes[codes] == 1
        codes[lone] = len(sizes) if lone.sum() > 1 else largest
        codes = np.unique(codes, return_inverse=True)[1].astype(int)
    return codes


@dataclass(frozen=True)
class Prior:
    """Cases added to the data before its spread is taken, so that strata without spread do not seem certain.

    cases: how many in all, shared among the strata by size. mean, variance: of the value such a case has, one for all
        or one for each case [n], of which a stratum takes the mean.
    """

    cases: float
    mean: float | FloatArray
    variance: float | FloatArray = 0.0

    def of_strata(self, codes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance in each stratum, [s] each."""
        n = np.bincount(codes)
        mean, variance = (
            np.bincount(codes, np.broadcast_to(value, len(codes))) / n for value in (self.mean, self.variance)
        )
        return mean, variance


@dataclass(frozen=True)
class Spread:
    """Variance of a mean over stratified cases: one part a stratum, [s], each with its degrees of freedom, [s]."""

    parts: FloatArray
    degrees: FloatArray

    def __add__(self, other: "Spread") -> "Spread":
        """Return the variance of a sum of two independent means."""
        return Spread(np.concatenate([self.parts, other.parts]), np.concatenate([self.degrees, other.degrees]))

    @property
    def se(self) -> float:
        """Standard error of the mean."""
        return float(np.sqrt(self.parts.sum()))

    def half_width(self, confidence: float) -> float:
        """Half width of a t interval with the degrees of freedom of Satterthwaite (1946)."""
        squares = (self.parts**2 / self.degrees).sum()
        degrees = self.parts.sum() ** 2 / squares if squares > 0 else np.inf
        return float(special.stdtrit(degrees, 0.5 + confidence / 2)) * self.se


def spread_of_mean(values: FloatArray, codes: IntArray, prior: Prior | None = None) -> Spread:
    """Return the variance of the mean of `values` [n] over cases that were sampled within strata `codes` [n].

    sum over s of (n_s / n)^2 var_s / n_s (Cochran 1977, equation 5.7), with var_s unbiased within the stratum.
    """
    n = np.bincount(codes).astype(float)  # [s]
    extra = prior.cases * n / n.sum() if prior else np.zeros_like(n)
    level, wobble = prior.of_strata(codes) if prior else (np.zeros_like(n), np.zeros_like(n))
    size = n + extra
    mean = (np.bincount(codes, values) + extra * level) / size
    squares = np.bincount(codes, (values - mean[codes]) ** 2) + extra * ((level - mean) ** 2 + wobble)
    degrees = np.maximum(n - 1, 1)
    return Spread((size / size.sum()) ** 2 * squares / np.maximum(size - 1, 1) / size, degrees)


def bootstrap_weights(codes: IntArray, resamples: int, seed: int = 0) -> FloatArray:
    """Return how much each case weighs in each resample, [resamples, n], strata resampled each by itself.

    From a stratum of n cases n - 1 are drawn and weigh n / (n - 1), which makes the spread over resamples unbiased in
    small strata too (Rao and Wu 1988). The array is read-only and kept, since a report asks for it many times.
    """
    return _bootstrap_weights(codes.tobytes(), resamples, seed)


@lru_cache(maxsize=4)
def _bootstrap_weights(packed: bytes, resamples: int, seed: int) -> FloatArray:
    codes = np.frombuffer(packed, dtype=int)
    random = np.random.default_rng(seed)
    weights = np.ones((resamples, len(codes)))
    row = np.arange(resamples)[:, None]
    for stratum in np.unique(codes):
        members = np.flatnonzero(codes == stratum)
        n = len(members)
        if n > 1:
            drawn = row * n + random.integers(n, size=(resamples, n - 1))
            counts = np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n)
            weights[:, members] = counts * (n / (n - 1))
    weights.flags.writeable = False
    return weights
