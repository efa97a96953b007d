"""What a statistic of a reading study looks like: a value with its interval, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from brainlab.measures.strata import bootstrap_weights, stratum_codes
from brainlab.types import FloatArray

CONFIDENCE = 0.95
Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """One figure with a 95% interval.

    `value` None means undefined, `low` and `high` None mean that no honest interval exists; `reason` then says why.
    `n` counts the cases (or answers) the figure rests on.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers for JSON."""
        return asdict(self)


def undefined(reason: str, n: int = 0) -> Estimate:
    """Return an estimate without a value."""
    return Estimate(None, n=n, reason=reason)


def bootstrap_interval(
    statistic: Callable[[FloatArray], FloatArray],
    n: int,
    *,
    strata: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float | None, float | None, str | None]:
    """Percentile interval of a statistic over `n` cases resampled within `strata` (Efron and Tibshirani 1993, ch. 13).

    `statistic` maps the weight of each case, [resamples, n], to one value a resample, [resamples], with nan where the
    resample leaves it undefined. Returns low, high and, where there is no interval, the reason.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = statistic(bootstrap_weights(stratum_codes(strata, n), resamples, seed))
    values = values[np.isfinite(values)]
    if len(values) < 0.9 * resamples:
        return None, None, "no interval: too many resamples of the cases leave the figure undefined"
    low, high = (float(bound) for bound in np.quantile(values, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2]))
    if high - low < 1e-9:
        return None, None, "no interval: every resample of the cases gives the same figure"
    return low, high, None
